"""Reads on the hot path: one prepared statement, its rows, nothing between.

On SQLite a hot read runs in the event loop, on one connection that only reads: the statement takes some ten
microseconds, a hand-over to the driver's thread twenty times that. Writers are never in its way (WAL), and what another
connection has committed is seen by the next statement. On PostgreSQL it goes to the driver itself, on a few connections
taken out of the pool for good: a checkout and its transaction take ten times what the statement takes; and one short
question, whether anything was committed, is asked for all requests of a moment.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Protocol, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import Dialect, Engine, Select, event
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import AsyncEngine

from passerelle.store.engine import BUSY_SECONDS, failure, glancing

MOST_KEPT = 1_024
MOST_ROWS = 16
"""Of one statement that is remembered: together some tens of megabytes at the very most, all of it sealed."""

_Convert = Callable[[Any], Any]
Raw = Sequence[Any]
Made = TypeVar("Made")


class Form:
    """A statement in the words of one database; values are converted as SQLAlchemy converts them."""

    __slots__ = ("_binds", "_results", "sql")

    def __init__(self, statement: Select[Any], dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self.sql = str(compiled)
        types = {name: bind.type for bind, name in compiled.bind_names.items()}
        self._binds: list[tuple[str, Any, _Convert | None]] = [
            (name, compiled.params[name], types[name].dialect_impl(dialect).bind_processor(dialect))
            for name in compiled.positiontup or ()
        ]
        results = (column.type.dialect_impl(dialect) for column in statement.selected_columns)
        converters = [result.result_processor(dialect, None) for result in results]
        self._results: list[tuple[int, _Convert]] = [
            (at, convert) for at, convert in enumerate(converters) if convert is not None
        ]

    def arguments(self, given: Mapping[str, Any]) -> list[Any]:
        found = []
        for name, fixed, convert in self._binds:
            value = given[name] if fixed is None else fixed
            found.append(value if convert is None else convert(value))
        return found

    def rows(self, found: Sequence[Raw]) -> Sequence[Raw]:
        return [self._converted(raw) for raw in found] if self._results else found

    def _converted(self, raw: Raw) -> Raw:
        values = list(raw)
        for at, convert in self._results:
            value = values[at]
            if value is not None:
                values[at] = convert(value)
        return values


class Prepared:
    """A SELECT with named parameters, compiled once."""

    def __init__(self, statement: Select[Any]) -> None:
        self.statement = statement

    @cached_property
    def sqlite(self) -> Form:
        return Form(self.statement, sqlite.dialect(paramstyle="qmark"))

    @cached_property
    def postgresql(self) -> Form:
        from passerelle.store.warm_postgresql import DIALECT

        return Form(self.statement, DIALECT)


class _Line(Protocol):
    """How statements reach the database of an engine."""

    async def rows(self, prepared: Prepared, given: Mapping[str, Any]) -> Sequence[Raw]: ...
    async def made(
        self, make: Callable[[Sequence[Raw]], Made], prepared: Prepared, given: Mapping[str, Any]
    ) -> Made: ...
    def close(self) -> None: ...


class WarmReads:
    """Runs prepared statements on the database of an engine. All that read from one engine share their connections."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._line = _line_of(engine)

    async def rows(self, prepared: Prepared, **given: Any) -> Sequence[Raw]:
        """All rows. Raises as `engine.reading`."""
        return await self._line.rows(prepared, given)

    async def made(self, make: Callable[[Sequence[Raw]], Made], prepared: Prepared, **given: Any) -> Made:
        """What `make` makes of all rows. Raises as `engine.reading`, and what `make` raises.

        It is remembered for as long as the database has not changed, which is asked each time and costs less than the
        statement; so it must not change itself, and hold no secret in clear.
        """
        return await self._line.made(make, prepared, given)


class Memory:
    """What was made of rows, for as long as the database has the version that it had before they were read."""

    def __init__(self) -> None:
        self._version: object = None
        self._made: dict[tuple[Any, ...], Any] = {}

    def known(self, version: object, key: tuple[Any, ...]) -> Any | None:
        """What is remembered under the key, all of another version forgotten."""
        if version != self._version:
            self._made.clear()
            self._version = version
        return self._made.get(key)

    def keep(self, version: object, key: tuple[Any, ...], rows: Sequence[Raw], made: object) -> None:
        """Unless another version was seen meanwhile, or there is much of it."""
        if version != self._version or len(rows) > MOST_ROWS:
            return
        while len(self._made) >= MOST_KEPT:
            del self._made[next(iter(self._made))]
        self._made[key] = made

    def forget(self) -> None:
        self._version = None
        self._made.clear()


class _SQLite:
    def __init__(self, engine: AsyncEngine) -> None:
        self._database = engine.url.database or ""
        self._connection: sqlite3.Connection | None = None
        self._memory = Memory()

    async def rows(self, prepared: Prepared, given: Mapping[str, Any]) -> Sequence[Raw]:
        try:
            return _rows(self._connection or self._connect(), prepared.sqlite, given)
        except sqlite3.Error as error:
            raise failure(error) from error

    async def made(self, make: Callable[[Sequence[Raw]], Made], prepared: Prepared, given: Mapping[str, Any]) -> Made:
        try:
            connection = self._connection or self._connect()
            # Another number once any connection but this one, which only reads, has committed: in this process or not.
            (version,) = connection.execute("PRAGMA data_version").fetchone()
            key = (make, prepared, *given.values())
            known: Made | None = self._memory.known(version, key)
            if known is not None:
                return known
            rows = _rows(connection, prepared.sqlite, given)
        except sqlite3.Error as error:
            raise failure(error) from error
        made = make(rows)
        self._memory.keep(version, key, rows, made)
        return made

    def close(self) -> None:
        """Let the connection go; another use opens another."""
        self._memory.forget()
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self) -> sqlite3.Connection:
        self._connection = sqlite3.connect(self._database, timeout=BUSY_SECONDS, isolation_level=None)
        self._connection.execute("PRAGMA query_only = ON")
        return self._connection


def _rows(connection: sqlite3.Connection, form: Form, given: Mapping[str, Any]) -> Sequence[Raw]:
    return form.rows(connection.execute(form.sql, form.arguments(given)).fetchall())


class _Pooled:
    """As every other read: for an engine with options of its own, which only SQLAlchemy heeds."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def rows(self, prepared: Prepared, given: Mapping[str, Any]) -> Sequence[Raw]:
        async with glancing(self._engine) as connection:
            return [tuple(row) for row in await connection.execute(prepared.statement, given)]

    async def made(self, make: Callable[[Sequence[Raw]], Made], prepared: Prepared, given: Mapping[str, Any]) -> Made:
        return make(await self.rows(prepared, given))

    def close(self) -> None: ...


_LINES: WeakKeyDictionary[Engine, _Line] = WeakKeyDictionary()


def _line_of(engine: AsyncEngine) -> _Line:
    line = _LINES.get(engine.sync_engine)
    if line is None:
        line = _LINES[engine.sync_engine] = _new_line(engine)

        def end(disposed: Engine) -> None:
            line.close()
            _LINES.pop(disposed, None)  # a line may hold its engine, which nobody else does any more

        event.listen(engine.sync_engine, "engine_disposed", end)
    return line


def _new_line(engine: AsyncEngine) -> _Line:
    if engine.dialect.name == "sqlite":
        return _SQLite(engine)
    if engine.sync_engine.get_execution_options():
        return _Pooled(engine)
    from passerelle.store.warm_postgresql import PostgreSQL  # a gateway on SQLite never needs the driver

    return PostgreSQL(engine)
