"""The customer's browser: /consent/start to Enedis, /oauth/callback back from there."""

from collections import Counter
from datetime import datetime
from urllib.parse import urlencode, urlsplit, urlunsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from passerelle.consent.states import ConsentState
from passerelle.gateway.consents import Arrival
from passerelle.gateway.rooms import Gateway
from passerelle.model.paris import in_paris
from passerelle.model.usage_point import UsagePointId
from passerelle.web.pages.consent_texts import TEXTS
from passerelle.web.pages.templating import page
from passerelle.web.settings import WebSettings

COOKIE = "passerelle_consent"
COOKIE_SECONDS = 24 * 3600

_MONTHS = (
    *("janvier", "février", "mars", "avril", "mai", "juin"),
    *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
)
_STATUS: dict[ConsentState | None, int] = {
    ConsentState.GRANTED: 200,
    ConsentState.DISPUTED: 200,
    ConsentState.REFUSED: 200,
    ConsentState.FAILED: 502,
    None: 400,
}


def consent_routes(gateway: Gateway, settings: WebSettings) -> list[BaseRoute]:
    """The two addresses of the journey."""

    async def start(request: Request) -> Response:
        departure = await gateway.consents.depart(request.query_params.get("ticket", ""), request.cookies.get(COOKIE))
        if departure is None:
            return _plain(ConsentState.LAPSED, 404)
        answer = RedirectResponse(departure.address, 302, {"Cache-Control": "no-store"})
        answer.set_cookie(
            COOKIE,
            departure.browser,
            max_age=COOKIE_SECONDS,
            path="/",
            secure=settings.secure,
            httponly=True,
            samesite="lax",
        )
        return answer

    async def callback(request: Request) -> Response:
        names = Counter(name for name, _ in request.query_params.multi_items())
        doubled = any(count > 1 for count in names.values())
        query = {} if doubled else dict(request.query_params)
        arrival = await gateway.consents.arrive(query, request.cookies.get(COOKIE))
        return _arrived(arrival)

    return [Route("/consent/start", start), Route("/oauth/callback", callback)]


def _plain(state: ConsentState | None, status: int) -> Response:
    fr, en = TEXTS[state]
    return page("consent.html", status=status, fr=fr, en=en, points=[], ends_on=None, return_url=None)


def _arrived(arrival: Arrival) -> Response:
    fr, en = TEXTS[arrival.outcome]
    points = [
        {"masked": _masked(claim.usage_point_id), "linked": claim.state is ConsentState.GRANTED}
        for claim in arrival.claims
    ]
    linked = any(point["linked"] for point in points)
    status = _STATUS[arrival.outcome]
    return page(
        "consent.html",
        status=status,
        fr=fr,
        en=en,
        points=points,
        ends_on=_dates(arrival.ends_at) if linked and arrival.ends_at else None,
        return_url=_return(arrival),
    )


def _masked(point: UsagePointId) -> str:
    """Enough for the holder to tell their points apart, too little for one who looks over their shoulder."""
    return f"•••• •••• ••{point[-4:]}"


def _dates(ends_at: datetime) -> dict[str, str]:
    day = in_paris(ends_at).date()
    return {"fr": f"{day.day} {_MONTHS[day.month - 1]} {day.year}", "en": day.isoformat()}


def _return(arrival: Arrival) -> str | None:
    """The application's address, told which consent came back and how."""
    if arrival.request is None or arrival.request.return_url is None or arrival.outcome is None:
        return None
    parts = urlsplit(arrival.request.return_url)
    told = urlencode({"consent": arrival.request.id, "state": arrival.outcome.value})
    return urlunsplit(parts._replace(query=f"{parts.query}&{told}" if parts.query else told))
