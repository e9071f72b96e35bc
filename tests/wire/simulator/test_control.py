"""The control API: the clock, the journal, values, and refusals that name the field (INTERFACE §7)."""

from datetime import datetime
from typing import Any

import pytest

DAILY = "/metering_data_dc/v5/daily_consumption"
CURVE = "/metering_data_clc/v5/consumption_load_curve"
PEAKS = "/metering_data_dcmp/v5/daily_consumption_max_power"
PRM = "22516914714270"
DAY, NEXT = "2026-11-20", "2026-11-21"


async def energy(stage, prm=PRM, day=DAY, end=NEXT):
    readings = await stage.truth(prm, "consumption/daily", day, end)
    return [reading["value"] for reading in readings]


async def curve(stage, prm=PRM, series="consumption/load-curve"):
    return await stage.truth(prm, series, DAY, NEXT)


async def peak(stage):
    (reading,) = await stage.truth(PRM, "consumption/max-power", DAY, NEXT)
    return reading


def integral(readings):
    watt_seconds = sum(
        each["value"] * (datetime.fromisoformat(each["end"]) - datetime.fromisoformat(each["start"])).total_seconds()
        for each in readings
    )
    return watt_seconds / 3600


async def put(stage, prm=PRM, **order: Any):
    answer = await stage.control("PUT", f"values/{prm}", {"day": DAY, **order})
    assert answer.status_code == 200, answer.text


async def test_the_clock_runs_stands_still_and_follows_real_time(stage):
    async def now() -> dict[str, Any]:
        return dict((await stage.control("GET", "clock")).json())

    assert await now() == {"now": "2026-11-24T10:00:00.000000+01:00", "frozen": False}
    stage.time.advance(90)
    assert (await now())["now"] == "2026-11-24T10:01:30.000000+01:00"
    await stage.control("PUT", "clock", {"now": "2026-07-01T00:00:00Z", "frozen": True})
    stage.time.advance(90)
    assert await now() == {"now": "2026-07-01T02:00:00.000000+02:00", "frozen": True}
    assert (await stage.control("DELETE", "clock")).status_code == 200
    assert await now() == {"now": "2026-11-24T10:03:00.000000+01:00", "frozen": False}


async def test_a_day_is_served_from_eight_in_paris_on_the_next(stage):
    """F§7; before that it is silently absent, and a period without any served day is 404."""
    await stage.control("PUT", "clock", {"now": "2026-11-24T07:59:59+01:00", "frozen": True})
    early = await stage.get(DAILY, usage_point_id=PRM, start="2026-11-22", end="2026-11-24")
    assert [each["date"] for each in early.json()["meter_reading"]["interval_reading"]] == ["2026-11-22"]
    alone = await stage.get(CURVE, usage_point_id=PRM, start="2026-11-23", end="2026-11-24")
    assert (alone.status_code, alone.json()["error"]) == (404, "no_data_found")
    assert await energy(stage, day="2026-11-23", end="2026-11-30") == []
    await stage.control("PUT", "clock", {"now": "2026-11-24T08:00:00+01:00", "frozen": True})
    later = await stage.get(CURVE, usage_point_id=PRM, start="2026-11-23", end="2026-11-24")
    assert len(later.json()["meter_reading"]["interval_reading"]) == 48
    assert len(await energy(stage, day="2026-11-23", end="2026-11-30")) == 1


async def test_truth_ends_where_a_careful_client_stops_asking(stage):
    """INTERFACE §3: it asks from the day after the history limit, and curves reach back less far."""
    days = await stage.truth(PRM, "consumption/daily", "2020-01-01", "2026-11-24")
    assert days[0]["start"] == "2023-11-10T00:00:00+01:00"
    intervals = await stage.truth(PRM, "consumption/load-curve", "2024-10-01", "2024-11-12")
    assert intervals[0]["start"] == "2024-11-10T00:00:00+01:00"


