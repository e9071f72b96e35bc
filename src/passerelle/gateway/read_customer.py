"""Read one customer record of a usage point: contract, address, identity or contact."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from passerelle.access.caller import Caller
from passerelle.access.checks import require_point, require_scope
from passerelle.consent.states import Link, after_refusal
from passerelle.errors import ConsentError, NothingThere, PasserelleError, UpstreamError, UpstreamTimeout
from passerelle.gateway.patience import Patience
from passerelle.gateway.ports import Enedis, Errand, ForcedCalls, LinkStore, RecordStore
from passerelle.gateway.read_series import CacheUse
from passerelle.kit.clock import Clock
from passerelle.model.customer import AnyRecord, CustomerRecord
from passerelle.model.priority import Priority
from passerelle.model.usage_point import UsagePointId
from passerelle.plan.freshness import FORCED_AGAIN, RECORD_LASTS, REFUSED_RECORD, SETTLING_FIRST, outdated

_MOST = 10_000
"""Refusals that a process remembers."""


@dataclass(frozen=True, slots=True)
class RecordAnswer:
    """The record, and how much the store had of it."""

    record: AnyRecord
    cache: CacheUse


@dataclass(frozen=True, slots=True)
class _Refused:
    error: PasserelleError
    link: Link
    until: float


@dataclass(frozen=True, slots=True)
class _Ask:
    caller: Caller
    point: UsagePointId
    record: CustomerRecord
    link: Link

    @property
    def lane(self) -> tuple[str, CustomerRecord]:
        return self.link.point_id, self.record


@dataclass(slots=True)
class _Memory:
    """What this process remembers, by monotonic time: refusals, and when a caller last had a record asked again."""

    refused: dict[tuple[str, CustomerRecord], _Refused] = field(default_factory=dict)
    forced: dict[tuple[str, CustomerRecord], float] = field(default_factory=dict)

    def refusal(self, ask: _Ask, now: float) -> PasserelleError | None:
        """A refusal that still counts. One met under an older consent says nothing."""
        found = self.refused.get(ask.lane)
        return found.error if found and now < found.until and found.link.granted_at == ask.link.granted_at else None

    def refuse(self, ask: _Ask, error: PasserelleError, until: float) -> None:
        if len(self.refused) >= _MOST:
            self.refused.clear()
        self.refused[ask.lane] = _Refused(error, ask.link, until)

    def force(self, ask: _Ask, now: float) -> bool:
        """Whether a caller may have the record asked before its time; if so, not again for a while."""
        if now < self.forced.get(ask.lane, float("-inf")) + FORCED_AGAIN.total_seconds():
            return False
        if len(self.forced) >= _MOST:
            self.forced.clear()
        self.forced[ask.lane] = now
        return True


class ReadCustomer:
    """Check, answer from the store what is young enough, ask Enedis once for all who wait, keep it sealed."""

    def __init__(
        self,
        *,
        links: LinkStore,
        records: RecordStore,
        enedis: Enedis,
        clock: Clock,
        patience: Patience | None = None,
        forced: ForcedCalls | None = None,
    ) -> None:
        self._forced = forced
        self._links = links
        self._records = records
        self._enedis = enedis
        self._clock = clock
        self._patience = patience or Patience()
        self._memory = _Memory()
        self._under_way: dict[tuple[str, CustomerRecord], asyncio.Task[AnyRecord]] = {}

    async def __call__(self, caller: Caller, point: UsagePointId, record: CustomerRecord, wait: float) -> AnyRecord:
        """The record alone. Raises as `answer`."""
        return (await self.answer(caller, point, record, wait)).record

    async def answer(
        self, caller: Caller, point: UsagePointId, record: CustomerRecord, wait: float, *, fresh: bool = False
    ) -> RecordAnswer:
        """The record: kept for a day, the last good one while Enedis is away. `fresh`: ask Enedis again.

        Raises ScopeMissing, UsagePointUnknown or a ConsentError before Enedis is asked; NothingThere, ConsentMissing
        and UpstreamError errors from Enedis; UpstreamTimeout after `wait` seconds.
        """
        now = await self._clock.now()
        require_scope(caller, record.scope)
        link = require_point(caller, point, await self._links.find(caller.account_id, point), now)
        ask = _Ask(caller, point, record, link)
        held = await self._records.held(caller, link.point_id, record)
        forced = fresh and self._memory.force(ask, self._clock.monotonic()) and await self._may_force(link, now)
        if not forced:
            if held is not None and _young(held[1], link, now):
                return RecordAnswer(held[0], CacheUse.HIT)
            refusal = self._memory.refusal(ask, self._clock.monotonic())
            if refusal is not None:
                raise refusal
        try:
            return RecordAnswer(await self._fetched(ask, wait), CacheUse.MISS)
        except UpstreamError:
            if held is None:
                raise
            return RecordAnswer(held[0], CacheUse.STALE)

    async def _may_force(self, link: Link, now: datetime) -> bool:
        return self._forced is None or await self._forced.take(link.account_id, 1, now)

    async def _fetched(self, ask: _Ask, wait: float) -> AnyRecord:
        task = self._flight(ask)
        if not await self._patience.wait([task], wait):
            raise UpstreamTimeout("Enedis has not answered yet.", "Enedis n'a pas encore répondu.", retry_after=5)
        return task.result()

    def _flight(self, ask: _Ask) -> "asyncio.Task[AnyRecord]":
        task = self._under_way.get(ask.lane)
        if task is None:
            task = asyncio.create_task(self._ask(ask))
            self._under_way[ask.lane] = task
            task.add_done_callback(lambda ended: self._land(ask.lane, ended))
        return task

    def _land(self, lane: tuple[str, CustomerRecord], ended: "asyncio.Task[AnyRecord]") -> None:
        self._under_way.pop(lane, None)
        if not ended.cancelled():
            ended.exception()  # a caller who stopped waiting leaves nobody to hear of it

    async def _ask(self, ask: _Ask) -> AnyRecord:
        errand = Errand(ask.caller.account_id, Priority.INTERACTIVE)
        try:
            found = await self._enedis.fetch_record(ask.point, ask.record, errand)
        except (ConsentError, NothingThere) as error:
            if isinstance(error, ConsentError):
                await self._links.set_state(ask.link, after_refusal(ask.link, await self._clock.now()))
            lasts = SETTLING_FIRST if isinstance(error, ConsentError) else REFUSED_RECORD
            self._memory.refuse(ask, error, self._clock.monotonic() + lasts.total_seconds())
            raise
        self._memory.refused.pop(ask.lane, None)
        await self._records.keep(ask.caller, ask.caller.account_id, ask.link.point_id, found)
        return found


def _young(kept_at: datetime, link: Link, now: datetime) -> bool:
    """Whether a record needs no call. Under a new consent it may be another customer's."""
    return not outdated(kept_at, link.granted_at, now) and timedelta() <= now - kept_at < RECORD_LASTS
