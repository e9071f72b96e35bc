"""In-memory twins of the store of customer records and of their refusals."""

from dataclasses import dataclass, field
from datetime import datetime

from passerelle.access.caller import Caller
from passerelle.kit.clock import Clock
from passerelle.model.customer import Address, AnyRecord, Contact, Contract, CustomerRecord, Identity
from passerelle.plan.ledger import Refusal

_KINDS: dict[type, CustomerRecord] = {
    Contract: CustomerRecord.CONTRACT,
    Address: CustomerRecord.ADDRESS,
    Identity: CustomerRecord.IDENTITY,
    Contact: CustomerRecord.CONTACT,
}


class MemoryRecords:
    """Satisfies `gateway.ports.RecordStore`; every caller of the account opens it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[tuple[str, str, CustomerRecord], tuple[AnyRecord, datetime]] = {}

    async def held(self, caller: Caller, point_id: str, record: CustomerRecord) -> tuple[AnyRecord, datetime] | None:
        return self._kept.get((caller.account_id, point_id, record))

    async def keep(self, caller: Caller | None, account_id: str, point_id: str, found: AnyRecord) -> None:  # noqa: ARG002 — the port's signature
        self._kept[account_id, point_id, _KINDS[type(found)]] = (found, await self._clock.now())


@dataclass
class MemoryRecordRefusals:
    """Satisfies `gateway.ports.RecordRefusals`."""

    kept: dict[tuple[str, CustomerRecord], Refusal] = field(default_factory=dict)

    async def refused(self, point_id: str, record: CustomerRecord) -> Refusal | None:
        return self.kept.get((point_id, record))

    async def refuse(self, point_id: str, record: CustomerRecord, refusal: Refusal) -> None:
        self.kept[point_id, record] = refusal

    async def lift(self, point_id: str, record: CustomerRecord) -> None:
        self.kept.pop((point_id, record), None)
