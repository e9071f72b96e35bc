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


class _Server(uvicorn.Server):
    """A server that leaves the signals alone, and ends when it is told to, not at the next tenth of a second."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._told = asyncio.Event()

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
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=5)
    server = _Server(config)
    task = asyncio.create_task(server._serve([taken]))
    while not server.started:  # noqa: ASYNC110 — uvicorn tells that it started by a flag only
        await asyncio.sleep(0)
    try:
        yield
    finally:
        server.end()
        await task


_NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def open_http(**options: Any) -> httpx2.AsyncClient:
    """A client for servers of this machine: it reads no list of certificates, which would take longer than a test."""
    return httpx2.AsyncClient(timeout=60, trust_env=False, verify=_NO_CERTIFICATES, **options)
