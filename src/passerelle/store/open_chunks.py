"""Chunks in the open: days are merged into them, then each is written once.

A chunk of a curve of before, a week from a Monday, is still read as it is; writing to one of its days moves all of
them, with their marks, into the chunks of today.
"""

from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from passerelle.model.reading import Readings
from passerelle.model.series import Kind, Series
from passerelle.store.cells import Cell
from passerelle.store.chunks import (
    DERIVED,
    VERSION,
    Chunk,
    bound_to,
    by_period,
    marks_as_bytes,
    packed,
    revises,
    revisions_as_bytes,
    same_readings,
    table_of,
)
from passerelle.store.engine import alone, inserting
from passerelle.store.forms import is_derived, merged
from passerelle.store.periods import OLDER, Period, period_of


@dataclass(frozen=True, slots=True)
class Arrival:
    """Days that came together, and when."""

    days: Mapping[date, Readings]
    at: datetime


@dataclass(slots=True)
class _OpenChunk:
    """A chunk's days in the open, and what stands in clear beside them. `touched`: its row must be written."""

    series: Series
    period: Period
    days: dict[date, Readings]
    marks: "array[int]"
    revisions: dict[int, datetime]
    touched: bool = False

    @classmethod
    def empty(cls, series: Series, period: Period) -> "_OpenChunk":
        return cls(series, period, {}, array("H", [0]) * period.length, {})

    @classmethod
    def of(cls, cell: Cell, chunk: Chunk) -> "_OpenChunk":
        return cls(chunk.series, chunk.period, chunk.open(cell), chunk.versions(), chunk.revisions())

    def put(self, day: date, readings: Readings, mark: int, revised: datetime | None) -> None:
        """A day as another chunk held it."""
        at = self.period.offset(day)
        self.days[day], self.marks[at], self.touched = readings, mark, True
        if revised is not None:
            self.revisions[at] = revised

    def merge(self, arrival: Arrival) -> Iterator[date]:
        """Put those of these days in that are of this chunk; those of which the readings changed."""
        for day, readings in arrival.days.items():
            before = self.days.get(day, ())
            after = merged(self.series.kind, before, readings)
            if same_readings(before, after):
                continue
            at = self.period.offset(day)
            self.marks[at] = (self.marks[at] & VERSION) % VERSION + 1 | (DERIVED if is_derived(after) else 0)
            if revises(before, after):
                self.revisions[at] = arrival.at
            self.days[day] = after
            self.touched = True
            yield day

    def closed(self, cell: Cell) -> Chunk:
        """Its row. Raises InternalError for days that the form cannot hold."""
        marks = marks_as_bytes(self.marks)
        ordered = {day: self.days[day] for day in sorted(self.days)}
        bound = bound_to(cell, self.series, self.period.start, marks)
        sealed = cell.seal.close(packed(self.series, self.period, ordered), bound)
        return Chunk(self.series, self.period.start, marks, revisions_as_bytes(self.revisions), sealed)


class OpenChunks:
    """The chunks that these rows are, and those that days merged into them need. Raises InternalError."""

    def __init__(self, cell: Cell, series: Series, rows: Iterable[Chunk]) -> None:
        self._cell = cell
        self._series = series
        self._rows: dict[Period, Chunk] = {}
        self._open: dict[Period, _OpenChunk] = {}
        self.moved: list[date] = []
        """The starts of chunks of before, of which the days are in others now."""
        older = []
        for row in rows:
            if row.period == period_of(series.kind, row.start):
                self._rows[row.period] = row
            else:
                older.append(row)
        for row in older:
            self._move(row)

    def merge(self, arrival: Arrival) -> set[date]:
        """Put these days in; those of which the readings changed."""
        changed: set[date] = set()
        for period, fresh in by_period(self._series, arrival.days).items():
            changed |= set(self._chunk(period).merge(Arrival(fresh, arrival.at)))
        return changed

    def written(self) -> list[Chunk]:
        """The chunks that changed, in order."""
        touched = [self._open[period] for period in self._periods() if self._open[period].touched]
        return [chunk.closed(self._cell) for chunk in touched]

    def all(self) -> list[Chunk]:
        """The chunks as they are now, in order."""
        changed = {chunk.start: chunk for chunk in self.written()}
        known = {row.start: row for row in self._rows.values()} | changed
        return [known[start] for start in sorted(known)]

    def _periods(self) -> list[Period]:
        return sorted(self._open, key=lambda period: period.start)

    def _chunk(self, period: Period) -> _OpenChunk:
        if period not in self._open:
            row = self._rows.get(period)
            self._open[period] = (
                _OpenChunk.empty(self._series, period) if row is None else _OpenChunk.of(self._cell, row)
            )
        return self._open[period]

    def _move(self, row: Chunk) -> None:
        days, marks, revisions = row.open(self._cell), row.versions(), row.revisions()
        for day, readings in days.items():
            at = row.period.offset(day)
            self._chunk(period_of(self._series.kind, day)).put(day, readings, marks[at], revisions.get(at))
        self.moved.append(row.start)


