"""Read the metrics: what was counted so far, and how the quota and the consents stand now."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from passerelle.consent.states import ConsentState
from passerelle.errors import InternalError, QuotaExhausted
from passerelle.kit.clock import Clock
from passerelle.kit.metrics import Levels, Metrics, QuotaGauge
from passerelle.model.generation import Generation


class Standing(Protocol):
    """How one allowance stands."""

    @property
    def used(self) -> int: ...
    @property
    def allowance(self) -> int: ...
    @property
    def held_until(self) -> datetime | None: ...


class Quota(Protocol):
    """The allowances, by the name of their bucket."""

    async def snapshot(self, bucket: str) -> Standing:
        """Raises QuotaExhausted or InternalError when it cannot be read."""
        ...


class Census(Protocol):
    """Numbers of the whole installation. Both raise InternalError when they cannot be read."""

    async def consents(self, now: datetime) -> Mapping[ConsentState, int]: ...
    async def links(self, now: datetime) -> Mapping[ConsentState, int]: ...


class ReadMetrics:
    """The text for Prometheus. A database that is away leaves its numbers out, and the rest stands.

    `in_use`: the generation in use, by API: of v5 if that alone is spoken, else of 2026.
    """

    def __init__(
        self,
        *,
        metrics: Metrics,
        quota: Quota,
        buckets: Sequence[str],
        census: Census,
        clock: Clock,
        in_use: Callable[[], Awaitable[Mapping[str, Generation]]],
    ) -> None:
        self._metrics = metrics
        self._quota = quota
        self._buckets = buckets
        self._in_use = in_use
        self._census = census
        self._clock = clock

    async def __call__(self) -> bytes:
        generations = {api: generation.value for api, generation in (await self._in_use()).items()}
        gauges, counts = await self._gauges(), await self._counts()
        up = {"quota": len(gauges) == len(self._buckets), "database": counts is not None}
        return self._metrics.text(Levels(gauges, *(counts or ({}, {})), generations, up))

    async def _gauges(self) -> dict[str, QuotaGauge]:
        found = await asyncio.gather(*(self._gauge(bucket) for bucket in self._buckets))
        return {bucket: gauge for bucket, gauge in zip(self._buckets, found, strict=True) if gauge is not None}

    async def _gauge(self, bucket: str) -> QuotaGauge | None:
        try:
            now = await self._quota.snapshot(bucket)
        except (QuotaExhausted, InternalError):
            return None
        return QuotaGauge(max(0, now.allowance - now.used), now.allowance, now.held_until is not None)

    async def _counts(self) -> tuple[dict[str, int], dict[str, int]] | None:
        now = await self._clock.now()
        try:
            consents, links = await self._census.consents(now), await self._census.links(now)
        except InternalError:
            return None
        return _named(consents), _named(links)


def _named(counts: Mapping[ConsentState, int]) -> dict[str, int]:
    return {state.value: counts.get(state, 0) for state in ConsentState}
