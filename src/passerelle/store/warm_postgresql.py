"""Hot reads on PostgreSQL: no checkout, no transaction, no layer between a prepared statement and the driver."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # it ships no py.typed
from sqlalchemy import URL, Dialect, String, cast, func, select
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from passerelle.store.engine import ANSWER_SECONDS, failure
from passerelle.store.warm import Made, Memory, Prepared, Raw

AT_ONCE = 4
"""Connections for hot reads of a process; one answers thousands a second."""

DIALECT: Dialect = URL.create("postgresql+asyncpg").get_dialect()()

_VISIBLE = Prepared(select(cast(func.pg_current_snapshot(), String)))
"""Names what a statement sees: another name once any transaction that wrote has ended, in any process."""

_RAISED = (
    SQLAlchemyError,
    AsyncAdapt_asyncpg_dbapi.Error,  # of connecting: `raw_connection` hands it on as it is
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # of a server that has said goodbye and not yet hung up
    OSError,
)


class PostgreSQL:
    """Sends statements to the driver itself, on connections taken out of the pool for good."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._free = asyncio.Semaphore(AT_ONCE)
        self._idle: list[Any] = []
        self._closings = 0
        self._memory = Memory()
        self._asking: asyncio.Task[str] | None = None
        self._in_turn = asyncio.Lock()

    async def rows(self, prepared: Prepared, given: Mapping[str, Any]) -> Sequence[Raw]:
        form = prepared.postgresql
        try:
            if self._free.locked():
                async with asyncio.timeout(ANSWER_SECONDS):
                    await self._free.acquire()
            else:
                await self._free.acquire()
            try:
                return form.rows(await self._fetch(form.sql, form.arguments(given)))
            finally:
                self._free.release()
        except _RAISED as error:
            raise failure(error) from error

    async def made(self, make: Callable[[Sequence[Raw]], Made], prepared: Prepared, given: Mapping[str, Any]) -> Made:
        version = await self._visible()
        key = (make, prepared, *given.values())
        known: Made | None = self._memory.known(version, key)
        if known is not None:
            return known
        rows = await self.rows(prepared, given)
        made = make(rows)
        self._memory.keep(version, key, rows, made)
        return made

    async def _visible(self) -> str:
        """What is visible now. All who ask before the question leaves share its answer."""
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask())
            self._asking.add_done_callback(_heard)
        return await asyncio.shield(self._asking)

    async def _ask(self) -> str:
        async with self._in_turn:
            self._asking = None
            ((name,),) = await self.rows(_VISIBLE, {})
        return str(name)

    async def _fetch(self, sql: str, arguments: Sequence[Any]) -> Sequence[Raw]:
        closings = self._closings
        connection = await self._take()
        whole = False
        try:
            found: Sequence[Raw] = await connection.fetch(sql, *arguments)
            whole = True
        finally:
            # Whatever went wrong, and whoever was ended in the middle of it: a new one is cheaper than a doubt.
            if whole and closings == self._closings:
                self._idle.append(connection)
            else:
                connection.terminate()
                self._memory.forget()  # it may be another server that answers next, in other words
        return found

    async def _take(self) -> Any:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():  # as all are after a restart of the server
                return connection
            self._memory.forget()
        with_pool = await self._engine.raw_connection()
        taken: Any = with_pool.driver_connection
        with_pool.detach()
        return taken

    def close(self) -> None:
        """End the connections; those that are in use as they come back."""
        self._closings += 1
        self._memory.forget()
        while self._idle:
            self._idle.pop().terminate()


def _heard(asked: "asyncio.Task[str]") -> None:
    """Its failure is told to those who wait; if they were all ended, nobody need hear of it."""
    if not asked.cancelled():
        asked.exception()
