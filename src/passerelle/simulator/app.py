"""The simulator as an ASGI application."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from passerelle.simulator import authorize, oauth, replay
from passerelle.simulator.answers import Refused, json, refuse
from passerelle.simulator.clock import RealTime
from passerelle.simulator.control import shared_services as service_switches
from passerelle.simulator.control import switches, truth, values
from passerelle.simulator.control.inputs import BadInput, bad_input
from passerelle.simulator.gate import CONTROL, Gate
from passerelle.simulator.settings import SimulatorSettings
from passerelle.simulator.v5 import customers, measures
from passerelle.simulator.v2026 import authorize as authorize_2026
from passerelle.simulator.v2026 import customers as customers_2026
from passerelle.simulator.v2026 import indexes as indexes_2026
from passerelle.simulator.v2026 import measures as measures_2026
from passerelle.simulator.v2026 import subscribed_services as services_2026
from passerelle.simulator.world import World

HOUSE = [
    *oauth.routes,
    *authorize.routes,
    *authorize_2026.routes,
    *switches.routes,
    *service_switches.routes,
    *values.routes,
    *truth.routes,
]
DATA = [
    *measures.routes,
    *customers.routes,
    *measures_2026.routes,
    *indexes_2026.routes,
    *customers_2026.routes,
    *services_2026.routes,
]


class Simulator(Starlette):
    """A Starlette application whose gate stands before Starlette's own layers: nothing delays the stamp of a call."""

    def __init__(self, world: World) -> None:
        handlers = {Refused: refuse, BadInput: bad_input, HTTPException: unknown_path}
        data = DATA if world.settings.captures is None else replay.routes
        super().__init__(routes=[*HOUSE, *data], exception_handlers=handlers)
        self.router.redirect_slashes = False
        self.state.simulator = world
        self._gate = Gate(world, super().__call__)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._gate(scope, receive, send)


async def unknown_path(request: Request, error: Exception) -> Response:
    """No such path or method: the gateway's own answer, and plain JSON on the control API."""
    if not isinstance(error, HTTPException):
        raise error
    if request.url.path.startswith(CONTROL):
        return json({"field": "path", "error": error.detail}, error.status_code)
    return await refuse(request, Refused("wso2-900906-unknown-path"))


def create_app(settings: SimulatorSettings, *, real: RealTime | None = None) -> Simulator:
    """A simulator of its own; `app.state.simulator` is its world. `real` replaces the machine's clocks in tests."""
    return Simulator(World(settings, real))
