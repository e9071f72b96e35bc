"""What Enedis' gateway checks before any of its APIs is reached, in its order: alike in both generations (F§2)."""

from starlette.requests import Request

from passerelle.simulator import apis
from passerelle.simulator.answers import Refused, world_of
from passerelle.simulator.tokens import TokenState
from passerelle.simulator.world import World

REFUSED_TOKENS = {
    TokenState.UNKNOWN: "wso2-900901-invalid-credentials",
    TokenState.EXPIRED: "wso2-900903-token-expired",
    TokenState.REVOKED: "wso2-900904-token-inactive",
}


def application(request: Request) -> World:
    """The API exists, the token is good, the application has subscribed (F§2)."""
    world, api = world_of(request), apis.api_of(request.url.path)
    if not world.apis.served(api):
        raise Refused("wso2-900906-unknown-path")
    bearer(request)
    if not world.apis.subscribed(api):
        raise Refused("wso2-900908-not-subscribed")
    return world


def bearer(request: Request) -> World:
    """The token alone."""
    world = world_of(request)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Refused("wso2-900902-missing-credentials")
    state = world.tokens.state(token.strip())
    if state in REFUSED_TOKENS:
        raise Refused(REFUSED_TOKENS[state])
    return world
