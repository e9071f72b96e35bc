"""Customer data of a usage point (F§8). What is not known is None here and absent from every answer."""

from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum

from passerelle.model.scopes import Scope


class CustomerRecord(StrEnum):
    """One of the four records that Enedis keeps of a customer; the value is its path in `/v1`."""

    CONTRACT = "contract"
    ADDRESS = "address"
    IDENTITY = "identity"
    CONTACT = "contact"

    @property
    def scope(self) -> Scope:
        return Scope(self.value)


@dataclass(frozen=True, slots=True)
class OffpeakRange:
    """A daily stretch of off-peak hours, local wall clock; it crosses midnight when `end` <= `start`."""

    start: time
    end: time


@dataclass(frozen=True, slots=True)
class Contract:
    """The supply contract. The `…_text` fields are Enedis' own spelling of what was read beside them.

    A power is in kVA or in kW, as Enedis says it: kW is the unit of large connections, and no kVA can be made of it.
    The fields from `consumption_connection_power_kva` on are known to 2026 only (F§10). `partial`: Enedis failed to
    tell a part of it, whose fields are None for now.
    """

    customer_id: str | None = None
    usage_point_status: str | None = None
    meter_type: str | None = None
    segment: str | None = None
    subscribed_power_kva: int | None = None
    subscribed_power_kw: float | None = None
    subscribed_power_text: str | None = None
    last_activation_date: date | None = None
    last_activation_text: str | None = None
    distribution_tariff: str | None = None
    offpeak_hours: tuple[OffpeakRange, ...] | None = None
    offpeak_text: str | None = None
    contract_type: str | None = None
    contract_status: str | None = None
    last_distribution_tariff_change_date: date | None = None
    last_distribution_tariff_change_text: str | None = None
    consumption_connection_power_kva: float | None = None
    generation_connection_power_kva: float | None = None
    consumption_connection_power_kw: float | None = None
    generation_connection_power_kw: float | None = None
    phases: int | None = None
    phases_text: str | None = None
    services_level: str | None = None
    last_subscribed_power_change_date: date | None = None
    generation_last_activation_date: date | None = None
    partial: bool = False


@dataclass(frozen=True, slots=True)
class GeoPoint:
    """Coordinates as Enedis spells them, in degrees and metres."""

    latitude: str
    longitude: str
    altitude: str | None = None


@dataclass(frozen=True, slots=True)
class Address:
    customer_id: str | None = None
    usage_point_status: str | None = None
    meter_type: str | None = None
    street: str | None = None
    locality: str | None = None
    postal_code: str | None = None
    insee_code: str | None = None
    city: str | None = None
    country: str | None = None
    geo_points: GeoPoint | None = None


@dataclass(frozen=True, slots=True)
class NaturalPerson:
    title: str | None = None
    firstname: str | None = None
    lastname: str | None = None


@dataclass(frozen=True, slots=True)
class LegalEntity:
    name: str | None = None
    trading_name: str | None = None
    business: str | None = None
    industry: str | None = None
    siret_number: str | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    customer_id: str | None = None
    natural_person: NaturalPerson | None = None
    legal_entity: LegalEntity | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """`phone` is the mobile number where 2026 tells both apart (F§10); v5 has one number, which is `phone`."""

    customer_id: str | None = None
    phone: str | None = None
    email: str | None = None
    landline: str | None = None

    @property
    def any_phone(self) -> str | None:
        """The one number of those who have room for one: the mobile one if there are two (F§14)."""
        return self.phone or self.landline


AnyRecord = Contract | Address | Identity | Contact
