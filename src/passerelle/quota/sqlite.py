"""Rows and a home in SQLite, for all processes of one machine."""

import time
from collections.abc import Callable
from typing import Generic

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncEngine

from passerelle.quota.bucket import Bucket
from passerelle.quota.row_home import RowHome
from passerelle.quota.rows import Answer, Rule, State, StateTable, step
from passerelle.quota.tables import quota


class SqliteRows(Generic[State]):
    """Rows of a SQLite database, by this machine's clock, which is read once the lock is held.

    `engine.begin()` must take the write lock at once (`BEGIN IMMEDIATE`), which makes a step of one process wait for
    those of all others.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        table: Table,
        empty: State,
        *,
        wall_ns: Callable[[], int] = time.time_ns,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._table = StateTable(table, empty)
        self._wall_ns = wall_ns
        self._monotonic = monotonic

    async def change(self, key: str, rule: Rule[State, Answer]) -> Answer:
        async with step(self._engine) as connection:
            stored: str | None = await connection.scalar(self._table.read(key))
            before = self._table.decode(stored)
            now_us, at = self._wall_ns() // 1000, self._monotonic()
            after, answer = rule(before, now_us, at)
            if after != before:
                values = self._table.values(after, now_us)
                await connection.execute(self._table.write(key, values, new=stored is None))
        return answer


class SqliteHome(RowHome):
    """Home in a SQLite database, for all processes of one machine (`SqliteRows`)."""

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        wall_ns: Callable[[], int] = time.time_ns,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(SqliteRows(engine, quota, Bucket(), wall_ns=wall_ns, monotonic=monotonic))
