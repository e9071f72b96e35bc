"""For counts in a memory that may forget: what they never exceed, hour by hour, written down before it is used."""

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncEngine

from passerelle.quota.bucket import HOURS_KEPT, HourCount
from passerelle.quota.rows import step
from passerelle.quota.tables import quota_marks

_HOURS_KEPT = 2 * HOURS_KEPT
_hour, _upto = quota_marks.c.hour, quota_marks.c.upto


class Marks:
    """The marks of an installation, in its database. Each verb raises QuotaExhausted when that is away."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def read(self, bucket: str) -> list[HourCount]:
        """The marks of the bucket's last hours, oldest first; none if it was never used."""
        query = select(_hour, _upto).where(quota_marks.c.bucket == bucket).order_by(_hour.desc()).limit(HOURS_KEPT)
        async with step(self._engine) as connection:
            return [HourCount(hour, upto) for hour, upto in reversed((await connection.execute(query)).all())]

    async def upto(self, bucket: str, hour: int) -> int:
        """The mark of an hour; 0 if it has none."""
        query = select(_upto).where(quota_marks.c.bucket == bucket, _hour == hour)
        async with step(self._engine) as connection:
            return int(await connection.scalar(query) or 0)

    async def advance(self, bucket: str, hour: int, seen: int, upto: int) -> bool:
        """Raise the mark of an hour from `seen` (0: it has none) to `upto`; False if it stands elsewhere by now.

        True to one caller only. Marks of two days ago are dropped.
        """
        here = quota_marks.c.bucket == bucket
        async with step(self._engine) as connection:
            if seen:
                moved = update(quota_marks).where(here, _hour == hour, _upto == seen).values(upto=upto)
                return await connection.scalar(moved.returning(_upto)) is not None
            await connection.execute(delete(quota_marks).where(here, _hour < hour - _HOURS_KEPT))
            new = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(quota_marks)
            made = new.values(bucket=bucket, hour=hour, upto=upto).on_conflict_do_nothing()
            return await connection.scalar(made.returning(_upto)) is not None
