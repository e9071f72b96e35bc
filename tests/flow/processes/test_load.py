"""Many requests at once on real processes, against an Enedis that allows five calls a second, well and unwell."""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")

DAY = {"start": "2026-11-16", "end": "2026-11-17"}
PER_SECOND = 5


def points(count: int, first: int = 0) -> list[str]:
    """Households that consume and have a curve of half-hours (the last two digits say so)."""
    return [f"{30_000_000_000_000 + 100 * number + number % 40}" for number in range(first, first + count)]


async def started(estate: Any, households: Sequence[str], **settings: Any) -> Any:
    """An installation that runs, with these points named at Enedis and adopted by the account."""
    made = estate(**settings)
    await made.simulator.start()
    for point in households:
        await made.control("PUT", f"consents/{point}", {"state": "granted"})
    await made.furnish(households)
    await asyncio.gather(*(gateway.start() for gateway in made.gateways))
    await made.control("DELETE", "calls")
    return made


async def curve(made: Any, point: str, *, gateway: int = 0, wait: int = 300) -> Any:
    path = f"/v1/usage-points/{point}/consumption/load-curve"
    return await made.get(path, gateway=gateway, params=DAY, headers={"Prefer": f"wait={wait}"})


async def ask_all(made: Any, households: Sequence[str]) -> list[Any]:
    """Everybody at once, through all gateways in turn."""
    gateways = len(made.gateways)
    return await asyncio.gather(
        *(curve(made, point, gateway=number % gateways) for number, point in enumerate(households))
    )


def data_calls(calls: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [call for call in calls if call["api"] != "oauth2"]


def arrivals(calls: Sequence[dict[str, Any]]) -> list[float]:
    """Seconds, by the simulator's real clock."""
    return sorted(datetime.fromisoformat(call["at"]).timestamp() for call in calls)


def narrowest(stamps: Sequence[float], together: int = PER_SECOND + 1) -> float:
    """The shortest time in which so many calls arrived."""
    return min(later - first for first, later in zip(stamps, stamps[together - 1 :], strict=False))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("gateways", [1, 2, 3])
async def test_a_crowd_is_served_to_the_last_at_five_calls_a_second(estate: Any, soak: Path | None, gateways: int):
    """Everybody asks at once; everybody gets their day, and Enedis never sees a sixth call within a second."""
    households = points(500 if soak else 95)  # 95 calls last 20 s
    made = await started(estate, households, gateways=gateways)
    answers = await ask_all(made, households)
    assert [answer.status_code for answer in answers] == [200] * len(households)
    assert [len(answer.json()["readings"]) for answer in answers] == [48] * len(households)
    calls = await made.calls()
    assert Counter(call["usage_point_id"] for call in data_calls(calls)) == Counter(households)
    assert {call["status"] for call in calls} == {200}
    assert len(calls) == len(households) + gateways  # a token for each process
    counted = sum(hour.calls for hour in (await made.counted()).hours)
    assert len(calls) <= counted <= len(calls) * 1.1  # what was not given back while the database was busy
    stamps = arrivals(calls)
    if soak:
        figures = {
            "gateways": gateways,
            "requests": len(households),
            "rate": (len(stamps) - 1) / (stamps[-1] - stamps[0]),
            "six_in_seconds": narrowest(stamps),
        }
        with soak.open("a") as file:
            file.write(json.dumps(figures) + "\n")
    assert narrowest(stamps) >= 1.0


@pytest.mark.timeout(60)
async def test_a_slow_enedis_loses_nobody_and_is_not_asked_twice(estate: Any):
    households = points(12)
    made = await started(estate, households)
    await made.control("PUT", "faults", {"api": "metering_data_clc", "delay_ms": 2500})
    hurried = await asyncio.gather(*(curve(made, point, wait=1) for point in households))
    assert {answer.status_code for answer in hurried} == {200}
    reasons = {gap["reason"] for answer in hurried for gap in answer.json()["gaps"]}
    assert reasons == {"pending"}
    assert all(answer.headers["Cache-Control"] == "no-store" and answer.headers["Retry-After"] for answer in hurried)
    patient = await ask_all(made, households)
    assert [len(answer.json()["readings"]) for answer in patient] == [48] * len(households)
    calls = data_calls(await made.calls())
    assert Counter(call["usage_point_id"] for call in calls) == Counter(households)


@pytest.mark.timeout(60)
async def test_calls_that_enedis_drops_are_made_again_in_their_turn(estate: Any):
    households = points(12)
    made = await started(estate, households)
    await made.control("PUT", "faults", {"api": "metering_data_clc", "count": 6, "drop": True})
    answers = await ask_all(made, households)
    assert [len(answer.json()["readings"]) for answer in answers] == [48] * len(households)
    calls = await made.calls()
    assert sum(call["status"] is None for call in calls) == 6
    assert len(calls) == 1 + 12 + 6
    assert narrowest(arrivals(calls)) >= 1.0


@pytest.mark.timeout(90)
async def test_an_enedis_that_drops_everything_is_a_typed_problem_and_is_not_hammered(estate: Any):
    households = points(10)
    made = await started(estate, households)
    await made.control("PUT", "faults", {"api": "metering_data_clc", "drop": True})
    answers = await ask_all(made, households)
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(503, "upstream-unavailable")}
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers)
    calls = await made.calls()
    assert len(calls) == 1 + 10 * 3
    assert narrowest(arrivals(calls)) >= 1.0
    await made.control("DELETE", "faults")
    left_alone = await ask_all(made, households)
    assert {(answer.status_code, answer.json()["code"]) for answer in left_alone} == {(503, "upstream-unavailable")}
    assert len(await made.calls()) == len(calls)
    await made.rested("metering_data_clc")
    while (await curve(made, households[0])).status_code == 503:
        pass  # what a gateway remembers of a breaker is a second old at most
    again = await ask_all(made, households)
    assert [len(answer.json()["readings"]) for answer in again] == [48] * len(households)


