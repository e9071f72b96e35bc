"""What a customer shares of a usage point, as Enedis lists it since 2026 (F§10, `subscribed_services`)."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from passerelle.model.series import Direction, Kind, Series
from passerelle.model.usage_point import UsagePointId


class ServiceKind(StrEnum):
    """What a service gives: `mesuresTypeCode` CDC, ENERGIE, PMAX, IDX, ITC (F§10)."""

    CURVE = "curve"
    DAILY = "daily"
    POWER = "power"
    INDEX = "index"
    CONTRACT = "contract"


_OF_SERIES = {
    Kind.CURVE: ServiceKind.CURVE,
    Kind.DAILY: ServiceKind.DAILY,
    Kind.PEAK: ServiceKind.POWER,
    Kind.INDEX: ServiceKind.INDEX,
}


@dataclass(frozen=True, slots=True)
class SharedService:
    """One service of a usage point. `ends_on`: the last day of the consent, None where Enedis names none."""

    usage_point_id: UsagePointId
    kind: ServiceKind
    directions: frozenset[Direction]
    starts_on: date | None
    ends_on: date | None

    def gives(self, series: Series) -> bool:
        """Whether this service lets the series be read."""
        return self.kind is _OF_SERIES[series.kind] and series.direction in self.directions
