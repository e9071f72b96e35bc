"""The token API (F§2): client credentials only, given one way only."""

import binascii
import secrets
from base64 import b64decode
from collections import Counter
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from passerelle.simulator import apis
from passerelle.simulator.answers import Refused, json, world_of
from passerelle.simulator.tokens import LIFETIME
from passerelle.simulator.world import World

FORM = "application/x-www-form-urlencoded"
INVALID_REQUEST = "token-invalid-request"


@dataclass(frozen=True, slots=True)
class Credentials:
    client_id: str
    secret: str


async def token(request: Request) -> Response:
    """POST /oauth2/v3/token."""
    world = world_of(request)
    form = await _form(request, world)
    _check(world, _credentials(request, form))
    if "grant_type" not in form:
        raise Refused(INVALID_REQUEST)
    if form["grant_type"] != "client_credentials":
        raise Refused("token-unsupported-grant-type")
    if form.get("scope"):
        raise Refused("token-invalid-scope")
    return json(
        {
            "access_token": world.tokens.issue(),
            "token_type": "Bearer",
            "expires_in": LIFETIME,
            "scope": "am_application_scope default",
        }
    )


async def revoke(request: Request) -> Response:
    """POST /oauth2/v3/revoke: 200 also for a token that does not exist."""
    world = world_of(request)
    form = await _form(request, world)
    _check(world, _credentials(request, form))
    if not form.get("token"):
        raise Refused(INVALID_REQUEST)
    if form.get("token_type_hint", "access_token") != "access_token":
        raise Refused("revoke-unsupported-token-type")
    world.tokens.revoke(form["token"])
    return Response(status_code=200)


async def _form(request: Request, world: World) -> dict[str, str]:
    """The form of the body. What stands in the query string is not read."""
    if not world.apis.served(apis.OAUTH):
        raise Refused("wso2-900906-unknown-path")
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise Refused("token-content-type-415")
    pairs = parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True)
    if any(count > 1 for count in Counter(name for name, _ in pairs).values()):
        raise Refused(INVALID_REQUEST)
    return dict(pairs)


def _credentials(request: Request, form: dict[str, str]) -> Credentials:
    in_body = "client_id" in form or "client_secret" in form
    header = request.headers.getlist("authorization")
    if len(header) > 1 or (header and in_body):
        raise Refused(INVALID_REQUEST)
    if in_body:
        return Credentials(form.get("client_id", ""), form.get("client_secret", ""))
    if not header:
        raise Refused("token-unauthorized-401")
    scheme, _, coded = header[0].partition(" ")
    if scheme.lower() != "basic":
        raise Refused("token-unauthorized-401")
    try:
        client_id, colon, secret = b64decode(coded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise Refused("token-invalid-client") from None
    if not colon:
        raise Refused("token-invalid-client")
    return Credentials(client_id, secret)


def _check(world: World, given: Credentials) -> None:
    same_id = secrets.compare_digest(given.client_id.encode(), world.settings.client_id.encode())
    same_secret = secrets.compare_digest(given.secret.encode(), world.settings.client_secret.encode())
    if not (same_id and same_secret):
        raise Refused("token-invalid-client")


routes = [
    Route("/oauth2/v3/token", token, methods=["POST"]),
    Route("/oauth2/v3/revoke", revoke, methods=["POST"]),
]
