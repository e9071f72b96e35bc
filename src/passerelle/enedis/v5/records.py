"""From the customer bodies of v5 to our nouns (F§8). Pure."""

import re
from collections.abc import Callable
from datetime import date, time

from passerelle.enedis.v5.wire import (
    AddressPart,
    ContactBody,
    ContractPart,
    CustomerBody,
    EntityPart,
    GeoPart,
    IdentityBody,
    PersonPart,
    Text,
    UsagePointEntry,
    UsagePointPart,
    decode,
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
    OffpeakRange,
)
from passerelle.model.usage_point import UsagePointId

_POWER = re.compile(r"([0-9]{1,6})(?:[.,]0+)?(?:\s*kva)?", re.IGNORECASE)
_DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T+\-Z ].*)?", re.ASCII)
_CLOCK = r"([0-9]{1,2})\s*h\s*([0-9]{2})?"
_RANGE = re.compile(rf"\s*{_CLOCK}\s*-\s*{_CLOCK}\s*", re.IGNORECASE)
_OFFPEAK = re.compile(r"\s*(?:HC)?\s*\(([^()]*)\)\s*", re.IGNORECASE)
_HOURS_IN_DAY = 24


def record(body: bytes, point: UsagePointId, kind: CustomerRecord) -> AnyRecord:
    """The record that the body holds for this usage point.

    Raises UpstreamBroken for what cannot be read, and for a body without this usage point.
    """
    return _READERS[kind](body, point)


def _contract(body: bytes, point: UsagePointId) -> Contract:
    customer_id, entry, at = _entry(body, point)
    part = entry.contracts or ContractPart()
    power, offpeak = _text(part.subscribed_power), part.offpeak_hours
    return Contract(
        customer_id=customer_id,
        usage_point_status=_text(at.usage_point_status),
        meter_type=_text(at.meter_type),
        segment=_text(part.segment),
        subscribed_power_kva=_power(power),
        subscribed_power_text=power,
        last_activation_date=_day(part.last_activation_date),
        last_activation_text=_text(part.last_activation_date),
        distribution_tariff=_text(part.distribution_tariff),
        offpeak_hours=_offpeak(offpeak),
        offpeak_text=_text(offpeak),
        contract_type=_text(part.contract_type),
        contract_status=_text(part.contract_status),
        last_distribution_tariff_change_date=_day(part.last_distribution_tariff_change_date),
        last_distribution_tariff_change_text=_text(part.last_distribution_tariff_change_date),
    )


def _address(body: bytes, point: UsagePointId) -> Address:
    customer_id, _, at = _entry(body, point)
    part = at.usage_point_addresses or AddressPart()
    return Address(
        customer_id=customer_id,
        usage_point_status=_text(at.usage_point_status),
        meter_type=_text(at.meter_type),
        street=_text(part.street),
        locality=_text(part.locality),
        postal_code=_text(part.postal_code),
        insee_code=_text(part.insee_code),
        city=_text(part.city),
        country=_text(part.country),
        geo_points=_geo(part.geo_points),
    )


def _identity(body: bytes, _: UsagePointId) -> Identity:
    """A natural person, a legal entity, or both."""
    read = decode(body, IdentityBody)
    if read.identity is None:
        raise _broken("identity", "d'identité")
    return Identity(
        customer_id=_text(read.customer_id),
        natural_person=_person(read.identity.natural_person),
        legal_entity=_entity(read.identity.legal_entity),
    )


def _person(part: PersonPart | None) -> NaturalPerson | None:
    return None if part is None else NaturalPerson(_text(part.title), _text(part.firstname), _text(part.lastname))


def _entity(part: EntityPart | None) -> LegalEntity | None:
    if part is None:
        return None
    return LegalEntity(
        _text(part.name),
        _text(part.trading_name),
        _text(part.business),
        _text(part.industry),
        _text(part.siret_number),
    )


def _contact(body: bytes, _: UsagePointId) -> Contact:
    read = decode(body, ContactBody)
    part = read.contact_data or read.contact
    if part is None:
        raise _broken("contact data", "de coordonnées")
    return Contact(_text(read.customer_id), _text(part.phone), _text(part.email))


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
        if at is not None and (_text(at.usage_point_id) or "").zfill(14) == point:
            return _text(customer.customer_id) if customer else None, entry, at
    raise _broken("data of this usage point", "de données de ce point")


def _text(value: Text) -> str | None:
    """The text itself, or None for one that is absent or blank."""
    text = "" if value is None else str(value)
    return text if text.strip() else None


def _power(text: str | None) -> int | None:
    """KVA."""
    found = _POWER.fullmatch((text or "").strip())
    return int(found[1]) if found else None


def _day(text: str | None) -> date | None:
    """The day of `2017-07-15+02:00`; the offset says only where it was midnight (F§8)."""
    found = _DATE.fullmatch((text or "").strip())
    try:
        return date.fromisoformat(found[1]) if found else None
    except ValueError:
        return None


def _offpeak(text: str | None) -> tuple[OffpeakRange, ...] | None:
    """The ranges of `HC (1H06-7H06;15H06-17H06)`; None unless all of it is understood."""
    outer = _OFFPEAK.fullmatch(text or "")
    if outer is None:
        return None
    ranges = []
    for piece in re.split(r"[;,]", outer[1]):
        found = _RANGE.fullmatch(piece)
        if found is None:
            return None
        start, end = _clock(found[1], found[2]), _clock(found[3], found[4])
        if start is None or end is None or start == end:
            return None
        ranges.append(OffpeakRange(start, end))
    return tuple(ranges)


def _clock(hours: str, minutes: str | None) -> time | None:
    hour, minute = int(hours), int(minutes or 0)
    if (hour, minute) == (_HOURS_IN_DAY, 0):
        return time.min
    try:
        return time(hour, minute)
    except ValueError:
        return None


def _geo(part: GeoPart | None) -> GeoPoint | None:
    latitude, longitude = (_text(part.latitude), _text(part.longitude)) if part else (None, None)
    if part is None or latitude is None or longitude is None:
        return None
    return GeoPoint(latitude, longitude, _text(part.altitude))


def _broken(what: str, quoi: str) -> UpstreamBroken:
    return UpstreamBroken(f"Enedis' answer holds no {what}.", f"La réponse d'Enedis ne contient pas {quoi}.")
