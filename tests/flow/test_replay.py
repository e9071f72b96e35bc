"""Captured answers of Enedis through the whole gateway: nothing of them is lost, nothing is added."""

import json
import re
import shutil
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx2
import pytest
from tests.flow.homes import SQLITE, Home

from passerelle.cli.demo import REPLAY_DATABASE, for_replay, greet
from passerelle.model.generation import Speaking
from passerelle.simulator.captures import read_captures

pytestmark = pytest.mark.official

PARIS = ZoneInfo("Europe/Paris")
MEASURES = {
    "daily_consumption": "consumption/daily",
    "consumption_load_curve": "consumption/load-curve",
    "daily_consumption_max_power": "consumption/max-power",
    "daily_production": "production/daily",
    "production_load_curve": "production/load-curve",
}
HOLDER = "24115050000000"
MISSING = {
    "consumption_load_curve": [
        {"start": "2024-02-26T23:30:00+01:00", "end": "2024-02-27T00:00:00+01:00", "reason": "missing"}
    ]
}
"""The one real hole of the captures of v5; the others are whole."""
MEASURES_2026 = {
    "consommation_quotidienne": "consumption/daily",
    "production_quotidienne": "production/daily",
    "puissance_conso_max_quotidienne_pma": "consumption/max-power",
    "courbe_de_charge_consommation": "consumption/load-curve",
    "courbe_de_charge_production": "production/load-curve",
}
INDEXES = {"index_consommation": "index/consumption", "index_production": "index/production"}
UNMASKED = "24115050000001"


@pytest.fixture
def home() -> Home:
    """A replay has a SQLite database of its own wherever the installation lives."""
    return Home(SQLITE)


@pytest.fixture
def unmasked(official, tmp_path_factory):
    """The captures, a usage point in place of the mask: a masked number is nobody's."""
    folder = tmp_path_factory.mktemp("captures") / "fixtures"
    shutil.copytree(official / "fixtures", folder)
    for path in (folder / "2026").iterdir():
        text = path.read_text().replace('"usage_point_id": "<masque>"', f'"usage_point_id": "{UNMASKED}"')
        path.write_text(text)
    return folder


def capture(official, name):
    return json.loads((official / "fixtures" / "v5" / f"{name}.json").read_bytes())


def local(text):
    return datetime.fromisoformat(text).replace(tzinfo=PARIS)


def midnight(day):
    return datetime.combine(day, datetime.min.time(), PARIS)


def readings_of(name, points):
    """What the points of a capture mean, spelt out once more."""
    readings = []
    for point in points:
        value = {"value": int(point["value"]), "quality": "raw"}
        if name.startswith("daily_consumption_max"):
            at = local(point["date"])
            readings.append({"day": point["date"][:10], "at": at.isoformat(), **value})
        elif "load_curve" in name:
            end = local(point["date"])
            start = end - timedelta(minutes=int(point["interval_length"][2:-1]))
            readings.append({"start": start.isoformat(), "end": end.isoformat(), **value})
        else:
            day = date.fromisoformat(point["date"])
            bounds = {"start": midnight(day), "end": midnight(day + timedelta(days=1))}
            readings.append({name: at.isoformat() for name, at in bounds.items()} | value)
    return readings


def energy_of(name, points):
    watts = [int(point["value"]) for point in points]
    return sum(watts) // 2 if "load_curve" in name else sum(watts)


async def test_every_measure_reads_without_loss(install, official):
    async with install(replay=official / "fixtures") as house:
        for name, series in MEASURES.items():
            sent = capture(official, name)["meter_reading"]
            points = sent["interval_reading"]
            answer = await house.series(sent["usage_point_id"], series, sent["start"], sent["end"])
            assert answer.status_code == 200, answer.text
            body = answer.json()
            assert len(body["readings"]) == len(points)
            assert body["readings"] == readings_of(name, points)
            gaps = [{key: gap[key] for key in ("start", "end", "reason")} for gap in body["gaps"]]
            assert gaps == MISSING.get(name, [])
            if name != "daily_consumption_max_power":
                assert body["energy_wh"] == energy_of(name, points)
        curve = await house.series(HOLDER, "consumption/load-curve", "2024-02-26", "2024-02-27")
        assert len(curve.json()["readings"]) == 47


