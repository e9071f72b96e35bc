"""GET /_control/truth: what a perfect gateway returns now, in the shape of `/v1`, straight from the household model."""

from datetime import date, datetime
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from passerelle.simulator import apis, calendar, published, registers
from passerelle.simulator.answers import json, world_of
from passerelle.simulator.control.inputs import V5, V2026, BadInput, day_param, generation_of, household_of
from passerelle.simulator.control.records import record
from passerelle.simulator.households.nouns import Household
from passerelle.simulator.series import Kind, Series
from passerelle.simulator.world import World

INDEXES = {f"index/{like.direction}": like for like in apis.INDEXES.values()}
"""The two series that only 2026 serves, by the names of `/v1`."""


async def readings(request: Request) -> Response:
    world, household = world_of(request), household_of(request)
    named = request.query_params.get("series", "")
    if named not in INDEXES and named not in list(Series):
        raise BadInput("series", f"one of {', '.join([*Series, *INDEXES])}")
    start, end, generation = day_param(request, "start"), day_param(request, "end"), generation_of(request)
    if start >= end:
        raise BadInput("end", "after start")
    if named not in INDEXES:
        found = await run_in_threadpool(_readings, world, household, Series(named), start, end, generation)
    elif generation == V5:
        found = []
    else:
        found = await run_in_threadpool(_index, world, household, INDEXES[named], start, end)
    return json({"readings": found})


def _index(world: World, household: Household, like: Series, start: date, end: date) -> list[dict[str, Any]]:
    """`like` is the daily series whose days an index shares."""
    if not published.measures(household, like.direction):
        return []
    start = max(start, published.oldest_day(world, household, like))
    classes = registers.tariff(household, like.direction).classes
    return [
        {
            "day": day.isoformat(),
            "at": _written(calendar.wall(day)),
            "registers": [{"class": each.code, "label": each.label, "value": each.of(counts)} for each in classes],
            "total": counts.total,
            "quality": "raw",
        }
        for day, counts in registers.served(world, household, like.direction, start, end)
    ]


def _readings(
    world: World, household: Household, series: Series, start: date, end: date, generation: str | None
) -> list[dict[str, Any]]:
    if not published.measures(household, series.direction):
        return []
    now = world.clock.now()
    start = max(start, published.oldest_day(world, household, series))
    days = published.days(world, household, series, start, end)
    curve = published.intervals_2026 if generation == V2026 else published.intervals
    match series.kind:
        case Kind.DAILY:
            measured = [(day.day, published.energy(day, now)) for day in days]
            return [_interval(*calendar.bounds(day), energy.wh) for day, energy in measured if energy]
        case Kind.LOAD_CURVE:
            served = [each for day in days for each in curve(day, now)]
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


routes = [
    Route("/_control/truth/{prm}", readings, methods=["GET"]),
    Route("/_control/truth/{prm}/{record}", record, methods=["GET"]),
]
