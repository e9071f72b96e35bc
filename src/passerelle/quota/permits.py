"""The permit that every request to Enedis needs: a turn in the line, then a slot to leave in."""

import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from passerelle.kit.clock import Clock
from passerelle.model.priority import Priority
from passerelle.quota import bucket as rules
from passerelle.quota.departure import Departure, Departures, instant, microseconds
from passerelle.quota.home import Home
from passerelle.quota.queue import FairQueue
from passerelle.quota.settings import Limits


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A bucket as `doctor` and the metrics show it.

    Calls charged to the current civil hour and allowed in it, the end of the hold in force (civil, UTC), and what
    `per_second` + 1 calls span at least, in seconds.
    """

    used: int
    allowance: int
    held_until: datetime | None
    window_seconds: float


Watch = Callable[[Priority, float], None]
"""Told of each departure: how urgent it was, and the seconds that it waited, in the line and for its slot."""


def nobody(priority: Priority, seconds: float) -> None:
    """For a quota that nobody watches."""


class QuotaTurn:
    """One request's turn. It is charged when it departs, not before."""

    def __init__(
        self,
        queue: FairQueue,
        departures: Departures,
        *,
        bucket: str,
        limits: Limits,
        account_id: str,
        priority: Priority,
        watch: Watch,
        monotonic: Callable[[], float],
    ) -> None:
        self._watch = watch
        self._monotonic = monotonic
        self._waited = 0.0
        self._queue = queue
        self._departures = departures
        self._bucket = bucket
        self._limits = limits
        self._account_id = account_id
        self._priority = priority
        self._has_place = False
        self._departure: Departure | None = None

    async def enter(self) -> None:
        """Wait for a place in front of the bucket."""
        began = self._monotonic()
        await self._queue.enter(self._account_id, self._priority)
        self._waited += self._monotonic() - began
        self._has_place = True

    async def depart(self) -> None:
        """Wait for the slot, count the request durably, return when it may leave; its place goes to the next.

        Each call of this is one request on the wire: a second one queues again. Raises QuotaExhausted, which says when
        to come back.
        """
        if not self._has_place:
            await self.enter()
        began = self._monotonic()
        try:
            self._departure = await self._departures.leave(self._bucket, self._limits, self._priority)
        finally:
            self.leave()
        self._watch(self._priority, self._waited + self._monotonic() - began)
        self._waited = 0.0

    async def departed(self) -> None:
        """Its first bytes have left, perhaps later than they should have."""
        departure, self._departure = self._departure, None
        if departure is not None:
            await self._departures.correct(self._bucket, departure)

    def leave(self) -> None:
        """Hand the place on, if it is still held. Without `depart`, nothing was counted."""
        if self._has_place:
            self._has_place = False
            self._queue.leave(self._priority)


class QuotaPermits:
    """The quota of one process, kept with all others in `home`.

    `limits` by bucket; one that is not in it is the caller's fault (KeyError). `wall_ns` must be the clock of `home`.
    `watch` is told of each departure.
    """

    def __init__(
        self,
        home: Home,
        limits: Mapping[str, Limits],
        clock: Clock,
        *,
        wall_ns: Callable[[], int] = time.time_ns,
        watch: Watch = nobody,
    ) -> None:
        self._watch = watch
        self._clock = clock
        self._home = home
        self._limits = limits
        self._departures = Departures(home, clock, wall_ns)
        self._queues: defaultdict[str, FairQueue] = defaultdict(FairQueue)

    @asynccontextmanager
    async def turn(self, bucket: str, account_id: str, priority: Priority) -> AsyncIterator[QuotaTurn]:
        """Wait in the line, fair between accounts; keep a place until the request departs or the context ends."""
        turn = QuotaTurn(
            self._queues[bucket],
            self._departures,
            bucket=bucket,
            limits=self._limits[bucket],
            account_id=account_id,
            priority=priority,
            watch=self._watch,
            monotonic=self._clock.monotonic,
        )
        await turn.enter()
        try:
            yield turn
        finally:
            turn.leave()

    async def hold(self, bucket: str, *, resume_at: datetime | None, spacing: bool) -> None:
        """After a 429: `spacing` for the one of the second, else nothing leaves before `resume_at` or the next hour.

        Seen by every process at its next reservation: only a call that already has its slot, half a second ahead at
        most, still leaves. Raises QuotaExhausted when it cannot be written down; this process obeys it all the same.
        """
        if resume_at is not None or not spacing:
            resume_us = None if resume_at is None else microseconds(resume_at)
            await self._departures.hold(bucket, resume_us)
        if spacing:
            await self._home.slow_down(bucket)

    async def snapshot(self, bucket: str) -> Snapshot:
        """How the bucket stands now. Raises QuotaExhausted when its home is away."""
        civil = await self._departures.civil()
        state, now_us = await self._home.read(bucket)
        held_us = rules.held_until(state, civil, now_us)
        return Snapshot(
            used=rules.used_in(state, civil.at(now_us) // rules.HOUR_US),
            allowance=self._limits[bucket].per_hour,
            held_until=instant(held_us) if held_us else None,
            window_seconds=rules.window(state, now_us) / rules.SECOND_US,
        )