async def test_a_longer_and_a_shorter_range_find_the_same_capture(install, official):
    async with install(replay=official / "fixtures") as house:
        longer = (await house.series(HOLDER, "consumption/daily", "2023-11-01", "2024-06-01")).json()
        assert [each["start"][:10] for each in longer["readings"]] == [f"2024-02-0{day}" for day in range(1, 8)]
        assert {gap["reason"] for gap in longer["gaps"]} == {"missing"}
        shorter = (await house.series(HOLDER, "consumption/daily", "2024-02-03", "2024-02-04")).json()
        assert [each["start"][:10] for each in shorter["readings"]] == ["2024-02-03"]
        curves = (await house.series("99999999999992", "production/load-curve", "2026-09-01", "2026-10-01")).json()
        assert len(curves["readings"]) == 48
        assert curves["energy_wh"] == 8263


async def test_every_customer_record_reads_without_loss(install, official):
    async with install(replay=official / "fixtures") as house:
        contract = (await house.get(f"/v1/usage-points/{HOLDER}/contract")).json()
        sent = capture(official, "usage_points_contracts")["customer"]["usage_points"][0]["contracts"]
        for name in ("segment", "distribution_tariff", "contract_type", "contract_status"):
            assert contract[name] == sent[name]
        assert contract["subscribed_power_kva"] == 6
        assert contract["last_activation_date"] == "2017-07-15"
        address = (await house.get(f"/v1/usage-points/{HOLDER}/address")).json()
        place = capture(official, "usage_points_addresses")["customer"]["usage_points"][0]["usage_point"]
        assert place["usage_point_addresses"].items() <= address.items()
        identity = (await house.get(f"/v1/usage-points/{HOLDER}/identity")).json()
        assert identity["natural_person"] == capture(official, "identity")["identity"]["natural_person"]
        contact = (await house.get(f"/v1/usage-points/{HOLDER}/contact")).json()
        assert capture(official, "contact_data")["contact_data"].items() <= contact.items()


async def test_the_account_holds_every_point_and_the_clock_starts_the_morning_after(install, official):
    async with install(replay=official / "fixtures") as house:
        texts = [path.read_text() for path in (official / "fixtures").rglob("*.json") if path.name != "INDEX.json"]
        named = {
            prm for text in texts for prm in re.findall(r'"(?:usage_point_id|idPrm|pointId)": *"([0-9]{14})"', text)
        }
        points = (await house.get("/v1/usage-points")).json()["usage_points"]
        held = {point["usage_point_id"] for point in points}
        assert named <= held
        assert {point["consent"]["state"] for point in points} == {"granted"}
        assert "22516914714270" not in named  # the ordinary demo's customers are told by a captured callback only
        stamps = [day for text in texts for day in re.findall(r'"(?:d|date)": *"([0-9-]{10})', text)]
        clock = datetime.fromisoformat((await house.control("GET", "clock"))["now"]).astimezone(PARIS)
        assert clock.date() == date.fromisoformat(max(stamps)) + timedelta(days=1)
        assert (clock.hour, clock.minute) == (9, 0)


async def get_token(house):
    form = {"grant_type": "client_credentials", "client_id": "simulator", "client_secret": "simulator-secret"}
    answer = await house.http.post(f"{house.simulator_url}/oauth2/v3/token", data=form)
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


async def test_answers_are_byte_for_byte_and_for_a_token(install, official):
    async with install(replay=official / "fixtures") as house:
        headers = await get_token(house)
        for name in MEASURES:
            body = (official / "fixtures" / "v5" / f"{name}.json").read_bytes()
            sent = json.loads(body)["meter_reading"]
            path = next(each for each in paths(official) if each.endswith(f"/{name}"))
            query = {key: sent[key] for key in ("usage_point_id", "start", "end")}
            answer = await house.http.get(house.simulator_url + path, params=query, headers=headers)
            assert (answer.status_code, answer.content) == (200, body)
            assert answer.headers["content-type"] == "application/json"
            other = await house.http.get(
                house.simulator_url + path, params=query | {"usage_point_id": "11111111111111"}, headers=headers
            )
            assert other.status_code == 404
            assert other.content == (official / "fixtures" / "errors" / "v5_404_no_data_found.json").read_bytes()
            stranger = await house.http.get(house.simulator_url + path, params=query)
            assert stranger.status_code == 401
        nobodys = await house.http.get(f"{house.simulator_url}/metering_data_xx/v4/other", headers=headers)
        assert (nobodys.status_code, nobodys.json()["error"]) == (404, "no_data_found")
        control = await house.http.get(f"{house.simulator_url}/_control/nothing")
        assert (control.status_code, control.json()["field"]) == (404, "path")


