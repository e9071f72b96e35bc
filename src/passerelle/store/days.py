"""Days of readings, each series of a usage point in a cell of its own."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from passerelle.access.caller import Caller
from passerelle.errors import StorageUnavailable
from passerelle.kit.clock import Clock
from passerelle.model.days import DaySpan
from passerelle.model.held import Held
from passerelle.model.reading import Readings
from passerelle.model.series import Series
from passerelle.store.cells import Cell, Cells, Drawer, settle
from passerelle.store.chunks import DERIVED, Chunk, as_if_merged, by_period, merge_days, open_letter, packed
from passerelle.store.engine import reading, writing
from passerelle.store.inbox import Letter, bits, left_letters, letters, offsets_of, post
from passerelle.store.periods import period_from, starts_in
from passerelle.store.shred import ShredKeys
from passerelle.store.tables import chunks, inbox
from passerelle.store.vault import Secrets
from passerelle.store.warm import Prepared, WarmReads

_BETWEEN = (
    chunks.c.cell == bindparam("cell"),
    chunks.c.start >= bindparam("first"),
    chunks.c.start <= bindparam("last"),
    chunks.c.era == bindparam("era"),
)
_HELD = Prepared(
    select(chunks.c.start, chunks.c.marks, chunks.c.revised, chunks.c.sealed).where(*_BETWEEN).order_by(chunks.c.start)
)
_MARKS = Prepared(select(chunks.c.start, chunks.c.marks).where(*_BETWEEN))
_POSTED = Prepared(
    select(inbox.c.start, inbox.c.days).where(inbox.c.cell == bindparam("cell"), inbox.c.era == bindparam("era"))
)


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
        cell = await self._cells.find(caller, point_id, series.scope)
        if cell is None:
            return Held()
        if cell.pair.waiting or cell.opened.unfolded is not None:
            try:
                async with writing(self._engine) as connection:
                    await self._fold(connection, cell, series)
            except StorageUnavailable:  # a full disk, say: it may still be read
                found = await self._unfolded(cell, series, span)
                return _gathered(self._secrets, cell, span, found)
        return _gathered(self._secrets, cell, span, await self._chunks(cell, series, span))

    async def _chunks(self, cell: Cell, series: Series, span: DaySpan) -> list[Chunk]:
        first, last = starts_in(series.kind, span)
        rows = await self._warm.rows(_HELD, cell=cell.pair.number, first=first, last=last, era=cell.era)
        return [Chunk(series, *row) for row in rows]

    async def _unfolded(self, cell: Cell, series: Series, span: DaySpan) -> list[Chunk]:
        """The chunks of the span as they will be once what waits for this caller is merged."""
        found = {chunk.start: chunk for chunk in await self._chunks(cell, series, span)}
        async with reading(self._engine) as connection:
            waiting = await left_letters(connection, self._secrets, cell)
        first, last = starts_in(series.kind, span)
        for letter in waiting:
            if letter.start is not None and first <= letter.start <= last:
                found[letter.start] = as_if_merged(cell, series, found.get(letter.start), letter)
        return [found[start] for start in sorted(found)]

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
                await self._fold(connection, drawer, series)
                return await merge_days(connection, drawer, series, days, now)
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
        for start, marks in await self._warm.rows(_MARKS, first=first, last=last, **place):
            chunk = Chunk(series, start, marks, None, b"")
            found |= {chunk.period.day(at) for at, mark in enumerate(chunk.versions()) if mark}
        for start, days in await self._warm.rows(_POSTED, **place) if drawer.pair.waiting else ():
            period = period_from(series.kind, start)
            found |= {period.day(at) for at in offsets_of(days)}
        return frozenset(day for day in found if day in span)

    async def _post(
        self, connection: AsyncConnection, drawer: Drawer, series: Series, days: Mapping[date, Readings], now: datetime
    ) -> None:
        for period, fresh in by_period(series, days).items():
            told = bits([period.offset(day) for day in fresh], period.length)
            letter = Letter(series.value, period.start, told, packed(series, period, fresh), now)
            await post(connection, self._secrets, drawer, letter)

    async def _fold(self, connection: AsyncConnection, cell: Cell, series: Series) -> None:
        """Do what was left for whoever opens the cell: fold its pair, merge its inbox.

        The flag falls before the inbox is read: a letter that comes meanwhile is read now or raises the flag again.
        """
        await settle(connection, cell)
        if cell.pair.waiting:
            async for letter in letters(connection, self._secrets, cell):
                await merge_days(connection, cell, series, open_letter(series, letter), letter.at)


def _gathered(secrets: Secrets, cell: Cell, span: DaySpan, found: Sequence[Chunk]) -> Held:
    days: dict[date, Readings] = {}
    versions: dict[date, int] = {}
    derived: set[date] = set()
    revised: list[datetime] = []
    told: list[bytes] = []
    for chunk in found:
        period = chunk.period
        wanted = range(max(0, period.offset(span.start)), min(period.length, period.offset(span.end)))
        days.update(chunk.open(cell, wanted))
        marks = chunk.versions()
        for at in wanted:
            if marks[at]:
                day = period.day(at)
                versions[day] = marks[at]
                if marks[at] & DERIVED:
                    derived.add(day)
        if chunk.revised:
            revised.extend(when for at, when in chunk.revisions().items() if at in wanted)
        told.append(chunk.start.isoformat().encode() + chunk.marks[2 * wanted.start : 2 * wanted.stop])
    tag = secrets.prove("version", cell.pair.id, str(cell.era), span.start.isoformat(), span.end.isoformat(), *told)
    return Held(days, versions, frozenset(derived), max(revised, default=None), tag)
