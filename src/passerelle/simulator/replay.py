"""Captured answers in place of the household model: byte for byte, whoever asks with a good token."""

from dataclasses import replace

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from passerelle.simulator import apis
from passerelle.simulator.answers import Refused, sent
from passerelle.simulator.captures import Captures
from passerelle.simulator.errors import Reply
from passerelle.simulator.gate import CONTROL
from passerelle.simulator.settings import SimulatorSettings
from passerelle.simulator.subscription import application, bearer
from passerelle.simulator.v2026.customers import UNKNOWN
from passerelle.simulator.v2026.measures import NO_DATA
from passerelle.simulator.v2026.subscribed_services import PATH as SERVICES
from passerelle.simulator.v2026.subscribed_services import UNKNOWN as UNKNOWN_AUTHORISATION

NOTHING_OF_2026 = {"mesure_synchrone_auto": NO_DATA, **UNKNOWN}


def replaying(settings: SimulatorSettings, captures: Captures) -> SimulatorSettings:
    """The same simulator on these captures, its clock on the morning after them; real time if they have no stamp."""
    return replace(settings, captures=captures, now=captures.starts_at)


async def captured(request: Request) -> Response:
    """GET anything: the first capture that answers it, else that there is no data, in the words of its API.

    The token and the switches of the APIs are looked at; consents and the limits of periods are not: what Enedis
    answered stands.
    """
    path = request.url.path
    if path.startswith(CONTROL):
        raise HTTPException(404)
    world = application(request) if apis.api_of(path) in apis.APIS else bearer(request)
    found = world.settings.captures and world.settings.captures.find(path, dict(request.query_params))
    if not found:
        raise Refused(NOTHING_OF_2026.get(apis.api_of(path), "v5-no-data-found-404"))
    return sent(Reply(found.status, found.body, found.content_type))


async def captured_post(request: Request) -> Response:
    """POST anything but what the simulator answers itself, tokens and its own pages: alike, by the content."""
    path = request.url.path
    world = application(request) if apis.api_of(path) in apis.APIS else bearer(request)
    content = (await request.body()).decode(errors="replace")
    found = world.settings.captures and world.settings.captures.find_posted(path, content)
    if not found:
        known = apis.api_of(path) == apis.api_of(SERVICES)
        raise Refused(UNKNOWN_AUTHORISATION if known else "wso2-900906-unknown-path")
    return sent(Reply(found.status, found.body, found.content_type))


routes = [
    Route("/{path:path}", captured, methods=["GET"]),
    Route("/{path:path}", captured_post, methods=["POST"]),
]
