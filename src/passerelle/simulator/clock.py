"""Two times: the real one, which spaces calls and ages tokens, and the simulated one, which dates the data."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


def _wall() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class RealTime:
    """The machine's clocks. Tests hand in their own two functions."""

    wall: Callable[[], datetime] = _wall
    monotonic: Callable[[], float] = time.monotonic


class SimulatedClock:
    """Civil time of the simulated Enedis: runs on from where it was set, or stands still when frozen."""

    def __init__(self, real: RealTime, start: datetime | None = None) -> None:
        self._real = real
        self._origin: tuple[datetime, float] | None = None
        self.frozen = False
        if start is not None:
            self.set(start, frozen=False)

    def now(self) -> datetime:
        """The simulated instant, in UTC."""
        if self._origin is None:
            return self._real.wall()
        start, since = self._origin
        return start if self.frozen else start + timedelta(seconds=self._real.monotonic() - since)

    def set(self, now: datetime, *, frozen: bool) -> None:
        """Go to the instant `now`, and stay there when frozen."""
        self._origin = (now.astimezone(UTC), self._real.monotonic())
        self.frozen = frozen

    def follow_real_time(self) -> None:
        """Forget what was set."""
        self._origin, self.frozen = None, False
