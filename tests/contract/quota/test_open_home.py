"""Which home an installation gets, by its settings."""

import time

import pytest

from passerelle.model.priority import Priority
from passerelle.quota.bucket import CivilTime, Grant
from passerelle.quota.home import Ask
from passerelle.quota.homes import open_home
from passerelle.quota.postgres import PostgresHome
from passerelle.quota.redis import RedisHome
from passerelle.quota.settings import Limits
from passerelle.quota.sqlite import SqliteHome


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest):
    return request.getfixturevalue(request.param)


async def test_the_database_is_the_home_where_there_is_no_redis(engine):
    async with open_home(engine) as home:
        assert type(home) is {"sqlite": SqliteHome, "postgresql": PostgresHome}[engine.dialect.name]


@pytest.mark.redis
async def test_redis_is_the_home_beside_either_database(engine, own_redis):
    now_us = time.time_ns() // 1000
    async with open_home(engine, own_redis.url) as home:
        assert type(home) is RedisHome
        asked = Ask(Limits(), CivilTime(now_us, now_us, frozen=True), Priority.INTERACTIVE)
        assert isinstance((await home.reserve("v5", asked)).answer, Grant)
