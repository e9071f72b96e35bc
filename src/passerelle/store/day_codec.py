"""One day of a series as bytes, before it is sealed.

The length depends on the shape of the day only (how many readings, in how many runs of one step), never on the
values: an empty house and a busy one give the same length, so nothing is compressed (DESIGN A11 says why).

    header    version u8, shape u8, count u16 (runs of readings, or peaks)
    run       first instant i64 (seconds of the epoch), step u32 (seconds), readings u16
    peak      instant i64
    then      one quality u8 for each value, in order, and one value u32 for each
All little-endian.
"""

import struct
import sys
from array import array
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from passerelle.model.reading import AnyReading, EvenReadings, Peak, Quality, Reading, Readings

VERSION = 1
_READINGS, _PEAKS = 1, 2
_HEADER = struct.Struct("<BBH")
_RUN = struct.Struct("<qIH")
_AT = struct.Struct("<q")
_QUALITIES = (Quality.RAW, Quality.CORRECTED, Quality.DERIVED)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


def pack_day(readings: Sequence[AnyReading]) -> bytes:
    """The readings of one day, or its peaks, in order.

    Raises ValueError for what has no place in the form: no reading at all, readings mixed with peaks, a value outside
    0…2³²−1, an instant between two seconds, an interval that does not go forward.
    """
    if not readings:
        raise ValueError("a day without readings is not kept")
    peaks = [reading for reading in readings if isinstance(reading, Peak)]
    curve = [reading for reading in readings if isinstance(reading, Reading)]
    if peaks and curve:
        raise ValueError("a day holds readings or peaks")
    try:
        if peaks:
            head = _HEADER.pack(VERSION, _PEAKS, len(peaks)) + b"".join(_AT.pack(_seconds(peak.at)) for peak in peaks)
        else:
            runs = _runs(curve)
            head = _HEADER.pack(VERSION, _READINGS, len(runs)) + b"".join(_RUN.pack(*run) for run in runs)
        qualities = bytes(_QUALITIES.index(reading.quality) for reading in readings)
        values = struct.pack(f"<{len(readings)}I", *(reading.value for reading in readings))
    except struct.error as error:
        raise ValueError("a day does not fit its form") from error
    return head + qualities + values


def unpack_day(day: date, packed: bytes) -> Readings:
    """What `pack_day` packed for this day: even readings where the day has one step, one quality and no hole.

    Raises ValueError for another version or a broken form.
    """
    try:
        version, shape, count = _HEADER.unpack_from(packed)
        if version != VERSION or shape not in (_READINGS, _PEAKS):
            raise ValueError("a day of a form that this version does not know")
        if shape == _PEAKS:
            instants = [_instant(*_AT.unpack_from(packed, _HEADER.size + at * _AT.size)) for at in range(count)]
            qualities, values = _tail(packed, _HEADER.size + count * _AT.size, count)
            return tuple(Peak(day, *peak) for peak in zip(instants, values, qualities, strict=True))
        if count == 1 and (even := _even(packed)) is not None:
            return even
        runs = [_RUN.unpack_from(packed, _HEADER.size + at * _RUN.size) for at in range(count)]
        bounds = [bound for run in runs for bound in _bounds(*run)]
        qualities, values = _tail(packed, _HEADER.size + count * _RUN.size, len(bounds))
    except struct.error as error:
        raise ValueError("a day cut short") from error
    return tuple(
        Reading(start, end, value, quality)
        for (start, end), value, quality in zip(bounds, values, qualities, strict=True)
    )


def _even(packed: bytes) -> EvenReadings | None:
    """The readings of a day of one run, if they also have one quality."""
    first, step, count = _RUN.unpack_from(packed, _HEADER.size)
    tail = _HEADER.size + _RUN.size
    qualities = packed[tail : tail + count]
    if len(packed) != tail + 5 * count or not count or qualities.count(qualities[0]) != count:
        return None
    if qualities[0] >= len(_QUALITIES):
        return None
    values = array("I")
    values.frombytes(packed[tail + count :])
    if sys.byteorder == "big":
        values.byteswap()
    return EvenReadings(_instant(first), timedelta(seconds=step), values, _QUALITIES[qualities[0]])


def _runs(curve: Sequence[Reading]) -> list[tuple[int, int, int]]:
    """The runs of one step without a hole: a step that changes inside the day (F§5), or a hole, begins another."""
    runs: list[tuple[int, int, int]] = []
    for reading in curve:
        start, end = _seconds(reading.start), _seconds(reading.end)
        step = end - start
        if step <= 0:
            raise ValueError("an interval goes forward")
        if runs and runs[-1][1] == step and runs[-1][0] + step * runs[-1][2] == start:
            runs[-1] = (runs[-1][0], step, runs[-1][2] + 1)
        else:
            runs.append((start, step, 1))
    return runs


def _bounds(first: int, step: int, count: int) -> list[tuple[datetime, datetime]]:
    begin, length = _instant(first), timedelta(seconds=step)
    instants = [begin + length * at for at in range(count + 1)]
    return list(pairwise(instants))


def _tail(packed: bytes, at: int, count: int) -> tuple[list[Quality], tuple[int, ...]]:
    if len(packed) != at + 5 * count:
        raise ValueError("a day of another length than its header says")
    try:
        qualities = [_QUALITIES[index] for index in packed[at : at + count]]
    except IndexError as error:
        raise ValueError("a quality that this version does not know") from error
    return qualities, struct.unpack_from(f"<{count}I", packed, at + count)


def _seconds(instant: datetime) -> int:
    seconds, rest = divmod(instant - _EPOCH, _SECOND)
    if rest:
        raise ValueError("an instant between two seconds")
    return seconds


def _instant(seconds: int) -> datetime:
    return _EPOCH + _SECOND * seconds
