"""Chunks: the rows in which a cell keeps its days, one for each period.

In clear beside what is sealed: for each day of the period a mark, u16 little-endian, 0 not held, else a version from 1
on that changes with the day's readings, and the top bit if they were computed by us; and when days were revised.
"""

import struct
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from passerelle.errors import InternalError
from passerelle.kit.crypto import SealBroken
from passerelle.model.reading import EvenReadings, Readings
from passerelle.model.series import Series
from passerelle.store.cells import Cell, Drawer
from passerelle.store.engine import alone, inserting
from passerelle.store.forms import is_derived, merged, pack, unpack
from passerelle.store.inbox import Letter
from passerelle.store.periods import Period, period_from, period_of
from passerelle.store.tables import chunks
from passerelle.store.vault import broken

DERIVED = 0x8000
_VERSION = 0x7FFF
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
        return period_from(self.series.kind, self.start)

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
            packed = cell.seal.open(self.sealed, _place(cell, self.series, self.start, self.marks))
            return unpack(self.series.kind, self.period, packed, wanted)
        except SealBroken as error:
            raise broken("the caller's credential") from error
        except ValueError as error:
            raise _unreadable(error) from error


def by_period(series: Series, days: Mapping[date, Readings]) -> dict[Period, dict[date, Readings]]:
    """The days, each under its period, in order."""
    found: dict[Period, dict[date, Readings]] = {}
    for day in sorted(days):
        found.setdefault(period_of(series.kind, day), {})[day] = days[day]
    return found


def packed(series: Series, period: Period, days: Mapping[date, Readings]) -> bytes:
    """The form of these days. Raises InternalError for days that it cannot hold."""
    try:
        return pack(series.kind, period, days)
    except ValueError as error:
        raise InternalError(
            f"A day of readings cannot be kept: {error}.", "Une journée de mesures ne peut pas être conservée."
        ) from error


async def merge_days(
    connection: AsyncConnection, cell: Cell, series: Series, days: Mapping[date, Readings], now: datetime
) -> frozenset[date]:
    """Keep these days in their chunks, inside a writing transaction; the days of which the readings changed."""
    changed: set[date] = set()
    for period, fresh in by_period(series, days).items():
        changed |= await _merge(connection, cell, series, period, fresh, now)
    return frozenset(changed)


async def _merge(
    connection: AsyncConnection,
    cell: Cell,
    series: Series,
    period: Period,
    fresh: Mapping[date, Readings],
    now: datetime,
) -> set[date]:
    opened = _OpenChunk.of(cell, series, period, await _locked(connection, cell, series, period))
    changed = opened.merge(fresh, now)
    if changed:
        insert = inserting(connection, chunks).values(**opened.closed(cell))
        replaced = {name: insert.excluded[name] for name in ("era", "marks", "revised", "sealed")}
        await connection.execute(insert.on_conflict_do_update(index_elements=["cell", "start"], set_=replaced))
    return changed


@dataclass(slots=True)
class _OpenChunk:
    """A chunk's days in the open, and what stands in clear beside them."""

    series: Series
    period: Period
    days: dict[date, Readings]
    marks: "array[int]"
    revisions: dict[int, datetime]

    @classmethod
    def of(cls, cell: Cell, series: Series, period: Period, found: Chunk | None) -> "_OpenChunk":
        if found is None:
            return cls(series, period, {}, array("H", [0]) * period.length, {})
        return cls(series, period, found.open(cell), found.versions(), found.revisions())

    def merge(self, fresh: Mapping[date, Readings], now: datetime) -> set[date]:
        """Put these days in; those of which the readings changed."""
        changed: set[date] = set()
        for day, readings in fresh.items():
            before = self.days.get(day, ())
            after = merged(self.series.kind, before, readings)
            if same_readings(before, after):
                continue
            at = self.period.offset(day)
            self.marks[at] = (self.marks[at] & _VERSION) % _VERSION + 1 | (DERIVED if is_derived(after) else 0)
            if _revises(before, after):
                self.revisions[at] = now
            self.days[day] = after
            changed.add(day)
        return changed

    def closed(self, cell: Cell) -> dict[str, Any]:
        """Its row. Raises InternalError for days that the form cannot hold."""
        marks = _bytes(self.marks)
        revised = b"".join(_REVISION.pack(at, int(when.timestamp())) for at, when in sorted(self.revisions.items()))
        bound = _place(cell, self.series, self.period.start, marks)
        return {
            "cell": cell.pair.number,
            "start": self.period.start,
            "era": cell.era,
            "marks": marks,
            "revised": revised or None,
            "sealed": cell.seal.close(packed(self.series, self.period, self.days), bound),
        }


def as_if_merged(cell: Cell, series: Series, chunk: Chunk | None, letter: Letter) -> Chunk:
    """The chunk as it will be once the letter for its period is merged; nothing is written."""
    fresh = open_letter(series, letter)
    assert letter.start is not None  # noqa: S101 — `open_letter` has refused one without
    opened = _OpenChunk.of(cell, series, period_from(series.kind, letter.start), chunk)
    opened.merge(fresh, letter.at)
    row = opened.closed(cell)
    return Chunk(series, row["start"], row["marks"], row["revised"], row["sealed"])


async def _locked(connection: AsyncConnection, cell: Cell, series: Series, period: Period) -> Chunk | None:
    """The chunk, which no other transaction changes until this one ends; None if there is none of this era."""
    await alone(connection, cell.place_of("chunk", period.start.isoformat())[-8:] + cell.pair.id.encode())
    query = select(chunks).where(chunks.c.cell == cell.pair.number, chunks.c.start == period.start)
    row = (await connection.execute(query.with_for_update())).first()
    if row is None or row.era != cell.era:
        return None
    return Chunk(series, period.start, row.marks, row.revised, row.sealed)


def same_readings(one: Readings, other: Readings) -> bool:
    """Whether both say the same, whatever their shape."""
    if isinstance(one, EvenReadings) and isinstance(other, EvenReadings):
        told = (one.start, one.step, one.quality, len(one))
        return told == (other.start, other.step, other.quality, len(other)) and list(one.values) == list(other.values)
    return len(one) == len(other) and list(one) == list(other)


def _revises(before: Readings, after: Readings) -> bool:
    """Whether something that was told before is no longer so: more readings, or Enedis' own, revise nothing."""
    if not before:
        return False
    told = {_said(each) for each in after}
    return any(_said(each) not in told for each in before)


def _said(reading: object) -> tuple[object, ...]:
    return tuple(getattr(reading, name, None) for name in ("start", "end", "day", "at", "value", "registers", "total"))


def _place(cell: Drawer, series: Series, start: date, marks: bytes) -> bytes:
    return cell.place_of("chunk", series.value, start.isoformat(), marks)


def _array(packed_marks: bytes) -> "array[int]":
    return array("H", struct.unpack(f"<{len(packed_marks) // 2}H", packed_marks))


def _bytes(marks: "array[int]") -> bytes:
    return struct.pack(f"<{len(marks)}H", *marks)


def open_letter(series: Series, letter: Letter) -> dict[date, Readings]:
    """The days of a letter that brought days. Raises InternalError if it cannot be read."""
    if letter.start is None or letter.content != series.value:
        raise broken("this cell")
    try:
        return unpack(series.kind, period_from(series.kind, letter.start), letter.plaintext)
    except ValueError as error:
        raise _unreadable(error) from error


def _unreadable(error: ValueError) -> InternalError:
    return InternalError(f"Kept days cannot be read: {error}.", "Des journées conservées ne peuvent pas être lues.")
