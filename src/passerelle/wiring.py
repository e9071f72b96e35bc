"""The one place where ports meet adapters: opens everything, joins it, closes it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from starlette.types import ASGIApp

from passerelle.config import Environment, Settings
from passerelle.enedis.generations import ADAPTERS, CONSENT_PAGES
from passerelle.enedis.seen import Watch
from passerelle.enedis.simulated_clock import SimulatedClock
from passerelle.enedis.transport import Transport
from passerelle.gateway.adopt import Adoption, adopt
from passerelle.gateway.consents import Consents
from passerelle.gateway.fetch_days import FetchDays
from passerelle.gateway.flights import Flights
from passerelle.gateway.list_points import ListPoints
from passerelle.gateway.patience import Patience
from passerelle.gateway.ports import Enedis
from passerelle.gateway.read_customer import ReadCustomer
from passerelle.gateway.read_metrics import ReadMetrics
from passerelle.gateway.read_series import ReadSeries
from passerelle.gateway.rooms import Gateway
from passerelle.kit.clock import Clock, SystemClock
from passerelle.kit.metrics import CONTENT_TYPE, Metrics
from passerelle.model.sandbox import consenting_points
from passerelle.quota.permits import QuotaPermits, nobody
from passerelle.quota.permits import Watch as QuotaWatch
from passerelle.quota.sqlite import SqliteHome
from passerelle.store.accounts import Accounts
from passerelle.store.census import Census
from passerelle.store.consents import Consents as ConsentStore
from passerelle.store.days import Days
from passerelle.store.engine import open_engine
from passerelle.store.health import DatabaseHealth
from passerelle.store.ledger import Ledger
from passerelle.store.links import Links
from passerelle.store.upgrade import SchemaState, migrate, require_ready, schema_state, schema_version
from passerelle.store.vault import Secrets
from passerelle.web.api.metrics import metrics_routes
from passerelle.web.app import create_app
from passerelle.web.mirror import back_to_application, mirror_routes
from passerelle.web.openapi import openapi_document
from passerelle.web.pages.consent import consent_routes
from passerelle.web.pages.docs import docs_routes

DRAIN_SECONDS = 3.0
"""For calls that Enedis is answering; with `patience.LAST_SECONDS` well within the 10 s before a supervisor kills."""


@dataclass(frozen=True, slots=True)
class StoreRooms:
    """The stores, without Enedis and without HTTP: what the operator's shell works on."""

    accounts: Accounts
    consents: ConsentStore
    links: Links
    days: Days
    ledger: Ledger
    health: DatabaseHealth
    census: Census
    quota_home: SqliteHome
    clock: Clock
    secret: bytes
    consent_duration: str
    sandbox: bool

    async def link_sandbox(self, account_id: str) -> None:
        """In Enedis' sandbox the application holds the consent of every fictitious customer (F§11)."""
        now = await self.clock.now()
        held = {linked.usage_point_id for linked in await self.links.of_account(account_id)}
        missing = [point for point in consenting_points() if point not in held]
        if missing:
            adoption = Adoption(account_id, missing, self.consent_duration, None, "sandbox", exclusive=False)
            await adopt(self.consents, adoption, now)


@dataclass(frozen=True, slots=True)
class OpenGateway:
    """A gateway that works: its application, and the stores behind it.

    `wind_down`: from now on requests end within seconds, with what there is.
    """

    app: ASGIApp
    stores: StoreRooms
    wind_down: Callable[[], None]


async def bring_up_to_date(settings: Settings) -> None:
    """Make or upgrade the tables. Raises StartRefused when they are newer than this version."""
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    await migrate(settings.database_url)


@asynccontextmanager
async def open_store(settings: Settings) -> AsyncIterator[StoreRooms]:
    """The stores of this installation; a database that does not exist yet is made.

    Raises StartRefused when the tables are older or newer than this version, or a file cannot be used.
    """
    secret = settings.server_secret()
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    async with AsyncExitStack() as closing:
        clock = _clock(settings, closing)
        if not await require_ready(settings.database_url):
            await bring_up_to_date(settings)
        engine = open_engine(settings.database_url)
        closing.push_async_callback(engine.dispose)
        secrets = Secrets(secret)
        yield StoreRooms(
            accounts=Accounts(engine, secrets),
            consents=ConsentStore(engine, secrets, clock),
            links=Links(engine, secrets, clock),
            days=Days(engine, clock),
            ledger=Ledger(engine),
            health=DatabaseHealth(engine),
            census=Census(engine, secrets),
            quota_home=SqliteHome(engine),
            clock=clock,
            secret=secret,
            consent_duration=settings.consent_duration,
            sandbox=settings.environment is Environment.SANDBOX,
        )


