"""Hot reads on PostgreSQL: no checkout, no transaction, no layer between a prepared statement and the driver."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # it ships no py.typed
from sqlalchemy import URL, Dialect
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from passerelle.errors import InternalError
from passerelle.store.engine import ANSWER_SECONDS, failure
from passerelle.store.warm import Made, Prepared, Raw

AT_ONCE = 4
"""Connections for hot reads of a process; one answers thousands a second."""

DIALECT: Dialect = URL.create("postgresql+asyncpg").get_dialect()()

_LASTING = (
    asyncpg.SyntaxOrAccessError,
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
)
"""What PostgreSQL says of a statement, and not of itself."""


class PostgreSQL:
    """Sends statements to the driver itself, on connections taken out of the pool for good."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._free = asyncio.Semaphore(AT_ONCE)
        self._idle: list[Any] = []
        self._closings = 0

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
        except (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            raise _failure(error) from error

    async def made(self, make: Callable[[Sequence[Raw]], Made], prepared: Prepared, given: Mapping[str, Any]) -> Made:
        return make(await self.rows(prepared, given))

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
        return found

    async def _take(self) -> Any:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():  # as all are after a restart of the server
                return connection
        with_pool = await self._engine.raw_connection()
        taken: Any = with_pool.driver_connection
        with_pool.detach()
        return taken

    def close(self) -> None:
        """End the connections; those that are in use as they come back."""
        self._closings += 1
        while self._idle:
            self._idle.pop().terminate()


def _failure(error: Exception) -> InternalError:
    """As SQLAlchemy would have said it: what the statement is to blame for lasts, all else is for a while."""
    if isinstance(error, asyncpg.PostgresError | asyncpg.InterfaceError) and not isinstance(error, _LASTING):
        return failure(DBAPIError("", None, error))
    return failure(error)
