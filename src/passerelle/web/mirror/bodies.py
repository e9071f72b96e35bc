"""The bodies of v5, in the order in which Enedis writes them (F§5, F§8). Everything is text; unknown is absent."""

from msgspec import Struct


class ReadingType(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`measuring_period` is absent for curves (F§5)."""

    unit: str
    measurement_kind: str
    aggregate: str
    measuring_period: str | None = None


class IntervalReading(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One value. The last two fields belong to curves."""

    value: str
    date: str
    interval_length: str | None = None
    measure_type: str | None = None


class MeterReading(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`start` and `end` are those asked."""

    usage_point_id: str
    start: str
    end: str
    quality: str
    reading_type: ReadingType
    interval_reading: list[IntervalReading]


class MeterReadingBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer of the five measure APIs."""

    meter_reading: MeterReading


class GeoPoints(Struct, frozen=True, kw_only=True, omit_defaults=True):
    latitude: str | None = None
    longitude: str | None = None
    altitude: str | None = None


class UsagePointAddresses(Struct, frozen=True, kw_only=True, omit_defaults=True):
    street: str | None = None
    locality: str | None = None
    postal_code: str | None = None
    insee_code: str | None = None
    city: str | None = None
    country: str | None = None
    geo_points: GeoPoints | None = None


class UsagePoint(Struct, frozen=True, kw_only=True, omit_defaults=True):
    usage_point_id: str
    usage_point_status: str | None = None
    meter_type: str | None = None
    usage_point_addresses: UsagePointAddresses | None = None


class Contracts(Struct, frozen=True, kw_only=True, omit_defaults=True):
    segment: str | None = None
    subscribed_power: str | None = None
    last_activation_date: str | None = None
    distribution_tariff: str | None = None
    offpeak_hours: str | None = None
    contract_type: str | None = None
    contract_status: str | None = None
    last_distribution_tariff_change_date: str | None = None


class PointOfCustomer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    usage_point: UsagePoint
    contracts: Contracts | None = None


class Customer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`usage_points` holds the one that was asked."""

    customer_id: str | None = None
    usage_points: list[PointOfCustomer]


class CustomerBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer of the contract and address APIs."""

    customer: Customer


class NaturalPerson(Struct, frozen=True, kw_only=True, omit_defaults=True):
    title: str | None = None
    firstname: str | None = None
    lastname: str | None = None


class LegalEntity(Struct, frozen=True, kw_only=True, omit_defaults=True):
    name: str | None = None
    trading_name: str | None = None
    business: str | None = None
    industry: str | None = None
    siret_number: str | None = None


class Identity(Struct, frozen=True, kw_only=True, omit_defaults=True):
    natural_person: NaturalPerson | None = None
    legal_entity: LegalEntity | None = None


class IdentityBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer of the identity API."""

    customer_id: str | None = None
    identity: Identity


class Contact(Struct, frozen=True, kw_only=True, omit_defaults=True):
    phone: str | None = None
    email: str | None = None


class ContactBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer of the contact API, under the key of its specification; a sample says `contact_data` (F§8)."""

    customer_id: str | None = None
    contact: Contact


class TokenBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer of the token API (F§2)."""

    access_token: str
    token_type: str
    expires_in: int
    scope: str
