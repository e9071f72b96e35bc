"""Allowances: v5 has one for the whole application, 2026 one for each of its APIs (F§12)."""

from bisect import insort
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from passerelle.simulator.apis import APIS_2026

WINDOW = 1.0


class Excess(StrEnum):
    SECOND = "second"
    HOUR = "hour"


@dataclass(slots=True)
class Quotas:
    """One allowance: calls in any sliding second, refused ones included, and data calls in a clock hour."""

    per_second: int
    per_hour: int
    _arrivals: list[float] = field(default_factory=list)
    _hours: Counter[datetime] = field(default_factory=Counter)

    def arrive(self, at: float, now: datetime, *, counts_in_hour: bool) -> Excess | None:
        """Count a call that arrived at `at` (real monotonic seconds), `now` being the simulated instant (UTC).

        Calls that waited are not told quite in order: one counts what came within the second before it.
        """
        while self._arrivals and at - self._arrivals[0] >= 2 * WINDOW:
            del self._arrivals[0]
        insort(self._arrivals, at)
        if sum(at - WINDOW < earlier <= at for earlier in self._arrivals) > self.per_second:
            return Excess.SECOND
        if not counts_in_hour:
            return None
        hour = now.replace(minute=0, second=0, microsecond=0)
        if self._hours[hour] >= self.per_hour:
            return Excess.HOUR
        self._hours[hour] += 1
        return None


@dataclass(slots=True)
class Allowances:
    """One `Quotas` for everything that is not of 2026, token calls included, and one for each API of 2026."""

    per_second: int
    per_hour: int
    per_hour_2026: int
    _v5: Quotas = field(init=False)
    _each: dict[str, Quotas] = field(init=False)

    def __post_init__(self) -> None:
        self._v5 = Quotas(self.per_second, self.per_hour)
        self._each = {api: Quotas(self.per_second, self.per_hour_2026) for api in APIS_2026}

    def of(self, api: str) -> Quotas:
        """The allowance that a call of this API takes from."""
        return self._each.get(api, self._v5)