def paths(official):
    index = json.loads((official / "fixtures" / "INDEX.json").read_bytes())
    return [entry["endpoint"].removeprefix("GET ") for entry in index if entry["endpoint"].startswith("GET /")]


async def test_a_replay_keeps_nothing_of_the_last_one_nor_of_the_demo(install, official, tmp_path):
    """The same point with another value: what an earlier run kept would hide it."""
    folder = tmp_path / "captures"
    folder.mkdir()
    shutil.copy(official / "fixtures" / "v5" / "daily_production.json", folder / "daily.json")
    entry = {"file": "daily.json", "endpoint": "GET /metering_data_dp/v5/daily_production", "http_status": 200}
    (folder / "INDEX.json").write_text(json.dumps([entry]))
    asked = ("99999999999992", "production/daily", "2026-09-29", "2026-10-01")
    async with install() as house:
        assert (await house.series(*asked)).status_code == 404
    async with install(replay=folder) as house:
        assert [each["value"] for each in (await house.series(*asked)).json()["readings"]] == [8263, 941]
    text = (folder / "daily.json").read_text()
    (folder / "daily.json").write_text(text.replace('"8263"', '"8264"'))
    async with install(replay=folder) as house:
        assert [each["value"] for each in (await house.series(*asked)).json()["readings"]] == [8264, 941]
        assert len((await house.get("/v1/usage-points")).json()["usage_points"]) == 1
    assert (tmp_path / REPLAY_DATABASE).exists()
    async with install() as house:
        assert (await house.series(*asked)).status_code == 404


async def test_the_greeting_offers_addresses_that_work(install, official, capsys):
    async with install(replay=official / "fixtures") as house:
        greet(house.settings, house.key, await house.opened.stores.clock.now())
        addresses = re.findall(r"'(http[^']+)'", capsys.readouterr().out)
        assert len(addresses) == len(MEASURES)
        async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {house.key}"}, trust_env=False) as http:
            for address in addresses:
                answer = await http.get(address)
                assert answer.status_code == 200
                assert answer.json()["readings"]


# 2026


def capture_2026(folder, name):
    return json.loads((folder / "2026" / f"{name}.json").read_bytes())


def as_v5(name, sent):
    """The points of a capture of 2026 under the names of v5 (F§14), with the name of the v5 capture alike."""
    (quantity,) = sent["grandeur"]
    points = [{"value": each["v"], "date": each["d"], "interval_length": each.get("p")} for each in quantity["points"]]
    alike = {"puissance": "daily_consumption_max_power", "courbe": "load_curve"}
    return next((other for word, other in alike.items() if name.startswith(word)), "daily_consumption"), points


async def test_every_measure_of_2026_reads_without_loss(install, unmasked):
    async with install(replay=unmasked, GENERATION="2026") as house:
        for name, series in MEASURES_2026.items():
            sent = capture_2026(unmasked, name)
            period = sent["periode"]["dateDebut"], sent["periode"]["dateFin"]
            answer = await house.series(sent["idPrm"], series, *period)
            assert answer.status_code == 200, answer.text
            body = answer.json()
            alike, points = as_v5(name, sent)
            assert body["readings"] == readings_of(alike, points), name
            assert {gap["reason"] for gap in body["gaps"]} <= {"missing"}
            if series != "consumption/max-power":
                assert body["energy_wh"] == energy_of(alike, points)
        apis = {call["api"] for call in await house.calls()}
        assert apis == {"oauth2", "mesure_synchrone_auto"}


async def test_every_index_reads_without_loss(install, unmasked):
    async with install(replay=unmasked, GENERATION="2026") as house:
        for name, series in INDEXES.items():
            sent = capture_2026(unmasked, name)
            body = (await house.series(sent["idPrm"], series, *sent["periode"].values())).json()
            ((quantity,),) = [each["grandeur"] for each in sent["contexte"]]
            for at, reading in enumerate(body["readings"]):
                total = quantity["cadranTotalisateur"]["valeur"][at]
                registers = [
                    {
                        "class": each["idClasseTemporelle"],
                        "label": each["libelleClasseTemporelle"],
                        "value": each["valeur"][at]["v"],
                    }
                    for each in quantity["calendrier"][0]["classeTemporelle"]
                ]
                stamp = local(total["d"]).isoformat()
                day = {"day": stamp[:10], "at": stamp, "quality": "raw"}
                assert reading == day | {"registers": registers, "total": total["v"]}
            assert len(body["readings"]) == len(quantity["cadranTotalisateur"]["valeur"]) == 2
            assert body["gaps"] == []


