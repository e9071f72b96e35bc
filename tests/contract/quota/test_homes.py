"""One suite for every home of the quota, then what only a durable one can promise."""

import asyncio
import sqlite3
from random import Random

import pytest

from passerelle.errors import InternalError, QuotaExhausted
from passerelle.model.priority import Priority
from passerelle.quota import bucket as rules
from passerelle.quota.bucket import HOUR_US, SECOND_US, WINDOW_US, CivilTime, Grant, Later, Why
from passerelle.quota.home import Ask, Home
from passerelle.quota.memory import MemoryHome
from passerelle.quota.settings import Limits
from passerelle.quota.sqlite import SqliteHome


async def used(home: Home):
    state, now_us = await home.read("v5")
    return rules.used_in(state, now_us // HOUR_US)


async def test_slots_reserved_at_once_span_the_window_and_are_all_counted(home: Home, wall):
    replies = await asyncio.gather(*(home.reserve("v5", wall.ask()) for _ in range(24)))
    slots = sorted(reply.answer.slot.at_us for reply in replies)
    assert min(later - first for first, later in zip(slots, slots[5:], strict=False)) == WINDOW_US
    assert len({reply.answer.serial for reply in replies}) == 24
    assert await used(home) == 24


async def test_a_reply_counts_its_wait_from_the_homes_own_clock(home: Home, wall):
    wall.us += 7 * SECOND_US
    reply = await home.reserve("v5", wall.ask())
    assert (reply.at, reply.answer.wait_us) == (7.0, 0)


async def test_a_slot_given_back_is_uncounted_once(home: Home, wall):
    replies = [await home.reserve("v5", wall.ask()) for _ in range(3)]
    for _ in range(3):
        await home.give_back("v5", replies[1].answer.serial)
    assert await used(home) == 2


async def test_a_hold_stops_every_bucket_it_is_for_and_no_other(home: Home, wall):
    await home.hold("v5", CivilTime(wall.us, wall.us), wall.us + 60 * SECOND_US)
    assert (await home.reserve("v5", wall.ask())).answer == Later(61 * SECOND_US, Why.HOLD)
    assert isinstance((await home.reserve("2026", wall.ask())).answer, Grant)
    wall.us += 61 * SECOND_US
    assert isinstance((await home.reserve("v5", wall.ask())).answer, Grant)


async def test_slowing_down_pauses_for_a_second(home: Home, wall):
    await home.slow_down("v5")
    assert (await home.reserve("v5", wall.ask())).answer.wait_us == SECOND_US
    state, now_us = await home.read("v5")
    assert rules.window(state, now_us) == WINDOW_US + rules.WIDEN_US


async def test_two_buckets_do_not_share_their_second_nor_their_hour(home: Home, wall):
    limits = Limits(1, 1)
    assert isinstance((await home.reserve("v5", wall.ask(limits=limits))).answer, Grant)
    assert isinstance((await home.reserve("2026", wall.ask(limits=limits))).answer, Grant)
    assert (await home.reserve("v5", wall.ask(limits=limits))).answer.why is Why.HOUR


async def test_a_clock_set_back_by_an_hour_lets_no_burst_through_and_keeps_the_counts(home: Home, wall):
    limits = Limits(5, 8)
    first = [await home.reserve("v5", wall.ask(limits=limits)) for _ in range(5)]
    was = wall.us // HOUR_US
    wall.us -= HOUR_US
    refused = (await home.reserve("v5", wall.ask(limits=limits))).answer
    assert isinstance(refused, Later)
    assert refused.why is Why.SPACING
    wall.us += refused.wait_us
    again = [(await home.reserve("v5", wall.ask(limits=limits))).answer for _ in range(5)]
    assert refused.wait_us + again[0].wait_us > max(reply.answer.wait_us for reply in first) + WINDOW_US
    assert again[4].slot.at_us - again[0].slot.at_us < WINDOW_US
    state, _ = await home.read("v5")
    assert [rules.used_in(state, hour) for hour in (was, was - 1)] == [5, 5]
    wall.us += HOUR_US
    left = [(await home.reserve("v5", wall.ask(limits=limits))).answer for _ in range(4)]
    assert [type(each) for each in left] == [Grant, Grant, Grant, Later]
    assert left[3].why is Why.HOUR


@pytest.mark.parametrize("seed", range(6))
async def test_every_home_gives_the_same_answers_to_the_same_history(home: Home, wall, seed: int):
    random, twin = Random(seed), MemoryHome(wall_ns=wall.ns, monotonic=wall.monotonic)
    granted, days, frozen = [0], random.choice([0, 0, 100]), random.choice([False, False, True])

    def calendar():
        return CivilTime(wall.us - days * 24 * HOUR_US, wall.us, frozen)

    for _ in range(60):
        verb = random.choice(["reserve"] * 6 + ["give back", "hold", "slow down"])
        civil, resume_us = calendar(), random.choice([None, calendar().now_us - 2 * SECOND_US])
        if verb == "reserve":
            lead_us = random.choice([0, 0, 0, 30_000, 2 * SECOND_US])
            ask = Ask(Limits(3, 20), calendar(), random.choice(list(Priority)), lead_us)
            reply = await home.reserve("v5", ask)
            assert await twin.reserve("v5", ask) == reply
            granted += [reply.answer.serial] if isinstance(reply.answer, Grant) else []
        for each in (home, twin):
            if verb == "give back":
                await each.give_back("v5", granted[-1])
            elif verb == "hold":
                await each.hold("v5", civil, resume_us)
            elif verb == "slow down":
                await each.slow_down("v5")
        wall.us += random.choice([0, 100_000, 700_000, 5 * SECOND_US, 900 * SECOND_US, -90 * SECOND_US])
    assert await home.read("v5") == await twin.read("v5")


async def test_a_restarted_process_finds_the_count_and_the_slots(wall, tmp_path, open_sqlite, make_tables):
    for seen in (0, 5):
        async with open_sqlite(tmp_path / "q.db") as engine:
            await make_tables(engine)
            home = SqliteHome(engine, wall_ns=wall.ns, monotonic=wall.monotonic)
            assert await used(home) == seen
            waits = [(await home.reserve("v5", wall.ask())).answer.wait_us for _ in range(5)]
            assert waits == [WINDOW_US * (seen // 5)] * 5


async def test_a_locked_database_lets_nothing_leave(wall, tmp_path, open_sqlite, make_tables):
    async with open_sqlite(tmp_path / "q.db", busy_seconds=0.01) as engine:
        await make_tables(engine)
        home = SqliteHome(engine, wall_ns=wall.ns, monotonic=wall.monotonic)
        other = sqlite3.connect(tmp_path / "q.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(QuotaExhausted) as refusal:
            await home.reserve("v5", wall.ask())
        assert refusal.value.problem.retry_after == 5
        other.close()
        assert isinstance((await home.reserve("v5", wall.ask())).answer, Grant)


async def test_a_database_without_the_table_lets_nothing_leave(wall, tmp_path, open_sqlite, make_tables):
    async with open_sqlite(tmp_path / "q.db") as engine:
        with pytest.raises(QuotaExhausted):
            await SqliteHome(engine, wall_ns=wall.ns, monotonic=wall.monotonic).reserve("v5", wall.ask())


async def test_a_damaged_count_lets_nothing_leave_and_is_not_taken_for_an_empty_one(
    wall, tmp_path, open_sqlite, make_tables
):
    async with open_sqlite(tmp_path / "q.db") as engine:
        await make_tables(engine)
        home = SqliteHome(engine, wall_ns=wall.ns, monotonic=wall.monotonic)
        await home.reserve("v5", wall.ask())
        async with engine.begin() as connection:
            await connection.exec_driver_sql("UPDATE quota SET state = substr(state, 1, 20)")
        with pytest.raises(InternalError):
            await home.reserve("v5", wall.ask())
