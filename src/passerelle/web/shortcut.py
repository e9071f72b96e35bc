"""Reads of a series, sent straight to their endpoint.

They are nearly all that is ever asked, and a warm one takes less than the patterns and layers that lead to the others.
What is not such a read, or is asked in an unusual way, goes on as it would without this.
"""

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from passerelle.problem import PasserelleError
from passerelle.web.envelope import Visit, Watch

POINTS = "/v1/usage-points/"
"""What their paths begin with; the number of the point and the name of the series follow."""

Endpoint = Callable[[Request], Awaitable[Response]]
Answered = Callable[[Request, Exception], Response]


class Shortcut:
    """Before the ordinary layers, of which it does for a read what they do for all else.

    `reads`: by the name of the series, its route and its endpoint. `refuse`: the answer for an error of ours,
    `accident` for any other, which goes on to the server then. `watch` is told of each answer.
    """

    def __init__(
        self,
        app: ASGIApp,
        reads: Mapping[str, tuple[Route, Endpoint]],
        *,
        refuse: Answered,
        accident: Answered,
        watch: Watch | None = None,
    ) -> None:
        self._app = app
        self._reads = reads
        self._refuse = refuse
        self._accident = accident
        self._watch = watch

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self._find(scope)
        if found is None:
            await self._app(scope, receive, send)
            return
        prm, route, endpoint = found
        scope["route"] = route
        scope["path_params"] = {"prm": prm}
        request = Request(scope, receive, send)
        visit = Visit(scope, self._watch)
        try:
            try:
                response = await endpoint(request)
            except PasserelleError as error:
                response = self._refuse(request, error)
            response.raw_headers += visit.headers
            visit.status = response.status_code
            await response(scope, receive, send)
        except Exception as error:
            failed = self._accident(request, error)
            if not visit.status:
                await failed(scope, receive, send)
            raise
        finally:
            visit.end()

    def _find(self, scope: Scope) -> tuple[str, Route, Endpoint] | None:
        if scope["type"] != "http" or scope["method"] != "GET" or scope.get("root_path"):
            return None
        path: str = scope["path"]
        if not path.startswith(POINTS):
            return None
        prm, _, series = path[len(POINTS) :].partition("/")
        read = self._reads.get(series)
        return None if read is None or not prm else (prm, *read)
