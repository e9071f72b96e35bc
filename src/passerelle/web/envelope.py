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


class Visit:
    """One request from its beginning to its end: named, logged by its route (never by its address: it has the PRM)."""

    __slots__ = ("_request_id", "_scope", "_started", "_watch", "status")

    def __init__(self, scope: Scope, watch: Watch | None) -> None:
        self._request_id = scope[_REQUEST_ID] = secrets.token_hex(8)
        self._scope = scope
        self._watch = watch
        self._started = time.perf_counter()
        self.status = 0
        """Of the answer, once there is one."""

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """What every answer carries."""
        return [*_ALWAYS, (b"x-request-id", self._request_id.encode())]

    def end(self) -> None:
        """Tell of the request."""
        route = getattr(self._scope.get("route"), "path", "none")
        if self._watch is not None:
            self._watch(self._scope["method"], route, self.status)
        log.info(
            "request",
            request_id=self._request_id,
            method=self._scope["method"],
            route=route,
            status=self.status,
            ms=round((time.perf_counter() - self._started) * 1000, 1),
        )


class Envelope:
    """A visit around each request of an application."""

    def __init__(self, app: ASGIApp, watch: Watch | None = None) -> None:
        self._app = app
        self._watch = watch

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        visit = Visit(scope, self._watch)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                visit.status = message["status"]
                message["headers"] = [*message.get("headers", ()), *visit.headers]
            await send(message)

        try:
            await self._app(scope, receive, answer)
        finally:
            visit.end()
