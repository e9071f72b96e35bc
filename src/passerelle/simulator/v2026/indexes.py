"""The two index resources of 2026: the registers at the first instant of each day, by tariff class (F§9).

Nobody published a real answer (F§16): the form is the specification's, the codes are the everyday ones.
"""

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from passerelle.simulator import apis, calendar, registers
from passerelle.simulator.answers import OCTETS, Refused, json
from passerelle.simulator.households.nouns import Household
from passerelle.simulator.measures import Direction
from passerelle.simulator.registers import Shown
from passerelle.simulator.rights import admitted
from passerelle.simulator.subscription import application
from passerelle.simulator.v2026 import admission
from passerelle.simulator.v2026.measures import BUSINESS, NO_DATA, PARAMETERS, written


async def index(request: Request) -> Response:
    """GET index_consommation or index_production."""
    world = application(request)
    series = apis.INDEXES[request.url.path]
    query = admission.exactly(request.query_params, PARAMETERS)
    prm = admission.usage_point(query["pointId"])
    period = admission.period(query)
    household, way = admitted(world, prm, series, period, admission.WORDS), series.direction
    # Months of days may have to be drawn: the loop that stamps arrivals must not wait for them.
    shown = await run_in_threadpool(registers.served, world, household, way, period.start, period.end)
    if not shown:
        raise Refused(NO_DATA)
    context = {
        "etapeMetier": "BRUT",
        "contexteReleve": "COL",
        "typeReleve": "AQ",
        "grandeur": [_quantity(household, way, shown)],
    }
    body = {"idPrm": prm, "periode": written(query), "grandeur": [], "contexte": [context]}
    return json(body, content_type=OCTETS)


def _quantity(household: Household, direction: Direction, shown: list[Shown]) -> dict[str, Any]:
    tariff = registers.tariff(household, direction)
    classes = [
        {
            "idClasseTemporelle": each.code,
            "libelleClasseTemporelle": each.label,
            "codeCadran": each.code,
            "valeur": [_value(at, each.of(at.counts)) for at in shown],
        }
        for each in tariff.classes
    ]
    return {
        "grandeurMetier": BUSINESS[direction],
        "grandeurPhysique": "EA",
        "unite": "Wh",
        "points": [],
        "calendrier": [
            {"idCalendrier": tariff.code, "libelleCalendrier": tariff.label, "classeTemporelle": classes},
        ],
        "cadranTotalisateur": {"codeCadran": "TOT", "valeur": [_value(at, at.counts.total) for at in shown]},
    }


def _value(shown: Shown, wh: int) -> dict[str, Any]:
    return {"d": calendar.stamp(calendar.wall(shown.day)), "v": wh, "iv": 0}


routes = [Route(path, index, methods=["GET"]) for path in apis.INDEXES]
