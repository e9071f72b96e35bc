"""GET /health/live and /health/ready."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType
from starlette.responses import Response

from passerelle.web.answers import json_response
from passerelle.web.call import Call

_FRESH = {"Cache-Control": "no-store"}


class HealthBody(Struct, kw_only=True, frozen=True):
    """How the gateway is."""

    status: Annotated[str, Meta(description="`ok`, `limited`, or `trouble` with status 503.")]
    trouble: Annotated[
        list[str], Meta(description="What is not ready: `database`, or `quota`, without which no call leaves.")
    ]
    generation: Annotated[
        dict[str, str] | UnsetType, Meta(description="The generation of Enedis' API in use, by API.")
    ] = UNSET


async def live(_: Call) -> Response:
    """The process answers: that is all it says."""
    return json_response(HealthBody(status="ok", trouble=[]), headers=_FRESH)


async def ready(call: Call) -> Response:
    """200 when what is held can be served, else 503; both name what is missing."""
    trouble = list(await call.gateway.health.trouble())
    limits = [] if trouble else list(await call.gateway.health.limits())
    status = "trouble" if trouble else "limited" if limits else "ok"
    generation = {api: each.value for api, each in (await call.gateway.in_use()).items()}
    body = HealthBody(status=status, trouble=[*trouble, *limits], generation=generation)
    return json_response(body, status=503 if trouble else 200, headers=_FRESH)
