"""Ask Enedis for a customer record: one process for all, and what it was told, good or not, counts for all."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime, timedelta

from passerelle.access.caller import Caller
from passerelle.consent.states import Link, after_refusal
from passerelle.errors import ConsentError, InternalError, NothingThere, UpstreamUnavailable, error_of
from passerelle.gateway.bring import POLL_FIRST, POLL_LONGEST, RENEW
from passerelle.gateway.ports import Enedis, Errand, Leases, LinkStore, RecordRefusals, RecordStore
from passerelle.kit.clock import Clock
from passerelle.kit.logs import get_logger
from passerelle.model.customer import AnyRecord, Contract, CustomerRecord
from passerelle.model.days import one_day
from passerelle.model.paris import in_paris
from passerelle.model.priority import Priority
from passerelle.model.usage_point import UsagePointId
from passerelle.plan.entries import without_body
from passerelle.plan.failures import REMEMBERED
from passerelle.plan.freshness import PARTIAL_LASTS, REFUSED_RECORD, SETTLING_FIRST, WHOLE_OUTLIVES, outdated
from passerelle.plan.gaps import reason_of
from passerelle.plan.ledger import Refusal
from passerelle.problem import PasserelleError

Held = tuple[AnyRecord, datetime]
"""A record, and when it was kept."""

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RecordAsk:
    """What one request wants. `held`, `refused`: what the store had of the time of this consent, however old."""

    caller: Caller
    point: UsagePointId
    record: CustomerRecord
    link: Link
    held: Held | None
    refused: Refusal | None

    @property
    def lane(self) -> tuple[str, CustomerRecord]:
        return self.link.point_id, self.record


class RecordAsks:
    """Asks in its turn among all processes, unless another one has brought the record, or a refusal, meanwhile."""

    def __init__(
        self,
        *,
        links: LinkStore,
        records: RecordStore,
        refusals: RecordRefusals,
        enedis: Enedis,
        leases: Leases,
        clock: Clock,
    ) -> None:
        self._links = links
        self._records = records
        self._refusals = refusals
        self._enedis = enedis
        self._leases = leases
        self._clock = clock

    async def held(self, caller: Caller, link: Link, record: CustomerRecord, now: datetime) -> Held | None:
        """What is held of the time of this consent: under another one it may be another customer's."""
        held = await self._records.held(caller, link.point_id, record)
        return None if held is None or outdated(held[1], link.granted_at, now) else held

    async def refused(self, link: Link, record: CustomerRecord, now: datetime) -> Refusal | None:
        """A refusal of the time of this consent, whether or not it still counts."""
        refusal = await self._refusals.refused(link.point_id, record)
        return None if refusal is None or outdated(refusal.asked_at, link.granted_at, now) else refusal

    async def __call__(self, ask: RecordAsk) -> AnyRecord:
        """The record. Raises what Enedis says, to whichever process."""
        began, seen, pause = 0, 0, POLL_FIRST
        try:
            while True:
                hold = await self._leases.claim(*ask.lane)
                began = began or hold.moment
                if hold.ours or hold.moment != seen:
                    found = await self._meanwhile(ask, brought=hold.moment != began)
                    if found is not None:
                        return found
                if hold.ours:
                    return await self._renewed(ask)
                seen = hold.moment
                await self._clock.sleep(pause)
                pause = min(pause * 1.5, POLL_LONGEST)
        finally:
            await self._unless_away(self._leases.release(*ask.lane))

    async def _meanwhile(self, ask: RecordAsk, *, brought: bool) -> AnyRecord | None:
        """What was brought since the request looked. Raises what another process was told since."""
        now = await self._clock.now()
        refused = await self.refused(ask.link, ask.record, now)
        if refused is not None and refused != ask.refused:
            raise error_of(refused.problem)
        held = await self.held(ask.caller, ask.link, ask.record, now)
        newer = held is not None and (ask.held is None or held[1] > ask.held[1] or brought)
        return held[0] if held is not None and newer else None

    async def _renewed(self, ask: RecordAsk) -> AnyRecord:
        """Ask, and keep the lease for as long as that takes."""
        asking = asyncio.create_task(self._fetch(ask))
        try:
            while not (await asyncio.wait((asking,), timeout=RENEW))[0]:
                await self._unless_away(self._leases.claim(*ask.lane))
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            await self._unless_away(self._leases.landed(*ask.lane))
        return asking.result()

    @staticmethod
    async def _unless_away(change: Awaitable[object]) -> None:
        """A lease that cannot be changed now ends by itself."""
        try:
            await change
        except InternalError as error:
            log.warning("lease_away", problem=error.problem.code)

    async def _fetch(self, ask: RecordAsk) -> AnyRecord:
        errand = Errand(ask.caller.account_id, Priority.INTERACTIVE)
        try:
            found = await self._enedis.fetch_record(ask.point, ask.record, errand)
        except (ConsentError, NothingThere) as error:
            if isinstance(error, ConsentError):
                await self._links.set_state(ask.link, after_refusal(ask.link, await self._clock.now()))
            await self._refuse(ask, error, SETTLING_FIRST if isinstance(error, ConsentError) else REFUSED_RECORD)
            raise
        except PasserelleError as error:
            memory = REMEMBERED.get(type(error))
            if memory is not None:
                tries = _tries(ask.refused, error)
                await self._refuse(ask, error, memory.lasts(tries, error.problem.retry_after), tries)
            raise
        if is_partial(found) and _outlives(ask.held, await self._clock.now()):
            failed = UpstreamUnavailable(
                "Enedis failed to tell a part of the contract.",
                "Enedis n'a pas pu donner une partie du contrat.",
                retry_after=int(PARTIAL_LASTS.total_seconds()),
            )
            await self._refuse(ask, failed, PARTIAL_LASTS)
            raise failed
        await self._records.keep(ask.caller, ask.caller.account_id, ask.link.point_id, found)
        await self._refusals.lift(*ask.lane)
        return found

    async def _refuse(self, ask: RecordAsk, error: PasserelleError, lasts: timedelta, tries: int = 1) -> None:
        """An identical call gets the same answer (F§12): no process makes it again for so long."""
        now = await self._clock.now()
        today = one_day(in_paris(now).date())
        problem = without_body(error.problem)
        refusal = Refusal(reason_of(error), problem, now, now + lasts, today.start, today.end, tries)
        await self._refusals.refuse(*ask.lane, refusal)


def _tries(before: Refusal | None, error: PasserelleError) -> int:
    """How often this failure was met in a row."""
    return before.tries + 1 if before is not None and before.problem.code == error.code else 1


def is_partial(found: AnyRecord) -> bool:
    return isinstance(found, Contract) and found.partial


def _outlives(held: Held | None, now: datetime) -> bool:
    """Whether what is held is whole, and young enough to be served rather than a newer one in part."""
    return held is not None and not is_partial(held[0]) and now - held[1] < WHOLE_OUTLIVES
