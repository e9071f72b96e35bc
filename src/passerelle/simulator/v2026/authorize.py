"""The consent page of 2026: one point per consent, and a callback that names an authorisation, not the point (F§4)."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from passerelle.simulator import authorize, errors
from passerelle.simulator.answers import Refused, sent, world_of
from passerelle.simulator.authorize import BLOCKED, Asked
from passerelle.simulator.errors import Context
from passerelle.simulator.households import sandbox
from passerelle.simulator.households.nouns import Household
from passerelle.simulator.v2026.subscribed_services import authorisation_id
from passerelle.simulator.world import World

PAGE = "/dataconnect/v2/oauth2/authorize"
DECISION = "/dataconnect/simulator/v2/decision"
NOT_COMPLETED = "authorize-v2-demande-non-aboutie"
ALREADY_SHARED = "authorize-v2-already-shared"


async def page(request: Request) -> Response:
    """GET /dataconnect/v2/oauth2/authorize."""
    world = world_of(request)
    query = authorize.parameters(world, request)
    try:
        asked = authorize.read(world, query)
    except Refused as refused:
        return _wrong(world, refused, query.get("state"))
    return authorize.show(world, asked, DECISION)


async def decide(request: Request) -> Response:
    """POST of the page's own form: `decision` is `approve` or `refuse`, `usage_point_id` is one point."""
    world, form = world_of(request), await authorize.form_of(request)
    try:
        asked = authorize.read(world, authorize.carried(form))
    except Refused as refused:
        return _wrong(world, refused, form.get("state"))
    decision, chosen = form.get("decision"), form.getlist("usage_point_id")
    if asked.digit == sandbox.ALWAYS_REFUSES or decision == "refuse":
        return _not_completed(world, asked.state)
    household = world.household(chosen[0]) if len(chosen) == 1 else None
    if decision != "approve" or household is None:
        return authorize.show(world, asked, DECISION, "Choisissez un seul point, puis acceptez ou refusez.", 400)
    return _share(world, asked, household)


def _share(world: World, asked: Asked, household: Household) -> Response:
    """Back to the application, unless the point is shared already: then the customer stays on Enedis' side (F§4)."""
    if world.consents.shared(household.prm, world.clock.now()):
        raise Refused(ALREADY_SHARED)
    world.consents.put(household.prm, authorize.consent(world, asked, household.prm))
    return authorize.back(world, asked, {"autorisation_id": str(authorisation_id(world, household))})


def _wrong(world: World, refused: Refused, state: str | None) -> Response:
    """The one known failure stands for every parameter that is wrong; what Enedis' front blocks stays blocked."""
    if refused.name == BLOCKED:
        raise refused
    return _not_completed(world, state)


def _not_completed(world: World, state: str | None) -> Response:
    return sent(errors.render(NOT_COMPLETED, Context(world.clock.now(), world.settings.callback, state)))


routes = [Route(PAGE, page, methods=["GET"]), Route(DECISION, decide, methods=["POST"])]
