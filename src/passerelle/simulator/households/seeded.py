"""Any other PRM is a further household of the seed; its last two digits choose what is special about it.

| last two digits | the household |
|---|---|
| 00 to 39 | consumption, 30 minutes, nothing special |
| 40 to 43 | consumption, intervals of 10 minutes |
| 44 to 47 | consumption, intervals of 15 minutes |
| 48 to 51 | consumption, intervals of 60 minutes |
| 52 to 55 | the step changes at midnight on Mondays (10 in odd ISO weeks, 30 in even ones) |
| 56 to 59 | the step changes inside a day: 60 from Monday, 15 from Wednesday noon |
| 60 to 63 | the load curve is not collected (404 no_data_found) |
| 64 to 67 | the customer objected to the load curve (400 ADAM-ERR0075) |
| 68 to 71 | production only |
| 72 to 75 | self-consumption, 30 minutes |
| 76 to 79 | activated recently, between 2025-10-01 and 2026-06-28 |
| 80 to 83 | single intervals missing now and then |
| 84 to 87 | whole days missing now and then |
| 88, 89 | second home, mostly empty: 0 and 1 W |
| 90, 91 | workshop of a company, over 36 kW |
| 92, 93 | self-consumption, 10 minutes, single intervals missing |
| 94, 95 | a day in five is published one day late |
| 96 to 99 | consumption without off-peak hours (base tariff) |
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from random import Random

from passerelle.simulator.households import people, sandbox
from passerelle.simulator.households.nouns import Appliances, CurveState, Gaps, Household, Steps

Shape = Callable[[Household, Random], Household]
OLDEST, RECENT = date(2016, 1, 4), date(2025, 10, 1)


def _production(household: Household, chance: Random) -> Household:
    roof = Appliances(standby=0, heating=0, morning=0, evening=0, solar=chance.choice((3000, 6000, 9000)))
    return replace(household, consumes=False, produces=True, contract=None, appliances=roof)


def _self_consumption(household: Household, chance: Random) -> Household:
    roof = replace(household.appliances, solar=chance.choice((3000, 6000, 9000)))
    return replace(household, produces=True, appliances=roof)


def _self_consumption_with_holes(household: Household, chance: Random) -> Household:
    return replace(_self_consumption(household, chance), steps=Steps.TEN, gaps=Gaps.SINGLE_INTERVALS)


def _recent(household: Household, chance: Random) -> Household:
    activated = RECENT + timedelta(days=chance.randrange(271))
    contract = household.contract and replace(household.contract, tariff_changed=None)
    return replace(household, activated=activated, contract=contract)


def _objected(household: Household, _: Random) -> Household:
    contract = household.contract and replace(household.contract, communicating=False)
    return replace(household, curve=CurveState.OBJECTED, contract=contract)


def _workshop(household: Household, chance: Random) -> Household:
    contract = household.contract and replace(household.contract, segment="C4", power_kva=60, meter_type="PMEI")
    machines = Appliances(standby=400, heating=0, workshop=52_000)
    holder = people.customer(chance, company=True)
    return replace(household, customer=holder, contract=contract, appliances=machines)


def _base_tariff(household: Household, _: Random) -> Household:
    contract = household.contract and replace(household.contract, offpeak=None, tariff="BTINFCUST")
    return replace(household, contract=contract, appliances=replace(household.appliances, tank=0))


# The first two-digit ending of each kind, its profile in French, and what makes it differ.
SHAPES: tuple[tuple[int, str, Shape], ...] = (
    (0, "consommation", lambda h, _: h),
    (40, "consommation, pas de 10 minutes", lambda h, _: replace(h, steps=Steps.TEN)),
    (44, "consommation, pas de 15 minutes", lambda h, _: replace(h, steps=Steps.FIFTEEN)),
    (48, "consommation, pas de 60 minutes", lambda h, _: replace(h, steps=Steps.SIXTY)),
    (52, "consommation, le pas change le lundi", lambda h, _: replace(h, steps=Steps.MONDAYS)),
    (56, "consommation, le pas change dans la journée", lambda h, _: replace(h, steps=Steps.MIDWEEK)),
    (60, "consommation, courbe non activée", lambda h, _: replace(h, curve=CurveState.NOT_COLLECTED)),
    (64, "consommation, courbe refusée", _objected),
    (68, "production", _production),
    (72, "autoconsommation", _self_consumption),
    (76, "consommation, mise en service récente", _recent),
    (80, "consommation, intervalles manquants", lambda h, _: replace(h, gaps=Gaps.SINGLE_INTERVALS)),
    (84, "consommation, jours manquants", lambda h, _: replace(h, gaps=Gaps.WHOLE_DAYS)),
    (88, "consommation, résidence secondaire", lambda h, _: replace(h, appliances=Appliances(empty=True))),
    (90, "consommation, atelier", _workshop),
    (92, "autoconsommation, pas de 10 minutes", _self_consumption_with_holes),
    (94, "consommation, publiée parfois en retard", lambda h, _: replace(h, late=True)),
    (96, "consommation, tarif de base", _base_tariff),
)


def household(seed: int, prm: str) -> Household:
    """The household that this seed gives to a PRM outside F§11: a function of both, and of nothing else."""
    chance = Random(f"{seed}/household/{prm}")  # noqa: S311 — draws, not secrets
    _, profile, shape = [kind for kind in SHAPES if kind[0] <= int(prm[-2:])][-1]
    activated = OLDEST + timedelta(days=chance.randrange(1400))
    offpeak = chance.choice(people.OFFPEAKS)
    hour, minute = offpeak.ranges[0][0] if offpeak else (0, 0)
    own = sandbox.appliances(chance, with_tank=offpeak is not None, tank_from=hour + minute / 60)
    plain = Household(
        prm=prm,
        profile=profile,
        activated=activated,
        appliances=own,
        customer=people.customer(chance),
        address=people.address(chance),
        contract=people.contract(chance, activated, offpeak, own),
    )
    return shape(plain, chance)
