"""A clock for tests: time passes only when everyone sleeps."""

import asyncio
import heapq
from datetime import UTC, datetime, timedelta

_SETTLING_TURNS = 50
"""Turns of the event loop that others get before time moves: enough for what they do without waiting for time."""


class FakeClock:
    """Satisfies `kit.clock.Clock`.

    Once somebody sleeps and the loop has settled, time jumps to the earliest end of sleep; those who end at one instant
    wake in the order in which they fell asleep.
    """

    def __init__(self, now: datetime = datetime(2026, 11, 24, 8, tzinfo=UTC)) -> None:
        self._start = now
        self._passed = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0
        self._ticking = False
        self.sleeps: list[float] = []
        """Every sleep that was asked for, in seconds."""

    async def now(self) -> datetime:
        return self._start + timedelta(seconds=self._passed)

    def monotonic(self) -> float:
        return self._passed

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        loop = asyncio.get_running_loop()
        waking = loop.create_future()
        self._count += 1
        heapq.heappush(self._sleepers, (self._passed + max(0.0, seconds), self._count, waking))
        if not self._ticking:
            self._ticking = True
            loop.call_soon(self._tick, loop, _SETTLING_TURNS)
        await waking

    def advance(self, seconds: float) -> None:
        """Let time pass by hand; sleepers whose end is reached wake."""
        self._passed += seconds
        self._wake()

    def _tick(self, loop: asyncio.AbstractEventLoop, turns: int) -> None:
        if turns:
            loop.call_soon(self._tick, loop, turns - 1)
            return
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        if not self._sleepers:
            self._ticking = False
            return
        self._passed = max(self._passed, self._sleepers[0][0])
        self._wake()
        loop.call_soon(self._tick, loop, _SETTLING_TURNS)

    def _wake(self) -> None:
        while self._sleepers and self._sleepers[0][0] <= self._passed:
            waking = heapq.heappop(self._sleepers)[2]
            if not waking.done():
                waking.set_result(None)
