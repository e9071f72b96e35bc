"""Customer records as bodies of `/v1`: what is not known is absent."""

from dataclasses import fields
from datetime import time
from math import isfinite
from typing import TypeVar

from msgspec import UNSET, Struct, UnsetType

from passerelle.model.customer import (
    Address,
    AnyRecord,
    Contact,
    Contract,
    GeoPoint,
    Identity,
    LegalEntity,
    NaturalPerson,
    OffpeakRange,
)
from passerelle.model.usage_point import UsagePointId
from passerelle.schema.customer import (
    AddressBody,
    ContactBody,
    ContractBody,
    GeoPointBody,
    IdentityBody,
    LegalEntityBody,
    NaturalPersonBody,
    OffpeakHours,
)


def customer_body(point: UsagePointId, record: AnyRecord) -> Struct:
    """The body of a contract, address, identity or contact."""
    match record:
        case Contract():
            return ContractBody(
                usage_point_id=point,
                customer_id=_known(record.customer_id),
                usage_point_status=_known(record.usage_point_status),
                meter_type=_known(record.meter_type),
                segment=_known(record.segment),
                subscribed_power_kva=_known(record.subscribed_power_kva),
                subscribed_power_kw=_known(record.subscribed_power_kw),
                distribution_tariff=_known(record.distribution_tariff),
                offpeak_hours=_offpeak(record.offpeak_hours),
                contract_type=_known(record.contract_type),
                contract_status=_known(record.contract_status),
                last_activation_date=_known(record.last_activation_date),
                last_distribution_tariff_change_date=_known(record.last_distribution_tariff_change_date),
                consumption_connection_power_kva=_known(record.consumption_connection_power_kva),
                generation_connection_power_kva=_known(record.generation_connection_power_kva),
                consumption_connection_power_kw=_known(record.consumption_connection_power_kw),
                generation_connection_power_kw=_known(record.generation_connection_power_kw),
                phases=_known(record.phases),
                services_level=_known(record.services_level),
                last_subscribed_power_change_date=_known(record.last_subscribed_power_change_date),
                generation_last_activation_date=_known(record.generation_last_activation_date),
            )
        case Address():
            return AddressBody(
                usage_point_id=point,
                customer_id=_known(record.customer_id),
                street=_known(record.street),
                locality=_known(record.locality),
                postal_code=_known(record.postal_code),
                insee_code=_known(record.insee_code),
                city=_known(record.city),
                country=_known(record.country),
                geo_points=_geo(record.geo_points),
            )
        case Identity():
            return IdentityBody(
                usage_point_id=point,
                customer_id=_known(record.customer_id),
                natural_person=_same(NaturalPersonBody, record.natural_person),
                legal_entity=_same(LegalEntityBody, record.legal_entity),
            )
        case Contact():
            return ContactBody(
                usage_point_id=point,
                customer_id=_known(record.customer_id),
                phone=_known(record.any_phone),
                landline=_known(record.landline),
                email=_known(record.email),
            )


T = TypeVar("T")
B = TypeVar("B", bound=Struct)


def _known(value: T | None) -> T | UnsetType:
    return UNSET if value is None else value


def _same(shape: type[B], noun: NaturalPerson | LegalEntity | None) -> B | UnsetType:
    """A body with the fields of the noun, by their names."""
    if noun is None:
        return UNSET
    return shape(**{field.name: _known(getattr(noun, field.name)) for field in fields(noun)})


def _offpeak(ranges: tuple[OffpeakRange, ...] | None) -> list[OffpeakHours] | UnsetType:
    if ranges is None:
        return UNSET
    return [OffpeakHours(start=_wall(each.start), end=_wall(each.end)) for each in ranges]


def _wall(moment: time) -> str:
    return moment.strftime("%H:%M")


def _geo(point: GeoPoint | None) -> GeoPointBody | UnsetType:
    """Numbers of Enedis' texts; a point whose degrees are no numbers is left out."""
    if point is None:
        return UNSET
    latitude, longitude = _number(point.latitude), _number(point.longitude)
    if latitude is None or longitude is None:
        return UNSET
    return GeoPointBody(latitude=latitude, longitude=longitude, altitude=_known(_number(point.altitude)))


def _number(text: str | None) -> float | None:
    try:
        number = float(text) if text is not None else None
    except ValueError:
        return None
    return number if number is not None and isfinite(number) else None