@asynccontextmanager
async def open_gateway(settings: Settings, *, endless_history: bool = False) -> AsyncIterator[OpenGateway]:
    """A gateway ready to serve. What is under way when it closes is given a few seconds to land.

    `endless_history`: Enedis replays captured answers, which do not grow too old to be asked for.
    """
    async with AsyncExitStack() as closing:
        stores = await closing.enter_async_context(open_store(settings))
        flights, patience, metrics = Flights(), Patience(), Metrics()
        permits = _permits(settings, stores, lambda priority, wait: metrics.waited(priority.name.lower(), wait))
        transport = Transport(
            settings.enedis, permits, stores.clock, watch=lambda seen: metrics.called(seen.api, seen.outcome)
        )
        closing.push_async_callback(transport.aclose)
        closing.push_async_callback(flights.drain, DRAIN_SECONDS)
        if stores.sandbox:
            for account in await stores.accounts.list():
                await stores.link_sandbox(account.id)
        gateway = _gateway(settings, stores, transport, flights, patience, metrics, endless_history=endless_history)
        read_metrics = ReadMetrics(
            metrics=metrics, quota=permits, bucket=settings.enedis.bucket, census=stores.census, clock=stores.clock
        )
        web = settings.web()
        routes = [
            *consent_routes(gateway, web, back_to_application),
            *mirror_routes(gateway, web),
            *docs_routes(openapi_document),
            *metrics_routes(read_metrics, CONTENT_TYPE),
        ]
        yield OpenGateway(create_app(gateway, web, routes, watch=metrics.answered), stores, patience.run_out)


@dataclass(frozen=True, slots=True)
class EnedisRooms:
    """Enedis and the quota, as every process of this installation reaches them."""

    transport: Transport
    adapter: Enedis
    permits: QuotaPermits


@asynccontextmanager
async def open_enedis(settings: Settings, stores: StoreRooms, watch: Watch) -> AsyncIterator[EnedisRooms]:
    """Enedis without a gateway in front of it, under the quota that all processes share."""
    permits = _permits(settings, stores)
    transport = Transport(settings.enedis, permits, stores.clock, watch=watch)
    try:
        yield EnedisRooms(transport, ADAPTERS[settings.generation](transport), permits)
    finally:
        await transport.aclose()


async def database_version(settings: Settings) -> tuple[SchemaState, str | None]:
    """How the tables stand beside this version, and their own version. The database must exist.

    Raises StartRefused when it cannot be opened, InternalError when it cannot be read.
    """
    engine = open_engine(settings.database_url)
    try:
        return await schema_state(engine), await schema_version(engine)
    finally:
        await engine.dispose()


def _clock(settings: Settings, closing: AsyncExitStack) -> Clock:
    """The simulator's civil time where there is a simulator, else the machine's."""
    if settings.environment is not Environment.SIMULATOR:
        return SystemClock()
    clock = SimulatedClock(settings.enedis.api_url)
    closing.push_async_callback(clock.aclose)
    return clock


def _permits(settings: Settings, stores: StoreRooms, watch: QuotaWatch = nobody) -> QuotaPermits:
    return QuotaPermits(stores.quota_home, {settings.enedis.bucket: settings.limits}, stores.clock, watch=watch)


def _gateway(
    settings: Settings,
    stores: StoreRooms,
    transport: Transport,
    flights: Flights,
    patience: Patience,
    metrics: Metrics,
    *,
    endless_history: bool,
) -> Gateway:
    enedis = ADAPTERS[settings.generation](transport)
    links, days, clock = stores.links, stores.days, stores.clock
    fetch = FetchDays(enedis=enedis, days=days, ledger=stores.ledger, links=links, clock=clock)
    return Gateway(
        read_series=ReadSeries(
            links=links,
            days=days,
            fetch=fetch,
            flights=flights,
            patience=patience,
            clock=clock,
            endless_history=endless_history,
            watch=metrics.read,
        ),
        read_customer=ReadCustomer(links=links, enedis=enedis, clock=clock, patience=patience),
        list_points=ListPoints(links=links, ledger=stores.ledger, clock=clock),
        consents=Consents(
            store=stores.consents,
            applications=stores.accounts,
            page=CONSENT_PAGES[settings.generation](settings.enedis),
            flights=flights,
            clock=clock,
            secret=stores.secret,
            duration=settings.consent_duration,
        ),
        keys=stores.accounts,
        health=stores.health,
        clock=clock,
    )
