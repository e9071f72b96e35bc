"""Applications behind real sockets, inside the loop that asks for it, and who speaks to them."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx2
import uvicorn
from starlette.types import ASGIApp

LONGEST_END = 5
"""Seconds after which a request that has no end is given up."""


class _Connections(set[Any]):
    """Those that are open; `none` is set while there are none."""

    def __init__(self) -> None:
        super().__init__()
        self.none = asyncio.Event()
        self.none.set()

    def add(self, connection: Any) -> None:
        super().add(connection)
        self.none.clear()

    def discard(self, connection: Any) -> None:
        super().discard(connection)
        if not self:
            self.none.set()


class _Server(uvicorn.Server):
    """A server that leaves the signals alone, and ends when it is told to, not some tenths of a second later."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._open = self.server_state.connections = _Connections()
        self.up = asyncio.Event()
        self._told = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for each in sockets or ():
            each.close()
        for connection in list(self._open):
            connection.shutdown()
        tasks = self.server_state.tasks
        with suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_END):
                await self._open.none.wait()
                await asyncio.gather(*tasks, return_exceptions=True)
        for task in tasks:
            task.cancel()

    def end(self) -> None:
        self.should_exit = True
        self._told.set()

    async def main_loop(self) -> None:
        ticks = 0
        while not await self.on_tick(ticks):
            ticks += 1
            with suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), 0.1)


def take_port() -> socket.socket:
    taken = socket.socket(proto=socket.IPPROTO_TCP)  # named, or asyncio leaves Nagle's 40 ms in every answer
    taken.bind(("127.0.0.1", 0))
    return taken


@asynccontextmanager
async def listening(app: ASGIApp, taken: socket.socket) -> AsyncIterator[None]:
    """The application behind this socket until the end of the block."""
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off")
    server = _Server(config)
    task = asyncio.create_task(server._serve([taken]))
    task.add_done_callback(lambda _: server.up.set())  # it may fail before it is up
    await server.up.wait()
    try:
        yield
    finally:
        server.end()
        await task


_NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def open_http(**options: Any) -> httpx2.AsyncClient:
    """A client for servers of this machine: it reads no list of certificates, which would take longer than a test."""
    return httpx2.AsyncClient(timeout=60, trust_env=False, verify=_NO_CERTIFICATES, **options)
