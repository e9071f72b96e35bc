"""Whatever days a period has, they come back; and the length of their form says nothing of their values."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerelle.model.paris import day_bounds, minutes_in
from passerelle.model.reading import EvenReadings, IndexReading, Peak, Quality, Reading, Register
from passerelle.model.series import Kind
from passerelle.store.forms import merged, pack, period_told, unpack
from passerelle.store.periods import Period, period_of

MONDAYS = st.sampled_from([date(2026, 3, 2), date(2026, 3, 23), date(2026, 10, 19)])
"""Weeks of 168, 167 and 169 hours (F§6)."""

YEARS = st.sampled_from([date(2024, 1, 1), date(2026, 1, 1)])
QUALITIES = st.sampled_from(Quality)
STEPS = st.sampled_from([5, 10, 15, 30, 60])
USUAL = st.integers(0, 36_000)
SPECIAL = [0, 65_532, 65_533, 65_534, 65_535, 65_536, 2**32 - 3]
SEEDS = st.integers(0, 2**32)


PLACES = 11
"""Readings above 65,532 W that the usual form of nineteen days holds: four a week."""


def some_watts(chance: Random) -> int:
    return chance.choice(SPECIAL) if chance.random() < 0.02 else chance.randrange(36_000)


@st.composite
def curve_days(draw: st.DrawFn, day: date) -> tuple[Reading, ...]:
    """A day of 23 to 25 hours: one step or several, whole or with holes, one quality or several."""
    stretches = draw(st.lists(st.tuples(STEPS, st.integers(1, 48), st.sampled_from([0, 0, 30, 240])), min_size=1))
    qualities = draw(st.one_of(QUALITIES.map(lambda one: [one]), st.just(list(Quality))))
    chance = Random(draw(SEEDS))
    at, end = day_bounds(day)
    found = []
    for step, times, pause in stretches:
        for _ in range(times):
            until = at + timedelta(minutes=step)
            if until <= end and chance.random() < 0.9:
                found.append(Reading(at, until, some_watts(chance), chance.choice(qualities)))
            at = until
        at += timedelta(minutes=pause)
    return tuple(found)


@st.composite
def stretches_of_days(draw: st.DrawFn, lengths: st.SearchStrategy[int]):
    period = Period(draw(MONDAYS), draw(lengths))
    held = draw(st.sets(st.integers(0, period.length - 1), min_size=1, max_size=3))
    days = {day: draw(curve_days(day)) for at in sorted(held) for day in [period.day(at)]}
    return period, {day: readings for day, readings in days.items() if readings}


@given(stretches_of_days(st.sampled_from([1, 7, 19])))
def test_every_day_of_a_curve_comes_back(stretch):
    period, days = stretch
    packed = pack(Kind.CURVE, period, days)
    assert period_told(Kind.CURVE, period.start, packed) == period
    found = unpack(Kind.CURVE, period, packed)
    assert {day: tuple(readings) for day, readings in found.items()} == days
    assert list(found) == sorted(days)


@given(stretches_of_days(st.just(7)))
def test_a_week_that_was_packed_by_the_version_before_comes_back(week):
    period, days = week
    packed = pack(Kind.CURVE, period, days)
    before = b"\x01" + packed[1:3] + packed[4:]
    assert period_told(Kind.CURVE, period.start, before) == period
    found = unpack(Kind.CURVE, period, before)
    assert {day: tuple(readings) for day, readings in found.items()} == days
    with pytest.raises(ValueError, match="form"):
        unpack(Kind.CURVE, replace(period, length=6), packed)


@given(MONDAYS, STEPS, SEEDS, QUALITIES)
def test_a_day_of_one_step_comes_back_as_plain_numbers(monday, step, seed, quality):
    start, _ = day_bounds(monday)
    chance = Random(seed)
    watts = [some_watts(chance) for _ in range(minutes_in(monday) // step)]
    day = EvenReadings(start, timedelta(minutes=step), watts, quality)
    period = period_of(Kind.CURVE, monday)
    [found] = unpack(Kind.CURVE, period, pack(Kind.CURVE, period, {monday: day})).values()
    assert isinstance(found, EvenReadings)
    assert found == day
    assert pack(Kind.CURVE, period, {monday: tuple(day)}) == pack(Kind.CURVE, period, {monday: day})


@given(MONDAYS, STEPS, SEEDS)
def test_an_empty_house_and_a_busy_one_have_one_length(monday, step, seed):
    period = period_of(Kind.CURVE, monday)
    count = minutes_in(monday) // step
    chance = Random(seed)
    busy = [chance.randrange(36_000) for _ in range(count)]
    few_large = [chance.randrange(65_533, 2**32 - 2) for _ in range(PLACES)]
    houses = [[0] * count, busy, few_large + busy[PLACES:]]
    lengths = {len(pack(Kind.CURVE, period, {monday: _even(monday, step, watts)})) for watts in houses}
    whole = {day: _even(day, step, None) for at in range(period.length) for day in [period.day(at)]}
    assert lengths == {len(pack(Kind.CURVE, period, whole))}


@given(MONDAYS, SEEDS)
def test_the_wide_form_has_one_length_too(monday, seed):
    period = period_of(Kind.CURVE, monday)
    large = [Random(seed + at).randrange(65_533, 2**32 - 2) for at in range(48)]
    houses = [large[: PLACES + 1] + [0] * (47 - PLACES), large]
    assert len({len(pack(Kind.CURVE, period, {monday: _even(monday, 30, watts)})) for watts in houses}) == 1


def _even(day: date, step: int, watts: list[int] | None) -> EvenReadings:
    count = minutes_in(day) // step
    return EvenReadings(day_bounds(day)[0], timedelta(minutes=step), watts or [0] * count, Quality.RAW)


def energies(first: date, held: dict[int, tuple[int, Quality]]) -> tuple[Period, dict[date, tuple[Reading, ...]]]:
    """The quarter, and a day's energy and quality at each of these offsets."""
    period = period_of(Kind.DAILY, first)
    days = {
        day: (Reading(*day_bounds(day), value, quality),)
        for at, (value, quality) in sorted(held.items())
        for day in [period.day(at)]
    }
    return period, days


