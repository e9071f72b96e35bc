"""One suite for every home of the quota, then what only a durable one can promise."""

import asyncio
import sqlite3
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from passerelle.errors import InternalError, QuotaExhausted
from passerelle.model.priority import Priority
from passerelle.quota import bucket as rules
from passerelle.quota.bucket import HOUR_US, SECOND_US, WINDOW_US, CivilTime, Grant, Later, Why
from passerelle.quota.home import Ask, Home
from passerelle.quota.memory import MemoryHome
from passerelle.quota.settings import Limits
from passerelle.quota.sqlite import SqliteHome
from passerelle.quota.tables import quota_metadata

START_US = 495_000 * HOUR_US + 600 * SECOND_US


class Wall:
    """A wall clock and a monotonic one, moved by hand."""

    def __init__(self) -> None:
        self.us = START_US

    def ns(self):
        return self.us * 1000

    def monotonic(self):
        return (self.us - START_US) / SECOND_US

    def ask(self, priority: Priority = Priority.INTERACTIVE, limits: Limits | None = None):
        return Ask(limits or Limits(), CivilTime(self.us, self.us), priority)


@asynccontextmanager
async def sqlite_engine(path: Path, busy_seconds: float = 5.0):
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}", connect_args={"timeout": busy_seconds})

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = WAL")

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    try:
        yield engine
    finally:
        await engine.dispose()


async def create(engine: AsyncEngine):
    async with engine.begin() as connection:
        await connection.run_sync(quota_metadata.create_all)


@pytest.fixture
def wall():
    return Wall()


@pytest.fixture(params=["memory", "sqlite"])
async def home(request: pytest.FixtureRequest, wall: Wall, tmp_path: Path):
    if request.param == "memory":
        yield MemoryHome(wall_ns=wall.ns, monotonic=wall.monotonic)
        return
    async with sqlite_engine(tmp_path / "q.db") as engine:
        await create(engine)
        yield SqliteHome(engine, wall_ns=wall.ns, monotonic=wall.monotonic)


async def used(home: Home):
    state, now_us = await home.read("v5")
    return rules.used_in(state, now_us // HOUR_US)


async def test_slots_reserved_at_once_span_the_window_and_are_all_counted(home: Home, wall: Wall):
    replies = await asyncio.gather(*(home.reserve("v5", wall.ask()) for _ in range(24)))
    slots = sorted(reply.answer.slot.at_us for reply in replies)
    assert min(later - first for first, later in zip(slots, slots[5:], strict=False)) == WINDOW_US
    assert len({reply.answer.serial for reply in replies}) == 24
    assert await used(home) == 24


async def test_a_reply_counts_its_wait_from_the_homes_own_clock(home: Home, wall: Wall):
    wall.us += 7 * SECOND_US
    reply = await home.reserve("v5", wall.ask())
    assert (reply.at, reply.answer.wait_us) == (7.0, 0)


async def test_a_slot_given_back_is_uncounted_once(home: Home, wall: Wall):
    replies = [await home.reserve("v5", wall.ask()) for _ in range(3)]
    for _ in range(3):
        await home.give_back("v5", replies[1].answer.serial)
    assert await used(home) == 2


async def test_a_hold_stops_every_bucket_it_is_for_and_no_other(home: Home, wall: Wall):
    await home.hold("v5", CivilTime(wall.us, wall.us), wall.us + 60 * SECOND_US)
    assert (await home.reserve("v5", wall.ask())).answer == Later(61 * SECOND_US, Why.HOLD)
    assert isinstance((await home.reserve("2026", wall.ask())).answer, Grant)
    wall.us += 61 * SECOND_US
    assert isinstance((await home.reserve("v5", wall.ask())).answer, Grant)


async def test_slowing_down_pauses_for_a_second(home: Home, wall: Wall):
    await home.slow_down("v5")
    assert (await home.reserve("v5", wall.ask())).answer.wait_us == SECOND_US
    state, now_us = await home.read("v5")
    assert rules.window(state, now_us) == WINDOW_US + rules.WIDEN_US


async def test_two_buckets_do_not_share_their_second_nor_their_hour(home: Home, wall: Wall):
    limits = Limits(1, 1)
    assert isinstance((await home.reserve("v5", wall.ask(limits=limits))).answer, Grant)
    assert isinstance((await home.reserve("2026", wall.ask(limits=limits))).answer, Grant)
    assert (await home.reserve("v5", wall.ask(limits=limits))).answer.why is Why.HOUR


@pytest.mark.parametrize("seed", range(4))
async def test_every_home_gives_the_same_answers_to_the_same_history(home: Home, wall: Wall, seed: int):
    random, twin = Random(seed), MemoryHome(wall_ns=wall.ns, monotonic=wall.monotonic)
    granted = [0]
    for _ in range(60):
        verb = random.choice(["reserve"] * 6 + ["give back", "hold", "slow down"])
        civil = CivilTime(wall.us, wall.us)
        if verb == "reserve":
            ask = wall.ask(random.choice(list(Priority)), Limits(3, 20))
            reply = await home.reserve("v5", ask)
            assert await twin.reserve("v5", ask) == reply
            granted += [reply.answer.serial] if isinstance(reply.answer, Grant) else []
        for each in (home, twin):
            if verb == "give back":
                await each.give_back("v5", granted[-1])
            elif verb == "hold":
                await each.hold("v5", civil, wall.us - 2 * SECOND_US)
            elif verb == "slow down":
                await each.slow_down("v5")
        wall.us += random.choice([0, 100_000, 700_000, 5 * SECOND_US, -90 * SECOND_US])
    assert await home.read("v5") == await twin.read("v5")


async def test_a_restarted_process_finds_the_count_and_the_slots(wall: Wall, tmp_path: Path):
    for seen in (0, 5):
        async with sqlite_engine(tmp_path / "q.db") as engine:
            await create(engine)
            home = SqliteHome(engine, wall_ns=wall.ns, monotonic=wall.monotonic)
            assert await used(home) == seen
            waits = [(await home.reserve("v5", wall.ask())).answer.wait_us for _ in range(5)]
            assert waits == [WINDOW_US * (seen // 5)] * 5


async def test_a_locked_database_lets_nothing_leave(wall: Wall, tmp_path: Path):
    async with sqlite_engine(tmp_path / "q.db", busy_seconds=0.01) as engine:
        await create(engine)
        home = SqliteHome(engine, wall_ns=wall.ns, monotonic=wall.monotonic)
        other = sqlite3.connect(tmp_path / "q.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(QuotaExhausted) as refusal:
            await home.reserve("v5", wall.ask())
        assert refusal.value.problem.retry_after == 5
        other.close()
        assert isinstance((await home.reserve("v5", wall.ask())).answer, Grant)


async def test_a_database_without_the_table_lets_nothing_leave(wall: Wall, tmp_path: Path):
    async with sqlite_engine(tmp_path / "q.db") as engine:
        with pytest.raises(QuotaExhausted):
            await SqliteHome(engine, wall_ns=wall.ns, monotonic=wall.monotonic).reserve("v5", wall.ask())


async def test_a_damaged_count_lets_nothing_leave_and_is_not_taken_for_an_empty_one(wall: Wall, tmp_path: Path):
    async with sqlite_engine(tmp_path / "q.db") as engine:
        await create(engine)
        home = SqliteHome(engine, wall_ns=wall.ns, monotonic=wall.monotonic)
        await home.reserve("v5", wall.ask())
        async with engine.begin() as connection:
            await connection.exec_driver_sql("UPDATE quota SET state = substr(state, 1, 20)")
        with pytest.raises(InternalError):
            await home.reserve("v5", wall.ask())
