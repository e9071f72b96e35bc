"""The days that were asked of Enedis and did not come whole, and the last reason. In clear: no value is in it."""

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncEngine

from passerelle.model.reading import GapReason
from passerelle.model.series import Series
from passerelle.store.engine import inserting, reading, writing
from passerelle.store.tables import days as kept
from passerelle.store.tables import open_days

_WHOLE_KIND = (GapReason.WRONG_DIRECTION.value, GapReason.NOT_COLLECTED.value)


class Ledger:
    """Satisfies `gateway.ports.OpenDayLog` and `gateway.list_points.Ledger`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def note(self, point_id: str, series: Series, days: Sequence[date], reason: GapReason) -> None:
        """Remember why these days are not whole; the last word counts."""
        if not days:
            return
        rows = [{"point_id": point_id, "series": series.value, "day": day, "reason": reason.value} for day in days]
        async with writing(self._engine) as connection:
            insert = inserting(connection, open_days)
            change = insert.on_conflict_do_update(
                index_elements=["point_id", "series", "day"], set_={"reason": insert.excluded.reason}
            )
            await connection.execute(change, rows)

    async def open_days(self, point_id: str) -> Mapping[Series, Mapping[date, GapReason]]:
        """By series, the days noted and not kept since."""
        held = exists().where(
            kept.c.point_id == open_days.c.point_id,
            kept.c.series == open_days.c.series,
            kept.c.day == open_days.c.day,
        )
        query = (
            select(open_days.c.series, open_days.c.day, open_days.c.reason)
            .where(open_days.c.point_id == point_id, ~held)
            .order_by(open_days.c.series, open_days.c.day)
        )
        async with reading(self._engine) as connection:
            rows = (await connection.execute(query)).all()
        found: dict[Series, dict[date, GapReason]] = {}
        for row in rows:
            found.setdefault(Series(row.series), {})[row.day] = GapReason(row.reason)
        return found

    async def refused(self, point_ids: Collection[str]) -> Mapping[str, AbstractSet[Series]]:
        """By point, the series of which no day is held and whose last answer refused the whole kind."""
        held = exists().where(kept.c.point_id == open_days.c.point_id, kept.c.series == open_days.c.series)
        query = (
            select(open_days.c.point_id, open_days.c.series)
            .where(open_days.c.point_id.in_(point_ids), open_days.c.reason.in_(_WHOLE_KIND), ~held)
            .distinct()
        )
        async with reading(self._engine) as connection:
            rows = (await connection.execute(query)).all()
        found: dict[str, set[Series]] = {}
        for row in rows:
            found.setdefault(row.point_id, set()).add(Series(row.series))
        return found
