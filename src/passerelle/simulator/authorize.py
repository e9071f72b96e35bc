"""The consent page (F§3), without a login: whoever opens it chooses usage points, and approves or refuses."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from urllib.parse import parse_qsl

from jinja2 import Environment, PackageLoader
from starlette.datastructures import MultiDict
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from passerelle.simulator import apis, calendar, durations, errors
from passerelle.simulator.answers import Refused, sent, world_of
from passerelle.simulator.consents import Consent, State
from passerelle.simulator.households import sandbox
from passerelle.simulator.households.nouns import Household
from passerelle.simulator.world import World

PAGE = "/dataconnect/v1/oauth2/authorize"
DECISION = "/dataconnect/simulator/decision"
KNOWN = frozenset({"client_id", "response_type", "state", "duration"})
STATE_LENGTH = 100
BLOCKED = "authorize-v1-html-404"


@dataclass(frozen=True, slots=True)
class Asked:
    """A consent request that holds: how long it is for, until which day, and what goes back to the application."""

    client_id: str
    duration: str
    until: datetime
    state: str | None

    @property
    def digit(self) -> str | None:
        """The last character of the state, when it names a customer of the sandbox (F§11)."""
        last = (self.state or "")[-1:]
        return last if last in sandbox.CUSTOMERS or last == sandbox.ALWAYS_REFUSES else None


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of the page."""

    household: Household
    checked: bool


@cache
def _pages() -> Environment:
    return Environment(loader=PackageLoader("passerelle.simulator"), autoescape=True)


async def page(request: Request) -> Response:
    """GET /dataconnect/v1/oauth2/authorize."""
    world = world_of(request)
    return show(world, read(world, parameters(world, request)), DECISION, several=True)


async def decide(request: Request) -> Response:
    """POST of the page's own form: `decision` is `approve` or `refuse`, `usage_point_id` may be repeated."""
    world, form = world_of(request), await form_of(request)
    asked = read(world, carried(form))
    decision, chosen = form.get("decision"), list(dict.fromkeys(form.getlist("usage_point_id")))
    if asked.digit == sandbox.ALWAYS_REFUSES or decision == "refuse":
        return back(world, asked, {"code": "403", "error": "access_denied", "error_description": "access_denied"})
    if decision != "approve" or not chosen or any(world.household(prm) is None for prm in chosen):
        notice = "Choisissez au moins un point, puis acceptez ou refusez."
        return show(world, asked, DECISION, notice, 400, several=True)
    for prm in chosen:
        world.consents.put(prm, consent(world, asked, prm))
    return back(world, asked, {"code": secrets.token_urlsafe(18)}, {"usage_point_id": ";".join(chosen)})


async def form_of(request: Request) -> MultiDict:
    """What the page's form sent."""
    return MultiDict(parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True))


def carried(form: MultiDict) -> Mapping[str, str]:
    """The parameters of the page, which its form carries along."""
    return {name: form[name] for name in KNOWN if name in form}


def parameters(world: World, request: Request) -> Mapping[str, str]:
    """The parameters of the page, none of them unknown or repeated."""
    query = request.query_params
    if not world.apis.served(apis.CONSENT_PAGE) or not KNOWN.issuperset(query) or _repeats(query.multi_items()):
        raise Refused(BLOCKED)
    return query


def consent(world: World, asked: Asked, prm: str) -> Consent:
    """The consent given today. The customer of digit 8 consents, and revokes at once (F§11)."""
    state = State.REVOKED if prm == sandbox.REVOKES_AT_ONCE else State.GRANTED
    return Consent(state, until=asked.until, given_on=world.today())


def back(world: World, asked: Asked, first: dict[str, str], last: Mapping[str, str] | None = None) -> Response:
    """To the application: `first`, the state if there is one, `last`."""
    state = {} if asked.state is None else {"state": asked.state}
    return sent(errors.redirect(world.settings.callback, first | state | dict(last or {})))


def read(world: World, query: Mapping[str, str]) -> Asked:
    """The request, or the error that takes the customer back to the application."""
    if len(query.get("state", "")) > STATE_LENGTH:
        raise Refused(BLOCKED)
    if not query.get("response_type"):
        raise Refused("authorize-v1-response-type-missing")
    if query["response_type"] != "code" or not query.get("client_id") or not query.get("duration"):
        raise Refused("authorize-v1-parameter-missing")
    if query["client_id"] != world.settings.client_id:
        raise Refused(BLOCKED)
    try:
        until = durations.end_of(query["duration"], world.clock.now())
    except durations.Malformed:
        raise Refused("authorize-v1-duration-format") from None
    except durations.TooLong:
        raise Refused("authorize-v1-duration-too-long") from None
    return Asked(query["client_id"], query["duration"], until, query.get("state"))


def _repeats(pairs: list[tuple[str, str]]) -> bool:
    return len({name for name, _ in pairs}) < len(pairs)


def show(
    world: World, asked: Asked, action: str, notice: str | None = None, status: int = 200, *, several: bool = False
) -> Response:
    """The page, whose form goes to `action`; it lets choose one point, or `several`."""
    mine = {point.prm for point in sandbox.CUSTOMERS.get(asked.digit or "", ())}
    named = [*sandbox.POINTS, *(prm for prm in world.consents.prms() if prm not in sandbox.POINTS)]
    households = [found for prm in named if (found := world.household(prm))]
    ticked = [each.prm for each in households if each.prm in mine][: None if several else 1]
    html = _pages().get_template("consent.html").render(
        action=action,
        several=several,
        duration=durations.in_french(asked.duration),
        last_day=calendar.local(asked.until),
        asked=asked,
        choices=[Choice(household, household.prm in ticked) for household in households],
        notice=notice,
        refuses=asked.digit == sandbox.ALWAYS_REFUSES,
    )  # fmt: skip
    return HTMLResponse(html, status)


routes = [Route(PAGE, page, methods=["GET"]), Route(DECISION, decide, methods=["POST"])]
