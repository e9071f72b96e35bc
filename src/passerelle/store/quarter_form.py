"""A quarter of daily energies or of daily peaks as bytes, before it is sealed: one place for each of its days.

    header    version u8, shape u8
    days      u8 for each day: 0 not held, else 1 + the quality
    values    u32 for each day, in Wh or VA
    instants  i32 for each day, peaks only: seconds since the day's beginning
All little-endian. The length follows from the quarter and the shape alone.
"""

import struct
from collections.abc import Mapping
from datetime import date, timedelta

from passerelle.model.paris import day_bounds
from passerelle.model.reading import AnyReading, Peak, Quality, Reading, Readings
from passerelle.store.periods import Period

VERSION = 1
_ENERGIES, _PEAKS = 1, 2
_HEADER = struct.Struct("<BB")
_QUALITIES = tuple(Quality)[:3]
_SECOND = timedelta(seconds=1)


def pack_quarter(period: Period, days: Mapping[date, Readings], *, peaks: bool) -> bytes:
    """The days of this quarter, each with one reading.

    Raises ValueError for what has no place in the form: several readings of a day, an energy of another interval than
    its day, a value outside 0…2³²−1, an instant between two seconds.
    """
    flags = bytearray(period.length)
    values, instants = [0] * period.length, [0] * period.length
    for day, readings in days.items():
        at = period.offset(day)
        found = _only(day, readings, peaks=peaks)
        if not 0 <= at < period.length:
            raise ValueError("a day of another quarter")
        flags[at] = 1 + _QUALITIES.index(found.quality)
        values[at] = found.value
        if isinstance(found, Peak):
            instants[at], rest = divmod(found.at - day_bounds(day)[0], _SECOND)
            if rest:
                raise ValueError("an instant between two seconds")
    try:
        packed = _HEADER.pack(VERSION, _PEAKS if peaks else _ENERGIES) + bytes(flags)
        packed += struct.pack(f"<{period.length}I", *values)
        return packed + struct.pack(f"<{period.length}i", *instants) if peaks else packed
    except struct.error as error:
        raise ValueError("a quarter does not fit its form") from error


def unpack_quarter(period: Period, packed: bytes, wanted: range, *, peaks: bool) -> dict[date, Readings]:
    """The held days among the offsets `wanted`, in order. Raises ValueError for another version or a broken form."""
    size = period.length
    shape = _PEAKS if peaks else _ENERGIES
    if len(packed) != _HEADER.size + size * (9 if peaks else 5) or _HEADER.unpack_from(packed) != (VERSION, shape):
        raise ValueError("a quarter of a form that this version does not know")
    flags = packed[_HEADER.size : _HEADER.size + size]
    values = struct.unpack_from(f"<{size}I", packed, _HEADER.size + size)
    instants = struct.unpack_from(f"<{size}i", packed, _HEADER.size + size * 5) if peaks else ()
    found: dict[date, Readings] = {}
    for at in wanted:
        if not flags[at]:
            continue
        if flags[at] > len(_QUALITIES):
            raise ValueError("a quality that this version does not know")
        day, quality = period.day(at), _QUALITIES[flags[at] - 1]
        start, end = day_bounds(day)
        found[day] = (
            (Peak(day, start + instants[at] * _SECOND, values[at], quality),)
            if peaks
            else (Reading(start, end, values[at], quality),)
        )
    return found


def _only(day: date, readings: Readings, *, peaks: bool) -> Reading | Peak:
    found: AnyReading | None = readings[0] if len(readings) == 1 else None
    if peaks and isinstance(found, Peak) and found.day == day:
        return found
    if not peaks and isinstance(found, Reading) and (found.start, found.end) == day_bounds(day):
        return found
    raise ValueError("a day holds one reading of the whole day")
