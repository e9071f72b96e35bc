"""When calls arrive at Enedis from four gateway processes under full load, well and unwell, on each home of the quota.

Arrivals are stamped by the simulator at the first byte. No six may come within a second, and at least 4.6 a second
should, on average. Alone: `python bench/arrivals.py [SECONDS]`.
"""

import asyncio
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx2

from installations import Estate, Home, home, homes_here, households, processes, start
from passerelle.quota.bucket import LEAD_US, SECOND_US, WIDEST_WINDOW_US
from passerelle.quota.redis import open_redis
from result import Result

GATEWAYS, PER_SECOND = 4, 5
CALLERS = 10
"""Requests that wait at each gateway at any time: more than it has places for."""

DAY = {"start": "2026-11-16", "end": "2026-11-17"}
SECONDS = 60.0
OUTAGE_SECONDS = 3.0
RESUME_SECONDS = (LEAD_US + WIDEST_WINDOW_US) / SECOND_US
"""What a quota that has lost its count waits for: slots that were given before."""
STALL_SECONDS = 0.050
DELAY_MS = 40
EDGE_ALLOWANCE = 60
BEFORE_THE_HOUR = "2026-11-24T09:59:50+01:00"


@dataclass
class Field:
    """An installation under load. `points`: those whose day nobody holds yet."""

    made: Estate
    home: Home
    points: deque[str]
    refused: int = 0
    down: set[int] = field(default_factory=set)

    async def press(self, seconds: float) -> None:
        """Everybody asks at once, and again as soon as there is an answer."""
        callers = [asyncio.create_task(self._call(at % GATEWAYS)) for at in range(GATEWAYS * CALLERS)]
        await asyncio.wait(callers, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
        for caller in callers:
            caller.cancel()
        for outcome in await asyncio.gather(*callers, return_exceptions=True):
            if not isinstance(outcome, asyncio.CancelledError):
                raise SystemExit("the load ended early") from outcome

    async def _call(self, gateway: int) -> None:
        while True:
            await self.made.gateways[gateway].up.wait()
            point = self.points.popleft()
            with suppress(httpx2.TransportError):  # killed while it answered
                path = f"/v1/usage-points/{point}/consumption/load-curve"
                answer = await self.made.get(path, gateway=gateway, params=DAY, headers={"Prefer": "wait=300"})
                if answer.status_code == HTTPStatus.OK:
                    continue
                self.refused += 1
            self.points.append(point)
            await asyncio.sleep(0.5)


Trouble = Callable[[Field, float], Awaitable[None]]


async def none(there: Field, seconds: float) -> None:
    """All is well."""


async def kill(there: Field, seconds: float) -> None:
    """One gateway is killed and comes back, and then another."""
    for victim in (1, 2):
        await asyncio.sleep(seconds / 4)
        await there.made.gateways[victim].end()
        await there.made.gateways[victim].start()


async def stop_redis(there: Field, seconds: float) -> None:
    """Redis dies with all that it knew."""
    if there.home.redis is not None:
        await asyncio.sleep(seconds / 4)
        await there.home.redis.stop()
        await asyncio.sleep(OUTAGE_SECONDS)
        await there.home.redis.start()


async def flush_redis(there: Field, seconds: float) -> None:
    if there.home.redis is not None:
        await asyncio.sleep(seconds / 4)
        async with open_redis(there.home.redis.url) as client:
            await client.flushall()


async def stall(there: Field, seconds: float) -> None:
    """Every gateway stands still for 50 ms, two or three times a second, each when it likes."""
    until = time.monotonic() + seconds

    async def one(gateway: int) -> None:
        while time.monotonic() < until:
            await asyncio.sleep(random.uniform(0.1, 0.6))
            pid = there.made.gateways[gateway].pid
            assert pid is not None  # noqa: S101 — it was started
            os.kill(pid, signal.SIGSTOP)
            await asyncio.sleep(STALL_SECONDS)
            os.kill(pid, signal.SIGCONT)

    await asyncio.gather(*(one(gateway) for gateway in range(GATEWAYS)))


async def over_the_hour(there: Field, seconds: float) -> None:  # noqa: ARG001 — as all troubles
    """The simulated hour ends ten seconds from now."""
    await there.made.control("PUT", "clock", {"now": BEFORE_THE_HOUR})


@dataclass(frozen=True)
class Scenario:
    """One run. `shut`: the seconds in which no call may be made, since nothing can count or it has been lost."""

    name: str
    home: str
    seconds: float
    trouble: Trouble = none
    shut: float = 0
    delay_ms: float = 0
    settings: dict[str, str] = field(default_factory=dict)


def scenarios(seconds: float) -> list[Scenario]:
    outage = OUTAGE_SECONDS + RESUME_SECONDS
    return [
        Scenario("SQLite", "SQLite", seconds),
        Scenario("PostgreSQL", "PostgreSQL", seconds),
        Scenario("Redis", "Redis", seconds),
        Scenario("two kill -9", "SQLite", seconds, kill),
        Scenario("two kill -9, Redis", "Redis", seconds, kill),
        Scenario("Redis stopped", "Redis", seconds, stop_redis, shut=outage),
        Scenario("Redis flushed", "Redis", seconds, flush_redis, shut=RESUME_SECONDS),
        Scenario("stalls of 50 ms", "Redis", seconds, stall),
        Scenario("stalls of 50 ms, SQLite", "SQLite", seconds, stall),
        Scenario("0 to 40 ms of delay", "PostgreSQL", seconds, delay_ms=DELAY_MS),
        Scenario("the hour's edge", "SQLite", 30, over_the_hour, settings={"QUOTA_PER_HOUR": str(EDGE_ALLOWANCE)}),
    ]


def stamps(calls: Sequence[dict[str, Any]]) -> list[float]:
    """Seconds, by the simulator's real clock."""
    return sorted(datetime.fromisoformat(call["at"]).timestamp() for call in calls)


def narrowest(arrived: Sequence[float], together: int = PER_SECOND + 1) -> float:
    """The shortest time in which so many calls arrived."""
    return min(later - first for first, later in zip(arrived, arrived[together - 1 :], strict=False))


async def run(scenario: Scenario, folder: Path) -> list[Result]:
    """The figures of one run. A 429 would say that Enedis saw too many: it ends the bench."""
    async with AsyncExitStack() as stack:
        place = await stack.enter_async_context(home(scenario.home, folder))
        made = await stack.enter_async_context(processes(folder, GATEWAYS, **place.settings, **scenario.settings))
        points = households(round(scenario.seconds * PER_SECOND) + GATEWAYS * CALLERS)
        if scenario.delay_ms:
            stack.enter_context(_slow_wire(made, scenario.delay_ms))
        await start(made, points)
        there = Field(made, place, deque(points))
        await asyncio.gather(there.press(scenario.seconds), scenario.trouble(there, scenario.seconds))
        calls = await made.calls()
    return list(figures(scenario, calls))


def figures(scenario: Scenario, calls: Sequence[dict[str, Any]]) -> Iterator[Result]:
    arrived = stamps(calls)
    what = f"arrivals, {scenario.name}"
    refused = sum(call["status"] == HTTPStatus.TOO_MANY_REQUESTS for call in calls)
    yield Result(f"{what}: six within", narrowest(arrived), "s", 1.0)
    if refused:
        yield Result(f"{what}: refused with 429", refused, "calls", 0)
    if scenario.trouble is over_the_hour:
        data = [call for call in calls if call["api"] != "oauth2"]
        hours = Counter(call["simulated_at"][:13] for call in data if call["simulated_at"] >= "2026-11-24T09:59")
        yield Result(f"{what}: most in an hour", max(hours.values()), "calls", EDGE_ALLOWANCE)
        return
    # Five may come at once and start a run: without them the rate is what goes on for ever.
    took = arrived[-1] - arrived[0]
    yield Result(f"{what}: rate", (len(arrived) - PER_SECOND) / took, "/s", PER_SECOND)
    if scenario.shut:
        pause = max(later - first for first, later in pairwise(arrived))
        # Two runs, one before the pause and one after, each with five that may come at once.
        rate = (len(arrived) - 2 * PER_SECOND) / (took - pause)
        yield Result(f"{what}: rate before and after", rate, "/s", PER_SECOND)
        yield Result(f"{what}: nothing leaves for", pause, "s", scenario.shut)


class _slow_wire:  # noqa: N801 — a context manager, as those of contextlib
    """Every gateway reaches the simulator through `delay.py`."""

    def __init__(self, made: Estate, most_ms: float) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        target = made.simulator.url.rpartition(":")[2]
        command = [sys.executable, str(Path(__file__).with_name("delay.py")), str(port), target, str(most_ms)]
        self._process = subprocess.Popen(command)
        for gateway in made.gateways:
            gateway.environment["PASSERELLE_ENEDIS_API_URL"] = f"http://127.0.0.1:{port}"

    def __enter__(self) -> None:
        """It runs already."""

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()


def measure(folder: Path, seconds: float = SECONDS) -> Iterator[Result]:
    here = homes_here()
    for number, scenario in enumerate(scenarios(seconds)):
        if scenario.home not in here:
            print(f"left out: {scenario.name}, there is no {scenario.home} here", file=sys.stderr)
            continue
        own = folder / f"arrivals{number}"
        own.mkdir()
        yield from asyncio.run(run(scenario, own))


if __name__ == "__main__":
    given = [float(each) for each in sys.argv[1:2]]
    with tempfile.TemporaryDirectory() as name:
        for result in measure(Path(name), *given):
            print(f"{result.name:<52}{result.value:>10.3f} {result.unit} (limit {result.limit})", flush=True)
