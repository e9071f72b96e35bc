"""Which process asks Enedis for a series or a record of a usage point, for all of them: leases in the database.

They go by the wall clock of the machines, which must agree to some seconds; a lease that reaches further than any may
is one of a clock that was set back, and counts for nothing.
"""

import time
from collections.abc import Callable, Collection
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import ColumnElement, Table, and_, case, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from passerelle.model.days import DaySpan, runs
from passerelle.model.leases import NO_WISH, Hold, Leased, Wish
from passerelle.store.engine import glancing, inserting, writing
from passerelle.store.tables import lane_leases, lane_wishes

LASTS = timedelta(seconds=6)
"""Renewed every two seconds: what a killed process worked on waits no longer than this."""

APART = timedelta(seconds=10)
"""By so much less than its holder's may the clock of who looks say: two machines differ, and who waited for the
database has looked at its clock before it."""

AWAITED = timedelta(seconds=2)
"""Whoever waits says so several times a second: the wish of a killed process is forgotten after this."""

NOBODY = ""


class LaneLeases:
    """Satisfies `gateway.ports.Leases` for one process, which `holder` names. `wall` tells seconds of the epoch."""

    def __init__(self, engine: AsyncEngine, holder: str, wall: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._holder = holder
        self._wall = wall

    async def claim(self, point_id: str, work: Leased, wish: Wish = NO_WISH) -> Hold:
        """Take the lease, or renew it. While another process has it, that one hears of the wish."""
        place = {"point_id": point_id, "series": work.value}
        async with writing(self._engine) as connection:
            now = self._now()  # on SQLite the lock is held by now
            taken = await self._take(connection, place, now)
            if taken is not None:
                gone = or_(lane_wishes.c.holder == self._holder, lane_wishes.c.said_at < now - APART)
                await connection.execute(delete(lane_wishes).where(*_at(lane_wishes, point_id, work), gone))
                return Hold(ours=True, moment=taken)
            row = {"moment": wish.moment, "days": _written(wish.days), "forced": _written(wish.forced), "said_at": now}
            saying = inserting(connection, lane_wishes).values(**place, holder=self._holder, **row)
            await connection.execute(saying.on_conflict_do_update(index_elements=[*place, "holder"], set_=row))
            moment = select(lane_leases.c.moment).where(*_at(lane_leases, point_id, work))
            return Hold(ours=False, moment=(await connection.execute(moment)).scalar_one())

    async def _take(self, connection: AsyncConnection, place: dict[str, str], now: datetime) -> int | None:
        """The moment of the lane, if the lease is ours from now on.

        Where its last holder was killed or stopped, nobody knows what it brought last: that is another moment.
        """
        own = {"holder": self._holder, "expires_at": now + LASTS}
        mine = lane_leases.c.holder == self._holder
        over = or_(lane_leases.c.expires_at <= now, lane_leases.c.expires_at > now + LASTS + APART)
        known = or_(lane_leases.c.holder == NOBODY, and_(mine, ~over))
        moment = case((known, lane_leases.c.moment), else_=lane_leases.c.moment + 1)
        insert = inserting(connection, lane_leases).values(**place, **own, moment=1)
        taking = insert.on_conflict_do_update(
            index_elements=list(place), set_=own | {"moment": moment}, where=or_(mine, over)
        )
        found: int | None = (await connection.execute(taking.returning(lane_leases.c.moment))).scalar_one_or_none()
        return found

    async def landed(self, point_id: str, work: Leased) -> None:
        """Let those who wait know that there is something new to be found, or known."""
        ours = (*_at(lane_leases, point_id, work), lane_leases.c.holder == self._holder)
        async with writing(self._engine) as connection:
            await connection.execute(update(lane_leases).where(*ours).values(moment=lane_leases.c.moment + 1))

    async def heard(self, point_id: str, work: Leased) -> tuple[Wish, ...]:
        """The wishes of other processes that asked for the lease within the last seconds."""
        columns = (lane_wishes.c.moment, lane_wishes.c.days, lane_wishes.c.forced, lane_wishes.c.said_at)
        others = (*_at(lane_wishes, point_id, work), lane_wishes.c.holder != self._holder)
        async with glancing(self._engine) as connection:
            rows = await connection.execute(select(*columns).where(*others).order_by(lane_wishes.c.holder))
        now = self._now()
        return tuple(
            Wish(_read(row.days), _read(row.forced), row.moment) for row in rows if abs(now - row.said_at) < AWAITED
        )

    async def release(self, point_id: str, work: Leased) -> None:
        """Let it go, if it is still ours, and wish for nothing any more."""
        async with writing(self._engine) as connection:
            ours = (*_at(lane_leases, point_id, work), lane_leases.c.holder == self._holder)
            await connection.execute(update(lane_leases).where(*ours).values(holder=NOBODY, expires_at=self._now()))
            own = (*_at(lane_wishes, point_id, work), lane_wishes.c.holder == self._holder)
            await connection.execute(delete(lane_wishes).where(*own))

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._wall(), UTC)


def _at(table: Table, point_id: str, work: Leased) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return table.c.point_id == point_id, table.c.series == work.value


def _written(days: Collection[date]) -> list[list[str]]:
    return [[span.start.isoformat(), span.end.isoformat()] for span in runs(days)]


def _read(spans: list[list[str]]) -> frozenset[date]:
    return frozenset(day for start, end in spans for day in DaySpan(date.fromisoformat(start), date.fromisoformat(end)))
