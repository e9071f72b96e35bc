"""One suite for every home of the quota, then what only a durable one can promise."""

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
    grants = await wall.leave(*[home] * 24)
    slots = sorted(grant.slot.at_us for grant in grants)
    assert [later - first for first, later in zip(slots, slots[5:], strict=False)] == [WINDOW_US] * 19
    assert len({grant.serial for grant in grants}) == 24
    assert await used(home) == 24


async def test_a_slot_that_was_not_used_is_moved_to_the_present_and_counted_once(home: Home, wall):
    grants = await wall.leave(*[home] * 5)
    wall.us += 50_000
    moved = (await home.reserve("v5", wall.ask(turn=grants[2].serial))).answer
    assert isinstance(moved, Grant)
    assert (moved.serial, moved.slot.at_us) == (grants[2].serial, wall.us)
    assert await used(home) == 5
    slots = sorted(grant.slot.at_us for grant in await wall.leave(*[home] * 5))
    assert [at_us - moved.slot.at_us for at_us in slots] == [WINDOW_US - 50_000] * 4 + [WINDOW_US]


async def test_the_sixth_call_keeps_its_distance_from_where_a_late_one_really_was(home: Home, wall):
    grants = await wall.leave(*[home] * 5)
    wall.us += 80_000
    for _ in range(2):
        await home.correct("v5", wall.ask().civil, grants[0].serial)
        await home.correct("v5", wall.ask().civil, 999)
    assert await used(home) == 5
    slots = sorted(grant.slot.at_us for grant in await wall.leave(*[home] * 5))
    first = grants[0].slot.at_us
    assert [at_us - first for at_us in slots] == [WINDOW_US] * 4 + [WINDOW_US + 80_000]


async def test_a_call_so_late_that_it_left_in_the_next_hour_counts_there_too(home: Home, wall):
    (grant,) = await wall.leave(home)
    wall.us += HOUR_US
    await home.correct("v5", wall.ask().civil, grant.serial)
    state, now_us = await home.read("v5")
    assert [rules.used_in(state, now_us // HOUR_US - ago) for ago in (0, 1)] == [1, 1]


async def test_a_ticket_given_back_keeps_nobody_waiting(home: Home, wall):
    one = Limits(1, 100)
    await wall.leave(home, limits=one)
    ticket = (await home.reserve("v5", wall.ask(limits=one))).answer
    assert isinstance(ticket, Later)
    at_us = wall.us
    await home.give_back("v5", ticket.serial)
    (grant,) = await wall.leave(home, limits=one)
    assert grant.slot.at_us == at_us + WINDOW_US
    assert await used(home) == 2


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
    began = wall.us
    (grant,) = await wall.leave(home)
    assert grant.slot.at_us == began + SECOND_US
    state, now_us = await home.read("v5")
    assert rules.window(state, now_us) == WINDOW_US + rules.WIDEN_US


async def test_two_buckets_do_not_share_their_second_nor_their_hour(home: Home, wall):
    limits = Limits(1, 1)
    assert isinstance((await home.reserve("v5", wall.ask(limits=limits))).answer, Grant)
    assert isinstance((await home.reserve("2026", wall.ask(limits=limits))).answer, Grant)
    assert (await home.reserve("v5", wall.ask(limits=limits))).answer.why is Why.HOUR


async def test_a_clock_set_back_by_an_hour_lets_no_burst_through_and_keeps_the_counts(home: Home, wall):
    limits = Limits(5, 8)
    await wall.leave(*[home] * 5, limits=limits)
    was = wall.us // HOUR_US
    wall.us -= HOUR_US
    began = wall.us
    again = await wall.leave(*[home] * 5, limits=limits)
    assert again[0].slot.at_us >= began + rules.LEAD_US + WINDOW_US
    assert again[4].slot.at_us - again[0].slot.at_us < WINDOW_US
    state, _ = await home.read("v5")
    assert [rules.used_in(state, hour) for hour in (was, was - 1)] == [5, 5]
    wall.us += HOUR_US
    assert len(await wall.leave(*[home] * 3, limits=limits)) == 3
    assert (await home.reserve("v5", wall.ask(limits=limits))).answer.why is Why.HOUR


@pytest.mark.parametrize("seed", range(6))
async def test_every_home_gives_the_same_answers_to_the_same_history(home: Home, wall, seed: int):
    random, twin = Random(seed), MemoryHome(wall_ns=wall.ns, monotonic=wall.monotonic)
    granted, days, frozen = [0], random.choice([0, 0, 100]), random.choice([False, False, True])

    def calendar():
        return CivilTime(wall.us - days * 24 * HOUR_US, wall.us, frozen)

    for _ in range(60):
        verb = random.choice(["reserve"] * 6 + ["give back", "correct", "hold", "slow down"])
        civil, resume_us = calendar(), random.choice([None, calendar().now_us - 2 * SECOND_US])
        if verb == "reserve":
            lead_us = random.choice([0, 0, 0, 30_000, 2 * SECOND_US])
            turn = random.choice([0, 0, *granted[-3:]])
            ask = Ask(Limits(3, 20), calendar(), random.choice(list(Priority)), lead_us, turn)
            reply = await home.reserve("v5", ask)
            assert await twin.reserve("v5", ask) == reply
            granted.append(reply.answer.serial)
        for each in (home, twin):
            if verb == "give back":
                await each.give_back("v5", granted[-1])
            elif verb == "correct":
                await each.correct("v5", civil, granted[-1])
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
            assert waits == ([WINDOW_US - rules.AHEAD_US] if seen else [0]) * 5


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
