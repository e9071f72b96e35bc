"""An in-memory twin of the store of customer records."""

from datetime import datetime

from passerelle.access.caller import Caller
from passerelle.kit.clock import Clock
from passerelle.model.customer import Address, AnyRecord, Contact, Contract, CustomerRecord, Identity

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
