"""The measures of 2026 validate against Enedis' own file, and say what the truth and v5 say (F§6, F§9)."""

import json
from datetime import date, datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from jsonschema import Draft4Validator

pytestmark = pytest.mark.official
PARIS = ZoneInfo("Europe/Paris")
API = "/mesure_synchrone_auto/v2"
POWER = {"mesuresPas": "P1D", "grandeurPhysique": "PMA"}
MEASURES = {
    "consumption/daily": ("consommation_quotidienne", "CONS", "EA", "Wh", {}),
    "consumption/load-curve": ("courbe_de_charge_consommation", "CONS", "PA", "W", {}),
    "consumption/max-power": ("puissance_conso_max_quotidienne", "CONS", "PMA", "VA", POWER),
    "production/daily": ("production_quotidienne", "PROD", "EA", "Wh", {}),
    "production/load-curve": ("courbe_de_charge_production", "PROD", "PA", "W", {}),
}
INDEXES = {"index/consumption": ("index_consommation", "CONS"), "index/production": ("index_production", "PROD")}
V5 = {
    "consumption/load-curve": "/metering_data_clc/v5/consumption_load_curve",
    "production/load-curve": "/metering_data_plc/v5/production_load_curve",
}
HOME, ROOF, BOTH = "22516914714270", "24880057139941", "12655648759651"
SEEDED = tuple(f"301234567890{ending:02d}" for ending in range(0, 100, 4))
POINTS = (HOME, ROOF, BOTH, "42900589957123", "22315546958763", *SEEDED)
FIFTEEN = ("30123456789044", "30123456789056")
# An ordinary week and both changes of hour, within the history of curves.
PERIODS = (("2026-11-16", "2026-11-23"), ("2026-03-28", "2026-03-31"), ("2025-10-24", "2025-10-28"))


@cache
def validator(official: Path, resource: str) -> Draft4Validator:
    """The answer of the resource by the file, in which nothing is allowed that it does not name."""
    text = (official / "openapi-2026" / "swagger_mesure_synchrone_auto_v2.yaml").read_text(encoding="utf-8")
    document = yaml.safe_load(text)
    answer = document["paths"][f"/{resource}"]["get"]["responses"]["200"]["schema"]
    return Draft4Validator({**answer, "definitions": closed(document["definitions"])})


def closed(schema: Any) -> Any:
    if isinstance(schema, dict):
        inner = {name: closed(value) for name, value in schema.items()}
        return inner | {"additionalProperties": False} if "properties" in schema else inner
    return [closed(each) for each in schema] if isinstance(schema, list) else schema


@pytest.fixture
async def shared(stage):
    for prm in SEEDED:
        await stage.control("PUT", f"consents/{prm}", {"state": "granted"})
    return stage


async def ask(stage, resource, prm, start, end, **more):
    return await stage.get(f"{API}/{resource}", pointId=prm, dateDebut=start, dateFin=end, **more)


async def truth(stage, prm, series, start, end):
    query = {"series": series, "start": start, "end": end, "generation": "2026"}
    return (await stage.control("GET", f"truth/{prm}", **query)).json()["readings"]


def read_points(series: str, points: list[dict[str, str]]) -> list[dict[str, Any]]:
    """The points as `/v1` writes them, parsed here and nowhere else."""
    if series.endswith("daily"):
        days = [date.fromisoformat(point["d"]) for point in points]
        spans = [(midnight(day), midnight(day + timedelta(days=1))) for day in days]
    else:
        ends = read_stamps([point["d"] for point in points])
        if series.endswith("max-power"):
            return [
                {"day": point["d"][:10], "at": at.isoformat(), "value": int(point["v"]), "quality": "raw"}
                for point, at in zip(points, ends, strict=True)
            ]
        assert {(point["n"], point["iv"], point["ec"]) for point in points} <= {("B", "0", "0")}
        lengths = [60 * int(point["p"][2:-1]) for point in points]
        starts = [
            datetime.fromtimestamp(end.timestamp() - gone, PARIS) for end, gone in zip(ends, lengths, strict=True)
        ]
        spans = list(zip(starts, ends, strict=True))
    return [
        {"start": start.isoformat(), "end": end.isoformat(), "value": int(point["v"]), "quality": "raw"}
        for (start, end), point in zip(spans, points, strict=True)
    ]


def read_stamps(stamps: list[str]) -> list[datetime]:
    """Instants of local stamps: the first of a doubled stamp is summer time (F§6)."""
    seen: set[str] = set()
    instants = []
    for stamp in stamps:
        instants.append(datetime.fromisoformat(stamp).replace(tzinfo=PARIS, fold=int(stamp in seen)))
        seen.add(stamp)
    return instants


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=PARIS)