async def test_of_all_quantities_the_one_that_was_meant_is_read(install, official, tmp_path):
    """`TOUT` gives one more a phase (F§9): a capture of it answers whoever asks for the powers."""
    body = capture_2026(official / "fixtures", "puissance_conso_max_quotidienne_tout")
    folder = captured(tmp_path, body, "GET /mesure_synchrone_auto/v2/puissance_conso_max_quotidienne")
    async with install(replay=folder, GENERATION="2026") as house:
        answer = await house.series(body["idPrm"], "consumption/max-power", "2026-09-25", "2026-09-30")
        points = [{"value": each["v"], "date": each["d"]} for each in body["grandeur"][0]["points"]]
        assert answer.json()["readings"] == readings_of("daily_consumption_max_power", points)


def captured(folder, body, endpoint):
    """A folder of captures that holds one."""
    made = folder / "one"
    made.mkdir()
    (made / "body.json").write_text(json.dumps(body))
    entry = {"file": "body.json", "endpoint": endpoint, "http_status": 200}
    (made / "INDEX.json").write_text(json.dumps([entry]))
    return made


async def test_every_record_of_2026_reads_without_loss(install, unmasked):
    async with install(replay=unmasked, GENERATION="2026") as house:
        contract = (await house.get(f"/v1/usage-points/{UNMASKED}/contract")).json()
        withdrawal, injection = capture_2026(unmasked, "situation_contrat_auto_autoconsommation")
        synthesis = capture_2026(unmasked, "synth_contrat_auto_consommateur")
        for name in ("segment", "contract_type", "distribution_tariff"):
            assert contract[name] == withdrawal[name] != injection.get(name)
        assert contract["subscribed_power_kva"] == 12
        assert contract["last_activation_date"] == synthesis["consumption_last_activation_date"][:10]
        power_changed = synthesis["last_subscribed_power_change_date"][:10]
        assert contract["last_subscribed_power_change_date"] == power_changed
        assert contract["services_level"] == synthesis["services_level"]
        assert contract["meter_type"] == "AMM"
        assert contract["offpeak_hours"] == [{"start": "22:38", "end": "06:38"}]
        assert "consumption_connection_power_kva" not in contract  # 1100 kW are no kVA
        supply = capture_2026(unmasked, "alimentation_auto")
        for name in ("consumption_connection_power", "generation_connection_power"):
            assert {"value": contract[f"{name}_kw"], "unit": "kW"} == supply[name]
        address = (await house.get(f"/v1/usage-points/{UNMASKED}/address")).json()
        place = capture_2026(unmasked, "donnees_generales_auto")["address"]
        assert (address["street"], address["insee_code"]) == (place["number_street_name"], place["insee_code"])
        assert address["postal_code"] == place["postal_code_city"]
        identity = (await house.get(f"/v1/usage-points/{UNMASKED}/identity")).json()
        assert identity["natural_person"] == withdrawal["person"]
        contact = (await house.get(f"/v1/usage-points/{UNMASKED}/contact")).json()
        assert withdrawal["contact_data"].items() <= contact.items()


async def test_the_contract_of_a_business_reads_without_loss(install, unmasked):
    async with install(replay=unmasked, GENERATION="2026") as house:
        (sent,) = capture_2026(unmasked, "situation_contrat_auto_sandbox_c1")
        contract = (await house.get(f"/v1/usage-points/{sent['usage_point_id']}/contract")).json()
        assert (contract["segment"], contract["contract_type"]) == ("C1", sent["contract_type"])
        assert contract["distribution_tariff"] == sent["distribution_tariff"]
        assert {"value": f"{contract['subscribed_power_kw']:.0f}", "unit": "kW"} == sent["subscribed_power"]
        assert "subscribed_power_kva" not in contract


