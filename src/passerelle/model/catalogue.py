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


def _new(reference: str, description: str, path: str, specification: str, scope: Scope) -> Endpoint:
    return Endpoint(reference, description, Generation.V2026, "GET", path, specification, scope)


_V5: tuple[Endpoint, ...] = (
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
_MEASURES = "swagger_mesure_synchrone_auto_v2.yaml"
_V2026: tuple[Endpoint, ...] = (
    Endpoint(
        "Authorize v2",
        "The page on which a customer consents to share the data of one usage point.",
        Generation.V2026,
        "GET",
        "/dataconnect/v2/oauth2/authorize",
        "01-authorize.json",
        Scope.CONSENTS,
        production_host=CONSENT_PAGE_HOST,
        sandbox_host=None,
    ),
    Endpoint(
        "subscribed_services",
        "What a customer shared: the services of the usage points of an authorisation.",
        Generation.V2026,
        "POST",
        "/subscribed_services/v1",
        "Services-souscrits.yaml",
        Scope.USAGE_POINTS_READ,
    ),
    _new(
        "consommation_quotidienne",
        "Energy consumed each day, in Wh.",
        "/mesure_synchrone_auto/v2/consommation_quotidienne",
        _MEASURES,
        Scope.CONSUMPTION_DAILY,
    ),
    _new(
        "courbe_de_charge_consommation",
        "Load curve of consumption: mean power of each interval, in W.",
        "/mesure_synchrone_auto/v2/courbe_de_charge_consommation",
        _MEASURES,
        Scope.CONSUMPTION_LOAD_CURVE,
    ),
    _new(
        "puissance_conso_max_quotidienne",
        "Maximum power of consumption each day, in VA, and its instant.",
        "/mesure_synchrone_auto/v2/puissance_conso_max_quotidienne",
        _MEASURES,
        Scope.CONSUMPTION_MAX_POWER,
    ),
    _new(
        "production_quotidienne",
        "Energy produced each day, in Wh.",
        "/mesure_synchrone_auto/v2/production_quotidienne",
        _MEASURES,
        Scope.PRODUCTION_DAILY,
    ),
    _new(
        "courbe_de_charge_production",
        "Load curve of production: mean power of each interval, in W.",
        "/mesure_synchrone_auto/v2/courbe_de_charge_production",
        _MEASURES,
        Scope.PRODUCTION_LOAD_CURVE,
    ),
    _new(
        "index_consommation",
        "Registers of the meter by tariff class, in Wh: consumption.",
        "/mesure_synchrone_auto/v2/index_consommation",
        _MEASURES,
        Scope.CONSUMPTION_INDEX,
    ),
    _new(
        "index_production",
        "Registers of the meter by tariff class, in Wh: production.",
        "/mesure_synchrone_auto/v2/index_production",
        _MEASURES,
        Scope.PRODUCTION_INDEX,
    ),
    _new(
        "situation_contrat_auto",
        "Contracts of a usage point: power, tariff, segment, holder.",
        "/situation_contrat_auto/v1/{prm}",
        "Situation-contractuelle-sync-auto.yaml",
        Scope.CONTRACT,
    ),
    _new(
        "synth_contrat_auto",
        "Dates of activation and of the last change of power, and the services level.",
        "/synth_contrat_auto/v1/{prm}",
        "Synthese-contractuelle-sync-auto.yaml",
        Scope.CONTRACT,
    ),
    _new(
        "comptage_auto",
        "The meter of a usage point and its off-peak hours.",
        "/comptage_auto/v1/{prm}",
        "Situation-comptage-auto.yaml",
        Scope.CONTRACT,
    ),
    _new(
        "donnees_generales_auto",
        "Address of a usage point.",
        "/donnees_generales_auto/v1/{prm}",
        "Donnees-generales-sync-auto.yaml",
        Scope.ADDRESS,
    ),
    _new(
        "alimentation_auto",
        "Connection of a usage point: phases, power.",
        "/alimentation_auto/v1/{prm}",
        "Alimentation-sync-auto.yaml",
        Scope.CONTRACT,
    ),
)
CATALOGUE: tuple[Endpoint, ...] = (*_V5, *_V2026)
"""In the order of Enedis' own list, 2026 after v5. The production rows of v5 carry their true paths (F§5).

There is no specification of the consent page of 2026 (F§15): its row names that of v1, whose parameters it kept (F§4).
"""
