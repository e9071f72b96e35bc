"""The servers that a test may ask for: a schema of its own in PostgreSQL, a Redis of its own that it may stop."""

import asyncio
import socket
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from passerelle.kit.crypto import random_id

POSTGRES = "postgresql://postgres@127.0.0.1:5432/postgres"
REDIS = "redis://127.0.0.1:6379/0"


@pytest.fixture
async def postgres_database() -> AsyncIterator[str]:
    """The address of an empty database, dropped at the end. The test is marked `postgres`."""
    name = f"passerelle_test_{random_id()}"
    server = await asyncpg.connect(POSTGRES)
    await server.execute(f"CREATE DATABASE {name}")
    try:
        yield f"postgresql://postgres@127.0.0.1:5432/{name}"
    finally:
        await server.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await server.close()


@pytest.fixture
async def postgres_schema() -> AsyncIterator[str]:
    """The name of an empty schema in POSTGRES: cheaper than a database. The test is marked `postgres`."""
    name = f"passerelle_test_{random_id()}"
    server = await asyncpg.connect(POSTGRES)
    await server.execute(f"CREATE SCHEMA {name}")
    try:
        yield name
    finally:
        await server.execute(f"DROP SCHEMA {name} CASCADE")
        await server.close()


class OwnRedis:
    """A Redis server of our own, with no memory on disk, so that stopping it forgets everything.

    It ends with this process, however that ends: a shell waits for that, and kills it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    async def start(self) -> None:
        """Start it and wait until it accepts connections."""
        await asyncio.to_thread(self._start)

    def _start(self) -> None:
        options = f"--bind 127.0.0.1 --port {self.port} --save  --appendonly no --dir {self._folder}".split(" ")
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", 'redis-server "$@" & read _; kill -9 $!; wait', "sh", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        while b"Ready to accept connections" not in (line := self._process.stdout.readline()):
            assert line, "redis-server did not start"

    async def stop(self) -> None:
        """Kill it; harmless when it is stopped already."""
        if self._process is not None:
            await asyncio.to_thread(self._process.communicate)  # closes what the shell waits at
            self._process = None


@pytest.fixture
async def own_redis(tmp_path: Path) -> AsyncIterator[OwnRedis]:
    """A started Redis. The test is marked `redis`."""
    server = OwnRedis(tmp_path)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