async def merge_days(connection: AsyncConnection, cell: Cell, series: Series, *arrivals: Arrival) -> frozenset[date]:
    """Keep these days in their chunks, inside a writing transaction; the days of which the readings changed.

    Of one day the later arrival counts. Each chunk is written once, however many arrivals it takes.
    """
    periods = {period_of(series.kind, day) for arrival in arrivals for day in arrival.days}
    if not periods:
        return frozenset()
    await alone(connection, bytes.fromhex(cell.pair.id))
    table = table_of(series.kind)
    opened = OpenChunks(cell, series, await _rows(connection, cell, series, periods))
    changed: set[date] = set()
    for arrival in arrivals:
        changed |= opened.merge(arrival)
    if opened.moved:
        gone = and_(table.c.cell == cell.pair.number, table.c.start.in_(opened.moved))
        await connection.execute(delete(table).where(gone))
    for chunk in opened.written():
        insert = inserting(connection, table).values(**_row(cell, chunk))
        replaced = {name: insert.excluded[name] for name in ("era", "marks", "revised", "sealed")}
        await connection.execute(insert.on_conflict_do_update(index_elements=["cell", "start"], set_=replaced))
    return frozenset(changed)


async def _rows(connection: AsyncConnection, cell: Cell, series: Series, periods: set[Period]) -> list[Chunk]:
    """What the cell holds of these periods, and of those that share a chunk of before with them."""
    found = await _select(connection, cell, series, [_overlapping(series.kind, period) for period in periods])
    shared = {period_of(series.kind, chunk.period.day(at)) for chunk in found for at in range(chunk.period.length)}
    if shared - periods:
        starts = [period.start for period in shared - periods]
        beside = await _select(connection, cell, series, [table_of(series.kind).c.start.in_(starts)])
        known = {chunk.start for chunk in found}
        found += [chunk for chunk in beside if chunk.period in shared and chunk.start not in known]
    return found


def _overlapping(kind: Kind, period: Period) -> ColumnElement[bool]:
    older = timedelta(days=OLDER - 1) if kind is Kind.CURVE else timedelta()
    return table_of(kind).c.start.between(period.start - older, period.day(period.length - 1))


async def _select(
    connection: AsyncConnection, cell: Cell, series: Series, which: list[ColumnElement[bool]]
) -> list[Chunk]:
    """The rows, which no other transaction changes until this one ends; none of those of another era."""
    table = table_of(series.kind)
    query = select(table).where(table.c.cell == cell.pair.number, or_(*which)).with_for_update()
    rows = (await connection.execute(query)).all()
    return [Chunk(series, row.start, row.marks, row.revised, row.sealed) for row in rows if row.era == cell.era]


def _row(cell: Cell, chunk: Chunk) -> dict[str, Any]:
    return {
        "cell": cell.pair.number,
        "start": chunk.start,
        "era": cell.era,
        "marks": chunk.marks,
        "revised": chunk.revised,
        "sealed": chunk.sealed,
    }
