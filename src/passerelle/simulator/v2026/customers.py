"""The five APIs of technical and contractual data ("ITC"): the PRM in the path, nothing in the query (F§10)."""

from collections.abc import Callable
from datetime import date
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from passerelle.simulator import apis, calendar
from passerelle.simulator.answers import OCTETS, Refused, json
from passerelle.simulator.consents import State
from passerelle.simulator.households.nouns import Contract, Customer, Household, Supply
from passerelle.simulator.households.supplies import supply
from passerelle.simulator.subscription import application
from passerelle.simulator.v2026.admission import PRM
from passerelle.simulator.world import World

OUTSIDE = "v2026-itc-schema-500"
UNKNOWN = {
    "situation_contrat_auto": "v2026-situation-contrat-404",
    "synth_contrat_auto": "v2026-synth-contrat-404",
    "comptage_auto": "v2026-comptage-404",
    "donnees_generales_auto": "v2026-donnees-generales-404",
    "alimentation_auto": "v2026-alimentation-404",
}
TARIFFS = {
    "BTINFCUST": "Tarif BT<=36kVA Courte Utilisation sans différenciation temporelle",
    "BTINFMU4": "Tarif BT<=36kVA Moyenne Utilisation heures pleines heures creuses associées à deux saisons",
    "BTINFMUDT": "Tarif BT<=36kVA Moyenne Utilisation avec différenciation temporelle",
}
TARIFF_ABOVE = "Tarif BT>36kVA Courte Utilisation"  # segment C4
# The specification's list of codes has no LINKY, which v5 says beside AMM (F§8).
LINKY = ("AMM", "Compteur Linky")
METERS = {"AMM": LINKY, "LINKY": LINKY, "PMEI": ("PMEI", "Compteur PME-PMI")}
RENTED = ("LOUE", "Loué")
# "Nombre de fils de branchement" is all that the specification says: the neutral is one of them.
WIRES = {1: "2", 3: "4"}
RESIDENTIAL, INJECTION = "C5", "P4"


async def record(request: Request) -> Response:
    """GET /<api>/v1/{prm}."""
    world = application(request)
    api = apis.api_of(request.url.path)
    prm: str = request.path_params["prm"]
    if request.query_params or not PRM.fullmatch(prm):
        raise Refused(OUTSIDE)
    household = world.household(prm)
    if household is None:
        raise Refused(UNKNOWN[api])
    _authorised(world, prm)
    return json(BODIES[api](household, supply(world.settings.seed, household)), content_type=OCTETS)


async def without_point(request: Request) -> Response:
    """GET of an API without its PRM, or with the PRM in the query: outside the specification (F§13)."""
    application(request)
    raise Refused(OUTSIDE)


def _authorised(world: World, prm: str) -> None:
    """A consent that ended of itself, or whose services are not there yet, leaves none; a revoked one forbids."""
    now, consent = world.clock.now(), world.consents.find(prm)
    state = consent.state_at(now) if consent else State.REVOKED
    if state is State.REVOKED:
        raise Refused("v2026-itc-not-authorized-403")
    if state is State.EXPIRED or not world.consents.services_visible(prm, now):
        raise Refused("v2026-itc-no-subscribed-service-400")


def _situation(household: Household, own: Supply) -> list[dict[str, Any]]:
    """The contracts in force: withdrawal, and injection for a point that produces."""
    contracts = [] if household.contract is None else [_withdrawal(household, household.contract, own)]
    return [*contracts, _injection(household, own)] if household.produces else contracts


def _withdrawal(household: Household, contract: Contract, own: Supply) -> dict[str, Any]:
    return {
        "usage_point_id": household.prm,
        "contract_start": _dated(own.contract_start),
        "contract_type": contract.kind,
        "contractor": "FOURNISSEUR SIMULE",
        "distribution_tariff": TARIFFS[contract.tariff] if contract.segment == RESIDENTIAL else TARIFF_ABOVE,
        "subscribed_power": {"unit": "kVA", "value": str(contract.power_kva)},
        "segment": contract.segment,
        **_holder(household, own),
    }


def _injection(household: Household, own: Supply) -> dict[str, Any]:
    """Without power, contractor or tariff (F§10)."""
    return {
        "usage_point_id": household.prm,
        "contract_start": _dated(household.activated),
        "contract_type": "Contrat GRD-A",
        "segment": INJECTION,
        **_holder(household, own),
    }


