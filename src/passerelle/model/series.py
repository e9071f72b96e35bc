"""The series that a Linky meter gives, and their nature."""

from dataclasses import dataclass
from enum import Enum, StrEnum

from passerelle.model.scopes import Scope


class Kind(Enum):
    """How the readings of a series are shaped."""

    DAILY = "daily"
    CURVE = "curve"
    PEAK = "peak"
    INDEX = "index"


class Direction(StrEnum):
    """Which way the energy goes at the usage point."""

    CONSUMPTION = "consumption"
    PRODUCTION = "production"


class Unit(StrEnum):
    """The unit of a value, as in the answers."""

    WATT_HOUR = "Wh"
    WATT = "W"
    VOLT_AMPERE = "VA"


@dataclass(frozen=True, slots=True)
class Nature:
    """What never changes about a series.

    `history_months`: how far back Enedis serves it, plus 15 days (F§5); of indexes nobody says, so that they are taken
    to go as far as daily values (F§9).
    """

    direction: Direction
    kind: Kind
    unit: Unit
    scope: Scope
    history_months: int


class Series(StrEnum):
    """A series; the value is its path under a usage point in `/v1`. Indexes exist in 2026 only (F§9)."""

    CONSUMPTION_DAILY = "consumption/daily"
    CONSUMPTION_LOAD_CURVE = "consumption/load-curve"
    CONSUMPTION_MAX_POWER = "consumption/max-power"
    PRODUCTION_DAILY = "production/daily"
    PRODUCTION_LOAD_CURVE = "production/load-curve"
    CONSUMPTION_INDEX = "index/consumption"
    PRODUCTION_INDEX = "index/production"

    __hash__ = str.__hash__  # that of an enumeration is a call of Python, in every look into a table

    @property
    def nature(self) -> Nature:
        return _NATURES[self]

    @property
    def kind(self) -> Kind:
        return _NATURES[self].kind

    @property
    def direction(self) -> Direction:
        return _NATURES[self].direction

    @property
    def unit(self) -> Unit:
        return _NATURES[self].unit

    @property
    def scope(self) -> Scope:
        return _NATURES[self].scope


_IN, _OUT = Direction.CONSUMPTION, Direction.PRODUCTION
_NATURES = {
    Series.CONSUMPTION_DAILY: Nature(_IN, Kind.DAILY, Unit.WATT_HOUR, Scope.CONSUMPTION_DAILY, 36),
    Series.CONSUMPTION_LOAD_CURVE: Nature(_IN, Kind.CURVE, Unit.WATT, Scope.CONSUMPTION_LOAD_CURVE, 24),
    Series.CONSUMPTION_MAX_POWER: Nature(_IN, Kind.PEAK, Unit.VOLT_AMPERE, Scope.CONSUMPTION_MAX_POWER, 36),
    Series.PRODUCTION_DAILY: Nature(_OUT, Kind.DAILY, Unit.WATT_HOUR, Scope.PRODUCTION_DAILY, 36),
    Series.PRODUCTION_LOAD_CURVE: Nature(_OUT, Kind.CURVE, Unit.WATT, Scope.PRODUCTION_LOAD_CURVE, 24),
    Series.CONSUMPTION_INDEX: Nature(_IN, Kind.INDEX, Unit.WATT_HOUR, Scope.CONSUMPTION_INDEX, 36),
    Series.PRODUCTION_INDEX: Nature(_OUT, Kind.INDEX, Unit.WATT_HOUR, Scope.PRODUCTION_INDEX, 36),
}

MEASURES = tuple(series for series in Series if series.kind is not Kind.INDEX)
"""The five that both generations have (F§9)."""
