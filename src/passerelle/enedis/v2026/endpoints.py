"""Where each thing is asked for, and how a measure is named there (F§9, F§10)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from passerelle.model.customer import CustomerRecord
from passerelle.model.series import Series
from passerelle.model.usage_point import UsagePointId

MEASURES_API = "mesure_synchrone_auto"
SITUATION, SYNTHESIS, METERING = "situation_contrat_auto", "synth_contrat_auto", "comptage_auto"
PLACE, SUPPLY, SERVICES = "donnees_generales_auto", "alimentation_auto", "subscribed_services"

APIS = (MEASURES_API, SITUATION, SYNTHESIS, METERING, PLACE, SUPPLY, SERVICES)
"""In Enedis' own names. Each has its own allowance (F§12), and each is subscribed by itself on DataHub."""

SERVICES_PATH = f"/{SERVICES}/v1/"
"""With the slash of the specification; without it works too (F§10)."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One resource of the measures. `business`, `quantity`: which entry of `grandeur` is meant (F§9)."""

    resource: str
    business: str
    quantity: str
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return f"/{MEASURES_API}/v2/{self.resource}"


MEASURES = {
    Series.CONSUMPTION_DAILY: Measure("consommation_quotidienne", "CONS", "EA"),
    Series.CONSUMPTION_LOAD_CURVE: Measure("courbe_de_charge_consommation", "CONS", "PA"),
    Series.CONSUMPTION_MAX_POWER: Measure(
        "puissance_conso_max_quotidienne", "CONS", "PMA", {"mesuresPas": "P1D", "grandeurPhysique": "PMA"}
    ),
    Series.PRODUCTION_DAILY: Measure("production_quotidienne", "PROD", "EA"),
    Series.PRODUCTION_LOAD_CURVE: Measure("courbe_de_charge_production", "PROD", "PA"),
    Series.CONSUMPTION_INDEX: Measure("index_consommation", "CONS", "EA"),
    Series.PRODUCTION_INDEX: Measure("index_production", "PROD", "EA"),
}

LEADING = {
    CustomerRecord.CONTRACT: SITUATION,
    CustomerRecord.ADDRESS: PLACE,
    CustomerRecord.IDENTITY: SITUATION,
    CustomerRecord.CONTACT: SITUATION,
}
"""The API without which there is no such record."""


def record_path(api: str, point: UsagePointId) -> str:
    """The usage point is part of the path: as a parameter it is answered by a 500 (F§13)."""
    return f"/{api}/v1/{point}"
