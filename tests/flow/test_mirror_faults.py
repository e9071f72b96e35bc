"""Every error of Enedis through the mirror: its own refusals word for word, its failures and ours in its shape."""

import json

import pytest

DAILY = "/metering_data_dc/v5/daily_consumption"
OURS_WITH_ENEDIS = ("token-rejected", "operator-action-needed")

pytestmark = pytest.mark.official


@pytest.fixture
def rows(official):
    """What a data API of v5 may answer, quotas left out: they hold back what comes after them."""
    found = json.loads((official / "errors.json").read_text(encoding="utf-8"))
    concerned = [
        row
        for row in found
        if row["generation"] in ("v5", "both")
        and row["api"] in ("gateway", "gateway (WSO2)", "any", "metering and customers v5", "load curves v5")
        and row["problem"] != "quota-exhausted"
    ]
    assert len(concerned) > 40
    return concerned


async def ask(house, url, token, prm, day):
    query = {"usage_point_id": prm, "start": f"2026-{day}", "end": "2026-11-24"}
    return await house.http.get(url + DAILY, params=query, headers={"Authorization": f"Bearer {token}"})


async def sign_in(house, url, client_id, secret):
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
    return (await house.http.post(f"{url}/oauth2/v3/token", data=form)).json()["access_token"]


async def test_each_error_of_a_data_api(house, rows):
    mirror = f"{house.gateway_url}/enedis"
    mine = await sign_in(house, mirror, "demo", house.key)
    theirs = await sign_in(house, house.simulator_url, "simulator", "simulator-secret")
    for number, row in enumerate(rows):
        prm = f"91{number:010}00"  # of its own: what Enedis refuses of a usage point is not asked again at once
        await house.hold(prm)
        await house.control("PUT", "faults", {"api": "metering_data_dc", "error": row["id"]})
        mirrored = await ask(house, mirror, mine, prm, "11-20")
        original = await ask(house, house.simulator_url, theirs, prm, "11-20")
        await house.control("DELETE", "faults")
        await house.rested("metering_data_dc")  # that an API is left alone after failures is not what is tested here
        assert mirrored.headers["content-type"] == "application/json", row["id"]
        if row["shape"] == "oauth" and row["problem"] not in OURS_WITH_ENEDIS:
            assert (mirrored.status_code, mirrored.content) == (original.status_code, original.content), row["id"]
        else:
            assert (mirrored.status_code, mirrored.json()["error"]) == (503, "Service Unavailable"), row["id"]
    assert (await ask(house, mirror, mine, "22516914714270", "11-20")).status_code == 200


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 503, "body": ""},
        {"status": 502, "body": "<html>", "content_type": "text/html"},
        {"truncate": 40},
        {"drop": True},
    ],
)
async def test_enedis_away(house, fault):
    mirror = f"{house.gateway_url}/enedis"
    token = await sign_in(house, mirror, "demo", house.key)
    await house.control("PUT", "faults", {"api": "metering_data_dc", **fault})
    answer = await ask(house, mirror, token, "22516914714270", "11-20")
    assert (answer.status_code, answer.json()["error"]) == (503, "Service Unavailable")


@pytest.mark.parametrize(
    "error", ["token-invalid-client", "token-invalid-request", "token-unauthorized-401", "token-500"]
)
async def test_the_gateways_own_credentials_are_not_the_applications(house, error):
    await house.control("PUT", "faults", {"api": "oauth2", "error": error})
    mirror = f"{house.gateway_url}/enedis"
    token = await sign_in(house, mirror, "demo", house.key)
    answer = await ask(house, mirror, token, "22516914714270", "11-20")
    assert (answer.status_code, answer.json()["error"]) == (503, "Service Unavailable")


@pytest.mark.parametrize("error", ["wso2-900804-throttled", "v5-quota-q4-per-hour", "wso2-900800-throttled"])
async def test_a_quota_that_enedis_counts_otherwise(house, error):
    mirror = f"{house.gateway_url}/enedis"
    token = await sign_in(house, mirror, "demo", house.key)
    await house.control("PUT", "faults", {"api": "metering_data_dc", "error": error})
    answer = await ask(house, mirror, token, "22516914714270", "11-20")
    assert (answer.status_code, answer.json()["code"]) == (429, "900804")
    assert answer.json()["nextAccessTime"].startswith("2026-Nov-24 ")
