"""What a call of the 2026 measures must be: what is outside the specification is a 500, not a 400 (F§13)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from starlette.datastructures import QueryParams

from passerelle.simulator import calendar, published
from passerelle.simulator.answers import Refused
from passerelle.simulator.households.nouns import CurveState, Household
from passerelle.simulator.series import Kind, Series
from passerelle.simulator.world import World

PRM = re.compile(r"[0-9]{14}")
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
OUTSIDE = "v2026-schema-500"
CURVE_DAYS = 7  # F§9: the longest period of a load curve


@dataclass(frozen=True, slots=True)
class Period:
    """Civil days `[start, end[`."""

    start: date
    end: date


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


def admitted(world: World, prm: str, series: Series, period: Period) -> Household:
    """The household, if the customer, the meter and the history allow the period.

    Consents are those of v5 (F§4), and so are the codes that 2026 has no row of its own for (F§13).
    """
    household, consent = world.household(prm), world.consents.usable(prm, world.clock.now())
    if household is None or consent is None:
        raise Refused("v2026-measure-not-holder-403")
    if consent.begin is not None and period.start < consent.begin:
        raise Refused("adam-dc-0009-403")
    if not published.measures(household, series.direction):
        raise Refused("adam-err0069-400")
    if period.start < household.activated:
        raise Refused("adam-err0123-400-2026-fr")
    if period.start < world.history_limit(series.history_months):
        raise Refused("adam-err0125-400")
    if series.kind is Kind.LOAD_CURVE:
        if period.end - period.start > CURVE_DAYS * calendar.DAY:
            raise Refused("adam-err0126-400")
        if household.curve is CurveState.OBJECTED:
            raise Refused("adam-err0075-400")
    return household


def _day(text: str) -> date:
    try:
        if DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise Refused(OUTSIDE)
