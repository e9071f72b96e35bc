"""The endpoints of Enedis that passerelle speaks, as data: one row each, in Enedis' own names."""

from dataclasses import dataclass

from passerelle.model.generation import Generation
from passerelle.model.scopes import Scope

PRODUCTION_API = "https://gw.ext.prod.api.enedis.fr"
SANDBOX_API = "https://gw.ext.prod-sandbox.api.enedis.fr"
CONSENT_PAGE_HOST = "https://mon-compte-particulier.enedis.fr"
"""Hosts of F§1. There is no consent page in the sandbox (F§4)."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint. `scope`: what an API key needs for it here; None for the token, which is the gateway's own."""

    reference: str
    description: str
    generation: Generation
    method: str
    path: str
    specification: str
    scope: Scope | None
    production_host: str = PRODUCTION_API
    sandbox_host: str | None = SANDBOX_API

    @property
    def production(self) -> str:
        return f"{self.production_host}{self.path}"

    @property
    def sandbox(self) -> str | None:
        return f"{self.sandbox_host}{self.path}" if self.sandbox_host else None


def _get(reference: str, description: str, path: str, specification: str, scope: Scope) -> Endpoint:
    return Endpoint(reference, description, Generation.V5, "GET", path, specification, scope)


CATALOGUE: tuple[Endpoint, ...] = (
    Endpoint(
        "Authorize",
        "The page on which a customer consents to share the data of usage points.",
        Generation.V5,
        "GET",
        "/dataconnect/v1/oauth2/authorize",
        "01-authorize.json",
        Scope.CONSENTS,
        production_host=CONSENT_PAGE_HOST,
        sandbox_host=None,
    ),
    Endpoint(
        "Token",
        "The application's access token (client credentials), needed by every other call.",
        Generation.V5,
        "POST",
        "/oauth2/v3/token",
        "02-token.json",
        None,
    ),
    _get(
        "Metering Consommation Daily",
        "Energy consumed each day, in Wh.",
        "/metering_data_dc/v5/daily_consumption",
        "03-metering-consommation-daily.json",
        Scope.CONSUMPTION_DAILY,
    ),
    _get(
        "Metering Consommation Detail",
        "Load curve of consumption: mean power of each interval, in W.",
        "/metering_data_clc/v5/consumption_load_curve",
        "04-metering-consommation-detail.json",
        Scope.CONSUMPTION_LOAD_CURVE,
    ),
    _get(
        "Metering Power",
        "Maximum power of consumption each day, in VA, and its instant.",
        "/metering_data_dcmp/v5/daily_consumption_max_power",
        "05-metering-power.json",
        Scope.CONSUMPTION_MAX_POWER,
    ),
    _get(
        "Metering Production Daily",
        "Energy produced each day, in Wh.",
        "/metering_data_dp/v5/daily_production",
        "06-metering-production-daily.json",
        Scope.PRODUCTION_DAILY,
    ),
    _get(
        "Metering Production Detail",
        "Load curve of production: mean power of each interval, in W.",
        "/metering_data_plc/v5/production_load_curve",
        "07-metering-production-detail.json",
        Scope.PRODUCTION_LOAD_CURVE,
    ),
    _get(
        "Contract",
        "Contract of a usage point: subscribed power, tariff, off-peak hours, activation.",
        "/customers_upc/v5/usage_points/contracts",
        "08-contract.json",
        Scope.CONTRACT,
    ),
    _get(
        "Address",
        "Address of a usage point.",
        "/customers_upa/v5/usage_points/addresses",
        "09-address.json",
        Scope.ADDRESS,
    ),
    _get(
        "Customer",
        "Identity of the holder: a natural person or a legal entity.",
        "/customers_i/v5/identity",
        "10-customer.json",
        Scope.IDENTITY,
    ),
    _get(
        "Contact",
        "Phone number and e-mail address of the holder.",
        "/customers_cd/v5/contact_data",
        "11-contact.json",
        Scope.CONTACT,
    ),
)
"""In the order of Enedis' own list. The production rows carry their true paths (F§5)."""
