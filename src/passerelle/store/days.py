"""Days of readings, each series of a usage point in a cell of its own."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Table, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from passerelle.access.caller import Caller
from passerelle.errors import StorageUnavailable
from passerelle.kit.clock import Clock
from passerelle.model.days import DaySpan
from passerelle.model.held import Held
from passerelle.model.reading import Readings
from passerelle.model.series import Kind, Series
from passerelle.store.cells import Cell, Cells, Drawer, settle
from passerelle.store.chunks import DERIVED, Chunk, by_period, open_letter, packed, spoken_of, table_of
from passerelle.store.engine import reading, writing
from passerelle.store.inbox import Letter, bits, left_letters, letters, offsets_of, post
from passerelle.store.open_chunks import Arrival, OpenChunks, merge_days
from passerelle.store.pairs import Rows
from passerelle.store.periods import starts_in
from passerelle.store.shred import ShredKeys
from passerelle.store.tables import inbox
from passerelle.store.vault import Secrets
from passerelle.store.warm import Prepared, WarmReads


def _between(table: Table) -> tuple[ColumnElement[bool], ...]:
    return (
        table.c.cell == bindparam("cell"),
        table.c.start >= bindparam("first"),
        table.c.start <= bindparam("last"),
        table.c.era == bindparam("era"),
    )


def _held(table: Table) -> Prepared:
    told = select(table.c.start, table.c.marks, table.c.revised, table.c.sealed)
    return Prepared(told.where(*_between(table)).order_by(table.c.start))


def _marks(table: Table) -> Prepared:
    return Prepared(select(table.c.start, table.c.marks).where(*_between(table)))


_HELD = {kind: _held(table_of(kind)) for kind in Kind}
_MARKS = {kind: _marks(table_of(kind)) for kind in Kind}
_POSTED = Prepared(
    select(inbox.c.start, inbox.c.days).where(inbox.c.cell == bindparam("cell"), inbox.c.era == bindparam("era"))
)


class Seen(Protocol):
    """What was seen of a cell in one look: its pairs, `checked`, and chunks with the era that each is of, in order."""

    @property
    def pairs(self) -> Rows: ...
    @property
    def chunks(self) -> Sequence[tuple[int, Chunk]]: ...


class Days:
    """Satisfies `gateway.ports.DayStore`."""

    def __init__(self, engine: AsyncEngine, secrets: Secrets, shred: ShredKeys, clock: Clock) -> None:
        self._engine = engine
        self._secrets = secrets
        self._clock = clock
        self._warm = WarmReads(engine)
        self._cells = Cells(engine, secrets, shred)

    async def held(self, caller: Caller, point_id: str, series: Series, span: DaySpan) -> Held:
        """What is held of the span, in order. What came without a caller is merged first, if it can be written.

        Raises InternalError for what does not open with the caller's credential, and for an inbox row that is not ours.
        """
        return await self._held_in(await self._cells.find(caller, point_id, series.scope), series, span)

    async def held_behind(self, caller: Caller, point_id: str, series: Series, span: DaySpan, seen: Seen) -> Held:
        """As `held`, from what was seen of the cell just now."""
        cell = await self._cells.open(caller, point_id, series.scope, seen.pairs)
        return await self._held_in(cell, series, span, seen.chunks)

    async def _held_in(
        self, cell: Cell | None, series: Series, span: DaySpan, seen: Sequence[tuple[int, Chunk]] | None = None
    ) -> Held:
        if cell is None:
            return Held()
        if cell.pair.waiting or cell.opened.unfolded is not None:
            try:
                async with writing(self._engine) as connection:
                    await self._fold(connection, cell, series)
            except StorageUnavailable:  # a full disk, say: it may still be read
                found = await self._unfolded(cell, series, span)
                return _gathered(self._secrets, cell, span, found)
        elif seen is not None:
            first, last = starts_in(series.kind, span)
            known = [chunk for era, chunk in seen if era == cell.era and first <= chunk.start <= last]
            return _gathered(self._secrets, cell, span, known)
        return _gathered(self._secrets, cell, span, await self._chunks(cell, series, span))

    async def _chunks(self, cell: Cell, series: Series, span: DaySpan) -> list[Chunk]:
        first, last = starts_in(series.kind, span)
        rows = await self._warm.rows(_HELD[series.kind], cell=cell.pair.number, first=first, last=last, era=cell.era)
        return [Chunk(series, *row) for row in rows]

    async def _unfolded(self, cell: Cell, series: Series, span: DaySpan) -> list[Chunk]:
        """The chunks of the span as they will be once what waits for this caller is merged."""
        opened = OpenChunks(cell, series, await self._chunks(cell, series, span))
        async with reading(self._engine) as connection:
            waiting = await left_letters(connection, self._secrets, cell)
        for letter in waiting:
            days = open_letter(series, letter)
            opened.merge(Arrival({day: readings for day, readings in days.items() if day in span}, letter.at))
        return opened.all()

    async def keep(
        self, caller: Caller | None, account_id: str, point_id: str, series: Series, days: Mapping[date, Readings]
    ) -> frozenset[date]:
        """Keep these days; those of which the readings changed, or may have.

        A caller who opens the cell merges them at once; else they wait in its inbox. Nothing is kept for a point that
        the account no longer has. Raises InternalError for a day that the form cannot hold.
        """
        if not days:
            return frozenset()
        now = await self._clock.now()
        async with writing(self._engine) as connection:
            drawer = await self._cells.ensure(connection, caller, account_id, point_id, series.scope)
            if drawer is None:
                return frozenset()
            if isinstance(drawer, Cell):
                waited = await self._letters(connection, drawer, series)
                changed = await merge_days(connection, drawer, series, *waited, Arrival(days, now))
                return changed & days.keys()
            await self._post(connection, drawer, series, days, now)
        return frozenset(days)

    async def present(self, account_id: str, point_id: str, series: Series, span: DaySpan) -> frozenset[date]:
        """The days of the span of which something is held, opened by nobody."""
        drawer = await self._cells.drawer(account_id, point_id, series.scope)
        if drawer is None:
            return frozenset()
        first, last = starts_in(series.kind, span)
        place: dict[str, Any] = {"cell": drawer.pair.number, "era": drawer.era}
        found = set()
        for start, marks in await self._warm.rows(_MARKS[series.kind], first=first, last=last, **place):
            chunk = Chunk(series, start, marks, None, b"")
            found |= {chunk.period.day(at) for at, mark in enumerate(chunk.versions()) if mark}
        for start, days in await self._warm.rows(_POSTED, **place) if drawer.pair.waiting else ():
            found |= {start + timedelta(days=at) for at in offsets_of(days)}
        return frozenset(day for day in found if day in span)

    async def _post(
        self, connection: AsyncConnection, drawer: Drawer, series: Series, days: Mapping[date, Readings], now: datetime
    ) -> None:
        for whole, fresh in by_period(series, days).items():
            period = spoken_of(series.kind, whole, fresh)
            told = bits([period.offset(day) for day in fresh], period.length)
            letter = Letter(series.value, period.start, told, packed(series, period, fresh), now)
            await post(connection, self._secrets, drawer, letter)

    async def _fold(self, connection: AsyncConnection, cell: Cell, series: Series) -> None:
        """Do what was left for whoever opens the cell: fold its pair, merge its inbox."""
        await merge_days(connection, cell, series, *await self._letters(connection, cell, series))

    async def _letters(self, connection: AsyncConnection, cell: Cell, series: Series) -> list[Arrival]:
        """What waits in the cell's inbox, which is empty then; its pair is folded if it was not.

        The flag falls before the inbox is read: a letter that comes meanwhile is read now or raises the flag again.
        """
        await settle(connection, cell)
        if not cell.pair.waiting:
            return []
        found = letters(connection, self._secrets, cell)
        return [Arrival(open_letter(series, letter), letter.at) async for letter in found]


def _gathered(secrets: Secrets, cell: Cell, span: DaySpan, found: Sequence[Chunk]) -> Held:
    days: dict[date, Readings] = {}
    versions: dict[date, int] = {}
    derived: set[date] = set()
    revised: list[datetime] = []
    told: list[bytes] = []
    for chunk in found:
        marks = chunk.versions()
        wanted = range(max(0, (span.start - chunk.start).days), min(len(marks), (span.end - chunk.start).days))
        opened = chunk.open(cell, wanted)
        days.update(opened)
        told_of = marks[wanted.start : wanted.stop]
        if min(told_of, default=0) > 0 and max(told_of) < DERIVED and len(opened) == len(told_of):
            versions.update(zip(opened, told_of, strict=True))  # nearly always: all held, all of Enedis
        else:
            _mark(chunk, wanted, versions, derived)
        if chunk.revised:
            revised.extend(when for at, when in chunk.revisions().items() if at in wanted)
        told.append(chunk.start.isoformat().encode() + chunk.marks[2 * wanted.start : 2 * wanted.stop])
    tag = secrets.prove("version", cell.pair.id, str(cell.era), span.start.isoformat(), span.end.isoformat(), *told)
    return Held(days, versions, frozenset(derived), max(revised, default=None), tag)


def _mark(chunk: Chunk, wanted: range, versions: dict[date, int], derived: set[date]) -> None:
    """Note the version of each day that the chunk holds, and which of them were computed by us."""
    marks = chunk.versions()
    for at in wanted:
        if marks[at]:
            day = chunk.start + timedelta(days=at)
            versions[day] = marks[at]
            if marks[at] & DERIVED:
                derived.add(day)
