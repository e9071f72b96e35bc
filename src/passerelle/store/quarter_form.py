"""Days of a quarter of daily energies or of daily peaks as bytes, before they are sealed: one place for each day.

    header    version u8, shape u8, number of days u8 (version 1, of a whole quarter, does not say it)
    energies  u24 for each day: 0 not held, else 1 + the quality in the two highest bits, Wh below
or, for energies above 4,194,303 Wh a day (beyond what a Linky meter can be subscribed to, 36 kVA), and for peaks:
    days      u8 for each day: 0 not held, else 1 + the quality
    values    u32 for each day, in Wh or VA
    instants  i32 for each day, peaks only: seconds since the day's beginning
All little-endian. The length follows from the days and the shape alone.
"""

import struct
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from passerelle.model.paris import day_bounds
from passerelle.model.reading import AnyReading, Peak, Quality, Reading, Readings
from passerelle.store.periods import Period, period_of_quarter

VERSION = 2
_OF_A_QUARTER = 1
"""The version before, which holds every day of its quarter."""

_LARGE_ENERGIES, _PEAKS, _ENERGIES = 1, 2, 3
_HEADER = struct.Struct("<BB")
_QUALITIES = tuple(Quality)[:3]
_VALUE_BITS = 22
_SECOND = timedelta(seconds=1)


def pack_quarter(period: Period, days: Mapping[date, Readings], *, peaks: bool) -> bytes:
    """The days of this period, each with one reading.

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
        return _packed(flags, values, instants if peaks else None)
    except struct.error as error:
        raise ValueError("a quarter does not fit its form") from error


def _packed(flags: bytearray, values: Sequence[int], instants: Sequence[int] | None) -> bytes:
    length = len(flags)
    usual = instants is None and all(0 <= value < 1 << _VALUE_BITS for value in values)
    shape = _PEAKS if instants is not None else _ENERGIES if usual else _LARGE_ENERGIES
    head = _HEADER.pack(VERSION, shape) + bytes([length])
    if usual:
        return head + b"".join(
            [(flag << _VALUE_BITS | value).to_bytes(3, "little") for flag, value in zip(flags, values, strict=True)]
        )
    packed = head + bytes(flags) + struct.pack(f"<{length}I", *values)
    return packed if instants is None else packed + struct.pack(f"<{length}i", *instants)


def quarter_period(start: date, packed: bytes) -> Period:
    """The days from `start` on that `packed` is of. Raises ValueError for a broken form."""
    if len(packed) <= _HEADER.size:
        raise ValueError("a quarter cut short")
    return period_of_quarter(start) if packed[0] == _OF_A_QUARTER else Period(start, packed[_HEADER.size])


def unpack_quarter(period: Period, packed: bytes, wanted: range, *, peaks: bool) -> dict[date, Readings]:
    """The held days among the offsets `wanted`, in order. Raises ValueError for another version or a broken form."""
    flags, values, instants = _parts(period, packed, peaks=peaks)
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


def _parts(period: Period, packed: bytes, *, peaks: bool) -> tuple[Sequence[int], Sequence[int], Sequence[int]]:
    """Flags, values and instants by day. Raises ValueError."""
    size = period.length
    version, shape = _HEADER.unpack_from(packed) if len(packed) > _HEADER.size else (0, 0)
    at = _HEADER.size + (version == VERSION)
    each = {_ENERGIES: 3, _LARGE_ENERGIES: 5, _PEAKS: 9}.get(shape, 0)
    told = packed[_HEADER.size] if version == VERSION else size
    known = version == VERSION or (version == _OF_A_QUARTER and shape != _ENERGIES)
    if not known or told != size or peaks != (shape == _PEAKS) or len(packed) != at + size * each:
        raise ValueError("a quarter of a form that this version does not know")
    if shape == _ENERGIES:
        both = [int.from_bytes(packed[low : low + 3], "little") for low in range(at, len(packed), 3)]
        return [one >> _VALUE_BITS for one in both], [one & (1 << _VALUE_BITS) - 1 for one in both], ()
    flags = packed[at : at + size]
    values = struct.unpack_from(f"<{size}I", packed, at + size)
    return flags, values, struct.unpack_from(f"<{size}i", packed, at + size * 5) if peaks else ()


def _only(day: date, readings: Readings, *, peaks: bool) -> Reading | Peak:
    found: AnyReading | None = readings[0] if len(readings) == 1 else None
    if peaks and isinstance(found, Peak) and found.day == day:
        return found
    if not peaks and isinstance(found, Reading) and (found.start, found.end) == day_bounds(day):
        return found
    raise ValueError("a day holds one reading of the whole day")
