"""Read one customer record of a usage point: contract, address, identity or contact."""

import asyncio

from passerelle.access.caller import Caller
from passerelle.access.checks import require_point, require_scope
from passerelle.consent.states import Link, after_refusal
from passerelle.errors import ConsentError, UpstreamTimeout
from passerelle.gateway.patience import Patience
from passerelle.gateway.ports import Enedis, Errand, LinkStore
from passerelle.kit.clock import Clock
from passerelle.model.customer import AnyRecord, CustomerRecord
from passerelle.model.priority import Priority
from passerelle.model.usage_point import UsagePointId


class ReadCustomer:
    """Check, ask Enedis once for all who wait, answer. Nothing is kept: these are names and addresses."""

    def __init__(self, *, links: LinkStore, enedis: Enedis, clock: Clock, patience: Patience | None = None) -> None:
        self._links = links
        self._enedis = enedis
        self._clock = clock
        self._patience = patience or Patience()
        self._under_way: dict[tuple[str, CustomerRecord], asyncio.Task[AnyRecord]] = {}

    async def __call__(self, caller: Caller, point: UsagePointId, record: CustomerRecord, wait: float) -> AnyRecord:
        """The record.

        Raises ScopeMissing, UsagePointUnknown or a ConsentError before Enedis is asked; NothingThere, ConsentMissing
        and UpstreamError errors from Enedis; UpstreamTimeout after `wait` seconds.
        """
        now = await self._clock.now()
        require_scope(caller, record.scope)
        link = require_point(caller, point, await self._links.find(caller.account_id, point), now)
        task = self._flight(caller, point, link, record)
        if not await self._patience.wait([task], wait):
            raise UpstreamTimeout("Enedis has not answered yet.", "Enedis n'a pas encore répondu.", retry_after=5)
        return task.result()

    def _flight(
        self, caller: Caller, point: UsagePointId, link: Link, record: CustomerRecord
    ) -> "asyncio.Task[AnyRecord]":
        lane = (link.point_id, record)
        task = self._under_way.get(lane)
        if task is None:
            task = asyncio.create_task(self._ask(caller, point, link, record))
            self._under_way[lane] = task
            task.add_done_callback(lambda ended: self._land(lane, ended))
        return task

    def _land(self, lane: tuple[str, CustomerRecord], ended: "asyncio.Task[AnyRecord]") -> None:
        self._under_way.pop(lane, None)
        if not ended.cancelled():
            ended.exception()  # a caller who stopped waiting leaves nobody to hear of it

    async def _ask(self, caller: Caller, point: UsagePointId, link: Link, record: CustomerRecord) -> AnyRecord:
        errand = Errand(caller.account_id, Priority.INTERACTIVE)
        try:
            return await self._enedis.fetch_record(point, record, errand)
        except ConsentError:
            now = await self._clock.now()
            await self._links.set_state(link, after_refusal(link, now))
            raise
