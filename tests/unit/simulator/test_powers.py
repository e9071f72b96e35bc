"""The powers of 2026 by month and by phase (F§9)."""

from datetime import UTC, datetime, timedelta

import pytest

from passerelle.simulator.households import sandbox
from passerelle.simulator.measures import Peak
from passerelle.simulator.v2026 import powers

THREE_PHASES, SINGLE_PHASE = sandbox.household(1, "22315546958763"), sandbox.household(1, "22516914714270")
START = datetime(2026, 9, 29, 17, 30, tzinfo=UTC)
PEAKS = [Peak(va, START + timedelta(days=at), START) for at, va in enumerate((6510, 6510, 9000, 9000, 0))]


def test_a_month_shows_its_first_highest_day_by_the_clocks_of_paris():
    new_year = [
        Peak(3000, datetime(2026, 12, 31, 22, 59, 59, tzinfo=UTC), START),
        Peak(5000, datetime(2026, 12, 31, 23, tzinfo=UTC), START),
    ]
    found = powers.quantities(1, SINGLE_PHASE, [*PEAKS, *new_year], "P1M", "PMA")
    assert found == {
        "PMA": [
            (6510, "2026-09-29 19:30:00"),
            (9000, "2026-10-01 19:30:00"),
            (3000, "2026-12-31 23:59:59"),
            (5000, "2027-01-01 00:00:00"),
        ]
    }


@pytest.mark.parametrize(
    ("household", "wanted"), [(THREE_PHASES, "PMA"), (SINGLE_PHASE, "PMA"), (SINGLE_PHASE, "TOUT")]
)
def test_the_whole_stands_alone_unless_three_phases_are_wanted(household, wanted):
    found = powers.quantities(1, household, PEAKS, "P1D", wanted)
    assert found == {"PMA": [(peak.va, f"{peak.at + timedelta(hours=2):%Y-%m-%d %H:%M:%S}") for peak in PEAKS]}


def test_each_phase_carries_a_part_and_their_order_changes():
    orders = set()
    for days in range(30):
        peaks = [peak._replace(at=peak.at + timedelta(days=days)) for peak in PEAKS]
        found = powers.quantities(1, THREE_PHASES, peaks, "P1D", "TOUT")
        orders.add(tuple(found))
        assert [power.va for power in found["PMA"]] == [peak.va for peak in PEAKS]
        for at, peak in enumerate(peaks):
            phases = [found[name][at].va for name in powers.PHASES]
            assert all(va % 10 == 0 and va <= peak.va for va in phases)
            assert sum(phases) >= peak.va
    assert {order[0] for order in orders} == {"PMA", "PMA1", "PMA2", "PMA3"}


def test_months_of_phases_are_each_their_own():
    found = powers.quantities(1, THREE_PHASES, PEAKS, "P1M", "TOUT")
    days = powers.quantities(1, THREE_PHASES, PEAKS, "P1D", "TOUT")
    for name, months in found.items():
        assert [power.va for power in months] == [max(p.va for p in days[name][:2]), max(p.va for p in days[name][2:])]
