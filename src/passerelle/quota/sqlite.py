"""A bucket in the database, for all processes of one machine."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TypeVar

import msgspec
from sqlalchemy import insert, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from passerelle.errors import InternalError
from passerelle.quota import bucket as rules
from passerelle.quota.bucket import Bucket, CivilTime
from passerelle.quota.home import Ask, Reply, away
from passerelle.quota.tables import quota

Answer = TypeVar("Answer")


class SqliteHome:
    """Home in one row of a SQLite database.

    `engine.begin()` must take the write lock at once (`BEGIN IMMEDIATE`), which makes read, decide and write one step
    for every process. The commit comes before the permit, so a process killed anywhere leaves at most a call counted
    too many. **Fails shut**: a locked, full or absent database is QuotaExhausted (503, to retry in 5 s); a row that
    cannot be read is InternalError until the operator deletes it.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        wall_ns: Callable[[], int] = time.time_ns,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._wall_ns = wall_ns
        self._monotonic = monotonic

    async def reserve(self, bucket: str, ask: Ask) -> Reply:
        def rule(before: Bucket, now_us: int) -> tuple[Bucket, Reply]:
            at = self._monotonic()
            after, answer = rules.reserve(before, now_us, ask.civil, ask.limits, ask.priority, ask.lead_us)
            return after, Reply(answer, at)

        return await self._change(bucket, rule)

    async def give_back(self, bucket: str, serial: int) -> None:
        await self._change(bucket, lambda before, _: (rules.cancel(before, serial), None))

    async def hold(self, bucket: str, civil: CivilTime, resume_us: int | None) -> None:
        await self._change(bucket, lambda before, now_us: (rules.hold(before, now_us, civil, resume_us), None))

    async def slow_down(self, bucket: str) -> None:
        await self._change(bucket, lambda before, now_us: (rules.slow_down(before, now_us), None))

    async def read(self, bucket: str) -> tuple[Bucket, int]:
        return await self._change(bucket, lambda before, now_us: (before, (before, now_us)))

    async def _change(self, bucket: str, rule: Callable[[Bucket, int], tuple[Bucket, Answer]]) -> Answer:
        """One step under the write lock; the clock is read once the lock is held."""
        async with self._locked() as connection:
            stored = (await connection.execute(select(quota.c.state).where(quota.c.bucket == bucket))).scalar()
            before = Bucket() if stored is None else _decode(stored)
            now_us = self._wall_ns() // 1000
            after, answer = rule(before, now_us)
            if after != before:
                values = {
                    "state": msgspec.json.encode(after).decode(),
                    "updated_at": datetime.fromtimestamp(now_us / 1_000_000, UTC),
                }
                row = quota.c.bucket == bucket
                await connection.execute(
                    insert(quota).values(bucket=bucket, **values)
                    if stored is None
                    else update(quota).where(row).values(**values)
                )
        return answer

    @asynccontextmanager
    async def _locked(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._engine.begin() as connection:
                yield connection
        except (SQLAlchemyError, OSError) as error:
            raise away() from error


def _decode(stored: str) -> Bucket:
    try:
        return msgspec.json.decode(stored, type=Bucket)
    except msgspec.MsgspecError as error:
        raise InternalError(
            "The count of calls to Enedis cannot be read; its row in the table `quota` is damaged.",
            "Le compte des appels à Enedis est illisible ; sa ligne dans la table « quota » est endommagée.",
        ) from error
