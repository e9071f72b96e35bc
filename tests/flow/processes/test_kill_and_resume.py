"""An import of two years, while the gateway and Enedis are killed again and again: nothing lost, nothing twice."""

import asyncio
import random
from collections import Counter
from contextlib import suppress
from datetime import datetime
from typing import Any

import httpx2
import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")

POINTS = ("22516914714270", "12345678901234")
START, END = "2024-11-24", "2026-11-24"
CALLS_EACH = 105
"""730 days, 7 in a call."""

KILLS = 50
MEETING_WORK = 40
"""Kills that must find the import under way: a quick machine may end it before the last ones."""
SIMULATOR_KILLS = frozenset({12, 31})
AT_ONCE = 4
"""Calls of one import that may be under way, and so be made again after a kill."""


class Import:
    """Asks for the same range until it has come whole, as the command line does."""

    def __init__(self, made: Any, point: str) -> None:
        self.made = made
        self.point = point
        self.answers = 0
        self.body: dict[str, Any] | None = None

    async def run(self) -> None:
        while self.body is None:
            await self.made.gateways[0].up.wait()
            with suppress(httpx2.TransportError):  # killed while it answered
                answer = await read(self.made, self.point, wait=300)
                assert answer.status_code in (200, 503), answer.text
                whole = answer.status_code == 200 and not any(
                    gap["reason"] in ("pending", "upstream-error") for gap in answer.json()["gaps"]
                )
                self.body = answer.json() if whole else None
                self.answers += 1


async def read(made: Any, point: str, *, wait: int) -> Any:
    path = f"/v1/usage-points/{point}/consumption/load-curve"
    return await made.get(path, params={"start": START, "end": END}, headers={"Prefer": f"wait={wait}"})


async def kill_at_random(made: Any, chance: random.Random, done: asyncio.Event, journal: list[dict[str, Any]]) -> int:
    """Kill and start the gateway `KILLS` times, the simulator now and then; how often the import was under way."""
    busy = 0
    (gateway,) = made.gateways
    for kill in range(KILLS):
        with suppress(TimeoutError):
            await asyncio.wait_for(done.wait(), chance.uniform(0.0, 0.9))
        busy += not done.is_set()
        if kill in SIMULATOR_KILLS:
            journal += await made.calls()
            assert await made.simulator.end() == -9
            await made.simulator.start()
        assert await gateway.end() == -9
        if chance.random() < 0.1:  # and once more, in the middle of its start
            await gateway.launch()
            with suppress(TimeoutError):
                await asyncio.wait_for(done.wait(), chance.uniform(0.0, 0.4))
            assert await gateway.end() == -9
        await gateway.start()
    return busy


@pytest.mark.timeout(300)
async def test_an_import_survives_fifty_kills(estate: Any):
    seed = random.SystemRandom().randrange(1_000_000)
    print(f"seed {seed}")  # noqa: T201 — shown when the test fails
    made = estate(QUOTA_PER_SECOND="5", QUOTA_PER_HOUR="2000")  # slow enough for the kills to meet work
    await made.simulator.start()
    await made.furnish(POINTS)
    await made.gateways[0].start()
    imports, journal, done = [Import(made, point) for point in POINTS], [], asyncio.Event()

    async def work() -> None:
        for each in imports:
            await each.run()
        done.set()

    working = asyncio.create_task(work())
    busy = await kill_at_random(made, random.Random(seed), done, journal)
    await working
    assert busy >= MEETING_WORK
    journal += await made.calls()

    for each in imports:
        truth = await made.control(
            "GET", f"truth/{each.point}", params={"series": "consumption/load-curve", "start": START, "end": END}
        )
        held = await read(made, each.point, wait=0)
        assert held.headers["Cache-Status"] == "passerelle; hit"
        assert held.json()["readings"] == each.body["readings"] == truth["readings"]
        starts = [datetime.fromisoformat(reading["start"]) for reading in truth["readings"]]
        assert starts == sorted(set(starts))

    data = [call for call in journal if call["api"] == "metering_data_clc"]
    spans = Counter((call["usage_point_id"], call["query"]["start"]) for call in data if call["status"] == 200)
    assert spans.total() - len(spans) <= AT_ONCE * (KILLS + len(SIMULATOR_KILLS))
    assert not [call for call in journal if call["status"] == 429]
    counted = sum(hour.calls for hour in (await made.counted()).hours)
    assert len(journal) <= counted <= 2000
    print(f"{len(journal)} calls, {spans.total() - len(spans)} made twice, {counted} counted")  # noqa: T201 — same


@pytest.mark.timeout(120)
async def test_the_hours_allowance_outlives_every_kill(estate: Any):
    """Forty calls are allowed: a gateway that forgot what it sent when it was killed would send more."""
    allowance = 40
    made = estate(QUOTA_PER_SECOND="10", QUOTA_PER_HOUR=str(allowance))
    await made.simulator.start()
    await made.furnish(POINTS)
    (gateway,) = made.gateways
    for _ in range(8):
        await gateway.start()
        with suppress(httpx2.TransportError):
            asked = asyncio.create_task(read(made, POINTS[0], wait=300))
            await asyncio.wait({asked}, timeout=0.6)
            await gateway.end()
            await asked
    await gateway.start()
    answer = await read(made, POINTS[1], wait=60)
    calls = await made.calls()
    assert answer.status_code == 503 or answer.json()["gaps"]
    assert not [call for call in calls if call["status"] == 429]
    counted = sum(hour.calls for hour in (await made.counted()).hours)
    assert len(calls) <= counted <= allowance
    assert counted >= allowance * 9 // 10  # the rest of the hour is kept for short requests
