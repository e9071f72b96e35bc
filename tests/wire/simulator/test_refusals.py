"""What Enedis refuses, in its order and in its bodies (F§5, F§7, F§8, F§11, F§13)."""

import json
from datetime import date, timedelta

import pytest

DAILY = "/metering_data_dc/v5/daily_consumption"
CURVE = "/metering_data_clc/v5/consumption_load_curve"
PEAKS = "/metering_data_dcmp/v5/daily_consumption_max_power"
GIVEN = "/metering_data_dp/v5/daily_production"
GIVEN_CURVE = "/metering_data_plc/v5/production_load_curve"
CONTRACT = "/customers_upc/v5/usage_points/contracts"
PRM = "22516914714270"
ONE_DAY = {"start": "2026-11-20", "end": "2026-11-21"}


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ({}, "usage_point_id parameter is required."),
        ({"usage_point_id": ""}, "usage_point_id parameter is required."),
        ({"usage_point_id": "2251691471427"}, "usage_point_id parameter must be 14 digits long."),
        ({"usage_point_id": "22516914714270 "}, "usage_point_id parameter must be 14 digits long."),
        ({"usage_point_id": "٢٢٥١٦٩١٤٧١٤٢٧٠"}, "usage_point_id parameter must be 14 digits long."),
        ({"usage_point_id": PRM}, "Start date parameter is required."),
        ({"usage_point_id": PRM, "start": "20261120"}, "Start date parameter must be in the format YYYY-MM-DD."),
        ({"usage_point_id": PRM, "start": "2026-02-30"}, "Start date parameter must be in the format YYYY-MM-DD."),
        ({"usage_point_id": PRM, "start": "2026-11-20"}, "End date parameter is required."),
        (
            {"usage_point_id": PRM, "start": "2026-11-20", "end": "2026-11-21T00:00:00"},
            "End date parameter must be in the format YYYY-MM-DD.",
        ),
        (
            {"usage_point_id": PRM, "start": "2026-11-20", "end": "2026-11-25"},
            "The end date parameter must be earlier than the current date.",
        ),
        ({"usage_point_id": PRM, "start": "2026-11-20", "end": "2026-11-20"}, "Start date should be before end date."),
        ({"usage_point_id": PRM, "start": "2026-11-21", "end": "2026-11-20"}, "Start date should be before end date."),
        (ONE_DAY | {"usage_point_id": PRM, "more": "1"}, "Empty header, bad request format, partial or incorrect data"),
        (
            ONE_DAY | {"usage_point_id": PRM, "person_id": "12"},
            "Empty header, bad request format, partial or incorrect data",
        ),
    ],
)
@pytest.mark.parametrize("path", [DAILY, CURVE, PEAKS])
async def test_requests_outside_the_specification(stage, path, query, text):
    answer = await stage.get(path, **query)
    assert answer.status_code == 400
    assert answer.json() == {"error": "Invalid_request", "error_description": text}
    assert answer.headers["content-type"] == "application/json"


async def test_a_repeated_parameter_is_refused(stage):
    token = await stage.token()
    answer = await stage.client.get(
        f"{DAILY}?usage_point_id={PRM}&usage_point_id={PRM}&start=2026-11-20&end=2026-11-21",
        headers={"Authorization": f"Bearer {token}"},
    )
    assert (answer.status_code, answer.json()["error"]) == (400, "Invalid_request")
    (call,) = [call for call in (await stage.control("GET", "calls")).json() if call["api"] != "oauth2"]
    assert call["query"]["usage_point_id"] == [PRM, PRM]


async def test_a_person_id_of_ten_digits_is_let_through(stage):
    assert (await stage.get(DAILY, usage_point_id=PRM, person_id="1234567890", **ONE_DAY)).status_code == 200


@pytest.mark.parametrize(
    ("path", "prm", "start", "end", "status", "code"),
    [
        # F§5: eight days of curve, and seven.
        (CURVE, PRM, "2026-11-10", "2026-11-18", 400, "ADAM-ERR0126"),
        (CURVE, PRM, "2026-11-11", "2026-11-18", 200, None),
        (GIVEN_CURVE, "24880057139941", "2026-11-10", "2026-11-18", 400, "ADAM-ERR0126"),
        (DAILY, PRM, "2026-11-01", "2026-11-24", 200, None),
        # F§5: 24 or 36 months and 15 days before 24 November 2026; the limit itself is still served.
        (CURVE, PRM, "2024-11-08", "2024-11-10", 400, "ADAM-ERR0125"),
        (CURVE, PRM, "2024-11-09", "2024-11-10", 200, None),
        (DAILY, PRM, "2023-11-08", "2023-11-10", 400, "ADAM-ERR0125"),
        (DAILY, PRM, "2023-11-09", "2023-11-12", 200, None),
        (PEAKS, PRM, "2023-11-08", "2023-11-10", 400, "ADAM-ERR0125"),
        # F§11, digit 1: activated on 2019-08-27.
        (DAILY, "11453290002823", "2019-08-26", "2019-08-28", 400, "ADAM-ERR0123"),
        (DAILY, "11453290002823", "2019-08-27", "2019-08-28", 400, "ADAM-ERR0125"),
        # F§11: the wrong direction.
        (DAILY, "24880057139941", "2026-11-20", "2026-11-21", 400, "ADAM-ERR0069"),
        (GIVEN, PRM, "2026-11-20", "2026-11-21", 400, "ADAM-ERR0069"),
        # F§7, F§11 digit 2: the curve is off, the days are not.
        (CURVE, "32320647321714", "2026-11-20", "2026-11-21", 404, "no_data_found"),
        (DAILY, "32320647321714", "2026-11-20", "2026-11-21", 200, None),
        # F§11, digit 4: Tuesday 17 and Wednesday 18 November 2026.
        (DAILY, "42900589957123", "2026-11-17", "2026-11-19", 404, "no_data_found"),
        (CURVE, "42900589957123", "2026-11-17", "2026-11-19", 404, "no_data_found"),
        (DAILY, "42900589957123", "2026-11-17", "2026-11-20", 200, None),
        # F§11, digit 8, and a PRM that nobody named.
        (DAILY, "26584978546985", "2026-11-20", "2026-11-21", 403, "ADAM-DC-0008"),
        (DAILY, "99999999999999", "2026-11-20", "2026-11-21", 403, "ADAM-DC-0008"),
    ],
)
async def test_what_the_point_and_its_history_allow(stage, path, prm, start, end, status, code):
    answer = await stage.get(path, usage_point_id=prm, start=start, end=end)
    assert (answer.status_code, answer.json().get("error")) == (status, code)


