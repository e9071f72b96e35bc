"""The five series of v5, by the names of `/v1`, and what each may be asked (F§5)."""

from enum import StrEnum

from passerelle.simulator.measures import Direction


class Kind(StrEnum):
    DAILY = "daily"
    LOAD_CURVE = "load-curve"
    MAX_POWER = "max-power"


class Series(StrEnum):
    CONSUMPTION_DAILY = "consumption/daily"
    CONSUMPTION_LOAD_CURVE = "consumption/load-curve"
    CONSUMPTION_MAX_POWER = "consumption/max-power"
    PRODUCTION_DAILY = "production/daily"
    PRODUCTION_LOAD_CURVE = "production/load-curve"

    @property
    def direction(self) -> Direction:
        return Direction(self.value.partition("/")[0])

    @property
    def kind(self) -> Kind:
        return Kind(self.value.partition("/")[2])

    @property
    def history_months(self) -> int:
        """Months that Enedis keeps, to which it adds 15 days (F§5)."""
        return 24 if self.kind is Kind.LOAD_CURVE else 36
