"""Customer data of a usage point (F§8), as numbers and dates. What Enedis does not say is absent."""

from datetime import date
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from passerelle.schema.series import UsagePointText

ClockText = Annotated[str, Meta(extra_json_schema={"pattern": "^[0-2][0-9]:[0-5][0-9]$"}, examples=["22:50"])]


class CustomerHead(Struct, kw_only=True, frozen=True):
    """Whose data it is."""

    usage_point_id: UsagePointText
    customer_id: Annotated[str | UnsetType, Meta(description="Enedis' own number of the customer.")] = UNSET


class OffpeakHours(Struct, kw_only=True, frozen=True):
    """A daily stretch of off-peak hours on the wall clock; it crosses midnight when `end` is not after `start`."""

    start: ClockText
    end: ClockText


class ContractBody(CustomerHead, kw_only=True, frozen=True):
    """The supply contract of the usage point."""

    usage_point_status: Annotated[str | UnsetType, Meta(examples=["com"])] = UNSET
    meter_type: Annotated[str | UnsetType, Meta(description="`AMM` and `LINKY` are Linky meters.")] = UNSET
    segment: Annotated[str | UnsetType, Meta(description="C5: up to 36 kVA; C1 to C4: above.")] = UNSET
    subscribed_power_kva: int | UnsetType = UNSET
    subscribed_power_kw: Annotated[
        float | UnsetType, Meta(description="Instead of kVA where Enedis says kW, as of businesses.")
    ] = UNSET
    distribution_tariff: Annotated[str | UnsetType, Meta(examples=["BTINFMU4"])] = UNSET
    offpeak_hours: list[OffpeakHours] | UnsetType = UNSET
    contract_type: Annotated[str | UnsetType, Meta(examples=["Contrat GRD-F"])] = UNSET
    contract_status: Annotated[str | UnsetType, Meta(examples=["SERVC"])] = UNSET
    last_activation_date: date | UnsetType = UNSET
    last_distribution_tariff_change_date: date | UnsetType = UNSET
    consumption_connection_power_kva: Annotated[
        float | UnsetType, Meta(description="What the connection can draw. From 2026 on.")
    ] = UNSET
    generation_connection_power_kva: Annotated[
        float | UnsetType, Meta(description="What the connection can inject. From 2026 on.")
    ] = UNSET
    consumption_connection_power_kw: Annotated[
        float | UnsetType, Meta(description="The same where Enedis says kW, as of large connections. From 2026 on.")
    ] = UNSET
    generation_connection_power_kw: Annotated[
        float | UnsetType, Meta(description="The same where Enedis says kW, as of large connections. From 2026 on.")
    ] = UNSET
    phases: Annotated[int | UnsetType, Meta(description="Of the connection. From 2026 on.", examples=[1, 3])] = UNSET
    services_level: Annotated[str | UnsetType, Meta(description="In Enedis' words. From 2026 on.")] = UNSET
    last_subscribed_power_change_date: Annotated[date | UnsetType, Meta(description="From 2026 on.")] = UNSET
    generation_last_activation_date: Annotated[date | UnsetType, Meta(description="From 2026 on.")] = UNSET


class GeoPointBody(Struct, kw_only=True, frozen=True):
    """Where the usage point is: degrees (WGS 84) and metres."""

    latitude: float
    longitude: float
    altitude: float | UnsetType = UNSET


class AddressBody(CustomerHead, kw_only=True, frozen=True):
    """The address of the usage point."""

    street: str | UnsetType = UNSET
    locality: str | UnsetType = UNSET
    postal_code: str | UnsetType = UNSET
    insee_code: str | UnsetType = UNSET
    city: str | UnsetType = UNSET
    country: str | UnsetType = UNSET
    geo_points: GeoPointBody | UnsetType = UNSET


class NaturalPersonBody(Struct, kw_only=True, frozen=True):
    """A person."""

    title: str | UnsetType = UNSET
    firstname: str | UnsetType = UNSET
    lastname: str | UnsetType = UNSET


class LegalEntityBody(Struct, kw_only=True, frozen=True):
    """A company or another body."""

    name: str | UnsetType = UNSET
    trading_name: str | UnsetType = UNSET
    business: str | UnsetType = UNSET
    industry: str | UnsetType = UNSET
    siret_number: str | UnsetType = UNSET


class IdentityBody(CustomerHead, kw_only=True, frozen=True):
    """Who holds the contract: a person, a legal entity, or both."""

    natural_person: NaturalPersonBody | UnsetType = UNSET
    legal_entity: LegalEntityBody | UnsetType = UNSET


class ContactBody(CustomerHead, kw_only=True, frozen=True):
    """How the holder can be reached."""

    phone: Annotated[str | UnsetType, Meta(description="The mobile number if there are two.")] = UNSET
    landline: Annotated[str | UnsetType, Meta(description="Where it is known to be one. From 2026 on.")] = UNSET
    email: str | UnsetType = UNSET
