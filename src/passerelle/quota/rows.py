"""A state in one row of a table, changed under the row's lock: what is read, decided and written is one step."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Generic, Protocol, TypeVar

import msgspec
from sqlalchemy import Insert, Select, Table, Update, insert, select, text, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from passerelle.errors import InternalError
from passerelle.quota.bucket import SECOND_US
from passerelle.quota.home import away

State = TypeVar("State")
Answer = TypeVar("Answer")

LOCK_SECONDS = 1
ANSWER_SECONDS = 3.0
"""How long PostgreSQL may take for a row's lock, and for a step altogether."""

Rule = Callable[[State, int, float], tuple[State, Answer]]
"""(state, wall clock in microseconds, the monotonic instant of that reading) to what is kept and what is answered."""


class Rows(Protocol[State]):
    """Where states are kept, one a key."""

    async def change(self, key: str, rule: Rule[State, Answer]) -> Answer:
        """One step, alone of its key and durable before it returns; a state never kept is the empty one.

        Raises QuotaExhausted (`home.away`) when the database cannot do it now, InternalError for a damaged row.
        """
        ...


class StateTable(Generic[State]):
    """The statements on a table of a key, a `state` as JSON, and `updated_at`."""

    def __init__(self, table: Table, empty: State) -> None:
        self._table = table
        self._key = next(iter(table.primary_key.columns))
        self._empty = empty

    def read(self, key: str) -> Select[tuple[str]]:
        return select(self._table.c.state).where(self._key == key)

    def make(self, key: str) -> postgresql.Insert:
        values = self.values(self._empty, 0)
        return postgresql.insert(self._table).values({self._key.name: key, **values}).on_conflict_do_nothing()

    def write(self, key: str, values: dict[str, object], *, new: bool) -> Update | Insert:
        if new:
            return insert(self._table).values({self._key.name: key, **values})
        return update(self._table).where(self._key == key).values(values)

    def values(self, state: State, now_us: int) -> dict[str, object]:
        written = msgspec.json.encode(state).decode()
        return {"state": written, "updated_at": datetime.fromtimestamp(now_us / SECOND_US, UTC)}

    def decode(self, stored: str | None) -> State:
        if stored is None:
            return self._empty
        try:
            return msgspec.json.decode(stored, type=type(self._empty))
        except msgspec.MsgspecError as error:
            name = self._table.name
            raise InternalError(
                f"The count of calls to Enedis cannot be read; its row in the table `{name}` is damaged.",
                f"Le compte des appels à Enedis est illisible ; sa ligne dans la table « {name} » est endommagée.",
            ) from error


@asynccontextmanager
async def step(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """One transaction that changes the count. Raises QuotaExhausted: nothing can be counted now, so nothing leaves.

    Whatever the database, its driver or the way to it raises ends here, and PostgreSQL may not keep callers waiting.
    SQLite's own patience is the engine's.
    """
    try:
        if engine.dialect.name != "postgresql":
            async with engine.begin() as connection:
                yield connection
            return
        async with asyncio.timeout(ANSWER_SECONDS), engine.begin() as connection:
            await connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'"))
            yield connection
    except (SQLAlchemyError, OSError) as error:
        raise away() from error
