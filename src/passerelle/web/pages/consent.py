"""The customer's browser: /consent/start to Enedis, /oauth/callback back from there."""

from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime
from urllib.parse import urlencode, urlsplit, urlunsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from passerelle.consent.requests import SHARE_OLDER
from passerelle.consent.states import ConsentState
from passerelle.gateway.consents import Arrival
from passerelle.gateway.rooms import Gateway
from passerelle.model.paris import in_paris
from passerelle.model.usage_point import UsagePointId
from passerelle.problem import PasserelleError
from passerelle.web.browser import COOKIE, send_to_enedis
from passerelle.web.pages.consent_texts import TEXTS, Ending
from passerelle.web.pages.templating import page
from passerelle.web.settings import WebSettings

_MONTHS = {
    "fr": (
        *("janvier", "février", "mars", "avril", "mai", "juin"),
        *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
    ),
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
}
_STATUS = {
    Ending.EXCHANGING: 202,
    Ending.OLDER_SHARE: 409,
    Ending.FAILED: 502,
    Ending.FAILED_UNNAMED: 502,
    Ending.UNKNOWN_RETURN: 400,
    Ending.DEAD_LINK: 404,
}
_OF_OUTCOME = {
    None: Ending.UNKNOWN_RETURN,
    ConsentState.DISPUTED: Ending.WAITING,
    ConsentState.EXCHANGING: Ending.EXCHANGING,
    ConsentState.REFUSED: Ending.REFUSED,
    ConsentState.FORGOTTEN: Ending.WITHDRAWN,
}
_TOLD = frozenset((ConsentState.GRANTED, ConsentState.DISPUTED, ConsentState.REFUSED, ConsentState.FAILED))

ToApplication = Callable[[Arrival], Response | None]
"""On to the application that began the journey; None where the customer stays here."""
Endpoint = Callable[[Request], Awaitable[Response]]


def consent_routes(gateway: Gateway, settings: WebSettings, to_application: ToApplication) -> list[BaseRoute]:
    """The two addresses of the journey."""

    async def start(request: Request) -> Response:
        departure = await gateway.consents.depart(request.query_params.get("ticket", ""), request.cookies.get(COOKIE))
        return _ended(Ending.DEAD_LINK) if departure is None else send_to_enedis(departure, settings)

    async def callback(request: Request) -> Response:
        names = Counter(name for name, _ in request.query_params.multi_items())
        doubled = any(count > 1 for count in names.values())
        query = {} if doubled else dict(request.query_params)
        arrival = await gateway.consents.arrive(query, request.cookies.get(COOKIE))
        return to_application(arrival) or _arrived(arrival)

    return [Route("/consent/start", _for_people(start)), Route("/oauth/callback", _for_people(callback))]


def _for_people(endpoint: Endpoint) -> Endpoint:
    """The endpoint, its errors told as a page: who opens it is no application."""

    async def told(request: Request) -> Response:
        try:
            return await endpoint(request)
        except PasserelleError as error:
            return _ended(Ending.OUT_OF_ORDER, status=error.status)

    return told


def _ended(ending: Ending, *, status: int | None = None, arrival: Arrival | None = None) -> Response:
    fr, en = TEXTS[ending]
    claims = () if arrival is None else arrival.claims
    linked = any(claim.state is ConsentState.GRANTED for claim in claims)
    return page(
        "consent.html",
        status=status or _STATUS.get(ending, 200),
        fr=fr,
        en=en,
        points=[
            {"masked": _masked(claim.usage_point_id), "linked": claim.state is ConsentState.GRANTED} for claim in claims
        ],
        ends_on=_dates(arrival.ends_at) if arrival is not None and arrival.ends_at and linked else None,
        code=arrival.failure.error if arrival is not None and arrival.failure is not None else None,
        return_url=None if arrival is None else _return(arrival),
        reload_after=None if arrival is None else arrival.reload_after,
    )


def _arrived(arrival: Arrival) -> Response:
    return _ended(_ending(arrival), arrival=arrival)


def _ending(arrival: Arrival) -> Ending:
    if arrival.outcome is ConsentState.GRANTED:
        whole = all(claim.state is ConsentState.GRANTED for claim in arrival.claims)
        return Ending.SHARED if whole else Ending.PARTLY_SHARED
    if arrival.reason == SHARE_OLDER:
        return Ending.OLDER_SHARE
    if arrival.outcome is ConsentState.FAILED:
        return Ending.FAILED_UNNAMED if arrival.request is None else Ending.FAILED
    return _OF_OUTCOME[arrival.outcome]


def _masked(point: UsagePointId) -> str:
    """Enough for the holder to tell their points apart, too little for one who looks over their shoulder."""
    return f"•••• •••• ••{point[-4:]}"


def _dates(ends_at: datetime) -> dict[str, str]:
    day = in_paris(ends_at).date()
    return {language: f"{day.day} {months[day.month - 1]} {day.year}" for language, months in _MONTHS.items()}


def _return(arrival: Arrival) -> str | None:
    """The application's address, told which consent came back and how."""
    if arrival.request is None or arrival.request.return_url is None or arrival.outcome not in _TOLD:
        return None
    parts = urlsplit(arrival.request.return_url)
    told = urlencode({"consent": arrival.request.id, "state": arrival.outcome.value})
    return urlunsplit(parts._replace(query=f"{parts.query}&{told}" if parts.query else told))
