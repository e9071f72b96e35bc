"""From the customer bodies of v5 to our nouns (F§8). Pure."""

from collections.abc import Callable

from passerelle.enedis.bodies import decode
from passerelle.enedis.texts import read_amount, read_day, read_offpeak, read_power, read_text
from passerelle.enedis.v5.wire import (
    AddressPart,
    ContactBody,
    ContractPart,
    CustomerBody,
    EntityPart,
    GeoPart,
    IdentityBody,
    PersonPart,
    UsagePointEntry,
    UsagePointPart,
)
from passerelle.errors import UpstreamBroken
from passerelle.model.customer import (
    Address,
    AnyRecord,
    Contact,
    Contract,
    CustomerRecord,
    GeoPoint,
    Identity,
    LegalEntity,
    NaturalPerson,
)
from passerelle.model.usage_point import UsagePointId


def record(body: bytes, point: UsagePointId, kind: CustomerRecord) -> AnyRecord:
    """The record that the body holds for this usage point.

    Raises UpstreamBroken for what cannot be read, and for a body without this usage point.
    """
    return _READERS[kind](body, point)


def _contract(body: bytes, point: UsagePointId) -> Contract:
    customer_id, entry, at = _entry(body, point)
    part = entry.contracts or ContractPart()
    power, offpeak = read_text(part.subscribed_power), part.offpeak_hours
    return Contract(
        customer_id=customer_id,
        usage_point_status=read_text(at.usage_point_status),
        meter_type=read_text(at.meter_type),
        segment=read_text(part.segment),
        subscribed_power_kva=read_power(power),
        subscribed_power_kw=read_amount("kW", power),
        subscribed_power_text=power,
        last_activation_date=read_day(part.last_activation_date),
        last_activation_text=read_text(part.last_activation_date),
        distribution_tariff=read_text(part.distribution_tariff),
        offpeak_hours=read_offpeak(offpeak),
        offpeak_text=read_text(offpeak),
        contract_type=read_text(part.contract_type),
        contract_status=read_text(part.contract_status),
        last_distribution_tariff_change_date=read_day(part.last_distribution_tariff_change_date),
        last_distribution_tariff_change_text=read_text(part.last_distribution_tariff_change_date),
    )


def _address(body: bytes, point: UsagePointId) -> Address:
    customer_id, _, at = _entry(body, point)
    part = at.usage_point_addresses or AddressPart()
    return Address(
        customer_id=customer_id,
        usage_point_status=read_text(at.usage_point_status),
        meter_type=read_text(at.meter_type),
        street=read_text(part.street),
        locality=read_text(part.locality),
        postal_code=read_text(part.postal_code),
        insee_code=read_text(part.insee_code),
        city=read_text(part.city),
        country=read_text(part.country),
        geo_points=_geo(part.geo_points),
    )


def _identity(body: bytes, _: UsagePointId) -> Identity:
    """A natural person, a legal entity, or both."""
    read = decode(body, IdentityBody)
    if read.identity is None:
        raise _broken("identity", "d'identité")
    return Identity(
        customer_id=read_text(read.customer_id),
        natural_person=_person(read.identity.natural_person),
        legal_entity=_entity(read.identity.legal_entity),
    )


def _person(part: PersonPart | None) -> NaturalPerson | None:
    return (
        None
        if part is None
        else NaturalPerson(read_text(part.title), read_text(part.firstname), read_text(part.lastname))
    )


def _entity(part: EntityPart | None) -> LegalEntity | None:
    if part is None:
        return None
    return LegalEntity(
        read_text(part.name),
        read_text(part.trading_name),
        read_text(part.business),
        read_text(part.industry),
        read_text(part.siret_number),
    )


def _contact(body: bytes, _: UsagePointId) -> Contact:
    read = decode(body, ContactBody)
    part = read.contact_data or read.contact
    if part is None:
        raise _broken("contact data", "de coordonnées")
    return Contact(read_text(read.customer_id), read_text(part.phone), read_text(part.email))


_READERS: dict[CustomerRecord, Callable[[bytes, UsagePointId], AnyRecord]] = {
    CustomerRecord.CONTRACT: _contract,
    CustomerRecord.ADDRESS: _address,
    CustomerRecord.IDENTITY: _identity,
    CustomerRecord.CONTACT: _contact,
}


def _entry(body: bytes, point: UsagePointId) -> tuple[str | None, UsagePointEntry, UsagePointPart]:
    """The asked usage point among those of the customer: the arrays may hold several (F§8)."""
    customer = decode(body, CustomerBody).customer
    for entry in (customer.usage_points or ()) if customer else ():
        at = entry.usage_point
        if at is not None and (read_text(at.usage_point_id) or "").zfill(14) == point:
            return read_text(customer.customer_id) if customer else None, entry, at
    raise _broken("data of this usage point", "de données de ce point")


def _geo(part: GeoPart | None) -> GeoPoint | None:
    latitude, longitude = (read_text(part.latitude), read_text(part.longitude)) if part else (None, None)
    if part is None or latitude is None or longitude is None:
        return None
    return GeoPoint(latitude, longitude, read_text(part.altitude))


def _broken(what: str, quoi: str) -> UpstreamBroken:
    return UpstreamBroken(f"Enedis' answer holds no {what}.", f"La réponse d'Enedis ne contient pas {quoi}.")