def described(series: str, body: dict[str, Any]) -> dict[str, Any]:
    """What the body says besides its points."""
    return {name: value for name, value in body.items() if name not in {"grandeur", "idPrm", "periode"}}


DESCRIPTIONS = {
    "daily": {"etapeMetier": "BRUT", "typeValeur": "GLOBALE", "modeCalcul": "DIFF.INDEX", "pas": "P1D", "contexte": []},
    "load-curve": {"etapeMetier": "BRUT", "modeCalcul": "MESURE", "contexte": []},
    "max-power": {"etapeMetier": "BRUT", "modeCalcul": "MESURE", "pas": "P1D", "contexte": []},
}


@pytest.mark.parametrize("series", MEASURES)
async def test_measures_validate_and_equal_the_truth(shared, official, series):
    resource, business, physical, unit, more = MEASURES[series]
    answered = set()
    for start, end in PERIODS:
        for prm in POINTS:
            answer = await ask(shared, resource, prm, start, end, **more)
            expected = await truth(shared, prm, series, start, end)
            if answer.status_code != 200:
                assert expected == [] or answer.json()["error"] == "ADAM-ERR0123"
                continue
            answered.add(prm)
            assert answer.headers["content-type"] == "application/octet-stream"
            body = answer.json()
            validator(official, resource).validate(body)
            assert (body["idPrm"], body["periode"]) == (prm, {"dateDebut": start, "dateFin": end})
            assert described(series, body) == DESCRIPTIONS[series.partition("/")[2]]
            (entry,) = body["grandeur"]
            assert (entry["grandeurMetier"], entry["grandeurPhysique"], entry["unite"]) == (business, physical, unit)
            assert entry["calendrier"] == []
            assert read_points(series, entry["points"]) == expected
            assert expected
    assert answered & {HOME, ROOF} == ({ROOF} if series.startswith("production") else {HOME})
    assert BOTH in answered
    assert answered & set(SEEDED)


@pytest.mark.parametrize("series", V5)
async def test_curves_have_the_stamps_and_values_of_v5(shared, series):
    """F§6: 96 points around an ordinary midnight, 94 and 98 around the changes of hour; in both generations alike."""
    prm = ROOF if series.startswith("production") else HOME
    counts = []
    for start in ("2026-11-18", "2026-03-28", "2025-10-25"):
        end = (date.fromisoformat(start) + timedelta(days=2)).isoformat()
        body = (await ask(shared, MEASURES[series][0], prm, start, end)).json()
        older = (await shared.get(V5[series], usage_point_id=prm, start=start, end=end)).json()["meter_reading"]
        points = [(point["d"], point["v"], point["p"], point["n"]) for point in body["grandeur"][0]["points"]]
        assert points == [
            (point["date"], point["value"], point["interval_length"], point["measure_type"])
            for point in older["interval_reading"]
        ]
        counts.append(len(points))
    assert counts == [96, 94, 98]


async def test_only_the_steps_of_the_specification_are_served(shared):
    """F§9 has no PT15M: a meter of 15 minutes has days and registers in 2026, and its curve in v5 alone."""
    whole, partly = FIFTEEN
    period = ("2026-11-16", "2026-11-23")
    curve = MEASURES["consumption/load-curve"][0]
    refused = await ask(shared, curve, whole, *period)
    assert (refused.status_code, refused.json()["message"]) == (404, "Pas de mesure trouvée pour ce point")
    assert (await ask(shared, MEASURES["consumption/daily"][0], whole, *period)).status_code == 200
    assert (await ask(shared, "index_consommation", whole, *period)).status_code == 200
    points = (await ask(shared, curve, partly, *period)).json()["grandeur"][0]["points"]
    assert {point["p"] for point in points} == {"PT60M"}
    everything = await shared.truth(partly, "consumption/load-curve", *period)
    assert len(await truth(shared, partly, "consumption/load-curve", *period)) == len(points) < len(everything)
    steps = set()
    for prm in SEEDED:
        answer = await ask(shared, curve, prm, *period)
        if answer.status_code == 200:
            steps |= {point["p"] for point in answer.json()["grandeur"][0]["points"]}
    assert steps == {"PT10M", "PT30M", "PT60M"}


