"""Supplies fit the household that they are drawn for (F§10)."""

from dataclasses import replace

import pytest

from passerelle.simulator.households import sandbox, seeded
from passerelle.simulator.households.supplies import supply

PRMS = [f"400000000{number:05d}" for number in range(0, 400, 7)]


@pytest.mark.parametrize("prm", PRMS)
def test_a_connection_carries_what_is_subscribed_and_what_the_roof_gives(prm):
    household = seeded.household(1, prm)
    own = supply(1, household)
    assert (own.consumption_kva is None) is (household.contract is None)
    assert (own.generation_kva is None) is not household.produces
    if household.contract is not None:
        assert own.consumption_kva >= household.contract.power_kva
    if household.produces:
        assert own.generation_kva * 1000 >= household.appliances.solar
    assert own.phases == (1 if max(own.consumption_kva or 0, own.generation_kva or 0) <= 12 else 3)
    assert len(own.meter_number) == 12
    assert own.contract_start >= household.activated


def test_a_supply_is_a_function_of_the_seed_and_the_household():
    household = sandbox.household(1, "22516914714270")
    assert supply(1, household) == supply(1, household)
    assert supply(2, household) != supply(1, household)
    assert supply(1, replace(household, prm="11453290002823")) != supply(1, household)


def test_a_subscribed_power_changed_for_some_only_and_never_before_the_activation():
    households = [seeded.household(1, prm) for prm in PRMS]
    dates = [(each.activated, supply(1, each).power_changed) for each in households if each.contract]
    assert {changed is None for _, changed in dates} == {True, False}
    assert all(changed > activated for activated, changed in dates if changed)
