"""What a call of v5 must be, in the order in which its APIs look at it."""

import re
from collections.abc import Mapping
from datetime import date

from starlette.datastructures import QueryParams

from passerelle.simulator.answers import Refused
from passerelle.simulator.rights import Period, Words

PRM = re.compile(r"[0-9]{14}")
PERSON = re.compile(r"[0-9]{10}")
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
BAD_FORMAT = "v5-bad-request-format"
WORDS = Words(no_consent="adam-dc-0008-403", before_activation="adam-err0123-400")


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
