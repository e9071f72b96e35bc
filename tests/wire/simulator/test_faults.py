"""Every failure that a test may order, and every row of the catalogue as Enedis sends it (INTERFACE §7, F§13)."""

import asyncio
import json
import socket

import httpx2
import pytest
import uvicorn

from passerelle.simulator import errors
from passerelle.simulator.app import create_app
from passerelle.simulator.settings import SimulatorSettings

DAILY = "/metering_data_dc/v5/daily_consumption"
IDENTITY = "/customers_i/v5/identity"
PRM = "22516914714270"
ASKED = {"usage_point_id": PRM, "start": "2026-11-20", "end": "2026-11-21"}


@pytest.mark.parametrize("name", errors.rows())
async def test_every_row_of_the_catalogue_can_be_ordered(stage, name):
    row = errors.rows()[name]
    plain = await stage.get(DAILY, **ASKED)
    await stage.control("PUT", "faults", {"api": "metering_data_dc", "count": 1, "error": name})
    answer = await stage.get(DAILY, **ASKED)
    if row.shape == "redirect":
        assert answer.status_code == 302
        assert answer.headers["location"].startswith("https://app.example/callback?")
        assert httpx2.URL(answer.headers["location"]).params["error"] == row.code
        return
    assert answer.status_code == row.http_status or row.http_status is None
    assert answer.headers.get("content-type") == row.content_type
    match row.shape:
        case "html":
            assert answer.text.startswith("<!DOCTYPE html>")
        case "empty":
            assert answer.content == b""
        case "ok-empty":
            assert answer.json() in ({}, {"nbTotalServices": 0})
        case "oauth":
            assert answer.json()["error"] == row.code
            assert answer.json().keys() <= {"error", "error_description", "error_uri"}
        case "wso2":
            assert isinstance(answer.json()["code"], str)
            assert answer.json()["code"] == (row.code or f"SGT{row.http_status}")
            assert row.message.startswith(answer.json()["message"])
        case "fault":
            assert answer.json()["fault"]["code"] == int(row.code)
        case None:
            assert answer.json() == plain.json()
    assert (await stage.get(DAILY, **ASKED)).json() == plain.json()


@pytest.mark.official
def test_the_catalogue_is_the_shared_one(official):
    ours = json.loads(errors.resources.files("passerelle.simulator").joinpath("errors.json").read_bytes())
    assert ours == json.loads((official / "errors.json").read_bytes())


async def test_a_fault_is_journaled_with_the_status_really_sent_and_counted_down(stage):
    await stage.control(
        "PUT", "faults", {"api": "*", "count": 2, "status": 418, "body": "no", "content_type": "text/x"}
    )
    await stage.control("PUT", "faults", {"api": "customers_i", "error": "html-503"})
    token = "none needed"
    answers = [await stage.get(IDENTITY, token=token, usage_point_id=PRM) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [418, 418, 503, 503]
    assert (answers[0].text, answers[0].headers["content-type"]) == ("no", "text/x")
    calls = (await stage.control("GET", "calls")).json()
    assert [call["status"] for call in calls] == [418, 418, 503, 503]
    assert (await stage.control("DELETE", "faults")).status_code == 204
    assert (await stage.get(IDENTITY, token=token, usage_point_id=PRM)).status_code == 401


async def test_a_fault_of_another_api_waits_for_its_own(stage):
    await stage.control("PUT", "faults", {"api": "customers_i", "count": 1, "error": "technical-error-500"})
    assert (await stage.get(DAILY, **ASKED)).status_code == 200
    assert (await stage.get(IDENTITY, usage_point_id=PRM)).json()["error"] == "technical_error"


async def test_a_call_over_quota_meets_no_fault(stage):
    await stage.token()
    stage.time.advance(5)
    await stage.control("PUT", "faults", {"api": "*", "count": 6, "error": "v5-503"})
    statuses = [(await stage.get(DAILY, hurry=True, **ASKED)).status_code for _ in range(7)]
    assert statuses == [503] * 5 + [429] * 2
    stage.time.advance(1)
    assert (await stage.get(DAILY, hurry=True, **ASKED)).status_code == 503
    assert (await stage.get(DAILY, hurry=True, **ASKED)).status_code == 200


async def test_truncation_cuts_the_true_body(stage):
    whole = await stage.get(DAILY, **ASKED)
    await stage.control("PUT", "faults", {"api": "metering_data_dc", "count": 1, "truncate": 40})
    cut = await stage.get(DAILY, **ASKED)
    assert cut.content == whole.content[:40]
    assert (cut.status_code, cut.headers["content-length"]) == (200, "40")


async def test_a_delay_holds_the_answer_back(stage):
    await stage.control("PUT", "faults", {"api": "metering_data_dc", "count": 1, "delay_ms": 30})
    began = asyncio.get_running_loop().time()
    assert (await stage.get(DAILY, **ASKED)).status_code == 200
    assert asyncio.get_running_loop().time() - began >= 0.03


async def test_a_drop_closes_the_connection_quietly(capfd):
    """Over a true socket: the client reads an end and no answer, and the server writes nothing about it."""
    listener = socket.create_server(("127.0.0.1", 0))
    app = create_app(SimulatorSettings())
    server = uvicorn.Server(uvicorn.Config(app, log_level="info", lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with httpx2.AsyncClient(base_url=origin) as client:
            fault = {"api": "customers_i", "count": 1, "drop": True}
            assert (await client.put("/_control/faults", json=fault)).status_code == 200
            capfd.readouterr()
            with pytest.raises((httpx2.RemoteProtocolError, httpx2.NetworkError)):
                await client.get(IDENTITY)
            assert (await client.get(IDENTITY)).status_code == 401
            (dropped, answered) = (await client.get("/_control/calls")).json()
        assert (dropped["status"], answered["status"]) == (None, 401)
        seen = capfd.readouterr()
        assert "Exception" not in seen.err + seen.out
        assert "ERROR" not in seen.err + seen.out
    finally:
        server.should_exit = True
        await serving
        listener.close()


async def test_a_drop_in_the_same_process_is_a_reset(stage):
    await stage.control("PUT", "faults", {"api": "oauth2", "count": 1, "drop": True})
    with pytest.raises(ConnectionResetError):
        await stage.ask_token()
