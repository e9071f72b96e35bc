"""Captured answers of Enedis through the whole gateway: nothing of them is lost, nothing is added."""

import json
import re
import shutil
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx2
import pytest

from passerelle.cli.demo import REPLAY_DATABASE, greet

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
"""The one real hole of the captures; the others are whole."""


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