async def test_truth_spans_civil_days_with_their_offsets(stage):
    (long_day,) = await stage.truth(PRM, "consumption/daily", "2025-10-26", "2025-10-27")
    assert (long_day["start"], long_day["end"]) == ("2025-10-26T00:00:00+02:00", "2025-10-27T00:00:00+01:00")
    assert long_day["quality"] == "raw"


async def test_the_journal_holds_every_call_in_order(stage):
    await stage.get(DAILY, usage_point_id=PRM, start=DAY, end=NEXT)
    await stage.get("/nowhere", token="x")
    token, data, nowhere = (await stage.control("GET", "calls")).json()
    assert token == {
        "at": "2026-11-24T09:00:01.000000+00:00",
        "simulated_at": "2026-11-24T10:00:01.000000+01:00",
        "api": "oauth2",
        "method": "POST",
        "path": "/oauth2/v3/token",
        "query": {},
        "usage_point_id": None,
        "status": 200,
    }
    assert data["query"] == {"usage_point_id": PRM, "start": DAY, "end": NEXT}
    assert (data["api"], data["usage_point_id"]) == ("metering_data_dc", PRM)
    assert (nowhere["api"], nowhere["path"], nowhere["status"]) == ("nowhere", "/nowhere", 404)
    assert (await stage.control("DELETE", "calls")).status_code == 204
    assert (await stage.control("GET", "calls")).json() == []


async def test_a_curve_value_moves_the_day_and_its_peak(stage):
    before = (await energy(stage))[0]
    first = (await curve(stage))[0]
    await put(stage, series="consumption/load-curve", at=first["start"], value=first["value"] + 90_000)
    assert await energy(stage) == [before + 45_000]
    assert (await peak(stage))["value"] >= first["value"] + 90_000
    assert first["start"] <= (await peak(stage))["at"] < first["end"]
    assert integral(await curve(stage)) == before + 45_000


async def test_the_energy_of_an_odd_override_is_rounded_half_up(stage):
    first = (await curve(stage))[0]
    before = (await energy(stage))[0]
    await put(stage, series="consumption/load-curve", at=first["start"], value=first["value"] + 1)
    assert await energy(stage) == [before + 1]


async def test_an_energy_scales_the_curve_to_integrate_to_it(stage):
    for wanted in (12_345, 0, 7):
        await put(stage, series="consumption/daily", value=wanted)
        assert await energy(stage) == [wanted]
        assert integral(await curve(stage)) == wanted
        assert (await peak(stage))["value"] >= max(each["value"] for each in await curve(stage))


async def test_the_body_carries_what_was_put(stage):
    await put(stage, series="consumption/daily", value=31_415)
    body = (await stage.get(DAILY, usage_point_id=PRM, start=DAY, end=NEXT)).json()
    assert body["meter_reading"]["interval_reading"] == [{"value": "31415", "date": DAY}]


async def test_alone_leaves_the_others(stage):
    untouched = await curve(stage), await peak(stage)
    await put(stage, series="consumption/daily", value=1, alone=True)
    assert await energy(stage) == [1]
    assert (await curve(stage), await peak(stage)) == untouched
    await put(stage, series="consumption/load-curve", value=77, alone=True)
    assert {each["value"] for each in await curve(stage)} == {77}
    assert await energy(stage) == [1]


async def test_a_peak_moves_nothing_else(stage):
    untouched = await curve(stage), await energy(stage)
    await put(stage, series="consumption/max-power", value=39_990, at=f"{DAY}T19:03:35+01:00")
    assert await peak(stage) == {"day": DAY, "at": f"{DAY}T19:03:35+01:00", "value": 39_990, "quality": "raw"}
    assert (await curve(stage), await energy(stage)) == untouched
    body = (await stage.get(PEAKS, usage_point_id=PRM, start=DAY, end=NEXT)).json()["meter_reading"]
    assert body["interval_reading"] == [{"value": "39990", "date": f"{DAY} 19:03:35"}]


