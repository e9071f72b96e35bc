"""The one place where ports meet adapters: opens everything, joins it, closes it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from starlette.types import ASGIApp

from passerelle.config import Environment, Settings
from passerelle.consent.states import Link
from passerelle.enedis.auto import Speaker
from passerelle.enedis.generations import CONSENT_PAGES, speaker
from passerelle.enedis.seen import Watch
from passerelle.enedis.simulated_clock import SimulatedClock
from passerelle.enedis.transport import Transport
from passerelle.gateway.adopt import Adoption, adopt
from passerelle.gateway.alone import FetchAlone
from passerelle.gateway.bring import Bring
from passerelle.gateway.consents import Consents
from passerelle.gateway.exchange import PAGE_SECONDS, Exchanges, RefreshServices
from passerelle.gateway.fetch_days import FetchDays
from passerelle.gateway.flights import Flights
from passerelle.gateway.health import GatewayHealth
from passerelle.gateway.list_points import ListPoints
from passerelle.gateway.patience import Patience
from passerelle.gateway.ports import Enedis
from passerelle.gateway.read_customer import ReadCustomer
from passerelle.gateway.read_metrics import ReadMetrics
from passerelle.gateway.read_series import ReadSeries
from passerelle.gateway.record_asks import RecordAsks
from passerelle.gateway.rooms import Gateway
from passerelle.gateway.upkeep import GATEWAY, WORKER, Upkeep
from passerelle.kit.clock import Clock, SystemClock
from passerelle.kit.crypto import random_id
from passerelle.kit.metrics import CONTENT_TYPE, Metrics
from passerelle.model.priority import Priority
from passerelle.model.sandbox import consenting_points
from passerelle.model.series import Direction
from passerelle.plan.freshness import forced_calls
from passerelle.quota.breakers import Breakers, open_breakers
from passerelle.quota.home import Home
from passerelle.quota.homes import open_home
from passerelle.quota.permits import QuotaPermits, nobody
from passerelle.quota.permits import Watch as QuotaWatch
from passerelle.store.accounts import Accounts
from passerelle.store.census import Census
from passerelle.store.consents import Consents as ConsentStore
from passerelle.store.days import Days
from passerelle.store.engine import close_engine, open_engine
from passerelle.store.forced import ForcedCalls
from passerelle.store.health import DatabaseHealth
from passerelle.store.leases import LaneLeases
from passerelle.store.ledger import Ledger
from passerelle.store.links import Links
from passerelle.store.pairing import give_up_the_old, require_pair
from passerelle.store.record_refusals import RecordRefusals
from passerelle.store.records import Records
from passerelle.store.shared_services import Services
from passerelle.store.shred import open_shred
from passerelle.store.sights import Sights
from passerelle.store.standings import GenerationStandings
from passerelle.store.upgrade import SchemaState, migrate, require_ready, schema_state, schema_version
from passerelle.store.upkeep import UpkeepBook
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
    services: Services
    days: Days
    sights: Sights
    records: Records
    ledger: Ledger
    record_refusals: RecordRefusals
    forced: ForcedCalls
    leases: LaneLeases
    standings: GenerationStandings
    upkeep: UpkeepBook
    health: DatabaseHealth
    census: Census
    quota_home: Home
    breakers: Breakers
    clock: Clock
    secret: bytes
    consent_duration: str
    erasure_retention: timedelta
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


async def bring_up_to_date(settings: Settings, *, erasure_lost: bool = False) -> None:
    """Make or upgrade the tables. Raises StartRefused when they are newer than this version.

    `erasure_lost`: an empty erasure database takes the place of the one that this installation had.
    """
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    await migrate(settings.database_url)
    if erasure_lost:
        async with AsyncExitStack() as closing:
            engine = open_engine(settings.database_url)
            closing.push_async_callback(close_engine, engine)
            await give_up_the_old(engine, await closing.enter_async_context(open_shred(settings.erasure_url)))


@asynccontextmanager
async def open_store(settings: Settings) -> AsyncIterator[StoreRooms]:
    """The stores of this installation; a database that does not exist yet is made.

    Raises StartRefused when the tables are older or newer than this version, a file cannot be used, or the erasure
    database is not this installation's.
    """
    secret = settings.server_secret()
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    async with AsyncExitStack() as closing:
        clock = _clock(settings, closing)
        if not await require_ready(settings.database_url):
            await bring_up_to_date(settings)
        engine = open_engine(settings.database_url)
        closing.push_async_callback(close_engine, engine)
        secrets = Secrets(secret)
        shred = await closing.enter_async_context(open_shred(settings.erasure_url))
        await require_pair(engine, shred)
        holder = random_id()
        yield StoreRooms(
            accounts=Accounts(engine, secrets, shred),
            consents=ConsentStore(engine, secrets, shred, clock),
            links=Links(engine, secrets, clock),
            services=Services(engine, secrets),
            days=(days := Days(engine, secrets, shred, clock)),
            sights=Sights(engine, secrets, days),
            records=Records(engine, secrets, shred, clock),
            ledger=Ledger(engine),
            record_refusals=RecordRefusals(engine),
            forced=ForcedCalls(engine, forced_calls(min(each.per_hour for each in settings.allowances.values()))),
            leases=LaneLeases(engine, holder),
            standings=GenerationStandings(engine),
            upkeep=UpkeepBook(engine, secrets, holder),
            health=DatabaseHealth(engine),
            census=Census(engine, secrets),
            quota_home=await closing.enter_async_context(open_home(engine, settings.redis_url)),
            breakers=open_breakers(engine),
            clock=clock,
            secret=secret,
            consent_duration=settings.consent_duration,
            erasure_retention=settings.erasure_retention,
            sandbox=settings.environment is Environment.SANDBOX,
        )


@asynccontextmanager
async def open_gateway(
    settings: Settings, *, endless_history: bool = False, page_seconds: float = PAGE_SECONDS
) -> AsyncIterator[OpenGateway]:
    """A gateway ready to serve. What is under way when it closes is given a few seconds to land.

    `endless_history`: Enedis replays captured answers, which do not grow too old to be asked for. `page_seconds`: how
    long a customer's page waits for Enedis to say what was shared.
    """
    async with AsyncExitStack() as closing:
        stores = await closing.enter_async_context(open_store(settings))
        metrics = Metrics()

        def left(priority: Priority, waited: float) -> None:
            metrics.waited(priority.name.lower(), waited)
            work.upkeep.departed(priority)

        permits = _permits(settings, stores, left)
        transport = Transport(
            settings.enedis,
            permits,
            stores.clock,
            watch=lambda seen: metrics.called(seen.api, seen.outcome),
            breakers=stores.breakers,
        )
        closing.push_async_callback(transport.aclose)
        if stores.sandbox:
            for account in await stores.accounts.list():
                await stores.link_sandbox(account.id)
        enedis = speaker(settings.generation, transport, stores.clock, stores.standings)
        work = _Work(stores, enedis, GATEWAY, page_seconds)
        gateway = _gateway(work, settings, metrics, endless_history=endless_history)
        closing.push_async_callback(
            lambda: asyncio.gather(*(each.drain(DRAIN_SECONDS) for each in (work, gateway.read_customer)))
        )
        read_metrics = ReadMetrics(
            metrics=metrics,
            quota=permits,
            buckets=tuple(settings.allowances),
            census=stores.census,
            clock=stores.clock,
            in_use=enedis.in_use,
        )
        web = settings.web()
        routes = [
            *consent_routes(gateway, web, back_to_application(web)),
            *mirror_routes(gateway, web),
            *docs_routes(openapi_document),
            *metrics_routes(read_metrics, CONTENT_TYPE),
        ]
        if settings.refreshes and not endless_history:
            await closing.enter_async_context(_in_background(work.upkeep))
        yield OpenGateway(create_app(gateway, web, routes, watch=metrics.answered), stores, work.patience.run_out)


@asynccontextmanager
async def open_worker(settings: Settings) -> AsyncIterator[Upkeep]:
    """The work without a caller, in a process of its own. Raises StartRefused as `open_store`."""
    async with AsyncExitStack() as closing:
        stores = await closing.enter_async_context(open_store(settings))
        permits = _permits(settings, stores, lambda priority, _: work.upkeep.departed(priority))
        transport = Transport(settings.enedis, permits, stores.clock, breakers=stores.breakers)
        closing.push_async_callback(transport.aclose)
        enedis = speaker(settings.generation, transport, stores.clock, stores.standings)
        work = _Work(stores, enedis, WORKER)
        closing.push_async_callback(work.drain, DRAIN_SECONDS)
        yield work.upkeep


@asynccontextmanager
async def _in_background(upkeep: Upkeep) -> AsyncIterator[None]:
    task = asyncio.create_task(upkeep.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


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
        yield EnedisRooms(transport, speaker(settings.generation, transport, stores.clock, stores.standings), permits)
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
        await close_engine(engine)


def _clock(settings: Settings, closing: AsyncExitStack) -> Clock:
    """The simulator's civil time where there is a simulator, else the machine's."""
    if settings.environment is not Environment.SIMULATOR:
        return SystemClock()
    clock = SimulatedClock(settings.enedis.api_url)
    closing.push_async_callback(clock.aclose)
    return clock


def _permits(settings: Settings, stores: StoreRooms, watch: QuotaWatch = nobody) -> QuotaPermits:
    return QuotaPermits(stores.quota_home, settings.allowances, stores.clock, watch=watch)


class _Work:
    """What a gateway and a worker share: how days are brought, exchanges ended and usage points kept fresh."""

    def __init__(self, stores: StoreRooms, enedis: Speaker, kind: str, page_seconds: float = PAGE_SECONDS) -> None:
        self.stores, self.enedis, self.flights, self.patience = stores, enedis, Flights(), Patience()
        links, days, ledger, clock = stores.links, stores.days, stores.ledger, stores.clock
        fetch = FetchDays(enedis=enedis, days=days, ledger=ledger, links=links, clock=clock)
        self.bring = Bring(fetch=fetch, flights=self.flights, leases=stores.leases, clock=clock, patience=self.patience)
        self.exchanges = Exchanges(
            store=stores.consents, enedis=enedis, clock=clock, patience=self.patience, page_seconds=page_seconds
        )
        self.services = RefreshServices(
            services=stores.services, store=stores.consents, enedis=enedis, clock=clock, patience=self.patience
        )
        self.upkeep = Upkeep(
            book=stores.upkeep,
            fetching=FetchAlone(links=links, days=days, ledger=ledger, bring=self.bring, clock=clock),
            links=links,
            clock=clock,
            kind=kind,
            covers=self._covers,
            chores=(self.exchanges.finish_all, stores.consents.purge),
        )

    async def drain(self, seconds: float) -> None:
        """Let what is asked of Enedis land, for so long at most; afterwards nothing writes any more."""
        await asyncio.gather(*(each.drain(seconds) for each in (self.flights, self.exchanges, self.services)))

    async def _covers(self, link: Link) -> Collection[Direction]:
        """Both directions where nothing is known: the one that is not measured costs a call."""
        known = await self.stores.services.of(link.point_id)
        return set(Direction) if known is None else {way for each in known.services for way in each.directions}


def _gateway(work: _Work, settings: Settings, metrics: Metrics, *, endless_history: bool) -> Gateway:
    stores, enedis, patience = work.stores, work.enedis, work.patience
    links, clock = stores.links, stores.clock
    return Gateway(
        read_series=ReadSeries(
            links=links,
            days=stores.days,
            ledger=stores.ledger,
            bring=work.bring,
            clock=clock,
            sights=stores.sights,
            endless_history=endless_history,
            forced=stores.forced,
            allows=work.services.services_allow,
            wanted=work.upkeep.wanted if not endless_history else None,
            watch=metrics.read,
        ),
        read_customer=ReadCustomer(
            links=links,
            asks=RecordAsks(
                links=links,
                records=stores.records,
                refusals=stores.record_refusals,
                enedis=enedis,
                leases=stores.leases,
                clock=clock,
            ),
            clock=clock,
            patience=patience,
            forced=stores.forced,
        ),
        list_points=ListPoints(
            links=links, ledger=stores.ledger, services=stores.services, serves=enedis.serves, clock=clock
        ),
        consents=Consents(
            store=stores.consents,
            applications=stores.accounts,
            page=CONSENT_PAGES[settings.generation](settings.enedis),
            exchanges=work.exchanges,
            flights=work.flights,
            clock=clock,
            secret=stores.secret,
            duration=settings.consent_duration,
        ),
        upkeep=work.upkeep,
        keys=stores.accounts,
        health=GatewayHealth(stores.health, lambda: stores.quota_home.read(next(iter(settings.allowances)))),
        in_use=enedis.in_use,
        clock=clock,
    )
