"""Five calls in any sliding second and a round hour's allowance, for the whole application (F§12)."""

import json
from datetime import UTC, datetime

import pytest

DAILY = "/metering_data_dc/v5/daily_consumption"
IDENTITY = "/customers_i/v5/identity"
PRM = "22516914714270"
ASKED = {"usage_point_id": PRM, "start": "2026-11-20", "end": "2026-11-21"}


async def test_the_sixth_call_of_any_second_is_refused_whatever_its_api(stage):
    await stage.token()
    stage.time.advance(5)
    statuses = []
    for _ in range(2):
        statuses.append((await stage.get(DAILY, hurry=True, **ASKED)).status_code)
        statuses.append((await stage.get(IDENTITY, hurry=True, usage_point_id=PRM)).status_code)
        stage.time.advance(0.3)
    statuses.append((await stage.ask_token()).status_code)
    assert statuses == [200] * 5
    stage.time.advance(0.55)
    assert (await stage.get(DAILY, hurry=True, **ASKED)).status_code == 200


async def test_refused_calls_and_token_calls_count_in_the_second(stage):
    await stage.token()
    stage.time.advance(5)
    for _ in range(4):
        await stage.get(DAILY, hurry=True, **ASKED)
    form = {"grant_type": "client_credentials"}
    assert (await stage.client.post("/oauth2/v3/token", data=form)).status_code == 401
    refused = await stage.get(DAILY, hurry=True, **ASKED)
    assert (refused.status_code, refused.json()["error"]) == (429, "Quota Q3 reached")
    assert refused.json()["error_description"] == "Call threshold allowed on 10:00:07"
    stage.time.advance(0.999)
    assert (await stage.get(DAILY, hurry=True, **ASKED)).status_code == 429
    stage.time.advance(0.001)
    statuses = [(await stage.get(DAILY, hurry=True, **ASKED)).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 200]
    assert (await stage.get(DAILY, hurry=True, **ASKED)).status_code == 429


async def test_what_is_no_call_to_the_apis_counts_for_nothing(stage):
    await stage.token()
    stage.time.advance(5)
    page = {"client_id": "simulator", "response_type": "code", "duration": "P1Y"}
    for _ in range(8):
        await stage.control("GET", "clock")
        await stage.client.get("/dataconnect/v1/oauth2/authorize", params=page)
    assert (await stage.get(DAILY, hurry=True, **ASKED)).status_code == 200


@pytest.mark.official
async def test_the_hour_ends_on_the_clock_and_the_body_is_the_observed_one(enter, official):
    """F§12: a fixed clock hour, by the simulated clock; token calls are not of it."""
    stage = enter(quota_per_hour=3, now=datetime(2026, 7, 17, 4, 10, tzinfo=UTC))
    asked = ASKED | {"start": "2026-07-10", "end": "2026-07-11"}
    for _ in range(2):
        await stage.ask_token()
    statuses = [(await stage.get(DAILY, **asked)).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    refused = await stage.get(IDENTITY, usage_point_id=PRM)
    captured = json.loads((official / "fixtures" / "errors" / "gateway_429_900804.json").read_bytes())
    assert (refused.status_code, refused.json()) == (429, captured)
    await stage.control("PUT", "clock", {"now": "2026-07-17T05:00:00Z"})
    assert (await stage.get(DAILY, **asked)).status_code == 200
    await stage.control("PUT", "clock", {"now": "2026-07-17T04:59:00Z"})
    assert (await stage.get(DAILY, **asked)).status_code == 429