async def test_an_absent_interval_leaves_a_silent_hole_and_nothing_more(stage):
    first, second, *rest = await curve(stage)
    before = await energy(stage)
    await put(stage, series="consumption/load-curve", at=second["start"], absent=True)
    assert await curve(stage) == [first, *rest]
    assert await energy(stage) == before
    body = (await stage.get(CURVE, usage_point_id=PRM, start=DAY, end=NEXT)).json()["meter_reading"]
    assert [each["date"][11:] for each in body["interval_reading"]][:2] == ["00:30:00", "01:30:00"]


async def test_an_absent_day_is_absent_everywhere_unless_alone(stage):
    await put(stage, series="consumption/daily", absent=True, alone=True)
    assert await energy(stage) == []
    assert len(await curve(stage)) == 48
    await put(stage, series="consumption/daily", absent=True)
    assert await curve(stage) == []
    missing = await stage.get(PEAKS, usage_point_id=PRM, start=DAY, end=NEXT)
    assert missing.status_code == 404
    await put(stage, series="consumption/daily", value=4_800)
    assert integral(await curve(stage)) == 4_800


async def test_a_day_can_be_published_late_and_with_another_value(stage):
    await put(stage, series="consumption/daily", value=4_800, publish_at="2026-11-24T12:00:00+01:00")
    assert await energy(stage) == []
    assert await curve(stage) == []
    await stage.control("PUT", "clock", {"now": "2026-11-24T12:00:00+01:00"})
    assert await energy(stage) == [4_800]
    assert len(await curve(stage)) == 48


async def test_an_absence_can_end(stage):
    """F§7: gaps may be filled days later."""
    drawn = await curve(stage)
    at = drawn[3]["start"]
    await put(stage, series="consumption/load-curve", at=at, absent=True, publish_at="2026-11-25T08:00:00+01:00")
    assert len(await curve(stage)) == 47
    await stage.control("PUT", "clock", {"now": "2026-11-25T08:00:00+01:00"})
    assert await curve(stage) == drawn


async def test_production_has_its_own_values(stage):
    prm = "12655648759651"
    consumed = await curve(stage, prm)
    await put(stage, prm, series="production/daily", value=9_999)
    given = await curve(stage, prm, "production/load-curve")
    assert integral(given) == 9_999
    assert await curve(stage, prm) == consumed
    assert all(min(one["value"], other["value"]) == 0 for one, other in zip(consumed, given, strict=True))


async def test_a_consent_may_begin_on_a_day(stage):
    await stage.control("PUT", f"consents/{PRM}", {"state": "granted", "begin": "2026-11-10"})
    before = await stage.get(DAILY, usage_point_id=PRM, start="2026-11-09", end=NEXT)
    assert (before.status_code, before.json()["error"]) == (403, "ADAM-DC-0009")
    assert (await stage.get(DAILY, usage_point_id=PRM, start="2026-11-10", end=NEXT)).status_code == 200


