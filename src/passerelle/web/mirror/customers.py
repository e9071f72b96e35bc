"""The four customer APIs of v5, in the spelling of v5 whichever generation said it (F§8, F§14)."""

from dataclasses import asdict

from msgspec import Struct

from passerelle.model import customer as nouns
from passerelle.model.customer import AnyRecord, CustomerRecord
from passerelle.model.usage_point import UsagePointId
from passerelle.web.mirror import parameters
from passerelle.web.mirror.bodies import (
    Contact,
    ContactBody,
    Contracts,
    Customer,
    CustomerBody,
    GeoPoints,
    Identity,
    IdentityBody,
    LegalEntity,
    NaturalPerson,
    PointOfCustomer,
    UsagePoint,
    UsagePointAddresses,
)
from passerelle.web.mirror.call import MirrorCall


async def read_record(call: MirrorCall, record: CustomerRecord) -> Struct:
    """The body of one customer API. Raises Refused, and the errors of `read_customer`."""
    query = parameters.single(call.request.query_params, parameters.OF_CUSTOMERS)
    point = parameters.usage_point(query)
    return record_body(point, await call.record(point, record))


def record_body(point: UsagePointId, record: AnyRecord) -> Struct:
    """The record as v5 gives it."""
    match record:
        case nouns.Contract():
            return _contract(point, record)
        case nouns.Address():
            return _address(point, record)
        case nouns.Identity(customer_id, person, entity):
            identity = Identity(
                natural_person=NaturalPerson(**asdict(person)) if person else None,
                legal_entity=LegalEntity(**asdict(entity)) if entity else None,
            )
            return IdentityBody(customer_id=customer_id, identity=identity)
        case nouns.Contact(customer_id=customer_id, email=email):
            return ContactBody(customer_id=customer_id, contact=Contact(phone=record.any_phone, email=email))


def _contract(point: UsagePointId, record: nouns.Contract) -> CustomerBody:
    contracts = Contracts(
        segment=record.segment,
        subscribed_power=record.subscribed_power_text,
        last_activation_date=record.last_activation_text,
        distribution_tariff=record.distribution_tariff,
        offpeak_hours=record.offpeak_text,
        contract_type=record.contract_type,
        contract_status=record.contract_status,
        last_distribution_tariff_change_date=record.last_distribution_tariff_change_text,
    )
    place = UsagePoint(usage_point_id=point, usage_point_status=record.usage_point_status, meter_type=record.meter_type)
    return _customer(record.customer_id, PointOfCustomer(usage_point=place, contracts=contracts))


def _address(point: UsagePointId, record: nouns.Address) -> CustomerBody:
    addresses = UsagePointAddresses(
        street=record.street,
        locality=record.locality,
        postal_code=record.postal_code,
        insee_code=record.insee_code,
        city=record.city,
        country=record.country,
        geo_points=GeoPoints(**asdict(record.geo_points)) if record.geo_points else None,
    )
    place = UsagePoint(
        usage_point_id=point,
        usage_point_status=record.usage_point_status,
        meter_type=record.meter_type,
        usage_point_addresses=addresses,
    )
    return _customer(record.customer_id, PointOfCustomer(usage_point=place))


def _customer(customer_id: str | None, point: PointOfCustomer) -> CustomerBody:
    return CustomerBody(customer=Customer(customer_id=customer_id, usage_points=[point]))