async def test_an_activation_within_the_history_bounds_the_period(stage):
    """F§7, and the table of `households.seeded`: endings 76 to 79 were activated recently."""
    prm = "40000000000077"
    await stage.control("PUT", f"consents/{prm}", {"state": "granted"})
    contract = (await stage.control("GET", f"truth/{prm}/contract")).json()
    first = contract["last_activation_date"]
    following = (date.fromisoformat(first) + timedelta(days=1)).isoformat()
    (reading,) = await stage.truth(prm, "consumption/daily", "2025-09-01", following)
    assert reading["start"].startswith(first)
    assert (await stage.get(DAILY, usage_point_id=prm, start=first, end="2026-11-01")).status_code == 200
    before = await stage.get(DAILY, usage_point_id=prm, start="2025-09-30", end="2026-11-01")
    assert before.json()["error"] == "ADAM-ERR0123"


async def test_a_customer_who_objected_to_the_curve(stage):
    prm = "40000000000064"
    await stage.control("PUT", f"consents/{prm}", {"state": "granted"})
    answer = await stage.get(CURVE, usage_point_id=prm, **ONE_DAY)
    assert (answer.status_code, answer.json()["error"]) == (400, "ADAM-ERR0075")
    assert (await stage.get(DAILY, usage_point_id=prm, **ONE_DAY)).status_code == 200


@pytest.mark.official
@pytest.mark.parametrize(
    ("path", "query", "fixture"),
    [
        (CURVE, {"usage_point_id": PRM, "start": "2026-11-01", "end": "2026-11-20"}, "v5_400_ADAM-ERR0126"),
        (DAILY, {"usage_point_id": "26584978546985", **ONE_DAY}, "v5_403_ADAM-DC-0008"),
        (CURVE, {"usage_point_id": "32320647321714", **ONE_DAY}, "v5_404_no_data_found"),
    ],
)
async def test_refusals_equal_the_captured_ones(stage, official, path, query, fixture):
    captured = json.loads((official / "fixtures" / "errors" / f"{fixture}.json").read_bytes())
    answer = await stage.get(path, **query)
    assert (str(answer.status_code), answer.json()) == (fixture[3:6], captured)


async def test_customer_records_of_the_unknown_the_revoked_and_the_producer(stage):
    """F§8: only consumption points have customer data."""
    answers = {prm: await stage.get(CONTRACT, usage_point_id=prm) for prm in ("99999999999999", "24880057139941")}
    assert {(each.status_code, each.json()["error"]) for each in answers.values()} == {(404, "STM-ERR-0000019")}
    revoked = await stage.get(CONTRACT, usage_point_id="26584978546985")
    assert (revoked.status_code, revoked.json()["error"]) == (403, "ADAM-DC-0008")
    odd = await stage.get(CONTRACT, usage_point_id=PRM, start="2026-11-20")
    assert (odd.status_code, odd.json()["error"]) == (400, "Invalid_request")


async def test_without_a_token_nothing_is_looked_at(stage):
    missing = await stage.client.get(DAILY)
    assert (missing.status_code, missing.json()) == (401, {"code": "900902", "message": "Missing Credentials"})
    wrong_scheme = await stage.client.get(DAILY, headers={"Authorization": "Basic eDp5"})
    assert wrong_scheme.json()["code"] == "900902"


@pytest.mark.official
async def test_an_unknown_token_gets_the_captured_answer(stage, official):
    answer = await stage.get(DAILY, token="no-such-token")
    captured = json.loads((official / "fixtures" / "errors" / "gateway_401_900901.json").read_bytes())
    assert (answer.status_code, answer.json()) == (401, captured)


@pytest.mark.parametrize(
    "path", ["/", "/metering_data_dc/v4/daily_consumption", "/metering_data_dc/v5/daily_production"]
)
async def test_paths_that_do_not_exist(stage, path):
    answer = await stage.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "900906")


async def test_switches_take_an_api_away(stage):
    await stage.control("PUT", "apis", {"api": "metering_data_clc", "subscribed": False})
    await stage.control("PUT", "apis", {"api": "customers_i", "served": False})
    unsubscribed = await stage.get(CURVE, usage_point_id=PRM, **ONE_DAY)
    assert (unsubscribed.status_code, unsubscribed.json()["code"]) == (403, "900908")
    gone = await stage.get("/customers_i/v5/identity", usage_point_id=PRM)
    assert (gone.status_code, gone.json()["code"]) == (404, "900906")
    assert (await stage.get(DAILY, usage_point_id=PRM, **ONE_DAY)).status_code == 200
    await stage.control("PUT", "apis", {"api": "metering_data_clc", "subscribed": True})
    assert (await stage.get(CURVE, usage_point_id=PRM, **ONE_DAY)).status_code == 200
