"""What a call of the 2026 measures must be: what is outside the specification is a 500, not a 400 (F§13)."""

import re
from collections.abc import Mapping
from datetime import date

from starlette.datastructures import QueryParams

from passerelle.simulator.answers import Refused
from passerelle.simulator.rights import Period, Words

PRM = re.compile(r"[0-9]{14}")
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
OUTSIDE = "v2026-schema-500"
WORDS = Words(no_consent="v2026-measure-not-holder-403", before_activation="adam-err0123-400-2026-fr")


def exactly(query: QueryParams, names: frozenset[str]) -> Mapping[str, str]:
    """The parameters: each of `names` once, and nothing else.

    The specification documents a 400 for a missing one; what was observed is the 500 of F§13.
    """
    pairs = query.multi_items()
    if sorted(name for name, _ in pairs) != sorted(names):
        raise Refused(OUTSIDE)
    return dict(pairs)


def usage_point(text: str) -> str:
    """The PRM: exactly 14 digits (F§1)."""
    if not PRM.fullmatch(text):
        raise Refused(OUTSIDE)
    return text


def period(query: Mapping[str, str]) -> Period:
    """`dateDebut` before `dateFin`, which is excluded (F§9). No rule forbids days to come: they have no data yet."""
    start, end = _day(query["dateDebut"]), _day(query["dateFin"])
    if start >= end:
        raise Refused("v2026-measure-same-dates-400")
    return Period(start, end)


def _day(text: str) -> date:
    try:
        if DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise Refused(OUTSIDE)
