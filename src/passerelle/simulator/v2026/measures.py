"""The five measures of 2026: days `[dateDebut; dateFin[`, values as text, local stamps without offset (F§9, F§6)."""

from collections.abc import Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from passerelle.simulator import apis, calendar, published
from passerelle.simulator.answers import OCTETS, Refused, json
from passerelle.simulator.households.nouns import Household
from passerelle.simulator.measures import Direction
from passerelle.simulator.rights import Period, admitted
from passerelle.simulator.series import Kind, Series
from passerelle.simulator.subscription import application
from passerelle.simulator.v2026 import admission, powers
from passerelle.simulator.world import World

PARAMETERS = frozenset({"pointId", "dateDebut", "dateFin"})
CHOICES = {"mesuresPas": ("P1D", powers.MONTHLY), "grandeurPhysique": (powers.WHOLE, powers.ALL)}
"""What the powers need besides, and what it may be."""
NO_DATA = "v2026-measure-no-data-404"
BUSINESS = {Direction.CONSUMPTION: "CONS", Direction.PRODUCTION: "PROD"}
UNITS = {Kind.DAILY: "Wh", Kind.LOAD_CURVE: "W", Kind.MAX_POWER: "VA"}
Points = list[dict[str, str]]


async def measure(request: Request) -> Response:
    """GET one of the five measures of F§9."""
    world = application(request)
    series = apis.MEASURES_2026[request.url.path]
    choices = CHOICES if series.kind is Kind.MAX_POWER else {}
    query = admission.exactly(request.query_params, PARAMETERS.union(choices))
    prm = admission.usage_point(query["pointId"])
    if any(query[name] not in allowed for name, allowed in choices.items()):
        raise Refused(admission.OUTSIDE)
    period = admission.period(query)
    household = admitted(world, prm, series, period, admission.WORDS)
    # Years of days may have to be drawn: the loop that stamps arrivals must not wait for them.
    found = await run_in_threadpool(_quantities, world, household, series, period, query)
    if not any(found.values()):
        raise Refused(NO_DATA)
    return json(_body(prm, series, query, found), content_type=OCTETS)


def _quantities(
    world: World, household: Household, series: Series, period: Period, query: Mapping[str, str]
) -> dict[str, Points]:
    """The points of each `grandeurPhysique`, in the order of the body."""
    now = world.clock.now()
    days = published.days(world, household, series, period.start, period.end)
    match series.kind:
        case Kind.DAILY:
            energies = [(day.day, published.energy(day, now)) for day in days]
            return {"EA": [{"v": str(energy.wh), "d": day.isoformat()} for day, energy in energies if energy]}
        case Kind.MAX_POWER:
            peaks = [peak for day in days if (peak := published.peak(day, now))]
            choice = (query["mesuresPas"], query["grandeurPhysique"])
            of_each = powers.quantities(world.settings.seed, household, peaks, *choice)
            return {name: [{"v": str(va), "d": stamp} for va, stamp in each] for name, each in of_each.items()}
        case Kind.LOAD_CURVE:
            return {
                "PA": [
                    {
                        "v": str(each.watts),
                        "d": calendar.stamp(each.end),
                        "p": f"PT{each.minutes}M",
                        "n": "B",
                        "iv": "0",
                        "ec": "0",
                    }
                    for day in days
                    for each in published.intervals_2026(day, now)
                ]
            }


def _body(prm: str, series: Series, query: Mapping[str, str], found: dict[str, Points]) -> dict[str, Any]:
    """Empty lists where the specification wants them; `pas` and `typeValeur` only where they were seen (F§9)."""
    body: dict[str, Any] = {"idPrm": prm, "etapeMetier": "BRUT", "periode": written(query)}
    match series.kind:
        case Kind.DAILY:
            body |= {"typeValeur": "GLOBALE", "modeCalcul": "DIFF.INDEX", "pas": "P1D"}
        case Kind.MAX_POWER:
            body |= {"modeCalcul": "MESURE", "pas": query["mesuresPas"]}
        case Kind.LOAD_CURVE:
            body |= {"modeCalcul": "MESURE"}
    quantities = [
        {
            "grandeurMetier": BUSINESS[series.direction],
            "grandeurPhysique": name,
            "unite": UNITS[series.kind],
            "points": points,
            "calendrier": [],
        }
        for name, points in found.items()
    ]
    return body | {"grandeur": quantities, "contexte": []}


def written(query: Mapping[str, str]) -> dict[str, str]:
    """The period as it was asked."""
    return {name: query[name] for name in ("dateDebut", "dateFin")}


routes = [Route(path, measure, methods=["GET"]) for path in apis.MEASURES_2026]
