"""A quarter of meter indexes as bytes, before it is sealed: one place for each of its days.

    header    version u8, registers of a day u8 (4, 8, 16, 32 or 64: as many as the day with most has, rounded up)
    days      u8 for each day: 0 not held, else 1 + the quality
    counts    u8 for each day: how many registers
    instants  i32 for each day: seconds since the day's beginning
    totals    u64 for each day, in Wh; 2⁶⁴−1 none
    names     u8 for each day and register: its place in the list of names
    values    u64 for each day and register, in Wh
    list      the names and labels as JSON, filled up with spaces to a multiple of 512 bytes
All little-endian. The length tells how many tariff classes a meter has, and nothing of what it counted.
"""

import json
import struct
from array import array
from collections.abc import Mapping
from datetime import date, timedelta

from passerelle.model.paris import day_bounds
from passerelle.model.reading import IndexReading, Quality, Readings, Register
from passerelle.store.periods import Period

VERSION = 1
_HEADER = struct.Struct("<BB")
_CAPACITIES = (4, 8, 16, 32, 64)
_LIST_BYTES = 512
_MOST_NAMES = 256
_NO_TOTAL = 2**64 - 1
_QUALITIES = tuple(Quality)[:3]
_SECOND = timedelta(seconds=1)
_Name = tuple[str, str | None]


def pack_indexes(period: Period, days: Mapping[date, Readings]) -> bytes:
    """The days of this quarter, each with one reading of at most 64 registers.

    Raises ValueError for what has no place in the form.
    """
    found = {period.offset(day): _only(day, readings) for day, readings in days.items()}
    most = max((len(each.registers) for each in found.values()), default=0)
    if most > _CAPACITIES[-1] or not all(0 <= at < period.length for at in found):
        raise ValueError("more registers than the form has places, or a day of another quarter")
    capacity = next(size for size in _CAPACITIES if size >= most)
    names: dict[_Name, int] = {}
    size = period.length
    flags, counts, places = bytearray(size), bytearray(size), bytearray(size * capacity)
    instants, totals, values = [0] * size, [_NO_TOTAL] * size, [0] * (size * capacity)
    for at, each in sorted(found.items()):
        flags[at], counts[at] = 1 + _QUALITIES.index(each.quality), len(each.registers)
        instants[at], rest = divmod(each.at - day_bounds(each.day)[0], _SECOND)
        if rest or each.total == _NO_TOTAL:
            raise ValueError("an instant between two seconds, or a total that is too large")
        totals[at] = _NO_TOTAL if each.total is None else each.total
        for place, register in enumerate(each.registers, at * capacity):
            name = names.setdefault((register.name, register.label), len(names))
            if name >= _MOST_NAMES:
                raise ValueError("more names than the form has places")
            places[place], values[place] = name, register.value
    try:
        planes = struct.pack(f"<{size}i{size}Q", *instants, *totals)
        entries = struct.pack(f"<{size * capacity}Q", *values)
    except struct.error as error:
        raise ValueError("a quarter does not fit its form") from error
    told = json.dumps(list(names)).encode()
    padding = b" " * (-len(told) % _LIST_BYTES)
    head = _HEADER.pack(VERSION, capacity)
    return head + bytes(flags) + bytes(counts) + planes + bytes(places) + entries + told + padding


def unpack_indexes(period: Period, packed: bytes, wanted: range) -> dict[date, Readings]:
    """The held days among the offsets `wanted`, in order. Raises ValueError for another version or a broken form."""
    size = period.length
    try:
        version, capacity = _HEADER.unpack_from(packed)
        if version != VERSION or capacity not in _CAPACITIES:
            raise ValueError("a quarter of a form that this version does not know")
        at = _HEADER.size
        flags, counts = packed[at : at + size], packed[at + size : at + 2 * size]
        at += 2 * size
        planes = struct.unpack_from(f"<{size}i{size}Q", packed, at)
        at += struct.calcsize(f"<{size}i{size}Q")
        places = packed[at : at + size * capacity]
        at += size * capacity
        values = array("Q", struct.unpack_from(f"<{size * capacity}Q", packed, at))
        names = [(str(name), label) for name, label in json.loads(packed[at + size * capacity * 8 :])]
        return {
            period.day(each): (
                IndexReading(
                    period.day(each),
                    day_bounds(period.day(each))[0] + planes[each] * _SECOND,
                    tuple(
                        Register(names[places[place]][0], values[place], names[places[place]][1])
                        for place in range(each * capacity, each * capacity + counts[each])
                    ),
                    None if planes[size + each] == _NO_TOTAL else planes[size + each],
                    _QUALITIES[flags[each] - 1],
                ),
            )
            for each in wanted
            if flags[each]
        }
    except (struct.error, IndexError) as error:
        raise ValueError("a quarter cut short") from error


def _only(day: date, readings: Readings) -> IndexReading:
    found = readings[0] if len(readings) == 1 else None
    if isinstance(found, IndexReading) and found.day == day:
        return found
    raise ValueError("a day holds one reading of its indexes")
