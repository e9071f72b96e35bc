"""Parameters of the 2026 APIs. What their specification does not know is 500 there, and here (F§13)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from starlette.datastructures import QueryParams

from passerelle.model.days import DaySpan
from passerelle.model.usage_point import UsagePointId
from passerelle.web.mirror.errors import Refused
from passerelle.web.mirror.v2026 import errors

_PRM = re.compile(r"[0-9]{14}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

OF_MEASURES = frozenset({"pointId", "dateDebut", "dateFin"})
OF_POWER = OF_MEASURES | {"mesuresPas", "grandeurPhysique"}
STEPS = frozenset({"P1D", "P1M"})
QUANTITIES = frozenset({"PMA", "TOUT"})


@dataclass(frozen=True, slots=True)
class Asked:
    """What a call for a measure asks. `monthly`: maxima of months (power only)."""

    point: UsagePointId
    span: DaySpan
    monthly: bool = False


def of_measure(query: QueryParams) -> Asked:
    """The parameters of a measure but power. Raises Refused."""
    values = _exactly(query, OF_MEASURES)
    return Asked(usage_point(values["pointId"]), _span(values))


def of_power(query: QueryParams) -> Asked:
    """The parameters of the maximum power, both of its own required. Raises Refused."""
    values = _exactly(query, OF_POWER)
    if values["mesuresPas"] not in STEPS or values["grandeurPhysique"] not in QUANTITIES:
        raise Refused(errors.OUTSIDE_SPECIFICATION)
    return Asked(usage_point(values["pointId"]), _span(values), monthly=values["mesuresPas"] == "P1M")


def none_at_all(query: QueryParams) -> None:
    """The APIs of customer data have the usage point in their path and no parameter."""
    _exactly(query, frozenset())


def usage_point(text: str) -> UsagePointId:
    """Exactly 14 digits."""
    if _PRM.fullmatch(text) is None:
        raise Refused(errors.OUTSIDE_SPECIFICATION)
    return UsagePointId(text)


def _exactly(query: QueryParams, names: frozenset[str]) -> Mapping[str, str]:
    pairs = query.multi_items()
    values = dict(pairs)
    if len(values) != len(pairs) or values.keys() != names:
        raise Refused(errors.OUTSIDE_SPECIFICATION)
    return values


def _span(values: Mapping[str, str]) -> DaySpan:
    """`dateFin` comes after `dateDebut`: row `v2026-measure-same-dates-400` means both, though it words the equal one.

    It is excluded, and may lie in the future: no rule of 2026 forbids it (F§9).
    """
    start, end = day(values["dateDebut"]), day(values["dateFin"])
    if start >= end:
        raise Refused(errors.SAME_DATES)
    return DaySpan(start, end)


def day(text: str) -> date:
    if _DATE.fullmatch(text) is None:
        raise Refused(errors.OUTSIDE_SPECIFICATION)
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Refused(errors.OUTSIDE_SPECIFICATION) from error
