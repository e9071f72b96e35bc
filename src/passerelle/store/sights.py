"""All that a warm read of a series asks the database, in one statement.

The link, the activation, the pairs of the cell, and the chunks of the days.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any

from sqlalchemy import BindParameter, Select, Table, and_, bindparam, literal, select
from sqlalchemy.ext.asyncio import AsyncEngine

from passerelle.access.caller import Caller
from passerelle.consent.states import Link
from passerelle.model.days import DaySpan
from passerelle.model.held import Held
from passerelle.model.series import Kind, Series
from passerelle.model.usage_point import UsagePointId
from passerelle.store.chunks import Chunk, table_of
from passerelle.store.days import Days
from passerelle.store.keyring import keyring_of
from passerelle.store.links import LATEST, LINK_COLUMNS, link_from
from passerelle.store.pairs import Pair, checked, columns_of
from passerelle.store.periods import starts_in
from passerelle.store.places import CELL, scope_place
from passerelle.store.tables import activations, links, pairs, points, wraps
from passerelle.store.vault import Secrets
from passerelle.store.warm import Prepared, WarmReads

_CHUNK_COLUMNS = ("start", "era", "marks", "revised", "sealed")
_NO_DAYS = date.max, date.min
"""The first and the last start of no chunk at all."""


def _statement(chunks: Table) -> Select[Any]:
    link = (
        select(*LINK_COLUMNS)
        .join(points, points.c.id == links.c.point_id)
        .where(points.c.account_id == bindparam("account"), points.c.prm_lookup == bindparam("lookup"))
        .order_by(*LATEST)
        .limit(1)
        .subquery("link")
    )
    own, above = pairs.alias("own"), pairs.alias("above")
    own_wrap, above_wrap = wraps.alias("own_wrap"), wraps.alias("above_wrap")
    place = literal(CELL) + link.c.point_id + bindparam("rest")
    asked: BindParameter[str] = bindparam("credential")
    known = (
        link.outerjoin(
            activations,
            and_(activations.c.point_id == link.c.point_id, activations.c.direction == bindparam("direction")),
        )
        .outerjoin(own, and_(own.c.account_id == bindparam("account"), own.c.place == place))
        .outerjoin(own_wrap, and_(own_wrap.c.pair == own.c.number, own_wrap.c.credential_id == asked))
        .outerjoin(above, and_(above.c.account_id == bindparam("account"), above.c.place == bindparam("scope")))
        .outerjoin(above_wrap, and_(above_wrap.c.pair == above.c.number, above_wrap.c.credential_id == asked))
        .outerjoin(
            chunks,
            and_(
                chunks.c.cell == own.c.number,
                chunks.c.start >= bindparam("first"),
                chunks.c.start <= bindparam("last"),
            ),
        )
    )
    told = [*columns_of(own), own_wrap.c.wrapped, *columns_of(above), above_wrap.c.wrapped]
    told += [chunks.c[name] for name in _CHUNK_COLUMNS]
    return select(*link.c, activations.c.day, *told).select_from(known).order_by(chunks.c.start)


_LOOK = {kind: Prepared(_statement(table_of(kind))) for kind in Kind}
_LINK = len(LINK_COLUMNS)
_PAIR = len(columns_of(pairs)) + 1
_OWN = slice(_LINK + 1, _LINK + 1 + _PAIR)
_ABOVE = slice(_OWN.stop, _OWN.stop + _PAIR)
_CHUNK = slice(_ABOVE.stop, _ABOVE.stop + len(_CHUNK_COLUMNS))


class _Seen:
    """What the rows of a look tell, whoever asks: a row for each chunk, or one where there is none."""

    __slots__ = ("_pairs", "_secrets", "activated_on", "chunks", "link")

    def __init__(self, secrets: Secrets, series: Series, rows: Sequence[Sequence[Any]]) -> None:
        self._secrets = secrets
        self._pairs: list[Sequence[Any]] | Mapping[str, Pair] = []
        self.link: Link | None = None
        self.activated_on: date | None = None
        self.chunks: list[tuple[int, Chunk]] = []
        if not rows:
            return
        row = rows[0]
        self.link = link_from(*row[:_LINK])
        self.activated_on = row[_LINK]
        # A pair that is not there has no number, and a chunk no start.
        self._pairs = [pair for pair in (row[_OWN], row[_ABOVE]) if pair[0] is not None]
        for start, era, marks, revised, sealed in (row[_CHUNK] for row in rows):
            if start is not None:
                self.chunks.append((era, Chunk(series, start, marks, revised, sealed)))

    @property
    def pairs(self) -> Mapping[str, Pair]:
        """Checked when they are first used. Raises InternalError for one that is not ours."""
        if isinstance(self._pairs, list):
            self._pairs = checked(self._secrets, self._pairs)
        return self._pairs


class Sight:
    """Satisfies `gateway.ports.Sight`."""

    __slots__ = ("_caller", "_days", "_seen", "_series", "activated_on", "link")

    def __init__(self, days: Days, caller: Caller, series: Series, seen: _Seen) -> None:
        self._days = days
        self._caller = caller
        self._series = series
        self._seen = seen
        self.link = seen.link
        self.activated_on = seen.activated_on

    async def held(self, span: DaySpan) -> Held:
        """As `Days.held`, of the point and of days that were looked at."""
        if self.link is None:
            return Held()
        return await self._days.held_behind(self._caller, self.link.point_id, self._series, span, self._seen)


class Sights:
    """Satisfies `gateway.ports.Sights`."""

    def __init__(self, engine: AsyncEngine, secrets: Secrets, days: Days) -> None:
        self._warm = WarmReads(engine)
        self._secrets = secrets
        self._days = days
        self._see = {series: partial(_Seen, secrets, series) for series in Series}

    async def look(self, caller: Caller, point: UsagePointId, series: Series, span: DaySpan | None) -> Sight:
        """What is known of the point and its series now. Raises InternalError for another store's keyring."""
        first, last = _NO_DAYS if span is None else starts_in(series.kind, span)
        seen = await self._warm.made(
            self._see[series],
            _LOOK[series.kind],
            account=caller.account_id,
            lookup=self._secrets.lookup(point),
            direction=series.direction.value,
            credential=keyring_of(caller).credential_id,
            rest=f" {series.scope.value}",
            scope=scope_place(series.scope).name,
            first=first,
            last=last,
        )
        return Sight(self._days, caller, series, seen)
