"""A bucket in memory: for one process and for tests. A restart forgets the hour's count."""

import time
from collections.abc import Callable

from passerelle.quota import bucket as rules
from passerelle.quota.bucket import Bucket, CivilTime
from passerelle.quota.home import Ask, Reply


class MemoryHome:
    """Home in this process. No lock: nothing is awaited between reading a bucket and writing it."""

    def __init__(
        self, *, wall_ns: Callable[[], int] = time.time_ns, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._wall_ns = wall_ns
        self._monotonic = monotonic
        self._buckets: dict[str, Bucket] = {}

    async def reserve(self, bucket: str, ask: Ask) -> Reply:
        now_us = self._now_us()
        at = self._monotonic()
        after, answer = rules.reserve(self._get(bucket), now_us, ask.civil, ask.limits, ask.priority, ask.lead_us)
        self._buckets[bucket] = after
        return Reply(answer, at)

    async def give_back(self, bucket: str, serial: int) -> None:
        self._buckets[bucket] = rules.cancel(self._get(bucket), serial)

    async def hold(self, bucket: str, civil: CivilTime, resume_us: int | None) -> None:
        self._buckets[bucket] = rules.hold(self._get(bucket), self._now_us(), civil, resume_us)

    async def slow_down(self, bucket: str) -> None:
        self._buckets[bucket] = rules.slow_down(self._get(bucket), self._now_us())

    async def read(self, bucket: str) -> tuple[Bucket, int]:
        return self._get(bucket), self._now_us()

    def _get(self, bucket: str) -> Bucket:
        return self._buckets.get(bucket, Bucket())

    def _now_us(self) -> int:
        return self._wall_ns() // 1000
