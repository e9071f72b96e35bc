"""The database: how it is opened, and the two ways to talk to it.

SQLite loses updates silently when a transaction reads before it holds the write lock, so every transaction takes the
lock at its first step unless it says that it only reads.
"""

import os
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Table, event, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    DisconnectionError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from passerelle.errors import InternalError, StartRefused, StorageUnavailable

BUSY_SECONDS = 5
CONNECT_SECONDS = 3
ANSWER_SECONDS = 5
"""How long PostgreSQL may take to accept a connection, and to answer one statement; migrations take what they need."""

COME_BACK_SECONDS = 5
POOL = 8
"""Connections to PostgreSQL, kept: opening one costs more than a hundred reads."""
PAGE = "page_size = 16384"
"""Of a new file: chunks lie more closely in large pages (46 kB a year of half-hours, 56 in those of 4 kB)."""
_BEGIN = "passerelle_begin"
"""The execution option that says how SQLite begins; empty for what must run outside a transaction."""


def open_engine(url: str, *, patient: bool = False, pool: int = POOL) -> AsyncEngine:
    """The engine of `sqlite:///path` or `postgresql://…`; a new SQLite file is readable by its owner alone.

    `engine.begin()` and `writing` take the write lock, `reading` does not. `patient`: a statement may take as long as
    it takes. `pool`: connections to PostgreSQL. Raises StartRefused for any other address.
    """
    address = _parse(url)
    if address.get_backend_name() == "postgresql":
        return _postgresql(address, None if patient else ANSWER_SECONDS, pool)
    _make_private(address.database)
    engine = create_async_engine(
        address.set(drivername="sqlite+aiosqlite"), hide_parameters=True, connect_args={"timeout": BUSY_SECONDS}
    )
    event.listen(engine.sync_engine, "connect", _prepare)
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def _postgresql(address: URL, answer_seconds: float | None, pool: int) -> AsyncEngine:
    """A server that does not answer is away: nobody waits for it for longer than some seconds."""
    engine = create_async_engine(
        address.set(drivername="postgresql+asyncpg"),
        hide_parameters=True,
        pool_timeout=ANSWER_SECONDS,
        pool_size=pool,
        max_overflow=0,
        connect_args={"timeout": CONNECT_SECONDS, "command_timeout": answer_seconds},
    )
    event.listen(engine.sync_engine, "checkout", _refuse_closed)
    return engine


async def close_engine(engine: AsyncEngine) -> None:
    """Close every connection: those that are out as they come back, and none is opened any more.

    Whoever is ended in the middle of a statement gives its connection back a moment after it has ended itself.
    """
    event.listen(engine.sync_engine, "checkin", _discard)
    event.listen(engine.sync_engine, "do_connect", _refuse)
    await engine.dispose()


def _discard(_: object, record: ConnectionPoolEntry) -> None:
    record.invalidate()


def _refuse(*_: object) -> None:
    raise DisconnectionError("closed")


def _refuse_closed(connection: Any, *_: object) -> None:
    """After a restart of the server the pool holds connections that are closed, which are known without asking."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError


def _parse(url: str) -> URL:
    try:
        address = make_url(url)
    except ArgumentError as error:
        raise _unusable() from error
    if address.get_backend_name() not in {"sqlite", "postgresql"}:
        raise _unusable()
    return address


def _unusable() -> StartRefused:
    return StartRefused(
        "DATABASE_URL must be `sqlite:///path` or `postgresql://…`.",
        "DATABASE_URL doit être « sqlite:///chemin » ou « postgresql://… ».",
    )


def _make_private(database: str | None) -> None:
    """Create the file before SQLite does, which gives its log and index files the mode of this one."""
    if not database or database == ":memory:":
        raise _unusable()
    path = Path(database)
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StartRefused(
            f"The database {path} cannot be opened: {error.strerror}.",
            f"La base {path} ne peut pas être ouverte : {error.strerror}.",
        ) from error


def _prepare(connection: Any, _: object) -> None:
    connection.isolation_level = None  # the driver would otherwise begin by itself, and late
    cursor = connection.cursor()
    for pragma in (PAGE, "busy_timeout = 5000", "journal_mode = WAL", "foreign_keys = ON", "secure_delete = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    begin = connection.get_execution_options().get(_BEGIN, "BEGIN IMMEDIATE")
    if begin:
        connection.exec_driver_sql(begin)


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what the database or its driver raises into one error; parameters are never part of its text."""
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        raise failure(error) from error


