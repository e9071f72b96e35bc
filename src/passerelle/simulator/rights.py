"""What the customer, the meter and the history allow of a measure: one order of refusals, in the words of a generation.

Consents are those of v5 in both (F§4), and so are the codes that 2026 has no row of its own for (F§13).
"""

from dataclasses import dataclass
from datetime import date

from passerelle.simulator import calendar, published
from passerelle.simulator.answers import Refused
from passerelle.simulator.households.nouns import CurveState, Household
from passerelle.simulator.series import Kind, Series
from passerelle.simulator.world import World

CURVE_DAYS = 7
"""The longest period of a load curve (F§5, F§9)."""


@dataclass(frozen=True, slots=True)
class Period:
    """Civil days `[start, end[`."""

    start: date
    end: date


@dataclass(frozen=True, slots=True)
class Words:
    """The rows of the catalogue by which a generation refuses in its own way."""

    no_consent: str
    before_activation: str


def admitted(world: World, prm: str, series: Series, period: Period, words: Words) -> Household:
    """The household, if all of them allow the period; the order is that of v5's specification."""
    household, consent = world.household(prm), world.consents.usable(prm, world.clock.now())
    if household is None or consent is None:
        raise Refused(words.no_consent)
    if consent.begin is not None and period.start < consent.begin:
        raise Refused("adam-dc-0009-403")
    if not published.measures(household, series.direction):
        raise Refused("adam-err0069-400")
    if period.start < household.activated:
        raise Refused(words.before_activation)
    if period.start < world.history_limit(series.history_months):
        raise Refused("adam-err0125-400")
    if series.kind is Kind.LOAD_CURVE:
        if period.end - period.start > CURVE_DAYS * calendar.DAY:
            raise Refused("adam-err0126-400")
        if household.curve is CurveState.OBJECTED:
            raise Refused("adam-err0075-400")
    return household
