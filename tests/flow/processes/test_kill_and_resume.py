"""Gateways, workers, Redis and Enedis are killed again and again under work: nothing lost, nothing doubled."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from tests.flow.homes import POSTGRESQL, Home, at_home
from tests.servers import OwnRedis

from passerelle.model.paris import PARIS

pytestmark = pytest.mark.asyncio(loop_scope="module")

IMPORTED = "22516914714270"
"""Consents as after a customer's journey: its past is imported by whoever looks after it."""

READ = ("11453290002823", "12345678901234", "12655648759651", "64975835695673", "63695879465986")
"""Adopted: fetched for those who read them. A simulator that was killed still knows them."""

HOLED = "30000000000080"
"""Adopted too; of some of its days single intervals are missing at Enedis. A simulator knows it once it is named."""

SERIES = "consumption/load-curve"
YEARS = ("2024-11-24", "2026-11-24")
WEEKS = ("2026-09-15", "2026-11-24")
DAYS_A_CALL = 7
PER_SECOND, PER_HOUR = 10, 2000
AT_ONCE = 4
"""Calls of one lane that may be under way, and so be made again after a kill."""


class Read:
    """Asks for the same range, of whichever gateway is up, until it has come whole: as the command line does."""

    def __init__(self, made: Any, point: str, chance: random.Random) -> None:
        self.made = made
        self.point = point
        self.chance = chance
        self.body: dict[str, Any] | None = None

    async def run(self) -> None:
        while self.body is None:
            number = self.chance.randrange(len(self.made.gateways))
            with suppress(TimeoutError):
                await asyncio.wait_for(self.made.gateways[number].up.wait(), 0.2)
            with suppress(httpx2.TransportError):  # killed while it answered, or down
                answer = await read(self.made, self.point, *WEEKS, gateway=number, wait=300)
                assert answer.status_code in (200, 503), answer.text
                self.body = answer.json() if whole(answer) else None


def whole(answer: Any) -> bool:
    unfinished = ("pending", "upstream-error")
    return answer.status_code == 200 and not any(gap["reason"] in unfinished for gap in answer.json()["gaps"])


async def read(made: Any, point: str, start: str, end: str, *, gateway: int = 0, wait: int) -> Any:
    path = f"/v1/usage-points/{point}/{SERIES}"
    headers = {"Prefer": f"wait={wait}"}
    return await made.get(path, gateway=gateway, params={"start": start, "end": end}, headers=headers)


async def imported(made: Any) -> None:
    """Return once the past of the new consent is held."""
    while True:
        with suppress(httpx2.TransportError):
            answer = await made.get(f"/v1/usage-points/{IMPORTED}/imports")
            curve = [each for each in answer.json().get("imports", ()) if each["series"] == SERIES]
            if [each["state"] for each in curve] == ["done"]:
                return
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 0.3)


class Killer:
    """Kills one process after another and starts it again; `busy`: how often work was under way."""

    def __init__(self, made: Any, chance: random.Random, redis: OwnRedis | None = None) -> None:
        self.made = made
        self.chance = chance
        self.redis = redis
        self.done = asyncio.Event()
        self.holed_read = asyncio.Event()
        self.journal: list[dict[str, Any]] = []
        self.killed: Counter[str] = Counter()
        self.busy = 0

    async def kill(self, victims: list[str]) -> None:
        for victim in victims:
            await self._pause(0.4)
            self.busy += not self.done.is_set()
            self.killed[victim] += 1
            match victim:
                case "redis":
                    assert self.redis is not None
                    await self.redis.stop()
                    await self._pause(0.5)
                    await self.redis.start()
                case "simulator":
                    await self.holed_read.wait()  # a new one would not know the household until it is named again
                    self.journal += await self.made.calls()
                    assert await self.made.simulator.end() == -9
                    await self.made.simulator.start()
                case _:
                    await self._kill_one(self.chance.choice(getattr(self.made, victim)))

    async def _kill_one(self, server: Any) -> None:
        assert await server.end() == -9
        if self.chance.random() < 0.1:  # and once more, in the middle of its start
            await server.launch()
            await self._pause(0.4)
            assert await server.end() == -9
        await server.start()

    async def _pause(self, longest: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self.done.wait(), self.chance.uniform(0.0, longest))


async def survive(made: Any, killer: Killer, victims: list[str]) -> None:
    """Start everything, kill under work, and hold what is there at the end against the truth."""
    await made.simulator.start()
    await made.control("PUT", f"consents/{HOLED}", {"state": "granted"})
    await made.furnish([*READ, HOLED], journeys=[IMPORTED])
    for server in (*made.gateways, *made.workers):
        await server.start()
    reads = [Read(made, point, killer.chance) for point in READ]
    holed = Read(made, HOLED, killer.chance)

    async def read_holed() -> None:
        await holed.run()
        killer.holed_read.set()

    async def work() -> None:
        await asyncio.gather(imported(made), read_holed(), *(each.run() for each in reads))
        killer.done.set()

    working = asyncio.create_task(work())
    await killer.kill(victims)
    async with asyncio.timeout(60):
        await working
    killer.journal += await made.calls()
    await made.control("PUT", f"consents/{HOLED}", {"state": "granted"})
    for each in (*reads, holed):
        assert each.body["readings"] == await held_as_in_truth(made, each.point, WEEKS)
    await held_as_in_truth(made, IMPORTED, YEARS)
    await every_hole_is_told(made, HOLED, WEEKS)


