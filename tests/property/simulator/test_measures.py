"""What holds for every household, day and seed (F§5, F§6, F§11)."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from passerelle.simulator.households import sandbox, seeded
from passerelle.simulator.households.nouns import Steps
from passerelle.simulator.measures import Direction, measured
from passerelle.simulator.series import Kind, Series
from passerelle.simulator.values import Change, apply

PARIS = ZoneInfo("Europe/Paris")
SPRING, AUTUMN = date(2026, 3, 29), date(2025, 10, 26)
PRMS = st.one_of(st.sampled_from(sorted(sandbox.POINTS)), st.from_regex(r"[0-9]{14}", fullmatch=True))
DAYS = st.one_of(st.sampled_from([SPRING, AUTUMN]), st.dates(date(2016, 1, 1), date(2030, 12, 31)))
SEEDS = st.integers(0, 3)
DIRECTIONS = st.sampled_from(Direction)
ENDINGS = [f"{ending:02d}" for ending in range(100)]


def household(seed, prm):
    return (sandbox if prm in sandbox.POINTS else seeded).household(seed, prm)


def midnight(day):
    return datetime(day.year, day.month, day.day, tzinfo=PARIS).astimezone(UTC)


def watt_minutes(curve):
    return sum(each.watts * each.minutes for each in curve)


@given(SEEDS, PRMS, DAYS, DIRECTIONS)
@settings(deadline=None)
def test_intervals_fill_the_civil_day_without_hole_or_overlap(seed, prm, day, direction):
    curve = measured(seed, household(seed, prm), day, direction).curve
    assert curve[0].start == midnight(day)
    assert curve[-1].end == midnight(day + timedelta(days=1))
    assert all(one.end == other.start for one, other in pairwise(curve))
    assert {each.minutes for each in curve} <= {10, 15, 30, 60}


@given(SEEDS, PRMS, DAYS, DIRECTIONS)
@settings(deadline=None)
def test_the_curve_integrates_to_exactly_the_energy(seed, prm, day, direction):
    found = measured(seed, household(seed, prm), day, direction)
    assert watt_minutes(found.curve) == found.energy.wh * 60
    assert all(each.watts >= 0 for each in found.curve)


@given(SEEDS, PRMS, DAYS)
@settings(deadline=None)
@example(1, "30000000000050", AUTUMN)
def test_the_peak_fits_the_curve_and_lies_in_its_day(seed, prm, day):
    found = measured(seed, household(seed, prm), day, Direction.CONSUMPTION)
    assert found.peak.va >= max(each.watts for each in found.curve)
    assert found.peak.at.astimezone(PARIS).date() == day
    here = found.peak.at.astimezone(PARIS)
    assert here.replace(fold=0).utcoffset() == here.replace(fold=1).utcoffset()
    assert measured(seed, household(seed, prm), day, Direction.PRODUCTION).peak is None


@given(SEEDS, PRMS, DAYS)
@settings(deadline=None)
def test_a_direction_that_is_not_measured_is_zero_and_self_consumption_uses_one_at_a_time(seed, prm, day):
    own = household(seed, prm)
    drawn, given_back = (measured(seed, own, day, direction).curve for direction in Direction)
    if not own.consumes:
        assert watt_minutes(drawn) == 0
    if not own.produces:
        assert watt_minutes(given_back) == 0
    assert all(min(one.watts, other.watts) == 0 for one, other in zip(drawn, given_back, strict=True))


@pytest.mark.parametrize(("day", "count"), [(date(2026, 11, 22), 48), (SPRING, 46), (AUTUMN, 50)])
def test_half_hours_of_the_change_of_hour(day, count):
    assert len(measured(1, household(1, "22516914714270"), day, Direction.CONSUMPTION).curve) == count


@given(PRMS, DAYS, DIRECTIONS)
@settings(deadline=None)
def test_the_seed_and_the_prm_make_the_household(prm, day, direction):
    one, other = household(1, prm), household(2, prm)
    assert household(1, prm) == one
    assert one.customer != other.customer
    measured.cache_clear()
    again = measured(1, household(1, prm), day, direction)
    measured.cache_clear()
    assert measured(1, one, day, direction) == again


@pytest.mark.parametrize("step", [10, 15, 30, 60])
def test_every_step_is_met_by_some_ending(step):
    assert any(seeded.household(1, f"300000000000{end}").steps == Steps(str(step)) for end in ENDINGS)


def test_the_step_changes_at_a_day_boundary_and_inside_a_day():
    mondays, midweek = household(1, "30000000000052"), household(1, "30000000000056")
    week = [date(2026, 11, 16) + timedelta(days=days) for days in range(-1, 8)]
    at_boundary = [{each.minutes for each in measured(1, mondays, day, Direction.CONSUMPTION).curve} for day in week]
    assert at_boundary == [{30 if day.isocalendar().week % 2 == 0 else 10} for day in week]
    assert {10} in at_boundary
    assert {30} in at_boundary
    wednesday = measured(1, midweek, date(2026, 11, 18), Direction.CONSUMPTION).curve
    assert [each.minutes for each in wednesday] == [60] * 12 + [15] * 48


def test_zero_one_watt_and_more_than_36_kw_occur():
    watts = set()
    for prm in ("63695879465986", "22315546958763", "22516914714270"):
        for number in range(30):
            day = date(2026, 3, 2) + timedelta(days=number)
            watts |= {each.watts for each in measured(1, household(1, prm), day, Direction.CONSUMPTION).curve}
    assert {0, 1} <= watts
    assert max(watts) > 36_000


def test_gaps_are_where_the_profile_puts_them():
    start = date(2026, 9, 7)
    days = [start + timedelta(days=number) for number in range(56)]
    weekly = household(1, "42900589957123")
    absent = [day for day in days if not measured(1, weekly, day, Direction.CONSUMPTION).energy.present]
    assert {day.weekday() for day in absent} == {1, 2}
    assert len(absent) == 16
    singles = [measured(1, household(1, "30000000000081"), day, Direction.CONSUMPTION) for day in days]
    holes = [each for day in singles for each in day.curve if not each.present]
    assert 0 < len(holes) < 200
    assert all(day.energy.present for day in singles)
    whole = [measured(1, household(1, "30000000000085"), day, Direction.CONSUMPTION) for day in days]
    assert 0 < sum(not day.energy.present for day in whole) < 28
    assert all({each.present for each in day.curve} == {day.energy.present} for day in whole)
    plain = [measured(1, household(1, "22516914714270"), day, Direction.CONSUMPTION) for day in days]
    assert all(each.present for day in plain for each in day.curve)


def test_some_meters_are_late():
    own = household(1, "30000000000094")
    days = [date(2026, 11, 2) + timedelta(days=number) for number in range(20)]
    delays = {
        measured(1, own, day, Direction.CONSUMPTION).energy.published.astimezone(PARIS).date() - day for day in days
    }
    assert delays == {timedelta(days=1), timedelta(days=2)}


@given(SEEDS, PRMS, DAYS, DIRECTIONS, st.integers(0, 10**7))
@settings(deadline=None)
def test_an_energy_put_in_place_is_integrated_exactly(seed, prm, day, direction, wh):
    own = household(seed, prm)
    series = Series(f"{direction}/{Kind.DAILY}")
    changed = apply(seed, prm, measured(seed, own, day, direction), Change(series, value=wh))
    assert changed.energy.wh == wh
    assert watt_minutes(changed.curve) == wh * 60
    if changed.peak is not None:
        assert changed.peak.va >= max(each.watts for each in changed.curve)
