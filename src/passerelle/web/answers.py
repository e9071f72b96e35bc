"""Bodies of `/v1` as responses."""

from collections.abc import Mapping

import msgspec
from starlette.responses import Response


def json_response(body: msgspec.Struct, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """The struct as JSON."""
    return Response(msgspec.json.encode(body), status, dict(headers or {}), "application/json")
