"""The sliding second and the clock hour (F§12)."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from passerelle.simulator.quotas import Allowances, Excess, Quotas

NOW = datetime(2026, 11, 24, 9, 59, 59, tzinfo=UTC)


@given(st.lists(st.integers(min_value=0, max_value=700), max_size=60))
def test_a_call_passes_when_at_most_four_arrived_in_the_second_before(gaps):
    """Against the definition: count, for each arrival, those that lie less than a second behind it."""
    quotas, at, arrivals = Quotas(5, 10_000), 0, []
    for gap in gaps:
        at += gap
        arrivals.append(at)
        recent = sum(at - earlier < 1024 for earlier in arrivals)
        # 1024 ticks a second are exact in binary: this is about the rule, not about floats.
        passed = quotas.arrive(at / 1024, NOW, counts_in_hour=True) is None
        assert passed is (recent <= 5)


def test_the_hour_counts_what_the_second_let_through():
    quotas = Quotas(1, 2)
    assert quotas.arrive(0.0, NOW, counts_in_hour=True) is None
    assert quotas.arrive(0.5, NOW, counts_in_hour=True) is Excess.SECOND
    assert quotas.arrive(2.0, NOW, counts_in_hour=False) is None
    assert quotas.arrive(4.0, NOW, counts_in_hour=True) is None
    assert quotas.arrive(6.0, NOW, counts_in_hour=True) is Excess.HOUR
    assert quotas.arrive(8.0, NOW.replace(hour=10), counts_in_hour=True) is None


def test_a_call_told_late_counts_what_came_before_it_and_not_what_came_after():
    quotas = Quotas(2, 10)
    assert [quotas.arrive(at, NOW, counts_in_hour=True) for at in (0.0, 0.25)] == [None, None]
    assert quotas.arrive(1.0, NOW, counts_in_hour=True) is None
    assert quotas.arrive(0.5, NOW, counts_in_hour=True) is Excess.SECOND
    assert quotas.arrive(1.125, NOW, counts_in_hour=True) is Excess.SECOND


def test_each_api_of_2026_has_an_allowance_and_v5_one_for_all():
    allowances = Allowances(5, 10_000, 1_000)
    shared, own = allowances.of("metering_data_dc"), allowances.of("comptage_auto")
    assert all(allowances.of(api) is shared for api in ("customers_i", "oauth2"))
    assert own is allowances.of("comptage_auto")
    assert own is not allowances.of("alimentation_auto")
    assert [(each.per_second, each.per_hour) for each in (shared, own)] == [(5, 10_000), (5, 1_000)]
