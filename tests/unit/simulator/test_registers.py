"""The registers of a meter: exact between any two days, whoever asks for what first (F§9)."""

from datetime import UTC, date, datetime, timedelta

import pytest

from passerelle.simulator import registers
from passerelle.simulator.consents import Consent, State
from passerelle.simulator.measures import Direction, measured
from passerelle.simulator.settings import SimulatorSettings
from passerelle.simulator.world import World

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
HOME, ROOF, YOUNG = "22516914714270", "24880057139941", "40000000000077"
DAY = timedelta(days=1)


def world():
    made = World(SimulatorSettings(now=NOW))
    made.consents.put(YOUNG, Consent(State.GRANTED))
    return made


def shown(day, prm=HOME, direction=Direction.CONSUMPTION, *, of=None):
    here = of or world()
    return registers.at(here, here.household(prm), direction, day)


@pytest.mark.parametrize("prm", [HOME, YOUNG])
@pytest.mark.parametrize("start", [date(2026, 6, 28), date(2026, 10, 24), date(2026, 11, 1)])
def test_the_total_grows_by_the_energy_of_the_day(prm, start):
    here = world()
    household = here.household(prm)
    for day in (start, start + DAY, start + 2 * DAY):
        wh = measured(1, household, day, Direction.CONSUMPTION).energy.wh
        assert shown(day + DAY, prm, of=here).total - shown(day, prm, of=here).total == wh


def test_nothing_depends_on_what_was_asked_before():
    days = [date(2024, 2, 29), date(2025, 12, 31), date(2026, 1, 1), date(2026, 1, 2), date(2026, 11, 20)]
    onwards = [shown(day) for day in days]
    registers._month.cache_clear()
    registers._at_origin.cache_clear()
    measured.cache_clear()
    assert [shown(day) for day in reversed(days)] == onwards[::-1]
    assert onwards == sorted(onwards)


def test_the_years_since_the_activation_are_not_drawn():
    registers._month.cache_clear()
    registers._at_origin.cache_clear()
    measured.cache_clear()
    shown(date(2026, 2, 10))
    drawn = measured.cache_info().misses
    assert drawn <= 31 + 28 + len(registers.SEASONS)
    shown(date(2026, 2, 20))
    assert measured.cache_info().misses == drawn


@pytest.mark.parametrize("day", [date(2026, 11, 20), date(2026, 3, 29), date(2025, 10, 26)])
def test_the_offpeak_register_counts_the_minutes_of_its_hours(day):
    """HC (23h00-7h30) on days of 24, 23 and 25 hours: half hours that Paris shows from 23:00 to 07:30."""
    here = world()
    household = here.household(HOME)
    assert household.contract.offpeak.ranges == (((23, 0), (7, 30)),)
    drawn = measured(1, household, day, Direction.CONSUMPTION)
    begin = drawn.curve[0].start
    after_night = begin + (drawn.curve[-1].end - begin) - timedelta(hours=16.5)
    evening = drawn.curve[-1].end - timedelta(hours=1)
    inside = [each for each in drawn.curve if each.start < after_night or each.start >= evening]
    expected = sum(each.watts * each.minutes for each in inside) // 60
    one, two = shown(day, of=here), shown(day + DAY, of=here)
    assert (two.offpeak - one.offpeak, two.other - one.other) == (expected, drawn.energy.wh - expected)


def test_an_interval_that_a_range_cuts_counts_for_its_minutes():
    """HC (22H50-6H50): ten minutes of the half hour from 22:30, twenty of the one from 06:30."""
    here = world()
    household = next(
        found
        for ending in range(40)
        if (found := _named(here, f"400000000000{ending:02d}")).contract.offpeak
        and found.contract.offpeak.ranges == (((22, 50), (6, 50)),)
    )
    day = date(2026, 11, 20)
    curve = measured(1, household, day, Direction.CONSUMPTION).curve
    watt_minutes = sum(each.watts * 30 for each in (*curve[:13], *curve[46:]))
    watt_minutes += curve[13].watts * 20 + curve[45].watts * 10
    one, two = (registers.at(here, household, Direction.CONSUMPTION, each) for each in (day, day + DAY))
    assert two.offpeak - one.offpeak == watt_minutes // 60


def _named(here, prm):
    here.consents.put(prm, Consent(State.GRANTED))
    return here.household(prm)


@pytest.mark.parametrize("prm", [ROOF, "40000000000072"])
def test_what_is_injected_has_one_register(prm):
    """Even where the same household draws by peak and off-peak hours."""
    here = world()
    household = _named(here, prm)
    tariff = registers.tariff(household, Direction.PRODUCTION)
    assert [each.code for each in tariff.classes] == ["BASE"]
    count = registers.at(here, household, Direction.PRODUCTION, date(2026, 11, 20))
    assert tariff.classes[0].of(count) == count.total > count.offpeak == 0
    if household.consumes:
        assert [each.code for each in registers.tariff(household, Direction.CONSUMPTION).classes] == ["HC", "HP"]


def test_no_register_was_ever_below_zero():
    here = world()
    for ending in (0, 72, 76, 77, 78, 79, 90):
        household = _named(here, f"510000000000{ending:02d}")
        for direction in Direction:
            measures = household.consumes if direction is Direction.CONSUMPTION else household.produces
            if measures:
                first = max(household.activated, date(2023, 11, 9))
                assert min(registers.at(here, household, direction, first)) >= 0


def test_a_meter_begins_at_a_drawn_start():
    """A recent one shows what it was delivered with; two meters do not show the same."""
    here = world()
    household = here.household(YOUNG)
    start = registers.at(here, household, Direction.CONSUMPTION, household.activated)
    assert 0 < start.total < 2 * 2**16
    other = _named(here, "40000000000078")
    assert registers.at(here, other, Direction.CONSUMPTION, other.activated) != start


def test_days_are_served_from_the_activation_to_the_last_published_one():
    here = world()
    household = here.household(YOUNG)
    first = household.activated
    found = registers.served(here, household, Direction.CONSUMPTION, first - 5 * DAY, first + 2 * DAY)
    assert [each.day for each in found] == [first, first + DAY]
    late = registers.served(here, household, Direction.CONSUMPTION, date(2026, 11, 22), date(2026, 12, 1))
    assert [each.day for each in late] == [date(2026, 11, 22), date(2026, 11, 23)]
    here.clock.set(datetime(2026, 11, 24, 6, 59, tzinfo=UTC), frozen=True)
    early = registers.served(here, household, Direction.CONSUMPTION, date(2026, 11, 22), date(2026, 12, 1))
    assert [each.day for each in early] == [date(2026, 11, 22)]
