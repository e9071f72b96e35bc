"""Some days of a load curve as bytes, before they are sealed.

The days are divided into slots of equal length from their first instant to their last; a reading stands in the slot in
which it begins, and marks those that it goes on in. The length follows from the calendar and the length of a slot,
never from the values: an empty house and a busy one give the same (DESIGN A11), and nothing is compressed.

    header    version u8, form u8, minutes of a slot u8, number of days u8 (version 1, of a week, does not say it)
    days      u8 each: 0 not held, else 1 + the quality, 4 qualities by slot; bit 7: every slot holds a value
    slots     u16 each: a value in W, 65535 nothing, 65534 the reading before goes on, 65533 a large value
    large     u32 each: the values above 65,532 W, in order; places for 4 a week
    qualities u8 for each slot, only where a day has several
All little-endian. The wide form, for days with more large values than places (beyond what a Linky meter can be
subscribed to, 36 kVA), has slots of u32 and no list of large values.
"""

import struct
import sys
from array import array
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise

from passerelle.model.paris import day_bounds, midnight
from passerelle.model.reading import EvenReadings, Quality, Reading, Readings
from passerelle.store.periods import Period

VERSION = 2
_OF_A_WEEK = 1
"""The version before, which holds seven days."""

_WEEK = 7
_LARGE_A_WEEK = 4
_HEADER = struct.Struct("<BBB")
_WIDE, _MIXED_FORM = 1, 2
_PLAIN, _MIXED = 0x80, 4
_NOTHING, _GOES_ON, _LARGE = 0xFFFF, 0xFFFE, 0xFFFD
_WIDE_NOTHING, _WIDE_GOES_ON = 0xFFFF_FFFF, 0xFFFF_FFFE
_UNITS = (30, 15, 10, 5, 1)
_QUALITIES = tuple(Quality)[:3]
_MINUTE = timedelta(minutes=1)
_STEPS = {unit: unit * _MINUTE for unit in _UNITS}


def pack_curve(period: Period, days: Mapping[date, Readings]) -> bytes:
    """The days of this period, each with at least one reading.

    Raises ValueError for what has no place in the form: a day without readings, a value outside 0…2³²−3, an instant
    between two minutes, readings that overlap or leave their day.
    """
    unit = _unit(period, days)
    bounds = _slot_bounds(period, unit)
    slots = array("I", [_WIDE_NOTHING]) * bounds[-1]
    qualities = bytearray(bounds[-1])
    flags = bytearray(period.length)
    for day, readings in days.items():
        at = period.offset(day)
        low, high = bounds[at], bounds[at + 1]
        _place(slots, qualities, readings, day, unit, range(low, high))
        kinds = {reading.quality for reading in _told(readings)}
        flags[at] = _MIXED if len(kinds) > 1 else 1 + _QUALITIES.index(kinds.pop())
        if max(slots[low:high]) < _LARGE:
            flags[at] |= _PLAIN
    large = array("I", [value for value in slots if _LARGE <= value < _WIDE_GOES_ON])
    mixed = any(flag & ~_PLAIN == _MIXED for flag in flags)
    most = _most_large(period)
    form = (_WIDE if len(large) > most else 0) | (_MIXED_FORM if mixed else 0)
    head = _HEADER.pack(VERSION, form, unit) + bytes([period.length]) + bytes(flags)
    tail = bytes(qualities) if mixed else b""
    if form & _WIDE:
        return head + _bytes(slots) + tail
    narrow = array("H", [value if value < _LARGE else _narrow(value) for value in slots])
    return head + _bytes(narrow) + _bytes(large + array("I", [0]) * (most - len(large))) + tail


def unpack_curve(period: Period, packed: bytes, wanted: range) -> dict[date, Readings]:
    """The held days among the offsets `wanted`, in order. Raises ValueError for another version or a broken form."""
    curve = _Curve(period, packed)
    days = _days(period)
    return {days[at][0]: curve.day(at) for at in wanted if curve.flags[at]}


def curve_period(start: date, packed: bytes) -> Period:
    """The days from `start` on that `packed` is of. Raises ValueError for a broken form."""
    if len(packed) <= _HEADER.size:
        raise ValueError("a curve cut short")
    return Period(start, _WEEK if packed[0] == _OF_A_WEEK else packed[_HEADER.size])


