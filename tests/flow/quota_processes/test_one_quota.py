"""Real processes on one quota, in real time: what they may do together, and what a kill or a lost Redis leaves."""

import asyncio
import sys
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from passerelle.quota.bucket import LEAD_US, WIDEST_WINDOW_US, Bucket
from passerelle.quota.homes import open_home
from passerelle.quota.marks import Marks
from passerelle.quota.redis import BLOCK, open_redis
from passerelle.quota.settings import Limits
from passerelle.quota.tables import quota_metadata
from passerelle.store.engine import open_engine

SCRIPT = Path(__file__).with_name("departing.py")
RESUME_NS = (LEAD_US + WIDEST_WINDOW_US) * 1000
GRACE_NS = 50_000_000
"""For calls whose slot was due at that very moment."""


@dataclass
class Place:
    """Where a quota is kept."""

    database: str
    redis: str | None = None

    async def make(self) -> None:
        engine = open_engine(self.database)
        async with engine.begin() as connection:
            await connection.run_sync(quota_metadata.create_all)
        await engine.dispose()

    async def state(self) -> Bucket:
        engine = open_engine(self.database)
        async with open_home(engine, self.redis) as home:
            state, _ = await home.read("v5")
        await engine.dispose()
        return state

    async def marked(self) -> int:
        engine = open_engine(self.database)
        marks = await Marks(engine).read("v5")
        await engine.dispose()
        return sum(mark.calls for mark in marks)

    async def depart(self, priority: str, seconds: float):
        return await asyncio.create_subprocess_exec(
            sys.executable,
            str(SCRIPT),
            self.database,
            self.redis or "-",
            priority,
            str(seconds),
            stdout=-1,
            stderr=-1,
        )


@pytest.fixture
async def in_sqlite(tmp_path: Path) -> Place:
    place = Place(f"sqlite:///{tmp_path}/quota.db")
    await place.make()
    return place


@pytest.fixture
async def in_postgres(postgres_database: str) -> Place:
    place = Place(postgres_database)
    await place.make()
    return place


@pytest.fixture
async def in_redis(tmp_path: Path, own_redis) -> Place:
    place = Place(f"sqlite:///{tmp_path}/quota.db", own_redis.url)
    await place.make()
    return place


PLACES = [
    "in_sqlite",
    pytest.param("in_postgres", marks=pytest.mark.postgres),
    pytest.param("in_redis", marks=pytest.mark.redis),
]


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest) -> Place:
    return request.getfixturevalue(request.param)


def calls(state: Bucket) -> int:
    return sum(count.calls for count in state.hours)


def no_six_within_a_second(arrivals):
    ordered = sorted(arrivals)
    spans = [later - first for first, later in zip(ordered, ordered[5:], strict=False)]
    return all(span >= 1_000_000_000 for span in spans)


async def test_four_processes_together_never_send_six_calls_within_a_second(place: Place):
    loads = [("INTERACTIVE", 2.5), ("INTERACTIVE", 2.5), ("IMPORT", 4.5), ("REFRESH", 4.5)]
    processes = [await place.depart(name, seconds) for name, seconds in loads]
    outputs = [await process.communicate() for process in processes]
    assert [errors for _, errors in outputs] == [b""] * 4
    arrivals = [int(line) for output, _ in outputs for line in output.split()]
    assert no_six_within_a_second(arrivals)
    assert len(arrivals) > 5
    assert calls(await place.state()) == len(arrivals)


async def test_a_process_killed_at_any_moment_leaves_at_least_what_it_sent_counted(place: Place):
    sent = 0
    for kills, lines in enumerate((1, 3, 7), start=1):
        process = await place.depart("INTERACTIVE", 60)
        seen = [await process.stdout.readline() for _ in range(lines)]
        process.kill()
        rest, errors = await process.communicate()
        assert errors == b""
        sent += len(seen) + len(rest.split())
        assert sent <= calls(await place.state()) <= sent + 2 * kills


class Crowd:
    """Processes that depart until they are killed, heard while they run."""

    def __init__(self) -> None:
        self.arrivals = []
        self.refusals = []
        self._news = asyncio.Event()

    async def hear(self, process) -> None:
        while line := await process.stdout.readline():
            if line == b"refused\n":
                self.refusals.append(line)
            else:
                self.arrivals.append(int(line))
            self._news.set()

    async def more(self, lines: list, count: int) -> None:
        """Wait until so many more of these have come."""
        wanted = len(lines) + count
        while len(lines) < wanted:
            self._news.clear()
            await self._news.wait()


@asynccontextmanager
async def crowd(place: Place):
    """Four processes, of calls that book nothing ahead."""
    processes = [await place.depart(name, 60) for name in ("IMPORT", "REFRESH", "IMPORT", "REFRESH")]
    heard = Crowd()
    ears = [asyncio.create_task(heard.hear(process)) for process in processes]
    try:
        yield heard
    finally:
        for process in processes:
            process.kill()
        await asyncio.gather(*ears)
        errors = [(await process.communicate())[1] for process in processes]
    assert errors == [b""] * 4


@pytest.mark.redis
async def test_a_redis_that_is_flushed_makes_no_call_too_many(in_redis: Place):
    async with crowd(in_redis) as heard:
        await heard.more(heard.arrivals, 10)
        lost = time.monotonic_ns()
        async with open_redis(in_redis.redis) as client:
            await client.flushall()
        await heard.more(heard.arrivals, 8)
    assert heard.refusals == []
    await resumed(in_redis, heard, lost)


@pytest.mark.redis
async def test_while_redis_is_stopped_nothing_leaves_and_afterwards_no_call_too_many(in_redis: Place, own_redis):
    async with crowd(in_redis) as heard:
        await heard.more(heard.arrivals, 10)
        lost = time.monotonic_ns()
        await own_redis.stop()
        await heard.more(heard.refusals, 60)
        await own_redis.start()
        await heard.more(heard.arrivals, 8)
    await resumed(in_redis, heard, lost)


async def resumed(place: Place, heard: Crowd, lost: int) -> None:
    """Nothing left from the loss until all bookings had passed, and what left was counted."""
    assert no_six_within_a_second(heard.arrivals)
    first = min(at for at in heard.arrivals if at > lost + GRACE_NS)
    assert first - lost >= RESUME_NS
    counted, block = calls(await place.state()), Limits().per_hour // BLOCK
    assert len(heard.arrivals) <= counted <= await place.marked() <= len(heard.arrivals) + 3 * block
