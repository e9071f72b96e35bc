"""No call is spent twice, and what Enedis fills in or changes later is not lost: whole installations, real sockets."""

import asyncio
from dataclasses import replace

import httpx2
from tests.flow.fleet import FLEET

PLAIN = "22516914714270"
CURVE, DAILY = "consumption/load-curve", "consumption/daily"
WEEK = ("2026-11-16", "2026-11-23")
CURVE_API, DAILY_API = "metering_data_clc", "metering_data_dc"
FRESH = {"Cache-Control": "no-cache"}


def reasons(answer: httpx2.Response) -> list[str]:
    return [gap["reason"] for gap in answer.json()["gaps"]]


async def test_twenty_identical_requests_at_once_over_four_gateways_are_one_call(house):
    async with FLEET.gateways(3 - len(house.others), house.settings) as more:
        crowded = replace(house, others=house.others + more)  # each in a process of its own
        answers = await asyncio.gather(*(crowded.series(PLAIN, CURVE, *WEEK) for _ in range(20)))
    truth = await house.truth(PLAIN, CURVE, *WEEK)
    assert all(answer.json()["readings"] == truth for answer in answers)
    assert len(await house.calls(CURVE_API)) == 1


async def test_a_hundred_ranges_of_one_month_at_once_over_four_gateways_are_five_calls(house):
    days = [f"2026-10-{day:02}" for day in range(1, 32)] + ["2026-11-01"]
    ranges = [(days[n % 20], days[n % 20 + 1 + n % 11]) for n in range(99)] + [(days[0], days[-1])]
    assert len(set(ranges)) == 100
    async with FLEET.gateways(3 - len(house.others), house.settings) as more:
        crowded = replace(house, others=house.others + more)  # each in a process of its own
        answers = await asyncio.gather(*(crowded.series(PLAIN, CURVE, *each) for each in ranges))
    assert {answer.status_code for answer in answers} == {200}
    assert not any(reasons(answer) for answer in answers)
    assert len(await house.calls(CURVE_API)) == 5


async def test_a_refused_range_asked_a_hundred_times_is_one_call(house):
    wrong = "24880057139941"  # produces only (F§11)
    for _ in range(50):
        assert reasons(await house.series(wrong, DAILY, "2026-09-01", "2026-11-01")) == ["wrong-direction"]
    answer = await house.series(wrong, DAILY, "2026-10-01", "2026-11-01")
    assert answer.json()["gaps"][0]["problem"]["code"] == "wrong-direction"
    assert answer.headers["cache-status"] == "passerelle; hit"
    assert len(await house.calls(DAILY_API)) == 1


async def test_a_hole_that_is_filled_later_is_found_when_its_time_has_come(house):
    await house.set_clock("2026-11-24T09:00:00+01:00")
    hole = {"series": CURVE, "day": "2026-11-18", "publish_at": "2026-11-24T23:00:00+01:00"}
    await house.control("PUT", f"values/{PLAIN}", hole)
    first = await house.series(PLAIN, CURVE, *WEEK)
    assert [(gap["start"][:10], gap["end"][:10], gap["reason"]) for gap in first.json()["gaps"]] == [
        ("2026-11-18", "2026-11-19", "missing")
    ]
    for _ in range(5):
        assert (await house.series(PLAIN, CURVE, *WEEK)).headers["cache-status"] == "passerelle; hit"
    (gap,) = (await house.get(f"/v1/usage-points/{PLAIN}/gaps")).json()["gaps"]
    assert gap["next_ask_at"] == "2026-11-25T08:00:00+01:00"
    assert len(await house.calls(CURVE_API)) == 1
    await house.set_clock("2026-11-25T08:00:00+01:00")
    healed = await house.series(PLAIN, CURVE, *WEEK)
    assert healed.json()["readings"] == await house.truth(PLAIN, CURVE, *WEEK)
    assert not healed.json()["gaps"]
    assert healed.headers["etag"] != first.headers["etag"]
    assert not (await house.get(f"/v1/usage-points/{PLAIN}/gaps")).json()["gaps"]


async def test_a_day_that_came_in_part_names_what_lacks_and_is_completed(house):
    await house.set_clock("2026-11-24T09:00:00+01:00")
    lack = {"series": CURVE, "day": "2026-11-18", "at": "2026-11-18T12:00:00+01:00", "absent": True, "alone": True}
    await house.control("PUT", f"values/{PLAIN}", lack)
    part = (await house.series(PLAIN, CURVE, *WEEK)).json()
    stretch = {"start": "2026-11-18T12:00:00+01:00", "end": "2026-11-18T12:30:00+01:00"}
    assert part["gaps"] == [stretch | {"reason": "missing"}]
    assert len(part["readings"]) == 7 * 48 - 1
    (gap,) = (await house.get(f"/v1/usage-points/{PLAIN}/gaps")).json()["gaps"]
    assert gap["missing"] == [stretch]
    await house.control("PUT", f"values/{PLAIN}", lack | {"absent": False, "value": 0})
    fresh = await house.series(PLAIN, CURVE, *WEEK, headers=FRESH)
    assert fresh.json()["readings"] == await house.truth(PLAIN, CURVE, *WEEK)
    assert not fresh.json()["gaps"]


