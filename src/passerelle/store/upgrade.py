"""The state of the tables, and how they are brought up to date. Apart from `engine`: serving needs no Alembic."""

import asyncio
from enum import Enum
from pathlib import Path
from threading import Lock

from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

from passerelle.errors import StartRefused
from passerelle.store.engine import close_engine, open_engine, reading

_FOLDER = Path(__file__).parent / "migrations"
VERSIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010", "0011", "0012")
"""Every version of the tables, oldest first; a test holds them against the migrations. The last one is this code's."""

_ONE_AT_A_TIME = Lock()
"""Alembic keeps its context in module globals: one migration at a time in a process."""


class SchemaState(Enum):
    """The tables of a database beside those that this code knows; `EMPTY`: there are none yet."""

    EMPTY = "empty"
    CURRENT = "current"
    BEHIND = "behind"
    NEWER = "newer"


async def migrate(url: str) -> None:
    """Bring the database of this address up to date. Raises StartRefused if it is newer than this code."""
    engine = open_engine(url)
    try:
        if await schema_state(engine) is SchemaState.NEWER:
            raise _too_new()
    finally:
        await close_engine(engine)
    await asyncio.to_thread(_upgrade, url)


async def schema_state(engine: AsyncEngine) -> SchemaState:
    """Where the database stands. Raises InternalError when it cannot be read."""
    async with reading(engine) as connection:
        held = await connection.run_sync(_held)
    if not held:
        return SchemaState.EMPTY
    if held == VERSIONS[-1:]:
        return SchemaState.CURRENT
    return SchemaState.BEHIND if set(held) <= set(VERSIONS) else SchemaState.NEWER


async def schema_version(engine: AsyncEngine) -> str | None:
    """The version that the tables say of themselves; None without tables. Raises InternalError."""
    async with reading(engine) as connection:
        held = await connection.run_sync(_held)
    return ", ".join(sorted(held)) or None


async def require_ready(url: str) -> bool:
    """Whether the database of this address has tables; False for one that is still to be made.

    Raises StartRefused unless this code and the database agree on them.
    """
    engine = open_engine(url)
    try:
        if await schema_state(engine) is SchemaState.EMPTY:
            return False
        await require_current(engine)
    finally:
        await close_engine(engine)
    return True


async def require_current(engine: AsyncEngine) -> None:
    """Raise StartRefused unless this code and the database agree on the tables."""
    match await schema_state(engine):
        case SchemaState.CURRENT:
            return
        case SchemaState.EMPTY | SchemaState.BEHIND:
            raise StartRefused(
                "The database is older than this version: run `passerelle migrate`, then start again.",
                "La base est plus ancienne que cette version : lancer `passerelle migrate`, puis redémarrer.",
            )
        case SchemaState.NEWER:
            raise _too_new()


def _upgrade(url: str, version: str = "head") -> None:
    # Alembic weighs as much as the rest of the start: only who migrates loads it.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["url"] = url
    with _ONE_AT_A_TIME:
        command.upgrade(config, version)


def _too_new() -> StartRefused:
    return StartRefused(
        "The database was made by a newer version of passerelle: install that version, or restore a backup that is "
        "older than the upgrade.",
        "La base vient d'une version plus récente de passerelle : installer cette version, ou restaurer une sauvegarde "
        "antérieure à la mise à niveau.",
    )


def _held(connection: Connection) -> tuple[str, ...]:
    """The versions that the tables say of themselves: one, or none where there are no tables."""
    if not inspect(connection).has_table("alembic_version"):
        return ()
    return tuple(connection.execute(text("SELECT version_num FROM alembic_version")).scalars())
