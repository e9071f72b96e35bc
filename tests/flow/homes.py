"""Where an installation of a test lives: on SQLite, on PostgreSQL, or on PostgreSQL and Redis behind four gateways."""

import asyncio
import atexit
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import pytest
from tests.servers import POSTGRES, OwnRedis

from passerelle.kit.crypto import random_id
from passerelle.quota.redis import open_redis
from passerelle.store.shred import SCHEMA as ERASURE
from passerelle.store.upgrade import migrate

SQLITE, POSTGRESQL, REDIS = "sqlite", "postgresql", "redis"
ALL = [
    SQLITE,
    pytest.param(POSTGRESQL, marks=pytest.mark.postgres),
    pytest.param(REDIS, marks=[pytest.mark.postgres, pytest.mark.redis]),
]
SECRET = "a secret of the tests, of 32 characters and more"
_SERVER = POSTGRES.rpartition("/")[0]
_EMPTY = """
SELECT format('DELETE FROM public.%I', tablename) AS empty
FROM pg_tables WHERE schemaname = 'public' AND tablename != 'alembic_version'
"""


@dataclass(frozen=True)
class Home:
    """The settings that say where, and how many gateways share it."""

    name: str
    settings: Mapping[str, str] = field(default_factory=dict)
    gateways: int = 1


class _Databases:
    """Migrated databases of this process: the first one is copied, and each is emptied for the next test."""

    def __init__(self) -> None:
        self._template: str | None = None
        self._free: list[str] = []

    async def take(self) -> str:
        """One without a row."""
        if self._free:
            return self._free.pop()
        server = await asyncpg.connect(POSTGRES)
        try:
            if self._template is None:
                self._template = await _new(server)
                await migrate(f"{_SERVER}/{self._template}")
            return await _new(server, f" TEMPLATE {self._template}")
        finally:
            await server.close()

    async def give_back(self, name: str) -> None:
        """Empty it: the rows of a test are few, and a database costs more to make than to clean."""
        database = await asyncpg.connect(f"{_SERVER}/{name}")
        try:
            rows = await database.fetch(_EMPTY)
            in_any_order = "SET session_replication_role = replica"  # rows go whatever refers to them
            erasure = f"DROP SCHEMA IF EXISTS {ERASURE} CASCADE"
            await database.execute("; ".join([in_any_order, *(row["empty"] for row in rows), erasure]))
        finally:
            await database.close()
        self._free.append(name)


async def _new(server: asyncpg.Connection, template: str = "") -> str:
    made = f"passerelle_test_{random_id()}"
    await server.execute(f"CREATE DATABASE {made}{template}")
    atexit.register(lambda: asyncio.run(drop(made)))
    return made


_databases = _Databases()


async def drop(name: str) -> None:
    server = await asyncpg.connect(POSTGRES)
    await server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    await server.close()


class _RedisServers:
    """Redis servers of this process, with which they end; each is emptied for the next test."""

    def __init__(self) -> None:
        self._free: list[OwnRedis] = []

    async def take(self) -> OwnRedis:
        """One without a key."""
        if not self._free:
            folder = tempfile.TemporaryDirectory()
            atexit.register(folder.cleanup)
            server = OwnRedis(Path(folder.name))
            await server.start()
            return server
        server = self._free.pop()
        async with open_redis(server.url) as client:
            await client.flushall()
        return server

    def give_back(self, server: OwnRedis) -> None:
        self._free.append(server)


_redis_servers = _RedisServers()


@asynccontextmanager
async def at_home(name: str) -> AsyncIterator[Home]:
    """A home of this name, as empty as a new one, until the end of the block."""
    if name == SQLITE:
        yield Home(name)
        return
    database = await _databases.take()
    settings = {"DATABASE_URL": f"{_SERVER}/{database}", "SECRET_KEY": SECRET}
    try:
        if name == POSTGRESQL:
            yield Home(name, settings)
            return
        redis = await _redis_servers.take()
        try:
            yield Home(name, settings | {"REDIS_URL": redis.url}, gateways=4)
        finally:
            _redis_servers.give_back(redis)
    finally:
        await _databases.give_back(database)
