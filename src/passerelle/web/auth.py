"""Who calls: `Authorization: Bearer`, an API key or a token made of one."""

from starlette.requests import Request

from passerelle.access.caller import Caller
from passerelle.errors import KeyMissing
from passerelle.gateway.rooms import KEY, TOKEN, Gateway
from passerelle.web.call import header_of

_KINDS = frozenset((KEY, TOKEN))


async def authenticate(request: Request, gateway: Gateway) -> Caller:
    """The caller. Raises KeyMissing without a bearer credential, KeyInvalid with one that opens nothing."""
    scheme, _, text = (header_of(request, b"authorization") or "").strip().partition(" ")
    if scheme.lower() != "bearer" or not text:
        raise KeyMissing(
            "The header `Authorization: Bearer <API key>` is missing.",
            "L'en-tête « Authorization: Bearer <clé d'API> » manque.",
        )
    now = await gateway.clock.now()
    return await gateway.keys.authenticate(text.strip(), now, _KINDS)