def failure(error: Exception) -> InternalError:
    """The error to raise for what the database or its driver raised: away, locked or full is for a while."""
    said = _said(error)
    kind = type(said).__name__
    if _is_misuse(error) or _is_lasting(said):
        return InternalError(f"The database failed ({kind}).", f"La base de données a échoué ({kind}).")
    return StorageUnavailable(
        f"The database is not available ({kind}).",
        f"La base de données n'est pas disponible ({kind}).",
        retry_after=COME_BACK_SECONDS,
    )


def _said(error: BaseException) -> BaseException:
    """What the database or its driver said, inside of what SQLAlchemy made of it."""
    while (inner := getattr(error, "orig", None)) is not None:
        error = inner
    return error


def _is_misuse(error: Exception) -> bool:
    """SQLAlchemy's own, before anything was asked of a database."""
    return isinstance(error, SQLAlchemyError) and not isinstance(error, (DBAPIError, DisconnectionError, PoolTimeout))


_OF_A_STATEMENT = ("22", "23", "42")
"""Classes of SQLSTATE: its values, a constraint, its words or what they may touch. All others speak of the server."""


def _is_lasting(said: BaseException) -> bool:
    """Whether it will be said again of the same statement."""
    if isinstance(said, sqlite3.Error):  # OperationalError is for a while, but for the code of a wrong statement
        code = getattr(said, "sqlite_errorcode", None)
        return not isinstance(said, sqlite3.OperationalError) or code == sqlite3.SQLITE_ERROR
    return (getattr(said, "sqlstate", None) or "").startswith(_OF_A_STATEMENT)


@asynccontextmanager
async def reading(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A transaction that only reads, beside any writer.

    Raises StorageUnavailable when the database is away or full, InternalError when it fails.
    """
    with _translated():
        async with engine.connect() as connection:
            await connection.execution_options(**{_BEGIN: "BEGIN"})
            yield connection


@asynccontextmanager
async def glancing(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """For one statement that only reads, on PostgreSQL: no transaction is begun and ended around it. As `reading`."""
    with _translated():
        async with engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            yield connection


@asynccontextmanager
async def writing(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A transaction that may write; on SQLite the only one at its time. Raises as `reading`.

    On PostgreSQL what is read before it is changed must be read with `with_for_update`, or under `alone`.
    """
    with _translated():
        async with engine.begin() as connection:
            yield connection


async def alone(connection: AsyncConnection, key: bytes) -> None:
    """Wait until no other writing transaction holds `key`, then hold it until the end of this one.

    For decisions about rows that do not exist yet, which PostgreSQL cannot lock. On SQLite a writer is alone anyway.
    """
    if connection.dialect.name == "postgresql":
        number = int.from_bytes(key[:8].ljust(8, b"\0"), "big", signed=True)
        await connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})


def inserting(connection: AsyncConnection, table: Table) -> "sqlite.Insert | postgresql.Insert":
    """An INSERT that knows `on_conflict_do_update`, in the words of this database."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


async def scrub(engine: AsyncEngine) -> None:
    """After an erasure: empty SQLite's log, which still holds what was erased. Does nothing while others read.

    PostgreSQL keeps dead rows until VACUUM, and its archived log for as long as the operator keeps it.
    """
    if engine.dialect.name != "sqlite":
        return
    with _translated():
        async with engine.connect() as connection:
            await connection.execution_options(**{_BEGIN: ""})
            await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
