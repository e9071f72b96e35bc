"""The five measure APIs: civil days `[start; end[`, values as strings, local stamps without offset (F§5, F§6)."""

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from passerelle.simulator import apis, calendar, published
from passerelle.simulator.answers import Refused, json
from passerelle.simulator.households.nouns import Household
from passerelle.simulator.rights import Period, admitted
from passerelle.simulator.series import Kind, Series
from passerelle.simulator.subscription import application
from passerelle.simulator.v5 import admission
from passerelle.simulator.world import World

PARAMETERS = frozenset({"usage_point_id", "start", "end", "person_id"})
READING_TYPES = {
    Kind.DAILY: {"unit": "Wh", "measurement_kind": "energy", "aggregate": "sum", "measuring_period": "P1D"},
    Kind.LOAD_CURVE: {"unit": "W", "measurement_kind": "power", "aggregate": "average"},
    Kind.MAX_POWER: {"unit": "VA", "measurement_kind": "power", "aggregate": "maximum", "measuring_period": "P1D"},
}


async def measure(request: Request) -> Response:
    """GET one of the paths of F§5."""
    world = application(request)
    series = apis.MEASURES[request.url.path]
    query = admission.single(request.query_params, PARAMETERS)
    prm = admission.usage_point(query)
    if "person_id" in query and not admission.PERSON.fullmatch(query["person_id"]):
        raise Refused(admission.BAD_FORMAT)
    period = admission.period(query, world.today())
    household = admitted(world, prm, series, period, admission.WORDS)
    # Years of days may have to be drawn: the loop that stamps arrivals must not wait for them.
    readings = await run_in_threadpool(_readings, world, household, series, period)
    if not readings:
        raise Refused("v5-no-data-found-404")
    return json(_body(prm, series, period, readings))


def _readings(world: World, household: Household, series: Series, period: Period) -> list[dict[str, str]]:
    now = world.clock.now()
    days = published.days(world, household, series, period.start, period.end)
    match series.kind:
        case Kind.DAILY:
            found = [(day.day, published.energy(day, now)) for day in days]
            return [{"value": str(energy.wh), "date": day.isoformat()} for day, energy in found if energy]
        case Kind.MAX_POWER:
            peaks = [peak for day in days if (peak := published.peak(day, now))]
            return [{"value": str(peak.va), "date": calendar.stamp(peak.at)} for peak in peaks]
        case Kind.LOAD_CURVE:
            return [
                {
                    "value": str(each.watts),
                    "date": calendar.stamp(each.end),
                    "interval_length": f"PT{each.minutes}M",
                    "measure_type": "B",
                }
                for day in days
                for each in published.intervals(day, now)
            ]


def _body(prm: str, series: Series, period: Period, readings: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "meter_reading": {
            "usage_point_id": prm,
            "start": period.start.isoformat(),
            "end": period.end.isoformat(),
            "quality": "BRUT",
            "reading_type": READING_TYPES[series.kind],
            "interval_reading": readings,
        }
    }


routes = [Route(path, measure, methods=["GET"]) for path in apis.MEASURES]
