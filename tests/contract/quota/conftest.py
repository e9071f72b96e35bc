"""Clocks moved by hand, and every home on real servers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from passerelle.kit.crypto import random_id
from passerelle.model.priority import Priority
from passerelle.quota.bucket import HOUR_US, SECOND_US, CivilTime, Grant
from passerelle.quota.home import Ask, Home
from passerelle.quota.marks import Marks
from passerelle.quota.memory import MemoryHome
from passerelle.quota.postgres import PostgresHome
from passerelle.quota.redis import RedisHome, open_redis
from passerelle.quota.settings import Limits
from passerelle.quota.sqlite import SqliteHome
from passerelle.quota.tables import quota_metadata

START_US = 495_000 * HOUR_US + 600 * SECOND_US


class Wall:
    """A wall clock and a monotonic one, moved by hand."""

    def __init__(self) -> None:
        self.us = START_US

    def ns(self) -> int:
        return self.us * 1000

    def read(self) -> int:
        return self.us

    async def over(self, _: object) -> int:
        """The clock as a database's."""
        return self.us

    def monotonic(self) -> float:
        return (self.us - START_US) / SECOND_US

    def ask(self, priority: Priority = Priority.INTERACTIVE, limits: Limits | None = None, turn: int = 0) -> Ask:
        return Ask(limits or Limits(), CivilTime(self.us, self.us), priority, turn=turn)

    async def leave(self, *homes: Home, limits: Limits | None = None) -> list[Grant]:
        """A call for each home: all ask at once, and come back when they are told, until each has its slot."""
        coming, slots = [(self.us, 0, home) for home in homes], []
        while coming:
            self.us = max(self.us, min(at_us for at_us, _, _ in coming))
            due = [each for each in coming if each[0] <= self.us]
            coming = [each for each in coming if each[0] > self.us]
            asks = [(home, home.reserve("v5", self.ask(limits=limits, turn=turn))) for _, turn, home in due]
            for (home, _), reply in zip(asks, await asyncio.gather(*(ask for _, ask in asks)), strict=True):
                if isinstance(reply.answer, Grant):
                    slots.append(reply.answer)
                else:
                    coming.append((self.us + reply.answer.wait_us, reply.answer.serial, home))
        return slots


@asynccontextmanager
async def sqlite_engine(path: Path, busy_seconds: float = 5.0) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}", connect_args={"timeout": busy_seconds})

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = WAL")

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    try:
        yield engine
    finally:
        await engine.dispose()


async def create(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.run_sync(quota_metadata.create_all)


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def open_sqlite():
    """A SQLite database as the store opens it: `open_sqlite(path, busy_seconds)`."""
    return sqlite_engine


@pytest.fixture
def make_tables():
    return create


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    async with sqlite_engine(tmp_path / "q.db") as engine:
        await create(engine)
        yield engine


@pytest.fixture
async def postgres(postgres_schema: str) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(
        "postgresql+asyncpg://postgres@127.0.0.1:5432/postgres",
        connect_args={"server_settings": {"search_path": postgres_schema}},
    )
    await create(engine)
    yield engine
    await engine.dispose()


@pytest.fixture
async def redis() -> AsyncIterator[tuple[Redis, str]]:
    """A client of the Redis that is here, and a prefix of the test's own."""
    prefix = f"test:{random_id()}"
    async with open_redis("redis://127.0.0.1:6379/0") as client:
        yield client, prefix
        for key in [key async for key in client.scan_iter(match=f"{prefix}*", count=1000)]:
            await client.delete(key)


HOMES = [
    "memory",
    "sqlite",
    pytest.param("postgres", marks=pytest.mark.postgres),
    pytest.param("redis", marks=pytest.mark.redis),
    pytest.param("redis and postgres", marks=[pytest.mark.redis, pytest.mark.postgres]),
]


@pytest.fixture(params=HOMES)
def home(request: pytest.FixtureRequest, wall: Wall) -> Home:
    if request.param == "memory":
        return MemoryHome(wall_ns=wall.ns, monotonic=wall.monotonic)
    if request.param == "sqlite":
        return SqliteHome(request.getfixturevalue("sqlite"), wall_ns=wall.ns, monotonic=wall.monotonic)
    if request.param == "postgres":
        return PostgresHome(request.getfixturevalue("postgres"), clock=wall.over, monotonic=wall.monotonic)
    client, prefix = request.getfixturevalue("redis")
    marks = Marks(request.getfixturevalue("sqlite" if request.param == "redis" else "postgres"))
    return RedisHome(client, marks, prefix=prefix, wall_us=wall.read, monotonic=wall.monotonic)
