"""The five APIs of technical and contractual data, the usage point in their path (F§10)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date

from msgspec import Struct

from passerelle.errors import NothingThere
from passerelle.model.customer import Address, AnyRecord, Contact, Contract, CustomerRecord, Identity
from passerelle.model.paris import in_paris, midnight
from passerelle.model.scopes import Scope
from passerelle.model.usage_point import UsagePointId
from passerelle.web.mirror.call import MirrorCall
from passerelle.web.mirror.errors import Refused
from passerelle.web.mirror.v2026 import errors, parameters
from passerelle.web.mirror.v2026.bodies import (
    Connection,
    ContactData,
    ContractItem,
    GeneralData,
    Metering,
    MeterSituation,
    MeterType,
    Organization,
    Person,
    PostalAddress,
    Power,
    Relays,
    Segment,
    Summary,
    TextPower,
)

METER_TYPES = frozenset(
    (
        *("AMM", "LINKYPRO", "CBE", "CJCE", "CJDI", "CJE", "CVE", "CVSS", "CVST", "CVT1", "CVT2", "CVT3"),
        *("EMC", "ICE", "ICE4Q", "PMEI", "SAPHIR", "SSCPT"),
    )
)
"""The codes that the specification of `comptage_auto` knows."""
_SPELT_SINCE = {"LINKY": "AMM"}
"""v5 has two codes for the same meter (F§8), 2026 one."""


@dataclass(frozen=True, slots=True)
class RecordApi:
    """One API: the scope that opens it, and what it reads."""

    scope: Scope
    read: Callable[[MirrorCall, UsagePointId], Awaitable["Struct | list[ContractItem] | None"]]


async def without_point(_: MirrorCall) -> "Struct":
    """An API without its usage point, or with it in the query. Raises Refused: it is outside the specification."""
    raise Refused(errors.OUTSIDE_SPECIFICATION)


async def read_record(call: MirrorCall, api: str) -> "Struct | list[ContractItem]":
    """The body of one API. Raises Refused, also where nothing of it is known, and the errors of `read_customer`."""
    parameters.none_at_all(call.request.query_params)
    point = parameters.usage_point(call.request.path_params["prm"])
    found = await RECORDS[api].read(call, point)
    if found is None:
        raise Refused(errors.NOTHING_OF[api])
    return found


async def _situation(call: MirrorCall, point: UsagePointId) -> list[ContractItem]:
    """The contract, with the holder as far as the key may read them. Asked together: one call tells all three."""
    contract, identity, contact = await asyncio.gather(
        _contract(call, point, whole=False),
        _if_allowed(call, point, CustomerRecord.IDENTITY),
        _if_allowed(call, point, CustomerRecord.CONTACT),
    )
    return [contract_item(point, contract, identity, contact)]


async def _contract(call: MirrorCall, point: UsagePointId, *, whole: bool = True) -> Contract:
    record = await call.record(point, CustomerRecord.CONTRACT, whole=whole)
    assert isinstance(record, Contract)  # noqa: S101 — what was asked
    return record


async def _if_allowed(call: MirrorCall, point: UsagePointId, record: CustomerRecord) -> AnyRecord | None:
    if record.scope not in call.caller.scopes:
        return None
    try:
        return await call.record(point, record)
    except NothingThere:
        return None


def contract_item(
    point: UsagePointId, contract: Contract, identity: AnyRecord | None, contact: AnyRecord | None
) -> ContractItem:
    """One contract as 2026 gives it. What only v5 knows has no place in it."""
    person = identity.natural_person if isinstance(identity, Identity) else None
    entity = identity.legal_entity if isinstance(identity, Identity) else None
    return ContractItem(
        usage_point_id=point,
        contract_type=contract.contract_type,
        distribution_tariff=contract.distribution_tariff,
        subscribed_power=_text_power(contract),
        segment=contract.segment,
        contact_data=_contact_data(contact) if isinstance(contact, Contact) else None,
        person=Person(title=person.title, lastname=person.lastname, firstname=person.firstname) if person else None,
        organization=Organization(
            name=entity.name, commercial_name=entity.trading_name, siret_number=entity.siret_number
        )
        if entity
        else None,
    )


def _text_power(contract: Contract) -> TextPower | None:
    """`12 kVA` of v5 is a value and a unit here (F§14)."""
    value, _, unit = (contract.subscribed_power_text or "").strip().partition(" ")
    if value and unit:
        return TextPower(unit=unit.strip(), value=value)
    kva = contract.subscribed_power_kva
    return None if kva is None else TextPower(unit="kVA", value=str(kva))


def _contact_data(contact: Contact) -> ContactData | None:
    found = ContactData(email=contact.email, landline=contact.landline, phone=contact.phone)
    return None if found == ContactData() else found


async def _summary(call: MirrorCall, point: UsagePointId) -> Summary | None:
    return summary(await _contract(call, point))


def summary(contract: Contract) -> Summary | None:
    """The dates of the contract; None where nothing of it is known.

    The last activation of a point that only produces (segment P) is that of its production.
    """
    produces = (contract.segment or "").upper().startswith("P")
    found = Summary(
        segments=[Segment(segment=contract.segment)] if contract.segment else None,
        generation_last_activation_date=_moment(contract.generation_last_activation_date),
        consumption_last_activation_date=None if produces else _moment(contract.last_activation_date),
        last_subscribed_power_change_date=_moment(contract.last_subscribed_power_change_date),
        services_level=contract.services_level,
    )
    return None if found == Summary() else found


def _moment(day: date | None) -> str | None:
    """`2024-10-12T00:00:00+0200`: the midnight of the day, its offset without colon (F§10)."""
    return None if day is None else f"{in_paris(midnight(day)):%Y-%m-%dT%H:%M:%S%z}"


async def _meter(call: MirrorCall, point: UsagePointId) -> MeterSituation | None:
    return meter(await _contract(call, point))


def meter(contract: Contract) -> MeterSituation | None:
    """The meter and its off-peak hours; None where neither is known."""
    code = _SPELT_SINCE.get(contract.meter_type or "", contract.meter_type)
    found = MeterSituation(
        dispositif_comptage=Metering(type_comptage=MeterType(code=code)) if code in METER_TYPES and code else None,
        relais=Relays(plage_heures_creuses=contract.offpeak_text) if contract.offpeak_text else None,
    )
    return None if found == MeterSituation() else found


async def _general(call: MirrorCall, point: UsagePointId) -> GeneralData | None:
    record = await call.record(point, CustomerRecord.ADDRESS)
    assert isinstance(record, Address)  # noqa: S101 — what was asked
    return general(record)


def general(address: Address) -> GeneralData | None:
    """The address, postal code and city in one text (F§14); None where nothing of it is known."""
    found = PostalAddress(
        number_street_name=address.street,
        locality=address.locality,
        postal_code_city=" ".join(part for part in (address.postal_code, address.city) if part) or None,
        insee_code=address.insee_code,
    )
    return None if found == PostalAddress() else GeneralData(address=found)


async def _connection(call: MirrorCall, point: UsagePointId) -> Connection | None:
    return connection(await _contract(call, point))


def connection(contract: Contract) -> Connection | None:
    """The connection; None where nothing of it is known: v5 has none of it."""
    found = Connection(
        phase_count=contract.phases_text,
        consumption_connection_power=_power(
            contract.consumption_connection_power_kva, contract.consumption_connection_power_kw
        ),
        generation_connection_power=_power(
            contract.generation_connection_power_kva, contract.generation_connection_power_kw
        ),
    )
    return None if found == Connection() else found


def _power(kva: float | None, kw: float | None) -> Power | None:
    """In the unit in which Enedis said it."""
    if kva is not None:
        return Power(value=kva, unit="kVA")
    return None if kw is None else Power(value=kw, unit="kW")


RECORDS: Mapping[str, RecordApi] = {
    "situation_contrat_auto": RecordApi(Scope.CONTRACT, _situation),
    "synth_contrat_auto": RecordApi(Scope.CONTRACT, _summary),
    "comptage_auto": RecordApi(Scope.CONTRACT, _meter),
    "donnees_generales_auto": RecordApi(Scope.ADDRESS, _general),
    "alimentation_auto": RecordApi(Scope.CONTRACT, _connection),
}
"""By name, which is the first part of the path."""
