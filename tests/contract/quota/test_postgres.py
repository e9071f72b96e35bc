"""What a home in PostgreSQL promises to processes of many machines."""

import asyncio
import time
from contextlib import asynccontextmanager

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from tests.postmaster import FULL, RECOVERING, STARTING, STOPPING, End, Ending, door_to
from tests.servers import POSTGRES

from passerelle.errors import InternalError, QuotaExhausted
from passerelle.model.priority import Priority
from passerelle.quota import bucket as rules
from passerelle.quota.bucket import SECOND_US, WINDOW_US, CivilTime, Grant
from passerelle.quota.home import AWAY_RETRY_SECONDS, Ask
from passerelle.quota.postgres import PostgresHome
from passerelle.quota.settings import Limits

pytestmark = pytest.mark.postgres
SOON = 2
"""Seconds in which each is told: nothing waits for a server that has said that it is away."""

MOST = 40
"""More answers than connecting and two calls take."""


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


async def locked_out(holder):
    """The number of the connection that waits for a lock that `holder` has."""
    waiting = text("SELECT pid FROM pg_locks WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))")
    while (number := await holder.scalar(waiting)) is None:
        pass
    return number


async def test_a_server_that_ends_a_call_in_its_middle_lets_nothing_leave(postgres):
    home = PostgresHome(postgres)
    await home.reserve("v5", ask())
    async with postgres.begin() as holder:
        await holder.execute(text("SELECT state FROM quota FOR UPDATE"))
        ended = asyncio.create_task(home.reserve("v5", ask()))
        await holder.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": await locked_out(holder)})
        with pytest.raises(QuotaExhausted) as refusal:
            await ended
    assert refusal.value.problem.retry_after == AWAY_RETRY_SECONDS
    assert isinstance((await home.reserve("v5", ask())).answer, Grant)


@pytest.fixture
async def door_and_url():
    async with door_to(POSTGRES) as both:
        yield both


@pytest.fixture
def door(door_and_url):
    return door_and_url[0]


@pytest.fixture
def behind(door_and_url, postgres, postgres_schema):
    """Opens a home that has yet to connect, behind the door."""
    url = door_and_url[1].replace("postgresql", "postgresql+asyncpg")

    @asynccontextmanager
    async def begin():
        engine = create_async_engine(url, connect_args={"server_settings": {"search_path": postgres_schema}})
        try:
            yield PostgresHome(engine)
        finally:
            await engine.dispose()

    return begin


async def told(home):
    """None if a slot was given; else the seconds after which to come back."""
    try:
        async with asyncio.timeout(SOON):
            await home.reserve("v5", ask())
    except QuotaExhausted as error:
        return error.problem.retry_after
    return None


@pytest.mark.parametrize("error", [STARTING, STOPPING, RECOVERING, FULL], ids=lambda error: error[1])
async def test_a_server_that_takes_nobody_lets_nothing_leave_until_it_does(door, behind, error):
    async with behind() as home:
        door.refuse(error)
        assert [await told(home) for _ in range(3)] == [AWAY_RETRY_SECONDS] * 3
        door.open()
        assert await told(home) is None


@pytest.mark.parametrize("ending", Ending)
async def test_a_server_that_goes_at_any_moment_lets_nothing_leave_until_it_is_back(door, behind, ending):
    """After its first answer, after its second, and so on. The second call meets what the first has left behind."""
    for answers in range(1, MOST):
        async with behind() as home:
            door.end(End(answers, ending))
            met = {await told(home) for _ in range(2)}
            door.open()
            if met == {None}:
                break
            assert met <= {None, AWAY_RETRY_SECONDS}
            await told(home)  # the goodbye may have come behind the last answer of all
            assert await told(home) is None
    assert 1 < answers < MOST - 1
