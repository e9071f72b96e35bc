"""What a home in PostgreSQL promises to processes of many machines."""

import asyncio
import time

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from passerelle.errors import InternalError, QuotaExhausted
from passerelle.model.priority import Priority
from passerelle.quota import bucket as rules
from passerelle.quota.bucket import SECOND_US, WINDOW_US, CivilTime, Grant
from passerelle.quota.home import Ask
from passerelle.quota.postgres import PostgresHome
from passerelle.quota.settings import Limits

pytestmark = pytest.mark.postgres


def ask():
    now_us = time.time_ns() // 1000
    return Ask(Limits(), CivilTime(now_us, now_us), Priority.INTERACTIVE)


async def test_it_goes_by_the_servers_clock(postgres):
    before = time.time_ns() // 1000
    reply = await PostgresHome(postgres).reserve("v5", ask())
    assert isinstance(reply.answer, Grant)
    own = reply.answer.slot.at_us - reply.answer.wait_us
    assert before - SECOND_US < own < time.time_ns() // 1000 + SECOND_US
    assert reply.at <= time.monotonic()


async def test_who_waited_for_the_lock_reads_the_clock_afterwards(postgres):
    home = PostgresHome(postgres)
    await home.reserve("v5", ask())
    async with postgres.begin() as holder:
        await holder.execute(text("SELECT state FROM quota FOR UPDATE"))
        waiting = asyncio.create_task(home.reserve("v5", ask()))
        while not await holder.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
            pass
        released = await holder.scalar(text("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"))
    answer = (await waiting).answer
    assert answer.slot.at_us - answer.wait_us > released


async def test_slots_reserved_at_once_over_two_pools_span_the_window(postgres, postgres_schema, wall):
    other = create_async_engine(
        "postgresql+asyncpg://postgres@127.0.0.1:5432/postgres",
        connect_args={"server_settings": {"search_path": postgres_schema}},
    )
    homes = [PostgresHome(pool, clock=wall.over, monotonic=wall.monotonic) for pool in (postgres, other)]
    slots = sorted(grant.slot.at_us for grant in await wall.leave(*homes * 12))
    assert min(later - first for first, later in zip(slots, slots[5:], strict=False)) >= WINDOW_US
    state, now_us = await homes[0].read("v5")
    assert rules.used_in(state, now_us // rules.HOUR_US) == 24
    await other.dispose()


async def test_a_lock_that_is_not_given_lets_nothing_leave(postgres):
    home = PostgresHome(postgres)
    await home.reserve("v5", ask())
    async with postgres.begin() as holder:
        await holder.execute(text("SELECT state FROM quota FOR UPDATE"))
        with pytest.raises(QuotaExhausted) as refusal:
            await home.reserve("v5", ask())
        assert refusal.value.problem.retry_after == 5
        assert "lock timeout" in str(refusal.value.__cause__)
        assert isinstance((await home.reserve("another", ask())).answer, Grant)
    assert isinstance((await home.reserve("v5", ask())).answer, Grant)


@pytest.mark.parametrize("address", ["127.0.0.1:1/postgres", "127.0.0.1:5432/no_such_database"])
async def test_a_database_that_is_not_there_lets_nothing_leave(address):
    engine = create_async_engine(f"postgresql+asyncpg://postgres@{address}")
    with pytest.raises(QuotaExhausted):
        await PostgresHome(engine).reserve("v5", ask())
    await engine.dispose()


async def test_a_connection_that_was_cut_lets_one_call_less_leave_and_is_made_again(postgres):
    home = PostgresHome(postgres)
    await home.reserve("v5", ask())
    async with postgres.connect() as connection:
        number = await connection.scalar(text("SELECT pg_backend_pid()"))
    server = await asyncpg.connect("postgresql://postgres@127.0.0.1:5432/postgres")
    await server.execute("SELECT pg_terminate_backend($1)", number)
    await server.close()
    with pytest.raises(QuotaExhausted):
        await home.reserve("v5", ask())
    assert isinstance((await home.reserve("v5", ask())).answer, Grant)


async def test_a_damaged_count_lets_nothing_leave(postgres):
    home = PostgresHome(postgres)
    await home.reserve("v5", ask())
    async with postgres.begin() as connection:
        await connection.execute(text("UPDATE quota SET state = substr(state, 1, 20)"))
    with pytest.raises(InternalError):
        await home.reserve("v5", ask())
