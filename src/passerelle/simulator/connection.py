"""The connection below ASGI: when a request really came, closing without an answer, answers cut or relabelled."""

import socket
import sys
from typing import Any

from starlette.types import Message, Receive, Scope, Send

from passerelle.simulator.errors import Reply

_LAST_DATA_RECEIVED = slice(52, 56)
"""Of Linux' `struct tcp_info`: milliseconds since data last came, in the steps of the kernel's tick (4 or 10 ms)."""

_TICKS = 0.010


def waiting_time(send: Send) -> float:
    """Seconds that a request lay in the kernel before this process turned to it, 0 where that cannot be told.

    A busy event loop wakes up late and finds several requests at once: stamped by then, they would seem to have come
    together. What is within the kernel's own ticks counts as 0.
    """
    transport = _transport(send)
    connection = transport.get_extra_info("socket") if transport is not None else None
    if connection is None or sys.platform != "linux":
        return 0.0
    try:
        told = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)[_LAST_DATA_RECEIVED]
    except OSError:  # already gone, or no TCP
        return 0.0
    waited = int.from_bytes(told, sys.byteorder) / 1000
    return waited if waited > _TICKS else 0.0


def _transport(send: Send) -> Any:
    """The transport of uvicorn's own request cycle, None for a caller in the same process: ASGI has no word for it."""
    return getattr(getattr(send, "__self__", None), "transport", None)


async def drop(receive: Receive, send: Send) -> None:
    """Close the connection so that the client reads its end and nothing else.

    An application that raises or returns early makes uvicorn log an error and send a 500. So the transport is closed;
    once `receive` has said that the client is gone, returning is quiet. A caller in the same process has no transport:
    it gets the exception of a reset connection.
    """
    transport = _transport(send)
    if transport is None:
        raise ConnectionResetError("the simulator dropped the connection")
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass


async def reply(answer: Reply, scope: Scope, send: Send) -> None:
    """Send a reply as it is, without headers of our own beyond its length."""
    headers = [(b"content-length", str(len(answer.body)).encode())]
    if answer.content_type is not None:
        headers.append((b"content-type", answer.content_type.encode()))
    if answer.location is not None:
        headers.append((b"location", answer.location.encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    body = b"" if scope["method"] == "HEAD" else answer.body
    await send({"type": "http.response.body", "body": body, "more_body": False})


class Rewriter:
    """A `send` that holds the answer back and lets it go cut to `keep` bytes, or under another content type."""

    def __init__(self, send: Send, *, keep: int | None = None, content_type: str | None = None) -> None:
        self._send = send
        self._keep = keep
        self._content_type = content_type
        self._start: Message = {}
        self._body = bytearray()

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._body += message.get("body", b"")
        if message.get("more_body", False):
            return
        body = bytes(self._body[: self._keep])
        await self._send({**self._start, "headers": self._headers(len(body))})
        await self._send({"type": "http.response.body", "body": body, "more_body": False})

    def _headers(self, length: int) -> list[tuple[bytes, bytes]]:
        changed = {b"content-length": str(length).encode()}
        if self._content_type is not None:
            changed[b"content-type"] = self._content_type.encode()
        kept = [(name, value) for name, value in self._start.get("headers", []) if name.lower() not in changed]
        return [*kept, *changed.items()]
