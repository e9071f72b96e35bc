"""Read one customer record of a usage point: contract, address, identity or contact."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime

from passerelle.access.caller import Caller
from passerelle.access.checks import require_point, require_scope
from passerelle.consent.states import Link, after_refusal
from passerelle.errors import (
    ConsentError,
    NothingThere,
    PasserelleError,
    UpstreamError,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from passerelle.gateway.patience import Patience, let_land
from passerelle.gateway.ports import Enedis, Errand, ForcedCalls, LinkStore, RecordStore
from passerelle.gateway.read_series import CacheUse
from passerelle.kit.clock import Clock
from passerelle.model.customer import AnyRecord, Contract, CustomerRecord
from passerelle.model.priority import Priority
from passerelle.model.usage_point import UsagePointId
from passerelle.plan.freshness import (
    FORCED_AGAIN,
    PARTIAL_LASTS,
    RECORD_LASTS,
    REFUSED_RECORD,
    SET_BACK,
    SETTLING_FIRST,
    WHOLE_OUTLIVES,
    outdated,
)

_MOST = 10_000
"""Refusals that a process remembers."""

_Held = tuple[AnyRecord, datetime]
"""A record, and when it was kept."""


@dataclass(frozen=True, slots=True)
class RecordAnswer:
    """The record, and how much the store had of it. `unrenewed`: why the last good one is served."""

    record: AnyRecord
    cache: CacheUse
    unrenewed: PasserelleError | None = None


@dataclass(frozen=True, slots=True)
class _Refused:
    error: PasserelleError
    link: Link
    until: float


@dataclass(frozen=True, slots=True)
class _Ask:
    """`held`: what the store has of the time of this consent, however old."""

    caller: Caller
    point: UsagePointId
    record: CustomerRecord
    link: Link
    held: _Held | None

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
        """The record: kept for a day, the last good one while Enedis, or a part of it, is away. `fresh`: ask again.

        Raises ScopeMissing, UsagePointUnknown or a ConsentError before Enedis is asked; NothingThere, ConsentMissing
        and UpstreamError errors from Enedis; UpstreamTimeout after `wait` seconds.
        """
        now = await self._clock.now()
        require_scope(caller, record.scope)
        link = require_point(caller, point, await self._links.find(caller.account_id, point), now)
        held = await self._records.held(caller, link.point_id, record)
        if held is not None and outdated(held[1], link.granted_at, now):
            held = None  # under a new consent it may be another customer's
        ask = _Ask(caller, point, record, link, held)
        forced = fresh and self._memory.force(ask, self._clock.monotonic()) and await self._may_force(link, now)
        if not forced:
            if held is not None and _young(*held, now):
                return RecordAnswer(held[0], CacheUse.HIT)
            refusal = self._memory.refusal(ask, self._clock.monotonic())
            if refusal is not None:
                return _instead_of(refusal, held)
        try:
            return RecordAnswer(await self._fetched(ask, wait), CacheUse.MISS)
        except UpstreamError as error:
            return _instead_of(error, held)

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

    async def drain(self, seconds: float) -> None:
        """Let what is under way land, for so long at most."""
        await let_land(self._under_way.values(), seconds)

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
        if _is_partial(found) and _outlives(ask.held, await self._clock.now()):
            failed = UpstreamUnavailable(
                "Enedis failed to tell a part of the contract.",
                "Enedis n'a pas pu donner une partie du contrat.",
                retry_after=int(PARTIAL_LASTS.total_seconds()),
            )
            self._memory.refuse(ask, failed, self._clock.monotonic() + PARTIAL_LASTS.total_seconds())
            raise failed
        await self._records.keep(ask.caller, ask.caller.account_id, ask.link.point_id, found)
        return found


def _young(found: AnyRecord, kept_at: datetime, now: datetime) -> bool:
    """Whether a record needs no call."""
    return -SET_BACK <= now - kept_at < (PARTIAL_LASTS if _is_partial(found) else RECORD_LASTS)


def _instead_of(error: PasserelleError, held: _Held | None) -> RecordAnswer:
    """The last good record, where Enedis failed. Raises the error where there is none, or Enedis said no."""
    if held is None or not isinstance(error, UpstreamError):
        raise error
    return RecordAnswer(held[0], CacheUse.STALE, error)


def _outlives(held: _Held | None, now: datetime) -> bool:
    """Whether what is held is whole, and young enough to be served rather than a newer one in part."""
    return held is not None and not _is_partial(held[0]) and now - held[1] < WHOLE_OUTLIVES


def _is_partial(found: AnyRecord) -> bool:
    return isinstance(found, Contract) and found.partial