def _most_large(period: Period) -> int:
    """A number that follows from the days alone, so that how many large values there are does not show."""
    return max(_LARGE_A_WEEK, -(-_LARGE_A_WEEK * period.length // _WEEK))


class _Curve:
    """The parts of a packed curve."""

    __slots__ = ("_bounds", "_large", "_period", "_qualities", "_slots", "_unit", "_wide", "flags")

    def __init__(self, period: Period, packed: bytes) -> None:
        if len(packed) <= _HEADER.size + period.length:
            raise ValueError("a curve cut short")
        version, form, self._unit = _HEADER.unpack_from(packed)
        at = _HEADER.size + (version == VERSION)
        known = packed[_HEADER.size] if version == VERSION else _WEEK
        if version not in (VERSION, _OF_A_WEEK) or known != period.length or self._unit not in _UNITS:
            raise ValueError("a curve of a form that this version does not know")
        self._period = period
        self._wide = bool(form & _WIDE)
        self._bounds = _slot_bounds(period, self._unit)
        self.flags = packed[at : at + period.length]
        at += period.length
        size = self._bounds[-1] * (4 if self._wide else 2)
        large = 0 if self._wide else _most_large(period) * 4
        self._slots = _array("I" if self._wide else "H", packed[at : at + size])
        self._large = _array("I", packed[at + size : at + size + large])
        self._qualities = packed[at + size + large :]
        if len(packed) != at + size + large + (self._bounds[-1] if form & _MIXED_FORM else 0):
            raise ValueError("a curve of another length than its header says")

    def day(self, at: int) -> Readings:
        low, high = self._bounds[at], self._bounds[at + 1]
        quality = self.flags[at] & ~_PLAIN
        if quality > _MIXED or (quality == _MIXED and not self._qualities):
            raise ValueError("a quality that this version does not know")
        start = _days(self._period)[at][1]
        if self.flags[at] & _PLAIN and quality != _MIXED:
            return EvenReadings(start, _STEPS[self._unit], self._slots[low:high], _QUALITIES[quality - 1])
        return _even(tuple(self._readings(start, low, high, quality)))

    def _readings(self, start: datetime, low: int, high: int, quality: int) -> Iterator[Reading]:
        nothing, goes_on = (_WIDE_NOTHING, _WIDE_GOES_ON) if self._wide else (_NOTHING, _GOES_ON)
        large = iter(self._large[0 if self._wide else self._slots[:low].count(_LARGE) :])
        step = self._unit * _MINUTE
        at = low
        while at < high:
            value = self._slots[at]
            if value == goes_on:
                raise ValueError("a reading that goes on before it begins")
            end = at + 1
            while end < high and self._slots[end] == goes_on:
                end += 1
            if value != nothing:
                if not self._wide and value == _LARGE:
                    value = next(large)
                code = self._qualities[at] if quality == _MIXED else quality - 1
                begin = start + step * (at - low)
                yield Reading(begin, begin + step * (end - at), value, _QUALITIES[code])
            at = end


def _place(slots: "array[int]", qualities: bytearray, readings: Readings, day: date, unit: int, places: range) -> None:
    """Write a day's readings into its slots."""
    start, _ = day_bounds(day)
    if isinstance(readings, EvenReadings) and readings.start == start and readings.step == unit * _MINUTE:
        if len(readings) > len(places) or max(readings.values) >= _WIDE_GOES_ON or min(readings.values) < 0:
            raise ValueError("a day does not fit its form")
        slots[places.start : places.start + len(readings)] = array("I", readings.values)
        code = bytes([_QUALITIES.index(readings.quality)])
        qualities[places.start : places.start + len(readings)] = code * len(readings)
        return
    for reading in readings:
        if not isinstance(reading, Reading):
            raise ValueError("a curve holds readings of intervals")  # noqa: TRY004 — the form's one error
        first, last = (_minutes(start, instant) // unit for instant in (reading.start, reading.end))
        if not 0 <= first < last <= len(places) or not 0 <= reading.value < _WIDE_GOES_ON:
            raise ValueError("a reading does not fit its day")
        low, high = places[first], places[first] + last - first
        if any(value != _WIDE_NOTHING for value in slots[low:high]):
            raise ValueError("two readings overlap")
        slots[low:high] = array("I", [reading.value] + [_WIDE_GOES_ON] * (high - low - 1))
        qualities[low] = _QUALITIES.index(reading.quality)


def _unit(period: Period, days: Mapping[date, Readings]) -> int:
    """The longest slot that every reading begins and ends with."""
    offsets: set[int] = set()
    for day, readings in days.items():
        if not readings or not 0 <= period.offset(day) < period.length:
            raise ValueError("a day without readings, or of another period")
        start, _ = day_bounds(day)
        for reading in _told(readings):
            offsets |= {_minutes(start, reading.start), _minutes(start, reading.end)}
        if isinstance(readings, EvenReadings):
            offsets.add(readings.step // _MINUTE)
    return next(unit for unit in _UNITS if not any(offset % unit for offset in offsets))


def _told(readings: Readings) -> list[Reading]:
    """The readings that tell the steps and qualities: of even ones the first says all."""
    several = readings[:1] if isinstance(readings, EvenReadings) else readings
    found = [reading for reading in several if isinstance(reading, Reading)]
    if not found:
        raise ValueError("a curve holds readings of intervals")
    return found


@lru_cache(maxsize=1_024)
def _slot_bounds(period: Period, unit: int) -> tuple[int, ...]:
    """The first slot of each day, and the number of slots: days of 23 and 25 hours have their own number (F§6)."""
    start = midnight(period.start)
    return tuple(_minutes(start, midnight(period.day(at))) // unit for at in range(period.length + 1))


@lru_cache(maxsize=1_024)
def _days(period: Period) -> tuple[tuple[date, datetime], ...]:
    """The days, and the instants at which they begin: periods of all homes share them."""
    return tuple((day, midnight(day)) for day in map(period.day, range(period.length)))


def _even(readings: tuple[Reading, ...]) -> Readings:
    """The same readings as plain numbers, where they have one step, one quality and no hole."""
    first = readings[0]
    step = first.end - first.start
    if any(each.end - each.start != step or each.quality is not first.quality for each in readings):
        return readings
    if any(one.end != other.start for one, other in pairwise(readings)):
        return readings
    return EvenReadings(first.start, step, array("I", [each.value for each in readings]), first.quality)


def _narrow(value: int) -> int:
    return {_WIDE_NOTHING: _NOTHING, _WIDE_GOES_ON: _GOES_ON}.get(value, _LARGE)


def _minutes(start: datetime, instant: datetime) -> int:
    minutes, rest = divmod(instant.astimezone(UTC) - start, _MINUTE)
    if rest:
        raise ValueError("an instant between two minutes")
    return minutes


def _bytes(values: "array[int]") -> bytes:
    if sys.byteorder == "big":
        values = array(values.typecode, values)
        values.byteswap()
    return values.tobytes()


def _array(typecode: str, packed: bytes) -> "array[int]":
    values = array(typecode)
    values.frombytes(packed)
    if sys.byteorder == "big":
        values.byteswap()
    return values
