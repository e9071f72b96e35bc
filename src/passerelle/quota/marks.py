"""For a bucket in a memory that may forget: what its counts never exceed, hour by hour, and the hold that it is in."""

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncEngine

from passerelle.quota import bucket as rules
from passerelle.quota.bucket import HOURS_KEPT, Bucket, CivilTime, HourCount
from passerelle.quota.postgres import PostgresRows
from passerelle.quota.rows import Rows, StateTable, step
from passerelle.quota.sqlite import SqliteRows
from passerelle.quota.tables import quota, quota_marks

_HOURS_KEPT = 2 * HOURS_KEPT
_hour, _upto = quota_marks.c.hour, quota_marks.c.upto


class Marks:
    """The marks and holds of an installation, in its database. Each verb raises QuotaExhausted when that is away.

    A mark is written before it is used. A hold stands where a home in the database has it, so it outlasts a change of
    home; a row of it that is damaged is InternalError.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._buckets = StateTable(quota, Bucket())
        self._rows: Rows[Bucket]
        if engine.dialect.name == "postgresql":
            self._rows = PostgresRows(engine, quota, Bucket())
        else:
            self._rows = SqliteRows(engine, quota, Bucket())

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

    async def hold(self, bucket: str, now_us: int, civil: CivilTime, resume_us: int | None) -> int:
        """Write down a hold by the rule, `bucket.hold`; the civil instant that the bucket is now held until."""

        def rule(before: Bucket, _now_us: int, _at: float) -> tuple[Bucket, int]:
            after = rules.hold(before, now_us, civil, resume_us)
            return after, after.hold_us

        return await self._rows.change(bucket, rule)

    async def held(self, bucket: str) -> int:
        """The civil instant that the last hold was until, over or not; 0 if there was none."""
        async with step(self._engine) as connection:
            return self._buckets.decode(await connection.scalar(self._buckets.read(bucket))).hold_us
