"""Who may call, and with what: the checks before any data, in the order of Enedis' gateway and of its APIs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from starlette.datastructures import QueryParams
from starlette.requests import Request

from passerelle.simulator import apis
from passerelle.simulator.answers import Refused, world_of
from passerelle.simulator.tokens import TokenState
from passerelle.simulator.world import World

PRM = re.compile(r"[0-9]{14}")
PERSON = re.compile(r"[0-9]{10}")
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
BAD_FORMAT = "v5-bad-request-format"
REFUSED_TOKENS = {
    TokenState.UNKNOWN: "wso2-900901-invalid-credentials",
    TokenState.EXPIRED: "wso2-900903-token-expired",
    TokenState.REVOKED: "wso2-900904-token-inactive",
}


@dataclass(frozen=True, slots=True)
class Period:
    """Civil days `[start, end[`."""

    start: date
    end: date


def application(request: Request) -> World:
    """The gateway's checks: the API exists, the token is good, the application has subscribed (F§2)."""
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


def single(query: QueryParams, known: frozenset[str]) -> Mapping[str, str]:
    """The parameters, none of them unknown or repeated."""
    pairs = query.multi_items()
    if len({name for name, _ in pairs}) < len(pairs) or not known.issuperset(name for name, _ in pairs):
        raise Refused(BAD_FORMAT)
    return dict(pairs)


def usage_point(query: Mapping[str, str]) -> str:
    """The PRM: exactly 14 digits (F§1)."""
    prm = query.get("usage_point_id", "")
    if not prm:
        raise Refused("v5-usage-point-id-missing")
    if not PRM.fullmatch(prm):
        raise Refused("v5-usage-point-id-not-14-digits")
    return prm


def period(query: Mapping[str, str], today: date) -> Period:
    """`start` before `end`, and `end`, which is excluded, today at most (F§5)."""
    start, end = _day(query, "start"), _day(query, "end")
    if end > today:
        raise Refused("v5-end-in-future")
    if start >= end:
        raise Refused("v5-start-not-before-end")
    return Period(start, end)


def _day(query: Mapping[str, str], name: str) -> date:
    text = query.get(name, "")
    if not text:
        raise Refused(f"v5-{name}-missing")
    try:
        if DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise Refused(f"v5-{name}-malformed")
