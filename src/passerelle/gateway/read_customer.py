"""Read one customer record of a usage point: contract, address, identity or contact."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from passerelle.access.caller import Caller
from passerelle.access.checks import require_point, require_scope
from passerelle.errors import UpstreamError, UpstreamTimeout, error_of
from passerelle.gateway.patience import Patience, let_land
from passerelle.gateway.ports import ForcedCalls, LinkStore
from passerelle.gateway.read_series import CacheUse
from passerelle.gateway.record_asks import Held, RecordAsk, RecordAsks, is_partial
from passerelle.kit.clock import Clock
from passerelle.model.customer import AnyRecord, CustomerRecord
from passerelle.model.usage_point import UsagePointId
from passerelle.plan.freshness import FORCED_AGAIN, PARTIAL_LASTS, RECORD_LASTS, SET_BACK
from passerelle.plan.lacks import told_again
from passerelle.plan.ledger import Refusal
from passerelle.problem import PasserelleError

_MOST = 10_000
"""Records of which a process remembers when a caller last had them asked again."""

_Lane = tuple[str, CustomerRecord]


@dataclass(frozen=True, slots=True)
class RecordAnswer:
    """The record, and how much the store had of it. `unrenewed`: why the last good one is served."""

    record: AnyRecord
    cache: CacheUse
    unrenewed: PasserelleError | None = None


class ReadCustomer:
    """Check, answer from the store what is young enough, ask Enedis once for all who wait, keep it sealed."""

    def __init__(
        self,
        *,
        links: LinkStore,
        asks: RecordAsks,
        clock: Clock,
        patience: Patience | None = None,
        forced: ForcedCalls | None = None,
    ) -> None:
        self._links = links
        self._asks = asks
        self._clock = clock
        self._patience = patience or Patience()
        self._forced = forced
        self._asked_again: dict[_Lane, float] = {}
        self._under_way: dict[_Lane, asyncio.Task[AnyRecord]] = {}

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
        held = await self._asks.held(caller, link, record, now)
        lane = link.point_id, record
        forced = fresh and await self._may_force(link.account_id, lane, now)
        if held is not None and not forced and _young(*held, now):
            return RecordAnswer(held[0], CacheUse.HIT)
        refused = await self._asks.refused(link, record, now)
        if refused is not None and not forced and _counts(refused, now):
            return _instead_of(error_of(told_again(refused, refused.until, now)), held)
        ask = RecordAsk(caller, point, record, link, held, refused)
        try:
            return RecordAnswer(await self._fetched(ask, wait), CacheUse.MISS)
        except UpstreamError as error:
            return _instead_of(error, held)

    async def _may_force(self, account_id: str, lane: _Lane, now: datetime) -> bool:
        """Whether a caller may have the record asked before its time; if so, not again for a while."""
        at = self._clock.monotonic()
        if at < self._asked_again.get(lane, float("-inf")) + FORCED_AGAIN.total_seconds():
            return False
        if len(self._asked_again) >= _MOST:
            self._asked_again.clear()
        self._asked_again[lane] = at  # before anything is awaited: of several at once one is charged
        if self._forced is None or await self._forced.take(account_id, 1, now):
            return True
        self._asked_again.pop(lane, None)
        return False

    async def _fetched(self, ask: RecordAsk, wait: float) -> AnyRecord:
        task = self._flight(ask)
        if not await self._patience.wait([task], wait):
            raise UpstreamTimeout("Enedis has not answered yet.", "Enedis n'a pas encore répondu.", retry_after=5)
        return task.result()

    def _flight(self, ask: RecordAsk) -> "asyncio.Task[AnyRecord]":
        task = self._under_way.get(ask.lane)
        if task is None:
            task = asyncio.create_task(self._asks(ask))
            self._under_way[ask.lane] = task
            task.add_done_callback(lambda ended: self._land(ask.lane, ended))
        return task

    async def drain(self, seconds: float) -> None:
        """Let what is under way land, for so long at most."""
        await let_land(self._under_way.values(), seconds)

    def _land(self, lane: _Lane, ended: "asyncio.Task[AnyRecord]") -> None:
        self._under_way.pop(lane, None)
        if not ended.cancelled():
            ended.exception()  # a caller who stopped waiting leaves nobody to hear of it


def _young(found: AnyRecord, kept_at: datetime, now: datetime) -> bool:
    """Whether a record needs no call."""
    return -SET_BACK <= now - kept_at < (PARTIAL_LASTS if is_partial(found) else RECORD_LASTS)


def _counts(refused: Refusal, now: datetime) -> bool:
    """Whether a refusal is not yet worth another call. One from ahead was told before the clock was set back."""
    return refused.until is not None and refused.asked_at - SET_BACK <= now < refused.until


def _instead_of(error: PasserelleError, held: Held | None) -> RecordAnswer:
    """The last good record, where Enedis failed. Raises the error where there is none, or Enedis said no."""
    if held is None or not isinstance(error, UpstreamError):
        raise error
    return RecordAnswer(held[0], CacheUse.STALE, error)
