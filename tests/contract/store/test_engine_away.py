"""A PostgreSQL that stops, starts or is full is away for a while, whatever the store was about to do and had done."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import literal_column, select, text
from tests.contract.store.conftest import SERVER
from tests.postmaster import FULL, RECOVERING, STARTING, STOPPING, End, Ending, door_to

from passerelle.errors import InternalError, StorageUnavailable
from passerelle.store.engine import COME_BACK_SECONDS, close_engine, glancing, open_engine, reading, writing
from passerelle.store.warm import Prepared, WarmReads

pytestmark = pytest.mark.postgres
SOON = 2
"""Seconds in which each is told: nothing waits for a server that has said that it is away."""

MOST = 40
"""More answers than connecting and any of these take."""


async def read(engine, what="1"):
    async with reading(engine) as connection:
        await connection.execute(text(f"SELECT {what}"))


async def glance(engine, what="1"):
    async with glancing(engine) as connection:
        await connection.execute(text(f"SELECT {what}"))


async def write(engine, what="1"):
    async with writing(engine) as connection:
        await connection.execute(text("CREATE TEMPORARY TABLE IF NOT EXISTS tally (n integer)"))
        await connection.execute(text("INSERT INTO tally VALUES (:n)"), [{"n": 1}, {"n": 2}])
        await connection.execute(text(f"SELECT {what}"))


async def read_warm(engine, what="1"):
    await WarmReads(engine).rows(Prepared(select(literal_column(what))))


async def make_warm(engine, what="1"):
    await WarmReads(engine).made(list, Prepared(select(literal_column(what))))


@pytest.fixture(params=[read, glance, write, read_warm, make_warm])
def act(request):
    return request.param


@pytest.fixture
async def door_and_url():
    async with door_to(f"{SERVER}/postgres") as both:
        yield both


@pytest.fixture
def door(door_and_url):
    return door_and_url[0]


@pytest.fixture(params=["new", "kept"])
def begun(request, door_and_url, act):
    """Opens an engine that has yet to connect, or that keeps the connection over which it has acted."""

    @asynccontextmanager
    async def begin():
        engine = open_engine(door_and_url[1])
        try:
            if request.param == "kept":
                await act(engine)
            yield engine
        finally:
            await close_engine(engine)

    return begin


async def told(act, engine):
    """None if the act was done; else the seconds after which to come back, for the database is away."""
    try:
        async with asyncio.timeout(SOON):
            await act(engine)
    except StorageUnavailable as error:
        return error.problem.retry_after
    return None


@pytest.mark.parametrize("error", [STARTING, STOPPING, RECOVERING, FULL], ids=lambda error: error[1])
async def test_a_server_that_takes_nobody_is_away_until_it_does(door, begun, act, error):
    async with begun() as engine:
        door.refuse(error)
        assert [await told(act, engine) for _ in range(3)] == [COME_BACK_SECONDS] * 3
        door.open()
        await act(engine)


@pytest.mark.parametrize("ending", Ending)
async def test_a_server_that_goes_at_any_moment_is_away_until_it_is_back(door, begun, act, ending):
    """After its first answer, after its second, and so on. The second act meets what the first has left behind."""
    for answers in range(1, MOST):
        async with begun() as engine:
            door.end(End(answers, ending))
            met = {await told(act, engine) for _ in range(2)}
            door.open()
            if met == {None}:
                break
            assert met <= {None, COME_BACK_SECONDS}
            await told(act, engine)  # the goodbye may have come behind the last answer of all
            await act(engine)
    assert 1 < answers < MOST - 1


@pytest.mark.parametrize("begun", ["new"], indirect=True)
@pytest.mark.parametrize("wrong", ["1 / 0", "'word'::integer", "nothing", "nowhere()"])
async def test_what_is_wrong_with_a_statement_is_no_server_that_is_away(begun, act, wrong):
    """SQLSTATE 22012, 22P02, 42703 and 42883."""
    async with begun() as engine:
        with pytest.raises(InternalError) as caught:
            await act(engine, wrong)
        assert not isinstance(caught.value, StorageUnavailable)
        await act(engine)