@pytest.mark.timeout(60)
async def test_a_429_of_the_second_pauses_every_process_and_loses_nobody(estate: Any):
    households = points(16)
    made = await started(estate, households, gateways=2)
    order = {"api": "metering_data_clc", "count": 1, "error": "v5-quota-q3-per-second"}
    await made.control("PUT", "faults", order)
    answers = await ask_all(made, households)
    assert [len(answer.json()["readings"]) for answer in answers] == [48] * len(households)
    calls = await made.calls()
    (refused,) = [call for call in calls if call["status"] == 429]
    after = datetime.fromisoformat(refused["at"]).timestamp()
    # Two bookings of each process were made before the refusal was read: they still leave.
    assert sum(after < stamp < after + 1.0 for stamp in arrivals(calls)) <= 4
    assert len(calls) == 2 + 16 + 1
    assert (await made.counted()).window_us > 1_050_000


@pytest.mark.timeout(60)
async def test_after_a_429_of_the_hour_nothing_leaves_until_the_next_hour(estate: Any):
    households = points(12)
    made = await started(estate, households, gateways=2)
    await made.control("PUT", "faults", {"api": "metering_data_clc", "count": 1, "error": "wso2-900804-throttled"})
    answers = await ask_all(made, households)
    refused = [answer for answer in answers if answer.status_code != 200]
    assert len(refused) >= 6
    assert {(answer.status_code, answer.json()["code"]) for answer in refused} == {(503, "quota-exhausted")}
    assert all(3000 < int(answer.headers["Retry-After"]) <= 3700 for answer in refused)
    sent = len(await made.calls())
    asked_again = await ask_all(made, households)
    assert sum(answer.status_code == 200 for answer in asked_again) == len(answers) - len(refused)
    assert len(await made.calls()) == sent
    await made.control("PUT", "clock", {"now": "2026-11-24T10:00:30+01:00"})
    async with asyncio.timeout(30):  # the gateway's reading of the clock is a moment old
        while {answer.status_code for answer in await ask_all(made, households)} != {200}:
            pass
    assert all(call["status"] == 200 for call in (await made.calls())[sent:])
