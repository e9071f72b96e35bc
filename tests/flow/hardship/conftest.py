"""A way to a server that can be cut, and ways to read what an installation says of itself while something is away."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import pytest

PRM = "22516914714270"
CURVE = "consumption/load-curve"
CURVES = "metering_data_clc"
WEEK = ("2026-11-17", "2026-11-24")
COLD = ("2026-10-05", "2026-10-12")


class Cable:
    """A TCP connection to a server of this machine: whole, cut (nobody answers), or hanging (nothing gets through)."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._whole = asyncio.Event()
        self._whole.set()
        self._lines: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def mend(self) -> None:
        self._whole.set()
        if self._server is None:
            self._server = await asyncio.start_server(self._join, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for line in list(self._lines):
            line.transport.abort()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def hang(self) -> None:
        self._whole.clear()

    def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._carry(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._lines.add(writer)
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._to)
            self._lines.add(back)
            try:
                await asyncio.gather(self._pump(reader, back), self._pump(there, writer))
            finally:
                back.close()
                self._lines.discard(back)
        except OSError:
            pass
        finally:
            writer.close()
            self._lines.discard(writer)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                await self._whole.wait()
                writer.write(data)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def cable_to(url: str) -> AsyncIterator[tuple[Cable, str]]:
    """A whole cable to the server of this address, and the address that goes through it."""
    parts = urlsplit(url)
    assert parts.port is not None
    cable = Cable(parts.port)
    await cable.mend()
    try:
        yield cable, url.replace(f":{parts.port}", f":{cable.port}")
    finally:
        await cable.cut()


@pytest.fixture
async def cables() -> AsyncIterator[Callable[[str], Any]]:
    """Lay a cable: `cable, url = await cables(url)`."""
    async with AsyncExitStack() as stack:

        async def lay(url: str) -> tuple[Cable, str]:
            return await stack.enter_async_context(cable_to(url))

        yield lay


class Stopwatch:
    """How long the slowest of some answers took."""

    def __init__(self) -> None:
        self.slowest = 0.0

    async def __call__(self, answer: Any) -> Any:
        began = time.monotonic()
        try:
            return await answer
        finally:
            self.slowest = max(self.slowest, time.monotonic() - began)
