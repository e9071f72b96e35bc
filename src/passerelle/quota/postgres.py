"""Rows and a home in PostgreSQL, for all processes that share it, on any machine."""

import time
from collections.abc import Awaitable, Callable
from typing import Generic

from sqlalchemy import Table, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from passerelle.quota.bucket import Bucket
from passerelle.quota.dial import Dial
from passerelle.quota.row_home import RowHome
from passerelle.quota.rows import Answer, Rule, State, StateTable, step
from passerelle.quota.tables import quota

ServerClock = Callable[[AsyncConnection], Awaitable[int]]
"""A wall clock in microseconds, read over the connection that holds the lock."""


class PostgresRows(Generic[State]):
    """Rows of a PostgreSQL database, for processes of any number of machines: they go by the server's clock.

    The clock is read after the row's lock is held, for a transaction that waited for it began in the past.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        table: Table,
        empty: State,
        *,
        clock: ServerClock | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._table = StateTable(table, empty)
        self._clock = clock or _server_clock
        self._monotonic = monotonic
        self._dial = Dial()

    async def change(self, key: str, rule: Rule[State, Answer]) -> Answer:
        async with step(self._engine) as connection:
            before = self._table.decode(await self._locked(connection, key))
            asked_at = self._monotonic()
            now_us = await self._clock(connection)
            at = self._dial.read(now_us, asked_at, self._monotonic())
            after, answer = rule(before, now_us, at)
            if after != before:
                await connection.execute(self._table.write(key, self._table.values(after, now_us), new=False))
        return answer

    async def _locked(self, connection: AsyncConnection, key: str) -> str | None:
        row = self._table.read(key).with_for_update()
        stored: str | None = await connection.scalar(row)
        if stored is None:  # a row that does not exist cannot be locked: whoever comes first makes it
            await connection.execute(self._table.make(key))
            stored = await connection.scalar(row)
        return stored


class PostgresHome(RowHome):
    """Home in a PostgreSQL database, for all processes that share it (`PostgresRows`)."""

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        clock: ServerClock | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(PostgresRows(engine, quota, Bucket(), clock=clock, monotonic=monotonic))


async def _server_clock(connection: AsyncConnection) -> int:
    seconds = await connection.scalar(text("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"))
    return int(seconds)
