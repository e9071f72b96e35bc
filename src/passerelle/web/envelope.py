"""Around every request: its id, its one log line without a PRM, and headers that every answer carries. Pure ASGI."""

import secrets
import time
from collections.abc import Callable

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from passerelle.kit.logs import get_logger

log = get_logger("passerelle.access")

Watch = Callable[[str, str, int], None]
"""Told of each answer: method, route and status; 0 if the caller left before there was one."""

_REQUEST_ID = "passerelle.request_id"
_ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)


def request_id_of(request: Request) -> str:
    """The id of this request, as in its problem bodies, its `X-Request-ID` header and its log line."""
    found: str = request.scope.get(_REQUEST_ID, "")
    return found


class Envelope:
    """Names the request, logs it by its route (never by its address: that carries the PRM), adds the headers."""

    def __init__(self, app: ASGIApp, watch: Watch | None = None) -> None:
        self._app = app
        self._watch = watch

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        scope[_REQUEST_ID] = request_id
        started = time.perf_counter()
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message.get("headers", ()),
                    *_ALWAYS,
                    (b"x-request-id", request_id.encode()),
                ]
            await send(message)

        try:
            await self._app(scope, receive, answer)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            if self._watch is not None:
                self._watch(scope["method"], route, status)
            log.info(
                "request",
                request_id=request_id,
                method=scope["method"],
                route=route,
                status=status,
                ms=round((time.perf_counter() - started) * 1000, 1),
            )
