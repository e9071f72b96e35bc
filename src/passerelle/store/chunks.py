"""Chunks: the rows in which a cell keeps its days, one for each period.

In clear beside what is sealed: for each day of the period a mark, u16 little-endian, 0 not held, else a version from 1
on that changes with the day's readings, and the top bit if they were computed by us; and when days were revised.
"""

import struct
from array import array
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Table

from passerelle.errors import InternalError
from passerelle.kit.crypto import SealBroken
from passerelle.model.reading import EvenReadings, Readings
from passerelle.model.series import Kind, Series
from passerelle.store.cells import Cell, Drawer
from passerelle.store.forms import pack, period_told, unpack
from passerelle.store.inbox import Letter
from passerelle.store.periods import Period, period_of
from passerelle.store.tables import chunks, quarters
from passerelle.store.vault import broken

DERIVED = 0x8000
VERSION = 0x7FFF
_REVISION = struct.Struct("<HI")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A row of `chunks`, and how it is read."""

    series: Series
    start: date
    marks: bytes
    revised: bytes | None
    sealed: bytes

    @property
    def period(self) -> Period:
        return Period(self.start, len(self.marks) // 2)

    def versions(self) -> "array[int]":
        """The mark of each day."""
        return _array(self.marks)

    def revisions(self) -> dict[int, datetime]:
        """By the day's offset, when it was last revised."""
        parts = _REVISION.iter_unpack(self.revised or b"")
        return {offset: _EPOCH + timedelta(seconds=seconds) for offset, seconds in parts}

    def open(self, cell: Cell, wanted: range | None = None) -> dict[date, Readings]:
        """The days at the offsets `wanted`, or all. Raises InternalError for what does not open or cannot be read."""
        try:
            packed = cell.seal.open(self.sealed, bound_to(cell, self.series, self.start, self.marks))
            return unpack(self.series.kind, self.period, packed, wanted)
        except SealBroken as error:
            raise broken("the caller's credential") from error
        except ValueError as error:
            raise _unreadable(error) from error


def table_of(kind: Kind) -> Table:
    """The table that holds the chunks of this kind of series."""
    return chunks if kind is Kind.CURVE else quarters


def by_period(series: Series, days: Mapping[date, Readings]) -> dict[Period, dict[date, Readings]]:
    """The days, each under its period, in order."""
    found: dict[Period, dict[date, Readings]] = {}
    for day in sorted(days):
        found.setdefault(period_of(series.kind, day), {})[day] = days[day]
    return found


def packed(series: Series, period: Period, days: Mapping[date, Readings]) -> bytes:
    """The form of these days, with a place for each day of the period. Raises InternalError for what it cannot hold."""
    try:
        return pack(series.kind, period, days)
    except ValueError as error:
        raise InternalError(
            f"A day of readings cannot be kept: {error}.", "Une journée de mesures ne peut pas être conservée."
        ) from error


def same_readings(one: Readings, other: Readings) -> bool:
    """Whether both say the same, whatever their shape."""
    if isinstance(one, EvenReadings) and isinstance(other, EvenReadings):
        told = (one.start, one.step, one.quality, len(one))
        return told == (other.start, other.step, other.quality, len(other)) and list(one.values) == list(other.values)
    return len(one) == len(other) and list(one) == list(other)


def revises(before: Readings, after: Readings) -> bool:
    """Whether something that was told before is no longer so: more readings, or Enedis' own, revise nothing."""
    if not before:
        return False
    told = {_said(each) for each in after}
    return any(_said(each) not in told for each in before)


def _said(reading: object) -> tuple[object, ...]:
    return tuple(getattr(reading, name, None) for name in ("start", "end", "day", "at", "value", "registers", "total"))


def bound_to(cell: Drawer, series: Series, start: date, marks: bytes) -> bytes:
    """What a chunk's days are bound to."""
    return cell.place_of("chunk", series.value, start.isoformat(), marks)


def _array(packed_marks: bytes) -> "array[int]":
    return array("H", struct.unpack(f"<{len(packed_marks) // 2}H", packed_marks))


def marks_as_bytes(marks: "array[int]") -> bytes:
    """As they stand in a row."""
    return struct.pack(f"<{len(marks)}H", *marks)


def revisions_as_bytes(revisions: Mapping[int, datetime]) -> bytes | None:
    """As they stand in a row."""
    return b"".join(_REVISION.pack(at, int(when.timestamp())) for at, when in sorted(revisions.items())) or None


def spoken_of(kind: Kind, period: Period, days: Collection[date]) -> Period:
    """The part of the period that a letter is of: from the first to the last of its days; of indexes, all of it.

    Which days it brings stands beside it in clear: a length that follows from them tells nothing more.
    """
    if kind is Kind.INDEX:
        return period
    first = min(days)
    return Period(first, (max(days) - first).days + 1)


def open_letter(series: Series, letter: Letter) -> dict[date, Readings]:
    """The days of a letter that brought days. Raises InternalError if it cannot be read."""
    if letter.start is None or letter.content != series.value:
        raise broken("this cell")
    try:
        period = period_told(series.kind, letter.start, letter.plaintext)
        return unpack(series.kind, period, letter.plaintext)
    except ValueError as error:
        raise _unreadable(error) from error


def _unreadable(error: ValueError) -> InternalError:
    return InternalError(f"Kept days cannot be read: {error}.", "Des journées conservées ne peuvent pas être lues.")
