"""Which process works on a series of a usage point: leases in the database, so that one process asks Enedis for all.

They go by the wall clock of the machines, which must agree to some seconds; a lease that reaches further than any may
is one of a clock that was set back, and counts for nothing.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from passerelle.model.series import Series
from passerelle.store.engine import inserting, reading, writing
from passerelle.store.tables import lane_leases

LASTS = timedelta(seconds=6)
"""Renewed every two seconds: what a killed process worked on waits no longer than this."""

APART = timedelta(seconds=10)
"""By so much less than its holder's may the clock of who looks say: two machines differ, and who waited for the
database has looked at its clock before it."""

AWAITED = timedelta(seconds=2)
"""Whoever waits says so several times a second."""


class LaneLeases:
    """Satisfies `gateway.ports.Leases` for one process, which `holder` names. `wall` tells seconds of the epoch."""

    def __init__(self, engine: AsyncEngine, holder: str, wall: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._holder = holder
        self._wall = wall

    async def claim(self, point_id: str, series: Series) -> bool:
        """Take the lease, or renew it. False while another process has it, which is told that somebody waits."""
        place = {"point_id": point_id, "series": series.value}
        async with writing(self._engine) as connection:
            now = self._now()  # on SQLite the lock is held by now
            own = {"holder": self._holder, "expires_at": now + LASTS}
            free = or_(
                lane_leases.c.holder == self._holder,
                lane_leases.c.expires_at <= now,
                lane_leases.c.expires_at > now + LASTS + APART,
            )
            insert = inserting(connection, lane_leases).values(**place, **own, awaited_at=None)
            taking = insert.on_conflict_do_update(
                index_elements=list(place), set_=own | {"awaited_at": None}, where=free
            )
            if (await connection.execute(taking.returning(lane_leases.c.holder))).first() is not None:
                return True
            await connection.execute(update(lane_leases).where(*_at(point_id, series)).values(awaited_at=now))
        return False

    async def awaited(self, point_id: str, series: Series) -> bool:
        """Whether another process asked for the lease within the last seconds."""
        async with reading(self._engine) as connection:
            found = await connection.execute(select(lane_leases.c.awaited_at).where(*_at(point_id, series)))
        at: datetime | None = found.scalar_one_or_none()
        return at is not None and abs(self._now() - at) < AWAITED

    async def release(self, point_id: str, series: Series) -> None:
        """Let it go, if it is still ours."""
        ours = (*_at(point_id, series), lane_leases.c.holder == self._holder)
        async with writing(self._engine) as connection:
            await connection.execute(update(lane_leases).where(*ours).values(expires_at=self._now()))

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._wall(), UTC)


def _at(point_id: str, series: Series) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return lane_leases.c.point_id == point_id, lane_leases.c.series == series.value
