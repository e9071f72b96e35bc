"""From the technical and contractual data of 2026 to our nouns (F§10, F§14). Pure.

What 2026 no longer says (contract status, coordinates, customer id…) stays None, and is never invented.
"""

import re
from dataclasses import replace
from typing import Any

from passerelle.enedis.bodies import Text, broken, decode
from passerelle.enedis.texts import read_amount, read_day, read_offpeak, read_power, read_text
from passerelle.enedis.v2026.wire import (
    AddressPart,
    Amount,
    ContactPart,
    ContractItem,
    MeteringBody,
    OrganizationPart,
    PersonPart,
    PlaceBody,
    SegmentPart,
    SupplyBody,
    SynthesisBody,
)
from passerelle.errors import NoData
from passerelle.model.customer import Address, Contact, Contract, Identity, LegalEntity, NaturalPerson
from passerelle.model.usage_point import UsagePointId

_INSTANT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})T[0-9:.]+(?:([+-][0-9]{2}):?([0-9]{2})|(Z))", re.ASCII)
_CODE_AND_CITY = re.compile(r"([0-9]{5})\s+(\S.*)", re.ASCII)
_PHASES = {"1": 1, "2": 1, "3": 3, "4": 3}
"""`phase_count` is "nombre de fils de branchement": two wires are one phase, four are three. No value was ever seen;
1 and 3, which cannot be wires of a usual connection, are taken as phases."""


def read_contract(situation: bytes, point: UsagePointId) -> Contract:
    """What `situation_contrat_auto` alone says: of a self-consumption point, its withdrawal contract (segment C).

    A point that only produces has its injection contract. Raises UpstreamBroken for a body without a contract of this
    usage point.
    """
    item = _items(situation, point)[0]
    power = _amount(item.subscribed_power)
    return Contract(
        segment=_segment(item),
        subscribed_power_kva=read_power(power),
        subscribed_power_kw=read_amount("kW", power),
        subscribed_power_text=power,
        distribution_tariff=read_text(item.distribution_tariff),
        contract_type=read_text(item.contract_type),
    )


def with_synthesis(contract: Contract, body: bytes) -> Contract:
    """Activation dates and services level, from `synth_contrat_auto`.

    The last activation is that of the contract's own side: of consumption, unless the contract is one of injection.
    Raises UpstreamBroken, as the two below.
    """
    read = decode(body, SynthesisBody)
    generation = read.generation_last_activation_date
    activation = generation if _is_injection(contract.segment) else read.consumption_last_activation_date
    return replace(
        contract,
        last_activation_date=read_day(activation),
        last_activation_text=_as_v5(activation),
        services_level=read_text(read.services_level),
        last_subscribed_power_change_date=read_day(read.last_subscribed_power_change_date),
        generation_last_activation_date=read_day(generation),
    )


def with_metering(contract: Contract, body: bytes) -> Contract:
    """Meter type and off-peak hours, from `comptage_auto`."""
    read = decode(body, MeteringBody)
    device, relay = read.dispositif_comptage, read.relais
    offpeak = relay.plage_heures_creuses if relay else None
    return replace(
        contract,
        meter_type=read_text(device.type_comptage.code) if device and device.type_comptage else None,
        offpeak_hours=read_offpeak(offpeak),
        offpeak_text=read_text(offpeak),
    )


def with_supply(contract: Contract, body: bytes) -> Contract:
    """Connection powers and phases, from `alimentation_auto`.

    Each power is what its key says: the descriptions of the two are swapped in the specification (F§10). Its unit is
    Enedis' own: the one real answer has kW.
    """
    read = decode(body, SupplyBody)
    drawn, given = _amount(read.consumption_connection_power), _amount(read.generation_connection_power)
    return replace(
        contract,
        consumption_connection_power_kva=read_amount("kVA", drawn),
        generation_connection_power_kva=read_amount("kVA", given),
        consumption_connection_power_kw=read_amount("kW", drawn),
        generation_connection_power_kw=read_amount("kW", given),
        phases=_PHASES.get(_number(read.phase_count) or ""),
        phases_text=_number(read.phase_count),
    )


def read_address(body: bytes) -> Address:
    """Raises UpstreamBroken for a body without an address."""
    part = _innermost(decode(body, PlaceBody).address)
    if part is None:
        raise broken("holds no address", "ne contient pas d'adresse")
    postal_code, city = _code_and_city(read_text(part.postal_code_city))
    return Address(
        street=read_text(part.number_street_name),
        locality=read_text(part.locality),
        postal_code=postal_code,
        city=city,
        insee_code=read_text(part.insee_code),
    )


