"""Another machine's wall clock, read on our own monotonic one."""

import math

from passerelle.quota.bucket import SECOND_US

MEMORY_SECONDS = 10.0


class Dial:
    """Says when, on the monotonic clock, a server's clock stood at what it answered: never too early.

    An answer is as old as its way back, which nobody knows when a process stalls. A quick answer of the last seconds
    bounds it better: both clocks have gone on alike since (within a few milliseconds in ten seconds).
    """

    def __init__(self) -> None:
        self._now_us = 0
        self._at = 0.0
        self._width = math.inf

    def read(self, now_us: int, asked_at: float, answered_at: float) -> float:
        """The monotonic instant, in seconds, of `now_us`, which was asked and answered at these."""
        width = answered_at - asked_at
        at = self._at + (now_us - self._now_us) / SECOND_US
        # Outside of the question and its answer: one of the clocks was set.
        usable = asked_at <= at <= answered_at and answered_at - self._at <= MEMORY_SECONDS
        if usable and self._width < width:
            return at
        self._now_us, self._at, self._width = now_us, answered_at, width
        return answered_at
