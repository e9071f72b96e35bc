"""Which home an installation has."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncEngine

from passerelle.quota.home import Home
from passerelle.quota.marks import Marks
from passerelle.quota.postgres import PostgresHome
from passerelle.quota.sqlite import SqliteHome


@asynccontextmanager
async def open_home(engine: AsyncEngine, redis_url: str | None = None) -> AsyncIterator[Home]:
    """Redis where there is one, with its marks in the database; else the database itself."""
    if redis_url is None:
        yield PostgresHome(engine) if engine.dialect.name == "postgresql" else SqliteHome(engine)
        return
    # Only an installation that has a Redis loads its client.
    from passerelle.quota.redis import RedisHome, open_redis

    async with open_redis(redis_url) as client:
        yield RedisHome(client, Marks(engine))
