"""The two allowances of v5, for the whole application, all APIs together (F§12)."""

from bisect import insort
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

WINDOW = 1.0


class Excess(StrEnum):
    SECOND = "second"
    HOUR = "hour"


@dataclass(slots=True)
class Quotas:
    """Calls in any sliding second, refused ones and token calls included, and data calls in a clock hour."""

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
