"""Reads on the hot path: one prepared statement, its rows, nothing between.

On SQLite a hot read runs in the event loop, on one connection that only reads: the statement takes some ten
microseconds, a hand-over to the driver's thread twenty times that. Writers are never in its way (WAL), and what another
connection has committed is seen by the next statement. On PostgreSQL it is an ordinary asynchronous read.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Select, event
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import AsyncEngine

from passerelle.store.engine import BUSY_SECONDS, failure, glancing

_DIALECT = sqlite.dialect(paramstyle="named")
_Convert = Callable[[Any], Any]


class Prepared:
    """A SELECT with named parameters, compiled once; values are converted as SQLAlchemy converts them."""

    def __init__(self, statement: Select[Any]) -> None:
        self.statement = statement
        compiled = statement.compile(dialect=_DIALECT)
        self.sql = str(compiled)
        self._binds: dict[str, _Convert | None] = {
            name: bind.type.dialect_impl(_DIALECT).bind_processor(_DIALECT)
            for bind, name in compiled.bind_names.items()
        }
        self._fixed = {name: value for name, value in compiled.params.items() if value is not None}
        self._results: list[_Convert | None] = [
            column.type.dialect_impl(_DIALECT).result_processor(_DIALECT, None) for column in statement.selected_columns
        ]

    def parameters(self, given: Mapping[str, Any]) -> dict[str, Any]:
        values = {**self._fixed, **given}
        return {
            name: convert(values[name]) if convert is not None else values[name]
            for name, convert in self._binds.items()
        }

    def row(self, raw: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(
            value if convert is None else convert(value) for value, convert in zip(raw, self._results, strict=True)
        )


class WarmReads:
    """Runs prepared statements on the database of an engine."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._connection: sqlite3.Connection | None = None
        event.listen(engine.sync_engine, "engine_disposed", lambda _: self.close())

    async def rows(self, prepared: Prepared, **given: Any) -> Sequence[tuple[Any, ...]]:
        """All rows. Raises as `engine.reading`."""
        if self._engine.dialect.name != "sqlite":
            async with glancing(self._engine) as connection:
                found = await connection.execute(prepared.statement, given)
                return [tuple(row) for row in found]
        try:
            cursor = self._sqlite().execute(prepared.sql, prepared.parameters(given))
            return [prepared.row(raw) for raw in cursor]
        except sqlite3.Error as error:
            raise failure(error) from error

    def close(self) -> None:
        """Let the connection go; done by itself when the engine is disposed of."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _sqlite(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = sqlite3.connect(
                self._engine.url.database or "", timeout=BUSY_SECONDS, isolation_level=None
            )
            self._connection.execute("PRAGMA query_only = ON")
        return self._connection