async def test_a_late_meter_is_looked_for_at_ten_and_on_the_day_after(house):
    await house.set_clock("2026-11-24T08:00:00+01:00")
    late = {"series": CURVE, "day": "2026-11-23", "publish_at": "2026-11-25T08:00:00+01:00"}
    await house.control("PUT", f"values/{PLAIN}", late)
    span = ("2026-11-20", "2026-11-24")
    for clock, calls in (("24T08:00", 1), ("24T09:59", 1), ("24T10:00", 2), ("24T20:00", 2), ("25T07:59", 2)):
        await house.set_clock(f"2026-11-{clock}:00+01:00")
        assert reasons(await house.series(PLAIN, CURVE, *span)) == ["not-published"]
        assert len(await house.calls(CURVE_API)) == calls, clock
    await house.set_clock("2026-11-25T08:00:00+01:00")
    assert (await house.series(PLAIN, CURVE, *span)).json()["readings"] == await house.truth(PLAIN, CURVE, *span)
    assert len(await house.calls(CURVE_API)) == 3


async def test_a_value_that_enedis_revises_makes_another_answer(house):
    first = await house.series(PLAIN, CURVE, *WEEK)
    assert "revised_at" not in first.json()
    change = {"series": CURVE, "day": "2026-11-20", "at": "2026-11-20T12:00:00+01:00", "value": 4321}
    await house.control("PUT", f"values/{PLAIN}", change)
    same = await house.series(PLAIN, CURVE, *WEEK, headers={"If-None-Match": first.headers["etag"]})
    assert same.status_code == 304
    revised = await house.series(PLAIN, CURVE, *WEEK, headers=FRESH | {"If-None-Match": first.headers["etag"]})
    assert revised.status_code == 200
    assert revised.headers["etag"] != first.headers["etag"]
    assert revised.headers["cache-status"] == "passerelle; fwd=stale"
    assert revised.json()["revised_at"][:10] == "2026-11-24"
    assert revised.json()["readings"] == await house.truth(PLAIN, CURVE, *WEEK)
    for _ in range(3):
        assert (await house.series(PLAIN, CURVE, *WEEK, headers=FRESH)).headers["cache-status"] == "passerelle; hit"
    assert len(await house.calls(CURVE_API)) == 2
    day = ("2026-11-20", "2026-11-21")
    derived = (await house.series(PLAIN, DAILY, *day)).json()["readings"]
    assert [each["quality"] for each in derived] == ["derived"]
    assert derived[0]["value"] == (await house.truth(PLAIN, DAILY, *day))[0]["value"]


async def test_no_cache_spends_no_more_than_the_account_s_own_part_of_the_hour(install):
    async with install(QUOTA_PER_HOUR="30") as house:
        await house.series(PLAIN, CURVE, "2026-11-02", "2026-11-16")
        before = len(await house.calls(CURVE_API))
        for day in range(2, 12):
            again = await house.series(
                PLAIN, CURVE, f"2026-11-{day:02}", f"2026-11-{day + 1:02}", headers={"Cache-Control": "no-cache"}
            )
            assert len(again.json()["readings"]) == 48
        assert again.headers["cache-status"] == "passerelle; hit"
        assert len(await house.calls(CURVE_API)) - before <= 3


async def test_while_enedis_is_away_what_is_held_is_served_as_stale(house):
    first = await house.series(PLAIN, CURVE, *WEEK)
    await house.control("PUT", "faults", {"api": CURVE_API, "status": 503, "count": None})
    stale = await house.series(PLAIN, CURVE, *WEEK, headers=FRESH)
    assert (stale.status_code, stale.json()["readings"]) == (200, first.json()["readings"])
    assert stale.headers["cache-status"] == "passerelle; fwd=stale; detail=upstream-unavailable"


async def test_daily_energy_comes_from_the_curve_and_the_mirror_gives_enedis_own(house):
    await house.series(PLAIN, CURVE, *WEEK)
    derived = await house.series(PLAIN, DAILY, *WEEK)
    assert derived.headers["cache-status"] == "passerelle; hit"
    assert {each["quality"] for each in derived.json()["readings"]} == {"derived"}
    truth = await house.truth(PLAIN, DAILY, *WEEK)
    assert [each["value"] for each in derived.json()["readings"]] == [each["value"] for each in truth]
    assert not await house.calls(DAILY_API)
    form = {"grant_type": "client_credentials", "client_id": "demo", "client_secret": house.key}
    token = (await house.http.post(f"{house.gateway_url}/enedis/oauth2/v3/token", data=form)).json()["access_token"]
    query = {"usage_point_id": PLAIN, "start": WEEK[0], "end": WEEK[1]}
    path = "/enedis/metering_data_dc/v5/daily_consumption"
    mirrored = await house.get(path, key=token, params=query)
    assert len(mirrored.json()["meter_reading"]["interval_reading"]) == 7
    assert len(await house.calls(DAILY_API)) == 1
    own = (await house.series(PLAIN, DAILY, *WEEK)).json()["readings"]
    assert own == truth


async def test_a_customer_record_is_asked_once_a_day(house):
    await house.set_clock("2026-11-24T09:00:00+01:00")
    answers = [await house.get(f"/v1/usage-points/{PLAIN}/contract") for _ in range(3)]
    assert [answer.headers["cache-status"] for answer in answers] == [
        "passerelle; fwd=miss",
        "passerelle; hit",
        "passerelle; hit",
    ]
    assert answers[0].json() == answers[2].json()
    assert len(await house.calls("customers_upc")) == 1
    await house.get(f"/v1/usage-points/{PLAIN}/contract", headers=FRESH)
    assert len(await house.calls("customers_upc")) == 2
