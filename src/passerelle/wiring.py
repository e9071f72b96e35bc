"""The one place where ports meet adapters: opens everything, joins it, closes it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from starlette.types import ASGIApp

from passerelle.config import Environment, Settings
from passerelle.enedis.generations import ADAPTERS, CONSENT_PAGES
from passerelle.enedis.simulated_clock import SimulatedClock
from passerelle.enedis.transport import Transport
from passerelle.gateway.adopt import Adoption, adopt
from passerelle.gateway.consents import Consents
from passerelle.gateway.fetch_days import FetchDays
from passerelle.gateway.flights import Flights
from passerelle.gateway.list_points import ListPoints
from passerelle.gateway.read_customer import ReadCustomer
from passerelle.gateway.read_series import ReadSeries
from passerelle.gateway.rooms import Gateway
from passerelle.kit.clock import Clock, SystemClock
from passerelle.model.sandbox import consenting_points
from passerelle.quota.permits import QuotaPermits
from passerelle.quota.sqlite import SqliteHome
from passerelle.store.accounts import Accounts
from passerelle.store.consents import Consents as ConsentStore
from passerelle.store.days import Days
from passerelle.store.engine import open_engine
from passerelle.store.health import DatabaseHealth
from passerelle.store.ledger import Ledger
from passerelle.store.links import Links
from passerelle.store.upgrade import migrate, require_ready
from passerelle.store.vault import Secrets
from passerelle.web.app import create_app
from passerelle.web.mirror import mirror_routes
from passerelle.web.openapi import openapi_document
from passerelle.web.pages.consent import consent_routes
from passerelle.web.pages.docs import docs_routes

DRAIN_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class StoreRooms:
    """The stores, without Enedis and without HTTP: what the operator's shell works on."""

    accounts: Accounts
    consents: ConsentStore
    links: Links
    days: Days
    ledger: Ledger
    health: DatabaseHealth
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
    """A gateway that works: its application, and the stores behind it."""

    app: ASGIApp
    stores: StoreRooms


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
            quota_home=SqliteHome(engine),
            clock=clock,
            secret=secret,
            consent_duration=settings.consent_duration,
            sandbox=settings.environment is Environment.SANDBOX,
        )


@asynccontextmanager
async def open_gateway(settings: Settings) -> AsyncIterator[OpenGateway]:
    """A gateway ready to serve. What is under way when it closes is given a few seconds to land."""
    async with AsyncExitStack() as closing:
        stores = await closing.enter_async_context(open_store(settings))
        flights = Flights()
        transport = _transport(settings, stores, closing)
        closing.push_async_callback(flights.drain, DRAIN_SECONDS)
        if stores.sandbox:
            for account in await stores.accounts.list():
                await stores.link_sandbox(account.id)
        gateway = _gateway(settings, stores, transport, flights)
        web = settings.web()
        routes = [
            *consent_routes(gateway, web),
            *mirror_routes(gateway, web),
            *docs_routes(openapi_document),
        ]
        yield OpenGateway(create_app(gateway, web, routes), stores)


def _clock(settings: Settings, closing: AsyncExitStack) -> Clock:
    """The simulator's civil time where there is a simulator, else the machine's."""
    if settings.environment is not Environment.SIMULATOR:
        return SystemClock()
    clock = SimulatedClock(settings.enedis.api_url)
    closing.push_async_callback(clock.aclose)
    return clock


def _transport(settings: Settings, stores: StoreRooms, closing: AsyncExitStack) -> Transport:
    permits = QuotaPermits(stores.quota_home, {settings.enedis.bucket: settings.limits}, stores.clock)
    transport = Transport(settings.enedis, permits, stores.clock)
    closing.push_async_callback(transport.aclose)
    return transport


def _gateway(settings: Settings, stores: StoreRooms, transport: Transport, flights: Flights) -> Gateway:
    enedis = ADAPTERS[settings.generation](transport)
    links, days, clock = stores.links, stores.days, stores.clock
    fetch = FetchDays(enedis=enedis, days=days, ledger=stores.ledger, links=links, clock=clock)
    return Gateway(
        read_series=ReadSeries(links=links, days=days, fetch=fetch, flights=flights, clock=clock),
        read_customer=ReadCustomer(links=links, enedis=enedis, clock=clock),
        list_points=ListPoints(links=links, ledger=stores.ledger, clock=clock),
        consents=Consents(
            store=stores.consents,
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
