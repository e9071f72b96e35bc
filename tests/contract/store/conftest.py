"""The store on both of its databases, each test on a new one."""

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from passerelle.access.caller import Caller
from passerelle.consent.requests import Claim, ConsentRequest
from passerelle.consent.states import ConsentState
from passerelle.kit.crypto import random_id
from passerelle.model.scopes import ALL_SCOPES
from passerelle.model.usage_point import UsagePointId
from passerelle.store.accounts import Accounts
from passerelle.store.consents import Consents
from passerelle.store.days import Days
from passerelle.store.engine import close_engine, open_engine, writing
from passerelle.store.links import Links
from passerelle.store.records import Records
from passerelle.store.shred import ShredKeys
from passerelle.store.upgrade import migrate
from passerelle.store.vault import Secrets

SERVER = "postgresql://postgres@127.0.0.1:5432"
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@dataclass
class HandClock:
    """Moved by the test."""

    at: datetime = NOW
    seconds: float = 0.0

    async def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@dataclass
class Store:
    """Everything that the store offers, on one database, and the short way to a usual situation."""

    engine: AsyncEngine
    erasure: AsyncEngine
    clock: HandClock = field(default_factory=HandClock)
    secrets: Secrets = field(default_factory=lambda: Secrets(b"s" * 32))

    def __post_init__(self) -> None:
        self.shred = ShredKeys(self.erasure, self.clock.monotonic)
        self.accounts = Accounts(self.engine, self.secrets, self.shred, self.clock.monotonic)
        self.consents = Consents(self.engine, self.secrets, self.shred, self.clock)
        self.links = Links(self.engine, self.secrets, self.clock)
        self.days = Days(self.engine, self.secrets, self.shred, self.clock)
        self.records = Records(self.engine, self.secrets, self.shred, self.clock)

    async def account(self, name: str = "alice") -> str:
        return (await self.accounts.create(name, self.clock.at)).id

    async def caller(self, name: str = "alice") -> Caller:
        _, text = await self.accounts.create_first_key(await self.account(name), ALL_SCOPES, "first", self.clock.at)
        return await self.accounts.authenticate(text, self.clock.at)

    async def request(self, account_id: str, ticket: bytes | None = None, url: str | None = None) -> ConsentRequest:
        at = self.clock.at
        request = ConsentRequest(
            random_id(), account_id, ConsentState.REQUESTED, "P1Y", at, at + timedelta(hours=24), url
        )
        await self.consents.create(request, ticket)
        return request

    async def grant(self, account_id: str, *points: UsagePointId, **decision: bool) -> tuple[str, list[Claim]]:
        """The id of a new consent, and what came of its points."""
        request = await self.request(account_id)
        return request.id, await self.consents.grant(
            request.id, points, self.clock.at, self.clock.at + timedelta(days=365), **decision
        )


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def sqlite_made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file without a row, to be copied: the migrations themselves are tested elsewhere."""
    path = tmp_path_factory.mktemp("store") / "empty.db"
    await migrate(f"sqlite:///{path}")
    return path


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgresql_made_once() -> AsyncIterator[str]:
    """A migrated database of this run's own, emptied between its tests."""
    name = f"passerelle_test_{random_id()}"
    server = await asyncpg.connect(f"{SERVER}/postgres")
    await server.execute(f"CREATE DATABASE {name}")
    try:
        await migrate(f"{SERVER}/{name}")
        yield f"{SERVER}/{name}"
    finally:
        await server.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await server.close()


async def _filled(url: str, folder: Path) -> AsyncIterator[Store]:
    engine, erasure = open_engine(url), open_engine(f"sqlite:///{folder}/erasure.db")
    store = Store(engine, erasure)
    await store.shred.prepare()
    yield store
    await close_engine(engine)
    await close_engine(erasure)


@pytest.fixture
async def on_sqlite(sqlite_made_once: Path, tmp_path: Path) -> AsyncIterator[Store]:
    shutil.copy(sqlite_made_once, tmp_path / "store.db")
    async for store in _filled(f"sqlite:///{tmp_path}/store.db", tmp_path):
        yield store


@pytest.fixture
async def on_postgresql(postgresql_made_once: str, tmp_path: Path) -> AsyncIterator[Store]:
    async for store in _filled(postgresql_made_once, tmp_path):
        async with writing(store.engine) as connection:
            await connection.execute(text("TRUNCATE accounts, installation, keepers, standings CASCADE"))
        yield store


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest) -> Store:
    """The same store on each database."""
    found: Store = request.getfixturevalue(f"on_{request.param}")
    return found
