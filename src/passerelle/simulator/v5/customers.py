"""The four customer APIs: everything is a string, what is not known is absent (F§8)."""

from dataclasses import asdict
from datetime import date
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from passerelle.simulator import apis, calendar
from passerelle.simulator.answers import Refused, json
from passerelle.simulator.households.nouns import Address, Contract, Household
from passerelle.simulator.subscription import application
from passerelle.simulator.v5 import admission

PARAMETERS = frozenset({"usage_point_id"})
UNKNOWN = "stm-err-0000019-404"


async def record(request: Request) -> Response:
    """GET one of the paths of F§8. Only consumption points have customer data (F§8)."""
    world = application(request)
    prm = admission.usage_point(admission.single(request.query_params, PARAMETERS))
    household = world.household(prm)
    if household is None:
        raise Refused(UNKNOWN)
    if world.consents.usable(prm, world.clock.now()) is None:
        raise Refused("adam-dc-0008-403")
    if household.contract is None:
        raise Refused(UNKNOWN)
    return json(BODIES[apis.CUSTOMERS[request.url.path]](household, household.contract))


def _contract(household: Household, contract: Contract) -> dict[str, Any]:
    terms = {
        "segment": contract.segment,
        "subscribed_power": f"{contract.power_kva} kVA",
        "last_activation_date": _dated(household.activated),
        "distribution_tariff": contract.tariff,
        "offpeak_hours": contract.offpeak and contract.offpeak.text,
        "contract_type": contract.kind,
        "contract_status": contract.status,
        "last_distribution_tariff_change_date": contract.tariff_changed and _dated(contract.tariff_changed),
    }
    return _customer(household, {"usage_point": _point(household, contract), "contracts": _known(terms)})


def _address(household: Household, contract: Contract) -> dict[str, Any]:
    place = _point(household, contract) | {"usage_point_addresses": _postal(household.address)}
    return _customer(household, {"usage_point": place})


def _identity(household: Household, _: Contract) -> dict[str, Any]:
    holder = household.customer
    who = {
        "natural_person": asdict(holder.person) if holder.person else None,
        "legal_entity": asdict(holder.company) if holder.company else None,
    }
    return {"customer_id": holder.customer_id, "identity": _known(who)}


def _contact(household: Household, _: Contract) -> dict[str, Any]:
    holder = household.customer
    return {"customer_id": holder.customer_id, "contact": _known({"phone": holder.phone, "email": holder.email})}


def _customer(household: Household, point: dict[str, Any]) -> dict[str, Any]:
    return {"customer": {"customer_id": household.customer.customer_id, "usage_points": [point]}}


def _point(household: Household, contract: Contract) -> dict[str, Any]:
    return {
        "usage_point_id": household.prm,
        "usage_point_status": "com" if contract.communicating else "no_com",
        "meter_type": contract.meter_type,
    }


def _postal(address: Address) -> dict[str, Any]:
    geo = None
    if address.latitude is not None and address.longitude is not None:
        altitude = None if address.altitude is None else str(address.altitude)
        geo = _known({"latitude": str(address.latitude), "longitude": str(address.longitude), "altitude": altitude})
    return _known(
        {
            "street": address.street,
            "locality": address.locality,
            "postal_code": address.postal_code,
            "insee_code": address.insee_code,
            "city": address.city,
            "country": address.country,
            "geo_points": geo,
        }
    )


def _dated(day: date) -> str:
    """A day and the offset that Paris has on it, without a time: `2017-07-15+02:00` (F§8)."""
    return f"{day.isoformat()}{calendar.local(calendar.wall(day)).isoformat()[-6:]}"


def _known(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


BODIES = {"contract": _contract, "address": _address, "identity": _identity, "contact": _contact}
routes = [Route(path, record, methods=["GET"]) for path in apis.CUSTOMERS]