@pytest.mark.parametrize("series", INDEXES)
async def test_indexes_validate_and_equal_the_truth(shared, official, series):
    resource, business = INDEXES[series]
    codes = set()
    for start, end in PERIODS[1:]:
        for prm in (HOME, ROOF, BOTH, "42900589957123", *SEEDED[::5]):
            answer = await ask(shared, resource, prm, start, end)
            expected = await truth(shared, prm, series, start, end)
            if answer.status_code != 200:
                assert expected == [] or answer.json()["error"] == "ADAM-ERR0123"
                continue
            assert answer.headers["content-type"] == "application/octet-stream"
            body = answer.json()
            validator(official, resource).validate(body)
            assert list(body) == ["idPrm", "periode", "grandeur", "contexte"]
            assert (body["idPrm"], body["periode"]) == (prm, {"dateDebut": start, "dateFin": end})
            assert body["grandeur"] == []
            (entry,) = body["contexte"][0]["grandeur"]
            assert (entry["grandeurMetier"], entry["points"]) == (business, [])
            assert read_registers(entry) == expected
            codes.add(tuple(each["class"] for each in expected[0]["registers"]))
    assert codes == ({("BASE",)} if series.endswith("production") else {("BASE",), ("HC", "HP")})


def read_registers(entry: dict[str, Any]) -> list[dict[str, Any]]:
    """The registers by day as `/v1` writes them."""
    (calendar,) = entry["calendrier"]
    days: dict[str, dict[str, Any]] = {}
    for value in entry["cadranTotalisateur"]["valeur"]:
        assert type(value["v"]) is type(value["iv"]) is int
        day, _, clock = value["d"].partition(" ")
        assert clock == "00:00:00"
        at = midnight(date.fromisoformat(day)).isoformat()
        days[day] = {"day": day, "at": at, "registers": [], "total": value["v"], "quality": "raw"}
    for each in calendar["classeTemporelle"]:
        assert [value["d"][:10] for value in each["valeur"]] == list(days)
        for value in each["valeur"]:
            register = {"class": each["idClasseTemporelle"], "label": each["libelleClasseTemporelle"]}
            days[value["d"][:10]]["registers"].append(register | {"value": value["v"]})
    return list(days.values())


async def test_what_two_days_of_an_index_differ_by_is_the_energy_between(shared):
    """Across the changes of hour and of year, and across days that were never told (F§7)."""
    for prm, way in (
        (HOME, "consumption"),
        (ROOF, "production"),
        (BOTH, "production"),
        ("30123456789084", "consumption"),
    ):
        for start, end in (("2025-10-20", "2025-11-05"), ("2025-12-25", "2026-01-08"), ("2026-03-20", "2026-04-05")):
            shown = await truth(shared, prm, f"index/{way}", start, end)
            energies = await truth(shared, prm, f"{way}/daily", start, end)
            assert [each["day"] for each in shown] == [each["start"][:10] for each in energies]
            told = {each["start"][:10]: each["value"] for each in energies}
            for one, other in pairwise(shown):
                assert one["total"] == sum(each["value"] for each in one["registers"])
                following = (date.fromisoformat(one["day"]) + timedelta(days=1)).isoformat()
                if other["day"] == following:
                    assert other["total"] - one["total"] == told[one["day"]]
                else:
                    assert other["total"] - one["total"] > told[one["day"]]


CAPTURED = {
    "consommation_quotidienne": ("consommation_quotidienne", HOME, {}),
    "production_quotidienne": ("production_quotidienne", ROOF, {}),
    "courbe_de_charge_consommation": ("courbe_de_charge_consommation", HOME, {}),
    "courbe_de_charge_production": ("courbe_de_charge_production", ROOF, {}),
    "puissance_conso_max_quotidienne_pma": ("puissance_conso_max_quotidienne", HOME, POWER),
    "index_consommation": ("index_consommation", HOME, {}),
    "index_production": ("index_production", ROOF, {}),
}


@pytest.mark.parametrize("file", CAPTURED)
async def test_bodies_have_the_form_of_the_captured_ones(shared, official, file):
    """The same keys everywhere, and the same words wherever no measure, point or calendar is named."""
    resource, prm, more = CAPTURED[file]
    captured = json.loads((official / "fixtures" / "2026" / f"{file}.json").read_bytes())
    answer = (await ask(shared, resource, prm, "2026-11-18", "2026-11-20", **more)).json()
    assert form(answer) == form(captured)


def form(body: Any) -> Any:
    if isinstance(body, dict):
        free = {"v", "d", "idPrm", "dateDebut", "dateFin", "idCalendrier"}
        return {name: type(value) if name in free else form(value) for name, value in body.items()}
    if isinstance(body, list):
        forms = [form(each) for each in body]
        return [each for at, each in enumerate(forms) if each not in forms[:at]]
    return body
