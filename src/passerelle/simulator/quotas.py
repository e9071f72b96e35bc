"""The two allowances of v5, for the whole application, all APIs together (F§12)."""

from collections import Counter, deque
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
    _arrivals: deque[float] = field(default_factory=deque)
    _hours: Counter[datetime] = field(default_factory=Counter)

    def arrive(self, at: float, now: datetime, *, counts_in_hour: bool) -> Excess | None:
        """Count a call that arrives at `at` (real monotonic seconds), `now` being the simulated instant (UTC)."""
        while self._arrivals and at - self._arrivals[0] >= WINDOW:
            self._arrivals.popleft()
        self._arrivals.append(at)
        if len(self._arrivals) > self.per_second:
            return Excess.SECOND
        if not counts_in_hour:
            return None
        hour = now.replace(minute=0, second=0, microsecond=0)
        if self._hours[hour] >= self.per_hour:
            return Excess.HOUR
        self._hours[hour] += 1
        return None