async def test_services_are_byte_for_byte_those_of_the_authorisation(install, official):
    async with install(replay=official / "fixtures", GENERATION="2026") as house:
        headers = await get_token(house)

        async def asked(number, slash="", **more):
            url = f"{house.simulator_url}/subscribed_services/v1{slash}"
            return await house.http.post(
                url, json={"autorisationId": number, "comptage": False}, headers=headers | more
            )

        for slash in ("", "/"):
            for number, name in ((11, "subscribed_services_sandbox_11"), (10, "subscribed_services_empty")):
                answer = await asked(number, slash)
                body = (official / "fixtures" / "2026" / f"{name}.json").read_bytes()
                assert (answer.status_code, answer.content) == (200, body)
        assert (await asked(11, Authorization="Bearer no-token")).status_code == 401
        other = await house.http.post(f"{house.simulator_url}/other/v1", json={}, headers=headers)
        assert (other.status_code, other.json()["code"]) == (404, "900906")


async def test_an_authorisation_that_was_not_captured_is_unknown(install, official, tmp_path):
    body = capture_2026(official / "fixtures", "subscribed_services_sandbox_11")
    async with install(replay=captured(tmp_path, body, "POST /subscribed_services/v1/"), GENERATION="2026") as house:
        url, headers = f"{house.simulator_url}/subscribed_services/v1", await get_token(house)
        for number, status in ((11, 200), (1, 404), (111, 404)):
            answer = await house.http.post(url, json={"autorisationId": number, "comptage": False}, headers=headers)
            assert answer.status_code == status
        assert answer.json()["message"] == "PRM non existant"


async def test_what_was_not_captured_is_a_404_of_2026(install, official, tmp_path):
    body = capture_2026(official / "fixtures", "consommation_quotidienne")
    resource = "/mesure_synchrone_auto/v2/consommation_quotidienne"
    async with install(replay=captured(tmp_path, body, f"GET {resource}"), GENERATION="2026") as house:
        headers = await get_token(house)
        nothing = {
            resource: "Pas de mesure trouvée pour ce point",
            f"/situation_contrat_auto/v1/{HOLDER}": "Situation contractuelle ou PRM non existant",
            f"/comptage_auto/v1/{HOLDER}": "Situation comptage ou PRM non existant",
        }
        query = {"pointId": HOLDER, "dateDebut": "2026-09-29", "dateFin": "2026-10-01"}
        for path, message in nothing.items():
            answer = await house.http.get(house.simulator_url + path, params=query, headers=headers)
            assert (answer.status_code, answer.json()["message"]) == (404, message)
        answer = await house.series(body["idPrm"], "production/daily", "2026-09-27", "2026-09-28")
        assert {gap["reason"] for gap in answer.json()["gaps"]} == {"missing"}
        record = await house.get(f"/v1/usage-points/{body['idPrm']}/contract")
        assert (record.status_code, record.json()["code"]) == (404, "no-data")


async def test_the_generation_that_was_captured_is_spoken(install, official, tmp_path):
    """`auto` cannot choose by itself: what is missing from a folder is a 404, which never leads to the other."""
    daily, modern = (
        "GET /metering_data_dc/v5/daily_consumption",
        "GET /mesure_synchrone_auto/v2/consommation_quotidienne",
    )
    async with install(GENERATION="auto") as house:
        settings = house.settings
    assert settings.generation is Speaking.AUTO

    def chosen(folder):
        return for_replay(settings, read_captures(folder)).generation

    assert chosen(official / "fixtures") is Speaking.V2026
    for number, (endpoint, spoken) in enumerate(
        [
            (daily, Speaking.V5),
            (modern, Speaking.V2026),
            ("GET /situation_contrat_auto/v1/{prm}", Speaking.V2026),
            ("GET /customers_*", Speaking.V5),
            ("any", Speaking.AUTO),
        ]
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert chosen(captured(folder, {}, endpoint)) is spoken, endpoint


async def test_the_greeting_of_2026_offers_addresses_that_work(install, unmasked, capsys):
    async with install(replay=unmasked, GENERATION="auto") as house:
        greet(house.settings, house.key, await house.opened.stores.clock.now())
        addresses = re.findall(r"'(http[^']+)'", capsys.readouterr().out)
        assert len(addresses) == 6
        async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {house.key}"}, trust_env=False) as http:
            for address in addresses:
                answer = await http.get(address)
                assert (answer.status_code, bool(answer.json()["readings"])) == (200, True), address
