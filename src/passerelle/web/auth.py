"""Who calls: `Authorization: Bearer`, an API key or a token made of one."""

import re

from starlette.requests import Request

from passerelle.access.caller import Caller
from passerelle.errors import KeyMissing
from passerelle.gateway.rooms import KEY, TOKEN, Gateway

_BEARER = re.compile(r"[Bb]earer +([A-Za-z0-9._~+/=-]{1,512})")


async def authenticate(request: Request, gateway: Gateway) -> Caller:
    """The caller. Raises KeyMissing without a bearer credential, KeyInvalid with one that opens nothing."""
    found = _BEARER.fullmatch(request.headers.get("authorization", "").strip())
    if found is None:
        raise KeyMissing(
            "The header `Authorization: Bearer <API key>` is missing.",
            "L'en-tête « Authorization: Bearer <clé d'API> » manque.",
        )
    now = await gateway.clock.now()
    return await gateway.keys.authenticate(found[1], now, frozenset((KEY, TOKEN)))