def _holder(household: Household, own: Supply) -> dict[str, Any]:
    """Who, where and how to reach: the address is nested twice, under a key with one d, as observed (F§10)."""
    place, holder = household.address, household.customer
    lines = {
        "line1": _name(holder),
        "line2": own.staircase,
        "line3": own.building,
        "line4": place.street,
        "line5": place.locality,
        "line6": f"{place.postal_code} {place.city}",
        "line7": "FR (France)",
    }
    number = "phone" if own.mobile else "landline"
    return {"customer": {"customer": {"adress": _known(lines)}}} | _known(
        {
            "contact_data": _known({"email": holder.email, number: holder.phone}),
            "person": holder.person
            and {
                "title": holder.person.title,
                "lastname": holder.person.lastname,
                "firstname": holder.person.firstname,
            },
            "organization": holder.company
            and {
                "name": holder.company.name,
                "commercial_name": holder.company.trading_name,
                "business_code": "4332A",
                "siret_number": holder.company.siret_number,
                "siren_number": holder.company.siret_number[:9],
            },
        }
    )


def _name(holder: Customer) -> str | None:
    if holder.person is not None:
        return f"{holder.person.firstname} {holder.person.lastname}"
    return holder.company.name if holder.company else None


def _synthesis(household: Household, own: Supply) -> dict[str, Any]:
    contract, activated = household.contract, _dated(household.activated)
    segments = [contract.segment] if contract else []
    segments += [INJECTION] if household.produces else []
    communicating = contract is None or contract.communicating
    return _known(
        {
            "segments": [{"segment": each} for each in segments],
            "consumption_last_activation_date": activated if household.consumes else None,
            "generation_last_activation_date": activated if household.produces else None,
            "last_subscribed_power_change_date": own.power_changed and _dated(own.power_changed),
            "services_level": "Communicant (ouvert aux services)" if communicating else "Non communicant",
        }
    )


def _metering(household: Household, own: Supply) -> dict[str, Any]:
    contract = household.contract
    meter = METERS[contract.meter_type if contract else "AMM"]
    offpeak = contract and contract.offpeak
    return _known(
        {
            "dispositifComptage": {"typeComptage": _coded(meter)},
            "compteurs": [{"numeroSerie": own.meter_number, "regimePropriete": _coded(RENTED)}],
            "relais": {"plageHeuresCreuses": offpeak.text} if offpeak else None,
        }
    )


def _coded(pair: tuple[str, str]) -> dict[str, str]:
    return {"code": pair[0], "libelle": pair[1]}


def _place(household: Household, own: Supply) -> dict[str, Any]:
    place = household.address
    lines = {
        "staircase_floor_apartment": own.staircase,
        "building": own.building,
        "number_street_name": place.street,
        "locality": place.locality,
        "postal_code_city": f"{place.postal_code} {place.city}",
        "insee_code": place.insee_code,
    }
    return {"address": _known(lines)}


def _connection(_: Household, own: Supply) -> dict[str, Any]:
    return _known(
        {
            "serial_number": own.connection_number,
            "connection_state": "Alimenté",
            "voltage_level": "BT",
            "phase_count": WIRES[own.phases],
            "consumption_connection_power": _quantity(own.consumption_kva, "kVA"),
            "generation_connection_power": _quantity(own.generation_kva, "kVA"),
            "nominal_service_voltage": _quantity(230 if own.phases == 1 else 400, "V"),
        }
    )


def _quantity(value: int | None, unit: str) -> dict[str, Any] | None:
    return None if value is None else {"value": float(value), "unit": unit}


def _dated(day: date) -> str:
    """Midnight in Paris, its offset without a colon: `2024-10-12T00:00:00+0200` (F§10)."""
    return calendar.local(calendar.wall(day)).strftime("%Y-%m-%dT%H:%M:%S%z")


def _known(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


BODIES: dict[str, Callable[[Household, Supply], Any]] = {
    "situation_contrat_auto": _situation,
    "synth_contrat_auto": _synthesis,
    "comptage_auto": _metering,
    "donnees_generales_auto": _place,
    "alimentation_auto": _connection,
}
routes = [
    *(Route(f"/{api}/v1/{{prm}}", record, methods=["GET"]) for api in BODIES),
    *(Route(f"/{api}/v1{slash}", without_point, methods=["GET"]) for api in BODIES for slash in ("", "/")),
]
