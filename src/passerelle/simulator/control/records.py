"""GET /_control/truth/{prm}/{record}: the customer data that a perfect gateway returns, in the shape of `/v1`.

What is true does not depend on who tells it; what is told does. `?generation=2026` leaves out what 2026 lost and adds
what only 2026 knows (F§10, F§14).
"""

from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from passerelle.simulator.answers import json, world_of
from passerelle.simulator.control.inputs import V2026, BadInput, generation_of, household_of
from passerelle.simulator.households.nouns import Contract, Household, Supply
from passerelle.simulator.households.supplies import supply
from passerelle.simulator.v2026.customers import INJECTION, METERS, RESIDENTIAL, TARIFF_ABOVE, TARIFFS

OPEN, CLOSED = "Communicant (ouvert aux services)", "Non communicant"


async def record(request: Request) -> Response:
    household, name = household_of(request), request.path_params["record"]
    if name not in RECORDS:
        raise BadInput("record", f"one of {', '.join(RECORDS)}", 404)
    if generation_of(request) == V2026:
        known = RECORDS_2026[name](household, supply(world_of(request).settings.seed, household))
        return json(_without_unknown({"usage_point_id": household.prm, **known}))
    if household.contract is None:
        raise BadInput("prm", "a production point has no customer data", 404)
    known = RECORDS[name](household, household.contract)
    whose = {"usage_point_id": household.prm, "customer_id": household.customer.customer_id}
    return json(_without_unknown(whose | known))


def _contract(household: Household, contract: Contract) -> dict[str, Any]:
    return {
        "usage_point_status": "com" if contract.communicating else "no_com",
        "meter_type": contract.meter_type,
        "segment": contract.segment,
        "subscribed_power_kva": contract.power_kva,
        "distribution_tariff": contract.tariff,
        "offpeak_hours": _offpeak(contract),
        "contract_type": contract.kind,
        "contract_status": contract.status,
        "last_activation_date": household.activated.isoformat(),
        "last_distribution_tariff_change_date": contract.tariff_changed and contract.tariff_changed.isoformat(),
    }


def _offpeak(contract: Contract | None) -> list[dict[str, str]] | None:
    if contract is None or contract.offpeak is None:
        return None
    return [{"start": _hour(start), "end": _hour(end)} for start, end in contract.offpeak.ranges]


def _hour(at: tuple[int, int]) -> str:
    return f"{at[0]:02d}:{at[1]:02d}"


def _address(household: Household, _: Contract) -> dict[str, Any]:
    place = household.address
    geo = {"latitude": place.latitude, "longitude": place.longitude, "altitude": place.altitude}
    return _lines(household) | {
        "country": place.country,
        "geo_points": None if place.latitude is None else _without_unknown(geo),
    }


def _lines(household: Household) -> dict[str, Any]:
    """What both generations tell of an address."""
    place = household.address
    return {
        "street": place.street,
        "locality": place.locality,
        "postal_code": place.postal_code,
        "insee_code": place.insee_code,
        "city": place.city,
    }


def _identity(household: Household, _: Contract) -> dict[str, Any]:
    person, company = household.customer.person, household.customer.company
    return {
        "natural_person": asdict(person) if person else None,
        "legal_entity": asdict(company) if company else None,
    }


def _contact(household: Household, _: Contract) -> dict[str, Any]:
    return {"phone": household.customer.phone, "email": household.customer.email}


def _without_unknown(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _contract_2026(household: Household, own: Supply) -> dict[str, Any]:
    """The last activation is that of the contract told: a point that only injects has no other."""
    activated = household.activated.isoformat()
    return _terms_2026(household.contract) | {
        "offpeak_hours": _offpeak(household.contract),
        "last_activation_date": activated,
        "generation_last_activation_date": activated if household.produces else None,
        "consumption_connection_power_kva": own.consumption_kva,
        "generation_connection_power_kva": own.generation_kva,
        "phases": own.phases,
        "last_subscribed_power_change_date": own.power_changed and own.power_changed.isoformat(),
    }


def _terms_2026(contract: Contract | None) -> dict[str, Any]:
    """Of the withdrawal contract where there is one; a point that only injects has the other (F§10)."""
    if contract is None:
        return {
            "segment": INJECTION,
            "contract_type": "Contrat GRD-A",
            "meter_type": METERS["AMM"][0],
            "services_level": OPEN,
        }
    return {
        "segment": contract.segment,
        "contract_type": contract.kind,
        "meter_type": METERS[contract.meter_type][0],
        "subscribed_power_kva": contract.power_kva,
        "distribution_tariff": TARIFFS[contract.tariff] if contract.segment == RESIDENTIAL else TARIFF_ABOVE,
        "services_level": OPEN if contract.communicating else CLOSED,
    }


def _address_2026(household: Household, _: Supply) -> dict[str, Any]:
    return _lines(household)


def _identity_2026(household: Household, _: Supply) -> dict[str, Any]:
    person, company = household.customer.person, household.customer.company
    named = company and {
        "name": company.name,
        "trading_name": company.trading_name,
        "siret_number": company.siret_number,
    }
    return {"natural_person": asdict(person) if person else None, "legal_entity": named}


def _contact_2026(household: Household, own: Supply) -> dict[str, Any]:
    number = household.customer.phone
    return {"phone": number, "landline": None if own.mobile else number, "email": household.customer.email}


RECORDS = {"contract": _contract, "address": _address, "identity": _identity, "contact": _contact}
RECORDS_2026 = {
    "contract": _contract_2026,
    "address": _address_2026,
    "identity": _identity_2026,
    "contact": _contact_2026,
}