async def every_hole_is_told(made: Any, point: str, span: tuple[str, str]) -> None:
    """What Enedis had not is in the ledger to the interval: a day in part never passes for a whole one."""
    readings = await held_as_in_truth(made, point, span)
    held = [(datetime.fromisoformat(each["start"]), datetime.fromisoformat(each["end"])) for each in readings]
    midnights = [datetime.fromisoformat(day).replace(tzinfo=PARIS) for day in span]
    edges = [midnights[0], *(instant for stretch in held for instant in stretch), midnights[1]]
    holes = {(one, other) for one, other in zip(edges[::2], edges[1::2], strict=True) if one < other}
    assert holes, "the household has some"
    told = (await made.get(f"/v1/usage-points/{point}/gaps")).json()["gaps"]
    missing = [stretch for gap in told if gap["series"] == SERIES for stretch in gap.get("missing", ())]
    assert {tuple(datetime.fromisoformat(each[name]) for name in ("start", "end")) for each in missing} == holes


async def held_as_in_truth(made: Any, point: str, span: tuple[str, str]) -> Any:
    params = {"series": SERIES, "start": span[0], "end": span[1]}
    truth = (await made.control("GET", f"truth/{point}", params=params))["readings"]
    held = await read(made, point, *span, wait=0)
    assert held.headers["Cache-Status"] == "passerelle; hit"
    assert held.json()["readings"] == truth
    starts = [datetime.fromisoformat(reading["start"]) for reading in truth]
    assert starts == sorted(set(starts))
    return truth


async def no_call_too_many(made: Any, killer: Killer) -> None:
    """The second, the hour, and what was asked twice, which only a kill between an answer and the store explains."""
    journal = killer.journal
    assert not [call for call in journal if call["status"] == 429]
    stamps = sorted(datetime.fromisoformat(call["at"]).timestamp() for call in journal)
    assert min(later - first for first, later in zip(stamps, stamps[PER_SECOND:], strict=False)) >= 1.0
    counted = sum(hour.calls for hour in (await made.counted()).hours)
    assert len(journal) <= counted <= PER_HOUR
    curves = [call for call in journal if call["api"] == "metering_data_clc" and call["status"] == 200]
    days = Counter((call["usage_point_id"], day) for call in curves for day in days_of(call))
    twice = (days.total() - len(days)) / DAYS_A_CALL
    assert twice <= AT_ONCE * killer.killed.total()
    print(f"{killer.killed}, {killer.busy} under work, {len(journal)} calls, {twice:.0f} twice, {counted} counted")  # noqa: T201 — shown when the test fails


def days_of(call: dict[str, Any]) -> range:
    first, end = (datetime.fromisoformat(call["query"][name]).toordinal() for name in ("start", "end"))
    return range(first, end)


def chance_of_today() -> random.Random:
    seed = random.SystemRandom().randrange(1_000_000)
    print(f"seed {seed}")  # noqa: T201 — shown when the test fails
    return random.Random(seed)


QUOTA = {"QUOTA_PER_SECOND": str(PER_SECOND), "QUOTA_PER_HOUR": str(PER_HOUR)}


@pytest.mark.timeout(150)
async def test_fifty_kills_lose_and_double_nothing(estate: Any):
    chance = chance_of_today()
    made = estate(gateways=2, workers=1, **QUOTA)
    killer = Killer(made, chance)
    victims = ["gateways"] * 30 + ["workers"] * 18
    chance.shuffle(victims)
    for _ in range(2):
        victims.insert(chance.randrange(26, len(victims)), "simulator")
    await survive(made, killer, victims)
    assert killer.busy >= 25  # a quick machine may end the work before the last ones
    await no_call_too_many(made, killer)


@pytest_asyncio.fixture(loop_scope="module")
async def shared_home(tmp_path: Path) -> AsyncIterator[tuple[Home, OwnRedis]]:
    """PostgreSQL, and a Redis that may be killed."""
    redis = OwnRedis(tmp_path)
    await redis.start()
    try:
        async with at_home(POSTGRESQL) as home:
            yield Home("redis", {**home.settings, "REDIS_URL": redis.url}), redis
    finally:
        await redis.stop()


@pytest.mark.postgres
@pytest.mark.redis
@pytest.mark.timeout(150)
async def test_processes_of_many_machines_survive_too(estate: Any, shared_home: tuple[Home, OwnRedis]):
    chance = chance_of_today()
    home, redis = shared_home
    made = estate(gateways=4, workers=2, **QUOTA, **home.settings)
    killer = Killer(made, chance, redis)
    victims = ["gateways"] * 7 + ["workers"] * 6
    chance.shuffle(victims)
    victims.insert(chance.randrange(10, len(victims)), "simulator")
    victims.insert(5, "redis")
    await survive(made, killer, victims)
    assert killer.busy >= 10
    await no_call_too_many(made, killer)


@pytest.mark.timeout(120)
async def test_the_hours_allowance_outlives_every_kill(estate: Any):
    """Forty calls are allowed: a gateway that forgot what it sent when it was killed would send more."""
    allowance = 40
    made = estate(QUOTA_PER_SECOND="10", QUOTA_PER_HOUR=str(allowance))
    await made.simulator.start()
    await made.furnish([IMPORTED, READ[0]])
    (gateway,) = made.gateways
    for _ in range(8):
        await gateway.start()
        with suppress(httpx2.TransportError):
            asked = asyncio.create_task(read(made, IMPORTED, *YEARS, wait=300))
            await asyncio.wait({asked}, timeout=0.6)
            await gateway.end()
            await asked
    await gateway.start()
    answer = await read(made, IMPORTED, *YEARS, wait=60)
    calls = await made.calls()
    assert answer.status_code == 503 or answer.json()["gaps"]
    assert not [call for call in calls if call["status"] == 429]
    counted = sum(hour.calls for hour in (await made.counted()).hours)
    assert len(calls) <= counted <= allowance
    assert counted >= allowance * 9 // 10  # the rest of the hour is kept for short requests
