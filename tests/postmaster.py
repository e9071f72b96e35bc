"""PostgreSQL while it stops, starts or is full: a door before the real server, where a test says what clients meet."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum
from urllib.parse import urlsplit

STARTING = ("57P03", "the database system is starting up")
STOPPING = ("57P03", "the database system is shutting down")
RECOVERING = ("57P03", "the database system is not yet accepting connections")
FULL = ("53300", "sorry, too many clients already")
ENDED = ("57P01", "terminating connection due to administrator command")
_NO_CIPHER = {80877103, 80877104}
"""The requests for TLS and for GSSAPI, which come before the start-up message."""


class Ending(Enum):
    """How a connection ends after some answers."""

    TOLD = "the error comes behind the last answer, the end of the connection later"
    CLOSED = "the error comes instead of an answer, and the connection ends"
    LOST = "the connection is reset without a word"


@dataclass(eq=False)
class End:
    """Each connection lasts for so many more answers of the server."""

    answers: int
    ending: Ending


class Door:
    """Open at first."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._refusal = b""
        self._end: End | None = None
        self._lines: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def open(self) -> None:
        """All connections go through."""
        self._refusal, self._end = b"", None

    def refuse(self, error: tuple[str, str]) -> None:
        """Connections end, and each start-up message is answered with this error."""
        self._refusal = _message(*error)
        self.cut()

    def end(self, end: End) -> None:
        """Connections go through, and end so, those that are there too."""
        self._end = end

    def cut(self) -> None:
        for line in self._lines:
            line.transport.abort()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._join(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._lines.add(writer)
        try:
            start = await _start_up(reader, writer)
            if self._refusal:
                writer.write(self._refusal)
                await writer.drain()
            else:
                await self._carry(start, reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._lines.discard(writer)
            writer.close()

    async def _carry(self, start: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._to)
        try:
            back.write(start)
            asking = asyncio.ensure_future(_pump(reader, back))
            try:
                await self._answer(there, writer)
            finally:
                asking.cancel()
                await asyncio.gather(asking, return_exceptions=True)
        finally:
            back.close()

    async def _answer(self, there: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        end, answers = self._end, 0
        while data := await there.read(65536):
            if end is not self._end:
                end, answers = self._end, 0
            answers += 1
            last = end is not None and answers == end.answers
            if last and end.ending is Ending.LOST:
                at_once = struct.pack("ii", 1, 0)
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
                writer.transport.abort()
                return
            if not last or end.ending is Ending.TOLD:
                writer.write(data)
            if last:
                writer.write(_message(*ENDED))
            await writer.drain()
            if last and end.ending is Ending.CLOSED:
                return


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def _start_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    while True:
        size = await reader.readexactly(4)
        rest = await reader.readexactly(int.from_bytes(size, "big") - 4)
        if int.from_bytes(rest[:4], "big") not in _NO_CIPHER:
            return size + rest
        writer.write(b"N")


def _message(code: str, text: str) -> bytes:
    """An ErrorResponse: its fields are the severity, the SQLSTATE and the text."""
    values = ("FATAL", "FATAL", code, text)
    fields = b"".join(f"{kind}{value}\0".encode() for kind, value in zip("SVCM", values, strict=True))
    return b"E" + struct.pack(">I", len(fields) + 5) + fields + b"\0"


@asynccontextmanager
async def door_to(url: str) -> AsyncIterator[tuple[Door, str]]:
    """An open door before the server of this address, and the address of the door."""
    port = urlsplit(url).port
    assert port is not None
    door = Door(port)
    server = await asyncio.start_server(door.join, "127.0.0.1", 0)
    try:
        yield door, url.replace(f":{port}", f":{server.sockets[0].getsockname()[1]}")
    finally:
        server.close()
        await door.close()