def read_identity(situation: bytes, point: UsagePointId) -> Identity:
    """A person, an organization, or both. Raises NoData if no contract names a holder, UpstreamBroken without one."""
    for item in _items(situation, point):
        if item.person is not None or item.organization is not None:
            return Identity(natural_person=_person(item.person), legal_entity=_entity(item.organization))
    raise _absent("no holder", "pas de titulaire")


def read_contact(situation: bytes, point: UsagePointId) -> Contact:
    """Both numbers, as far as there are (F§14).

    Raises NoData without any and without e-mail, UpstreamBroken without a contract.
    """
    for item in _items(situation, point):
        part = item.contact_data or ContactPart()
        found = Contact(phone=read_text(part.phone), email=read_text(part.email), landline=read_text(part.landline))
        if found != Contact():
            return found
    raise _absent("no contact data", "pas de coordonnées")


def _items(situation: bytes, point: UsagePointId) -> list[ContractItem]:
    """The contracts of this usage point, those of withdrawal first: a list, or one object (F§10)."""
    either: Any = list[ContractItem] | ContractItem
    read = decode(situation, either)
    given: list[ContractItem] = read if isinstance(read, list) else [read]
    items = [item for item in given if item != ContractItem() and _is_of(item, point)]
    if not items:
        raise broken("holds no contract of this usage point", "ne contient pas de contrat de ce point")
    return sorted(items, key=lambda item: (not _is_withdrawal(_segment(item)), _is_injection(_segment(item))))


def _is_of(item: ContractItem, point: UsagePointId) -> bool:
    return item.usage_point_id is None or str(item.usage_point_id).strip().zfill(14) == point


def _segment(item: ContractItem) -> str | None:
    """Of several the one of withdrawal, else the first."""
    given = item.segment if isinstance(item.segment, list) else [item.segment]
    read = (each.segment if isinstance(each, SegmentPart) else each for each in given)
    texts = [text for text in map(read_text, read) if text is not None]
    return next(filter(_is_withdrawal, texts), texts[0] if texts else None)


def _is_withdrawal(segment: str | None) -> bool:
    """Segments C are of consumption, P of production (F§10)."""
    return (segment or "").strip().upper().startswith("C")


def _is_injection(segment: str | None) -> bool:
    return (segment or "").strip().upper().startswith("P")


def _amount(power: Text | Amount) -> str | None:
    """`12 kVA`, as v5 writes it (F§14)."""
    if not isinstance(power, Amount):
        return read_text(power)
    return " ".join(filter(None, (_number(power.value), read_text(power.unit)))) or None


def _number(value: Text) -> str | None:
    """A whole number without decimals, however it was spelt."""
    whole = isinstance(value, float) and value.is_integer()
    return (read_text(int(value) if whole and value is not None else value) or "").strip() or None


def _as_v5(text: str | None) -> str | None:
    """`2018-08-31T00:00:00+0200` in the form of v5, `2018-08-31+02:00` (F§8, F§14); anything else as it is."""
    found = _INSTANT.fullmatch((text or "").strip())
    if found is None:
        return read_text(text)
    day, hours, minutes, zulu = found.groups()
    return f"{day}Z" if zulu else f"{day}{hours}:{minutes}"


def _innermost(part: AddressPart | None) -> AddressPart | None:
    while part is not None and part.address is not None:
        part = part.address
    return part


def _code_and_city(text: str | None) -> tuple[str | None, str | None]:
    """Both parts of `60000 BEAUVAIS`; what has another form stays whole, under what it begins like."""
    if text is None:
        return None, None
    found = _CODE_AND_CITY.fullmatch(text.strip())
    if found is not None:
        return found[1], found[2]
    return (text, None) if text.strip()[0].isdigit() else (None, text)


def _person(part: PersonPart | None) -> NaturalPerson | None:
    if part is None:
        return None
    return NaturalPerson(read_text(part.title), read_text(part.firstname), read_text(part.lastname))


def _entity(part: OrganizationPart | None) -> LegalEntity | None:
    """The business code is a code, not the words that v5 has for the activity: it is left out."""
    if part is None:
        return None
    return LegalEntity(
        name=read_text(part.name),
        trading_name=read_text(part.commercial_name),
        siret_number=read_text(part.siret_number),
    )


def _absent(what: str, quoi: str) -> NoData:
    return NoData(f"Enedis has {what} for this usage point.", f"Enedis n'a {quoi} pour ce point.")
