"""The APIs of both generations: names, true paths (F§5, F§8, F§9, F§10), and the switches that take one away."""

from dataclasses import dataclass, field

from passerelle.simulator.series import Series

OAUTH = "oauth2"
CONSENT_PAGE = "dataconnect"
MEASURES = {
    "/metering_data_dc/v5/daily_consumption": Series.CONSUMPTION_DAILY,
    "/metering_data_clc/v5/consumption_load_curve": Series.CONSUMPTION_LOAD_CURVE,
    "/metering_data_dcmp/v5/daily_consumption_max_power": Series.CONSUMPTION_MAX_POWER,
    "/metering_data_dp/v5/daily_production": Series.PRODUCTION_DAILY,
    "/metering_data_plc/v5/production_load_curve": Series.PRODUCTION_LOAD_CURVE,
}
MEASURES_2026 = {
    "/mesure_synchrone_auto/v2/consommation_quotidienne": Series.CONSUMPTION_DAILY,
    "/mesure_synchrone_auto/v2/courbe_de_charge_consommation": Series.CONSUMPTION_LOAD_CURVE,
    "/mesure_synchrone_auto/v2/puissance_conso_max_quotidienne": Series.CONSUMPTION_MAX_POWER,
    "/mesure_synchrone_auto/v2/production_quotidienne": Series.PRODUCTION_DAILY,
    "/mesure_synchrone_auto/v2/courbe_de_charge_production": Series.PRODUCTION_LOAD_CURVE,
}
INDEXES = {
    "/mesure_synchrone_auto/v2/index_consommation": Series.CONSUMPTION_DAILY,
    "/mesure_synchrone_auto/v2/index_production": Series.PRODUCTION_DAILY,
}
"""An index follows the energy of its direction: its history, its hour of publication and its gaps."""
CUSTOMERS = {
    "/customers_upc/v5/usage_points/contracts": "contract",
    "/customers_upa/v5/usage_points/addresses": "address",
    "/customers_i/v5/identity": "identity",
    "/customers_cd/v5/contact_data": "contact",
}


def api_of(path: str) -> str:
    """The API that a path belongs to: its first segment."""
    return path.strip("/").partition("/")[0]


APIS_2026 = frozenset(
    {
        "mesure_synchrone_auto",
        "situation_contrat_auto",
        "synth_contrat_auto",
        "comptage_auto",
        "donnees_generales_auto",
        "alimentation_auto",
        "subscribed_services",
    }
)
"""Each has an allowance of its own (F§12)."""
PRM_IN_PATH = APIS_2026 - {"mesure_synchrone_auto", "subscribed_services"}
"""Technical and contractual data: `/<api>/v1/<prm>` (F§10)."""
APIS_V5 = frozenset(map(api_of, [*MEASURES, *CUSTOMERS]))
DATA_APIS = APIS_V5 | APIS_2026
APIS = DATA_APIS | {OAUTH, CONSENT_PAGE}


@dataclass(slots=True)
class Apis:
    """What the simulated Enedis serves, and what the application has subscribed to on DataHub."""

    _not_served: set[str] = field(default_factory=set)
    _not_subscribed: set[str] = field(default_factory=set)

    def switch(self, api: str, *, served: bool | None = None, subscribed: bool | None = None) -> None:
        for value, off in ((served, self._not_served), (subscribed, self._not_subscribed)):
            if value is False:
                off.add(api)
            elif value is True:
                off.discard(api)

    def served(self, api: str) -> bool:
        return api in APIS and api not in self._not_served

    def subscribed(self, api: str) -> bool:
        return api not in self._not_subscribed
