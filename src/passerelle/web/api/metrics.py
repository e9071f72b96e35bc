"""GET /metrics: the text format of Prometheus. Not a part of the documented API, and without a key."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

PATH = "/metrics"


def metrics_routes(read: Callable[[], Awaitable[bytes]], content_type: str) -> list[BaseRoute]:
    """The one route. `read` gives the text, `content_type` names its version."""

    async def metrics(_: Request) -> Response:
        return Response(await read(), headers={"Content-Type": content_type, "Cache-Control": "no-store"})

    return [Route(PATH, metrics)]