@pytest.mark.parametrize("state", ["revoked", "expired"])
async def test_a_consent_that_ended_refuses(stage, state):
    await stage.control("PUT", f"consents/{PRM}", {"state": state})
    answer = await stage.get(DAILY, usage_point_id=PRM, start=DAY, end=NEXT)
    assert (answer.status_code, answer.json()["error"]) == (403, "ADAM-DC-0008")
    await stage.control("PUT", f"consents/{PRM}", {"state": "granted"})
    assert (await stage.get(DAILY, usage_point_id=PRM, start=DAY, end=NEXT)).status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("clock", {"now": "yesterday"}, "now"),
        ("clock", {"now": "2026-11-24T07:59:00"}, "now"),
        ("clock", {}, "now"),
        ("clock", {"now": "2026-11-24T07:59:00Z", "frozen": "yes"}, "frozen"),
        ("clock", [], "body"),
        ("consents/123", {"state": "granted"}, "prm"),
        (f"consents/{PRM}", {"state": "maybe"}, "state"),
        (f"consents/{PRM}", {"state": "granted", "more": 1}, "more"),
        ("apis", {"api": "nothing", "served": False}, "api"),
        ("apis", {"api": "oauth2"}, "served"),
        ("faults", {"api": "nothing", "drop": True}, "api"),
        ("faults", {"api": "*"}, "error"),
        ("faults", {"api": "*", "drop": True, "status": 500}, "status"),
        ("faults", {"api": "*", "error": "no-such-row"}, "error"),
        ("faults", {"api": "*", "drop": True, "count": 0}, "count"),
        ("faults", {"api": "*", "status": 600}, "status"),
        ("faults", {"api": "*", "truncate": -1}, "truncate"),
        (f"values/{PRM}", {"series": "consumption/hourly", "day": DAY, "value": 1}, "series"),
        (f"values/{PRM}", {"series": "production/daily", "day": DAY, "value": 1}, "series"),
        ("values/32320647321714", {"series": "consumption/load-curve", "day": DAY, "value": 1}, "series"),
        (f"values/{PRM}", {"series": "consumption/daily", "day": "20", "value": 1}, "day"),
        (f"values/{PRM}", {"series": "consumption/daily", "day": DAY}, "value"),
        (f"values/{PRM}", {"series": "consumption/daily", "day": DAY, "value": -1}, "value"),
        (f"values/{PRM}", {"series": "consumption/daily", "day": DAY, "value": 1.5}, "value"),
        (f"values/{PRM}", {"series": "consumption/daily", "day": DAY, "value": 1, "absent": True}, "absent"),
        (
            f"values/{PRM}",
            {"series": "consumption/daily", "day": DAY, "value": 1, "at": "2026-11-20T00:00:00+01:00"},
            "at",
        ),
        (
            f"values/{PRM}",
            {"series": "consumption/load-curve", "day": DAY, "value": 1, "at": "2026-11-20T00:10:00+01:00"},
            "at",
        ),
        (
            f"values/{PRM}",
            {"series": "consumption/max-power", "day": DAY, "value": 1, "at": "2026-11-21T00:00:00+01:00"},
            "at",
        ),
        (
            f"values/{PRM}",
            {"series": "consumption/daily", "day": DAY, "value": 1, "publish_at": "2026-11-21T00:00:00"},
            "publish_at",
        ),
    ],
)
async def test_a_bad_input_names_its_field(stage, path, body, field):
    answer = await stage.control("PUT", path, body)
    assert (answer.status_code, answer.json()["field"]) == (400, field)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({}, "series"),
        ({"series": "consumption/daily"}, "start"),
        ({"series": "consumption/daily", "start": DAY, "end": "x"}, "end"),
        ({"series": "consumption/daily", "start": DAY, "end": DAY}, "end"),
    ],
)
async def test_truth_wants_a_series_and_a_period(stage, query, field):
    answer = await stage.control("GET", f"truth/{PRM}", **query)
    assert (answer.status_code, answer.json()["field"]) == (400, field)


@pytest.mark.parametrize("path", ["values/99999999999999", "truth/99999999999999", "truth/24880057139941/contract"])
async def test_what_does_not_exist_is_not_found(stage, path):
    method = "PUT" if path.startswith("values") else "GET"
    answer = await stage.control(method, path, {"series": "consumption/daily", "day": DAY, "value": 1})
    assert (answer.status_code, answer.json()["field"]) == (404, "prm")


async def test_other_paths_of_the_control_api(stage):
    assert (await stage.control("GET", "nothing")).status_code == 404
    assert (await stage.control("POST", "clock")).status_code == 405
    assert (await stage.control("GET", f"truth/{PRM}/secrets")).status_code == 404
