"""GET /_control/truth: what a perfect gateway returns now, in the shape of `/v1`, straight from the household model."""

from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from passerelle.simulator import calendar, published
from passerelle.simulator.answers import json, world_of
from passerelle.simulator.control.inputs import BadInput, day_param, household_of
from passerelle.simulator.households.nouns import Contract, Household
from passerelle.simulator.series import Kind, Series
from passerelle.simulator.world import World


async def readings(request: Request) -> Response:
    world, household = world_of(request), household_of(request)
    try:
        series = Series(request.query_params.get("series", ""))
    except ValueError:
        raise BadInput("series", f"one of {', '.join(Series)}") from None
    start, end = day_param(request, "start"), day_param(request, "end")
    if start >= end:
        raise BadInput("end", "after start")
    found = await run_in_threadpool(_readings, world, household, series, start, end)
    return json({"readings": found})


def _readings(world: World, household: Household, series: Series, start: date, end: date) -> list[dict[str, Any]]:
    if not published.measures(household, series.direction):
        return []
    now = world.clock.now()
    start = max(start, published.oldest_day(world, household, series))
    days = published.days(world, household, series, start, end)
    match series.kind:
        case Kind.DAILY:
            measured = [(day.day, published.energy(day, now)) for day in days]
            return [_interval(*calendar.bounds(day), energy.wh) for day, energy in measured if energy]
        case Kind.LOAD_CURVE:
            served = [each for day in days for each in published.intervals(day, now)]
            return [_interval(each.start, each.end, each.watts) for each in served]
        case Kind.MAX_POWER:
            peaks = [(day.day, published.peak(day, now)) for day in days]
            return [
                {"day": day.isoformat(), "at": _written(peak.at), "value": peak.va, "quality": "raw"}
                for day, peak in peaks
                if peak
            ]


def _interval(start: datetime, end: datetime, value: int) -> dict[str, Any]:
    return {"start": _written(start), "end": _written(end), "value": value, "quality": "raw"}


def _written(instant: datetime) -> str:
    return calendar.local(instant).isoformat()


async def record(request: Request) -> Response:
    household, name = household_of(request), request.path_params["record"]
    if name not in RECORDS:
        raise BadInput("record", f"one of {', '.join(RECORDS)}", 404)
    if household.contract is None:
        raise BadInput("prm", "a production point has no customer data", 404)
    known = RECORDS[name](household, household.contract)
    whose = {"usage_point_id": household.prm, "customer_id": household.customer.customer_id}
    return json(_without_unknown(whose | known))


def _contract(household: Household, contract: Contract) -> dict[str, Any]:
    ranges = contract.offpeak.ranges if contract.offpeak else None
    return {
        "usage_point_status": "com" if contract.communicating else "no_com",
        "meter_type": contract.meter_type,
        "segment": contract.segment,
        "subscribed_power_kva": contract.power_kva,
        "distribution_tariff": contract.tariff,
        "offpeak_hours": ranges and [{"start": _hour(start), "end": _hour(end)} for start, end in ranges],
        "contract_type": contract.kind,
        "contract_status": contract.status,
        "last_activation_date": household.activated.isoformat(),
        "last_distribution_tariff_change_date": contract.tariff_changed and contract.tariff_changed.isoformat(),
    }


def _hour(at: tuple[int, int]) -> str:
    return f"{at[0]:02d}:{at[1]:02d}"


def _address(household: Household, _: Contract) -> dict[str, Any]:
    place = household.address
    geo = {"latitude": place.latitude, "longitude": place.longitude, "altitude": place.altitude}
    return {
        "street": place.street,
        "locality": place.locality,
        "postal_code": place.postal_code,
        "insee_code": place.insee_code,
        "city": place.city,
        "country": place.country,
        "geo_points": None if place.latitude is None else _without_unknown(geo),
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


RECORDS = {"contract": _contract, "address": _address, "identity": _identity, "contact": _contact}
routes = [
    Route("/_control/truth/{prm}", readings, methods=["GET"]),
    Route("/_control/truth/{prm}/{record}", record, methods=["GET"]),
]