@given(YEARS, st.dictionaries(st.integers(0, 89), st.tuples(st.integers(0, 2**32 - 1), QUALITIES), max_size=20))
def test_every_quarter_of_energies_comes_back_at_one_length(first, held):
    period, days = energies(first, held)
    packed = pack(Kind.DAILY, period, days)
    assert period_told(Kind.DAILY, first, packed) == period
    assert unpack(Kind.DAILY, period, packed) == days
    beyond_a_linky = any(value >= 1 << 22 for value, _ in held.values())
    assert len(packed) == 3 + (5 if beyond_a_linky else 3) * period.length


@given(YEARS, st.dictionaries(st.integers(0, 89), st.tuples(st.integers(0, 2**22 - 1), QUALITIES), max_size=20))
def test_every_quarter_of_usual_energies_comes_back_at_one_length(first, held):
    period, days = energies(first, held)
    packed = pack(Kind.DAILY, period, days)
    assert unpack(Kind.DAILY, period, packed) == days
    assert len(packed) == 3 + 3 * period.length


@given(YEARS, st.dictionaries(st.integers(0, 89), st.tuples(st.integers(2**22, 2**32 - 1), QUALITIES), min_size=1))
def test_a_quarter_that_was_packed_by_the_version_before_comes_back(first, held):
    period, days = energies(first, held)
    packed = pack(Kind.DAILY, period, days)
    before = b"\x01\x01" + packed[3:]
    assert period_told(Kind.DAILY, first, before) == period
    assert unpack(Kind.DAILY, period, before) == days
    with pytest.raises(ValueError, match="form"):
        unpack(Kind.PEAK, period, before)


PEAKS = st.tuples(st.integers(0, 86_399), st.integers(0, 2**32 - 1), QUALITIES)


@given(YEARS, st.dictionaries(st.integers(0, 89), PEAKS, max_size=20))
def test_every_quarter_of_peaks_comes_back_at_one_length(first, held):
    period = period_of(Kind.PEAK, first)
    days = {
        day: (Peak(day, day_bounds(day)[0] + timedelta(seconds=seconds), value, quality),)
        for at, (seconds, value, quality) in sorted(held.items())
        for day in [period.day(at)]
    }
    packed = pack(Kind.PEAK, period, days)
    assert period_told(Kind.PEAK, first, packed) == period
    assert unpack(Kind.PEAK, period, packed) == days
    assert len(packed) == 3 + 9 * period.length


WATT_HOURS = st.integers(0, 2**64 - 2)
REGISTERS = st.lists(
    st.builds(Register, st.text(max_size=16), WATT_HOURS, st.one_of(st.none(), st.text(max_size=20))), max_size=10
)
INDEXES = st.tuples(st.integers(-7200, 86_399), REGISTERS, st.one_of(st.none(), WATT_HOURS), QUALITIES)


@given(YEARS, st.dictionaries(st.integers(0, 89), INDEXES, max_size=8))
def test_every_quarter_of_indexes_comes_back(first, held):
    period = period_of(Kind.INDEX, first)
    days = {
        day: (IndexReading(day, day_bounds(day)[0] + timedelta(seconds=seconds), tuple(registers), total, quality),)
        for at, (seconds, registers, total, quality) in sorted(held.items())
        for day in [period.day(at)]
    }
    assert unpack(Kind.INDEX, period, pack(Kind.INDEX, period, days)) == days


@given(st.lists(st.tuples(WATT_HOURS, WATT_HOURS), min_size=1, max_size=30))
def test_two_meters_of_the_same_registers_have_one_length(values):
    period = period_of(Kind.INDEX, date(2026, 1, 1))

    def quarter(counted):
        return {
            day: (IndexReading(day, day_bounds(day)[0], (Register("HP", one), Register("HC", other)), one),)
            for at, (one, other) in enumerate(counted)
            for day in [period.day(at)]
        }

    assert len(pack(Kind.INDEX, period, quarter(values))) == len(pack(Kind.INDEX, period, quarter([(0, 0)] * 80)))


@given(st.data(), MONDAYS)
def test_what_came_later_wins_and_what_it_does_not_speak_of_stays(data, day):
    before, now = data.draw(curve_days(day)), data.draw(curve_days(day).filter(bool))
    found = tuple(merged(Kind.CURVE, before, now))
    if now[0].quality is Quality.DERIVED and before and before[0].quality is not Quality.DERIVED:
        assert found == before
        return
    assert set(now) <= set(found) <= set(now) | set(before)
    assert all(one.end <= other.start for one, other in pairwise(found))
    lost = set(before) - set(found)
    assert all(any(each.start < new.end and new.start < each.end for new in now) for each in lost)
