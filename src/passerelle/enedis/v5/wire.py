"""The bodies of v5 as Enedis really sends them: unknown keys pass, absent ones are None, texts may be numbers."""

import msgspec

from passerelle.enedis.bodies import Text


class Point(msgspec.Struct):
    """One value. `interval_length`: on curves, and free to change inside one answer (F§5)."""

    value: Text = None
    date: str | None = None
    interval_length: str | None = None


class ReadingType(msgspec.Struct):
    unit: str | None = None


class MeterReading(msgspec.Struct):
    usage_point_id: Text = None
    quality: str | None = None
    reading_type: ReadingType | None = None
    interval_reading: list[Point] | None = None


class MeasureBody(msgspec.Struct):
    """The body of the five measures."""

    meter_reading: MeterReading | None = None


class ContractPart(msgspec.Struct):
    segment: Text = None
    subscribed_power: Text = None
    last_activation_date: str | None = None
    distribution_tariff: Text = None
    offpeak_hours: str | None = None
    contract_type: Text = None
    contract_status: Text = None
    last_distribution_tariff_change_date: str | None = None


class GeoPart(msgspec.Struct):
    latitude: Text = None
    longitude: Text = None
    altitude: Text = None


class AddressPart(msgspec.Struct):
    street: Text = None
    locality: Text = None
    postal_code: Text = None
    insee_code: Text = None
    city: Text = None
    country: Text = None
    geo_points: GeoPart | None = None


class UsagePointPart(msgspec.Struct):
    usage_point_id: Text = None
    usage_point_status: Text = None
    meter_type: Text = None
    usage_point_addresses: AddressPart | None = None


class UsagePointEntry(msgspec.Struct):
    usage_point: UsagePointPart | None = None
    contracts: ContractPart | None = None


class CustomerPart(msgspec.Struct):
    customer_id: Text = None
    usage_points: list[UsagePointEntry] | None = None


class CustomerBody(msgspec.Struct):
    """The body of contract and address."""

    customer: CustomerPart | None = None


class PersonPart(msgspec.Struct):
    title: Text = None
    firstname: Text = None
    lastname: Text = None


class EntityPart(msgspec.Struct):
    name: Text = None
    trading_name: Text = None
    business: Text = None
    industry: Text = None
    siret_number: Text = None


class IdentityPart(msgspec.Struct):
    natural_person: PersonPart | None = None
    legal_entity: EntityPart | None = None


class IdentityBody(msgspec.Struct):
    customer_id: Text = None
    identity: IdentityPart | None = None


class ContactPart(msgspec.Struct):
    phone: Text = None
    email: Text = None


class ContactBody(msgspec.Struct):
    """`contact` in the specification, `contact_data` in the capture (F§8)."""

    customer_id: Text = None
    contact: ContactPart | None = None
    contact_data: ContactPart | None = None
