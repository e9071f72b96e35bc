"""The token API of the mirror: an API key as client credentials, an opaque token for three hours and a half (F§2)."""

from collections.abc import Mapping
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from passerelle.access.caller import Caller
from passerelle.errors import KeyInvalid
from passerelle.gateway.rooms import KEY, MIRROR_TOKEN, CredentialKind, Gateway
from passerelle.web.credentials import FormTrouble, is_form, read_form
from passerelle.web.mirror import errors
from passerelle.web.mirror.bodies import TokenBody
from passerelle.web.mirror.errors import Refused

LIFETIME = timedelta(seconds=12_600)
_TYPE = "Bearer"
_SCOPE = "am_application_scope default"
"""What Enedis writes; it grants nothing (F§2): the rights are those of the key."""


async def issue(request: Request, gateway: Gateway) -> TokenBody:
    """POST /oauth2/v3/token. Raises Refused."""
    caller, form = await _client(request, gateway)
    if "grant_type" not in form:
        raise Refused(errors.TOKEN_INVALID_REQUEST)
    if form["grant_type"] != "client_credentials":
        raise Refused(errors.TOKEN_UNSUPPORTED_GRANT)
    if form.get("scope"):
        raise Refused(errors.TOKEN_INVALID_SCOPE)
    now = await gateway.clock.now()
    try:
        token, _ = await gateway.keys.issue_token(caller, MIRROR_TOKEN, None, LIFETIME, now)
    except KeyInvalid as error:  # revoked since a moment
        raise Refused(errors.TOKEN_INVALID_CLIENT) from error
    return TokenBody(access_token=token, token_type=_TYPE, expires_in=int(LIFETIME.total_seconds()), scope=_SCOPE)


async def revoke(request: Request, gateway: Gateway) -> Response:
    """POST /oauth2/v3/revoke: 200 also for a token that does not exist (F§2).

    Another account's token does not exist for this one. Raises Refused.
    """
    caller, form = await _client(request, gateway)
    token = form.get("token")
    if not token:
        raise Refused(errors.TOKEN_INVALID_REQUEST)
    if form.get("token_type_hint", "access_token") != "access_token":
        raise Refused(errors.TOKEN_UNSUPPORTED_TYPE)
    try:
        holder = await _authenticate(gateway, token, MIRROR_TOKEN)
    except KeyInvalid:
        return Response()
    if holder.account_id == caller.account_id:
        await gateway.keys.revoke_token(token)
    return Response()


async def _client(request: Request, gateway: Gateway) -> tuple[Caller, Mapping[str, str]]:
    """The caller whose key the form or the Basic header carries, and the form."""
    if not is_form(request):
        raise Refused(errors.TOKEN_CONTENT_TYPE)
    try:
        form = await read_form(request)
    except FormTrouble as error:
        raise Refused(errors.TOKEN_INVALID_REQUEST) from error
    if form.client_id is None and form.client_secret is None:
        raise Refused(errors.TOKEN_UNAUTHORIZED)
    try:
        caller = await _authenticate(gateway, form.client_secret or "", KEY)
    except KeyInvalid as error:
        raise Refused(errors.TOKEN_INVALID_CLIENT) from error
    if caller.credential_id != form.client_id:
        raise Refused(errors.TOKEN_INVALID_CLIENT)
    return caller, form.fields


async def _authenticate(gateway: Gateway, text: str, kind: CredentialKind) -> Caller:
    return await gateway.keys.authenticate(text, await gateway.clock.now(), kinds=frozenset((kind,)))
