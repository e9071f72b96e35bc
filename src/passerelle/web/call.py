"""One request on its way to a handler: who calls, what they ask, and the rooms that can answer."""

from dataclasses import dataclass

import msgspec
from starlette.requests import Request

from passerelle.access.caller import Caller
from passerelle.errors import KeyMissing
from passerelle.gateway.rooms import Gateway
from passerelle.web.settings import WebSettings


def header_of(request: Request, name: bytes) -> str | None:
    """What the request says under this name, in small letters; of several the first."""
    for told, value in request.scope["headers"]:
        if told == name:
            text: str = value.decode("latin-1")
            return text
    return None


@dataclass(slots=True)
class Call:
    """`query` and `body` are of the shapes that the route declares; `caller` is set where the route needs a key."""

    request: Request
    gateway: Gateway
    settings: WebSettings
    request_id: str
    query: msgspec.Struct | None = None
    caller_or_none: Caller | None = None

    def header(self, name: bytes) -> str | None:
        """What the caller said under this name, in small letters; of several the first."""
        return header_of(self.request, name)

    @property
    def caller(self) -> Caller:
        """The authenticated caller. Raises KeyMissing where there is none."""
        if self.caller_or_none is None:
            raise KeyMissing("This address needs an API key.", "Cette adresse demande une clé d'API.")
        return self.caller_or_none
