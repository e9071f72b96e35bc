"""The demo account, made once by a process of tests and copied into its further installations: making it is half of
what an installation costs. Whoever copies lets the demo furnish again, which finds that nothing is missing.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

import asyncpg

from passerelle.config import Settings
from passerelle.store.shred import SCHEMA as ERASURE

HARMLESS = {"GENERATION", "QUOTA_PER_HOUR", "QUOTA_PER_SECOND", "DATABASE_URL", "SECRET_KEY", "REDIS_URL"}
"""Settings that change nothing of what stands in the database when the demo account has been made."""
_DATABASE = "passerelle.db"
_STATEMENTS = """
SELECT format('CREATE TABLE kept.%2$I AS TABLE %1$I.%2$I', schemaname, tablename) AS keep,
       format('INSERT INTO %1$I.%2$I SELECT * FROM kept.%2$I', schemaname, tablename) AS fill
FROM pg_tables WHERE schemaname IN ('public', $1) AND tablename NOT IN ('alembic_version', 'installation')
"""
"""A database of PostgreSQL keeps the rows itself, in a schema `kept`; but not the name of the installation."""

_files: dict[str, bytes] = {}


def lay_out(settings: Settings) -> None:
    """Before the gateway opens: the files of a furnished SQLite, if they were kept and nothing is there."""
    if _on_sqlite(settings) and not settings.data_dir.joinpath(_DATABASE).exists():
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, content in _files.items():
            path = settings.data_dir / name
            path.touch(mode=0o600)
            path.write_bytes(content)


async def fill(settings: Settings) -> bool:
    """After it has opened: the rows, if they were kept and nothing is there. False if they are still to be kept."""
    if _on_sqlite(settings):
        return bool(_files)
    database = await asyncpg.connect(settings.database_url)
    try:
        if not await database.fetchval("SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'kept')"):
            return False
        if not await database.fetchval("SELECT EXISTS (SELECT FROM accounts)"):
            rows = await database.fetch(_STATEMENTS, ERASURE)
            in_any_order = "SET session_replication_role = replica"
            await database.execute("; ".join([in_any_order, *(row["fill"] for row in rows)]))
        return True
    finally:
        await database.close()


async def keep(settings: Settings) -> None:
    """What the demo has just made."""
    if _on_sqlite(settings):
        _files.update(_read(settings.data_dir))
        return
    database = await asyncpg.connect(settings.database_url)
    try:
        rows = await database.fetch(_STATEMENTS, ERASURE)
        await database.execute("; ".join(["CREATE SCHEMA kept", *(row["keep"] for row in rows)]))
    finally:
        await database.close()


def _on_sqlite(settings: Settings) -> bool:
    return settings.database_url.startswith("sqlite")


def _read(folder: Path) -> dict[str, bytes]:
    """The files of the folder; a database whole, with what still lies in its log."""
    found = {}
    for path in folder.iterdir():
        if path.suffix == ".db":
            with closing(sqlite3.connect(path)) as database, closing(sqlite3.connect(":memory:")) as copy:
                database.backup(copy)
                found[path.name] = copy.serialize()
        elif path.is_file() and not path.name.endswith(("-wal", "-shm")):
            found[path.name] = path.read_bytes()
    return found
