"""POST /oauth/token: a short-lived token for an API key (RFC 6749 section 4.4)."""

from datetime import timedelta

from starlette.responses import Response

from passerelle.access.caller import Caller
from passerelle.errors import KeyInvalid
from passerelle.gateway.rooms import KEY, TOKEN
from passerelle.model.scopes import Scope
from passerelle.schema.problem import TokenErrorBody
from passerelle.schema.token import TokenBody
from passerelle.web.answers import json_response
from passerelle.web.call import Call
from passerelle.web.credentials import FormTrouble, is_form, read_form

LIFETIME = timedelta(hours=1)
_FRESH = {"Cache-Control": "no-store"}
_UNAUTHORIZED = 401


class _Refused(Exception):
    """An OAuth 2 error on its way out (RFC 6749 section 5.2)."""

    def __init__(self, error: str, description: str, *, status: int = 400) -> None:
        super().__init__(error)
        self.body = TokenErrorBody(error=error, error_description=description)
        self.status = status


async def issue_token(call: Call) -> Response:
    """The token, or an OAuth 2 error (RFC 6749 section 5.2)."""
    try:
        body = await _grant(call)
    except _Refused as refused:
        basic = {"WWW-Authenticate": 'Basic realm="passerelle"'} if refused.status == _UNAUTHORIZED else {}
        return json_response(refused.body, status=refused.status, headers={**_FRESH, **basic})
    return json_response(body, headers=_FRESH)


async def _grant(call: Call) -> TokenBody:
    caller, wanted = await _client(call)
    scopes = _scopes(wanted, caller)
    if scopes is None:
        raise _Refused("invalid_scope", "the key does not have all of these scopes")
    now = await call.gateway.clock.now()
    text, _ = await call.gateway.keys.issue_token(caller, TOKEN, scopes, LIFETIME, now)
    return TokenBody(access_token=text, expires_in=int(LIFETIME.total_seconds()), scope=" ".join(sorted(scopes)))


async def _client(call: Call) -> tuple[Caller, str | None]:
    """The caller whose key the form carries, and the scopes it asks for."""
    if not is_form(call.request):
        raise _Refused("invalid_request", "the body must be application/x-www-form-urlencoded")
    try:
        form = await read_form(call.request)
    except FormTrouble as error:
        raise _Refused("invalid_request", str(error)) from error
    if form.fields.get("grant_type") != "client_credentials":
        known = "grant_type" in form.fields
        raise _Refused("unsupported_grant_type" if known else "invalid_request", "grant_type is client_credentials")
    now = await call.gateway.clock.now()
    try:
        caller = await call.gateway.keys.authenticate(form.client_secret or "", now, frozenset((KEY,)))
    except KeyInvalid as error:
        raise _Refused("invalid_client", "the API key is not valid", status=_UNAUTHORIZED) from error
    if caller.credential_id != form.client_id:
        raise _Refused("invalid_client", "the client id is not the id of this API key", status=_UNAUTHORIZED)
    return caller, form.fields.get("scope")


def _scopes(asked: str | None, caller: Caller) -> frozenset[Scope] | None:
    if not asked:
        return caller.scopes
    try:
        wanted = frozenset(Scope(name) for name in asked.split())
    except ValueError:
        return None
    return wanted if wanted <= caller.scopes else None
