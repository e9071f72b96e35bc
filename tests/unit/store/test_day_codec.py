"""A day as bytes: nothing lost, and a length that tells nothing of the values."""

import struct
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerelle.model.paris import day_bounds, minutes_in
from passerelle.model.reading import Peak, Quality, Reading
from passerelle.store.day_codec import pack_day, unpack_day

DAY = date(2026, 3, 28)
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)
VALUES = st.integers(0, 2**32 - 1)
QUALITIES = st.sampled_from(Quality)
STEPS = st.sampled_from([5, 10, 15, 30, 60])


def curve(day: date, steps: list[int], values: list[int], qualities: list[Quality]) -> tuple[Reading, ...]:
    """Readings of these steps from the day's first instant on, as far as the day reaches."""
    at, end = day_bounds(day)
    found = []
    for step, value, quality in zip(steps, values, qualities, strict=True):
        until = at + timedelta(minutes=step)
        if until > end:
            break
        found.append(Reading(at, until, value, quality))
        at = until
    return tuple(found)


@st.composite
def curves(draw: st.DrawFn) -> tuple[date, tuple[Reading, ...]]:
    """Days of 23, 24 and 25 hours, steps that change anywhere, some readings missing."""
    day = draw(st.sampled_from([DAY, SPRING, AUTUMN]))
    stretches = draw(st.lists(st.tuples(STEPS, st.integers(1, 60)), min_size=1))
    steps = [step for step, times in stretches for _ in range(times)]
    size = len(steps)
    whole = curve(
        day,
        steps,
        draw(st.lists(VALUES, min_size=size, max_size=size)),
        draw(st.lists(QUALITIES, min_size=size, max_size=size)),
    )
    missing = draw(st.sets(st.integers(1, 300)))
    return day, tuple(reading for at, reading in enumerate(whole) if at not in missing)


@given(curves())
def test_every_curve_comes_back(given_day):
    day, readings = given_day
    assert unpack_day(day, pack_day(readings)) == readings


@given(st.lists(st.tuples(st.integers(0, 86399), VALUES, QUALITIES), min_size=1, max_size=3))
def test_every_peak_comes_back(parts):
    start, _ = day_bounds(DAY)
    peaks = tuple(Peak(DAY, start + timedelta(seconds=at), value, quality) for at, value, quality in parts)
    assert unpack_day(DAY, pack_day(peaks)) == peaks


@given(st.sampled_from([DAY, SPRING, AUTUMN]), st.data())
def test_an_empty_house_and_a_busy_one_have_one_length(day, data):
    size = minutes_in(day) // 30
    busy = data.draw(st.lists(VALUES, min_size=size, max_size=size))
    packed = {len(pack_day(curve(day, [30] * size, values, [Quality.RAW] * size))) for values in (busy, [0] * size)}
    assert len(packed) == 1


def test_a_daily_energy_is_a_day_of_one_reading():
    start, end = day_bounds(AUTUMN)
    energy = (Reading(start, end, 38022, Quality.DERIVED),)
    assert unpack_day(AUTUMN, pack_day(energy)) == energy


def test_the_form_is_the_one_described():
    start = datetime(2026, 11, 24, tzinfo=UTC)
    two = (
        Reading(start, start + timedelta(minutes=30), 1, Quality.RAW),
        Reading(start + timedelta(minutes=30), start + timedelta(minutes=60), 2, Quality.CORRECTED),
    )
    expected = struct.pack("<BBHqIHBBII", 1, 1, 1, int(start.timestamp()), 1800, 2, 0, 1, 1, 2)
    assert pack_day(two) == expected


START = datetime(2026, 11, 24, tzinfo=UTC)
LATER = START + timedelta(minutes=30)


@pytest.mark.parametrize(
    "readings",
    [
        (),
        (Reading(START, LATER, -1),),
        (Reading(START, LATER, 2**32),),
        (Reading(START, START, 1),),
        (Reading(START + timedelta(microseconds=1), LATER, 1),),
        (Reading(START, LATER, 1), Peak(DAY, LATER, 1)),
    ],
)
def test_what_the_form_cannot_hold_is_refused(readings):
    with pytest.raises(ValueError, match=r"."):
        pack_day(readings)


@given(st.data())
def test_broken_bytes_are_an_error_never_other_readings(data):
    packed = pack_day((Reading(START, LATER, 7, Quality.RAW),))
    cut = data.draw(st.integers(0, len(packed) - 1))
    unknown_quality = packed[:18] + b"\x09" + packed[19:]
    spoilt = data.draw(st.sampled_from([packed[:cut], packed + b"\0", b"\x02" + packed[1:], unknown_quality]))
    with pytest.raises(ValueError, match=r"."):
        unpack_day(DAY, spoilt)
