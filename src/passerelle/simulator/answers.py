"""How handlers answer: a reply of ours as Starlette sends it, JSON, and any row of the catalogue."""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from passerelle.simulator import errors
from passerelle.simulator.errors import Context, Reply
from passerelle.simulator.world import World

JSON = "application/json"
OCTETS = "application/octet-stream"  # F§13: how 2026 labels the JSON that it is asked for by GET


class Refused(Exception):
    """The call is answered by the row `name` of the catalogue."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def world_of(request: Request) -> World:
    world: World = request.app.state.simulator
    return world


def json(content: Any, status: int = 200, content_type: str = JSON) -> Response:
    """JSON under the very content type that Enedis announces."""
    return sent(Reply(status, msgspec.json.encode(content), content_type))


def sent(answer: Reply) -> Response:
    response = Response(answer.body, answer.status)
    if answer.content_type is not None:
        response.headers["content-type"] = answer.content_type
    if answer.location is not None:
        response.headers["location"] = answer.location
    return response


async def refuse(request: Request, refusal: Exception) -> Response:
    """The exception handler for `Refused`."""
    if not isinstance(refusal, Refused):
        raise refusal
    world = world_of(request)
    context = Context(world.clock.now(), world.settings.callback, request.query_params.get("state"))
    return sent(errors.render(refusal.name, context))
