"""Where an installation of a test lives: on SQLite, on PostgreSQL, or on PostgreSQL and Redis behind four gateways."""

import asyncio
import atexit
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import pytest
from tests.servers import POSTGRES, OwnRedis

from passerelle.kit.crypto import random_id
from passerelle.store.upgrade import migrate

SQLITE, POSTGRESQL, REDIS = "sqlite", "postgresql", "redis"
ALL = [
    SQLITE,
    pytest.param(POSTGRESQL, marks=pytest.mark.postgres),
    pytest.param(REDIS, marks=[pytest.mark.postgres, pytest.mark.redis]),
]
SECRET = "a secret of the tests, of 32 characters and more"
_SERVER = POSTGRES.rpartition("/")[0]


@dataclass(frozen=True)
class Home:
    """The settings that say where, and how many gateways share it."""

    name: str
    settings: Mapping[str, str] = field(default_factory=dict)
    gateways: int = 1


class _Template:
    """A migrated database without a row, made once in this process and copied for each test."""

    def __init__(self) -> None:
        self.name: str | None = None

    async def copy(self) -> str:
        server = await asyncpg.connect(POSTGRES)
        try:
            if self.name is None:
                made = f"passerelle_test_{random_id()}"
                await server.execute(f"CREATE DATABASE {made}")
                await migrate(f"{_SERVER}/{made}")
                self.name = made
                atexit.register(lambda: asyncio.run(drop(made)))
            copied = f"passerelle_test_{random_id()}"
            await server.execute(f"CREATE DATABASE {copied} TEMPLATE {self.name}")
        finally:
            await server.close()
        return copied


_template = _Template()


async def drop(name: str) -> None:
    server = await asyncpg.connect(POSTGRES)
    await server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    await server.close()


@asynccontextmanager
async def at_home(name: str, folder: Path) -> AsyncIterator[Home]:
    """A new home of this name, empty, until the end of the block. The folder exists: Redis runs in it."""
    if name == SQLITE:
        yield Home(name)
        return
    database = await _template.copy()
    settings = {
        "DATABASE_URL": f"{_SERVER}/{database}",
        "SECRET_KEY": SECRET,
    }
    redis = OwnRedis(folder) if name == REDIS else None
    try:
        if redis is not None:
            await redis.start()
            settings |= {"REDIS_URL": redis.url}
        yield Home(name, settings, gateways=1 if redis is None else 4)
    finally:
        if redis is not None:
            await redis.stop()
        await drop(database)
