"""A gateway whose use cases are real and whose neighbours are scripted: what Enedis answers is set by each test."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import count

import httpx2
import pytest

from passerelle.access.caller import Caller
from passerelle.consent.requests import ConsentRequest
from passerelle.consent.states import ConsentState, Link
from passerelle.enedis.catalogue import read_body
from passerelle.errors import KeyInvalid
from passerelle.gateway.bring import Bring
from passerelle.gateway.fetch_days import FetchDays
from passerelle.gateway.flights import Flights
from passerelle.gateway.list_points import PointView
from passerelle.gateway.read_customer import ReadCustomer
from passerelle.gateway.read_series import ReadSeries
from passerelle.gateway.record_asks import RecordAsks
from passerelle.gateway.rooms import KEY, MIRROR_TOKEN, TOKEN, Gateway
from passerelle.model.days import DaySpan
from passerelle.model.paris import civil_day, day_bounds
from passerelle.model.reading import AnyReading, IndexReading, Peak, Reading
from passerelle.model.scopes import ALL_SCOPES, Scope
from passerelle.model.series import Series
from passerelle.problem import PasserelleError, Upstream
from passerelle.testing.days import MemoryDays, MemoryKeyring
from passerelle.testing.ledger import MemoryLeases, MemoryLedger
from passerelle.testing.records import MemoryRecordRefusals
from passerelle.testing.sights import OneByOne
from passerelle.web.app import create_app
from passerelle.web.mirror import mirror_routes
from passerelle.web.settings import WebSettings

PRM = "22516914714270"
NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
CALLER = Caller("account", "demo", ALL_SCOPES, MemoryKeyring("account"))


@dataclass
class Clock:
    instant: datetime = NOW

    async def now(self) -> datetime:
        return self.instant

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:  # noqa: ARG002 — a port
        await asyncio.sleep(0)


@dataclass
class Links:
    """One account, which holds `PRM` since a year."""

    link: Link | None = field(
        default_factory=lambda: Link(
            "point", "account", "consent", ConsentState.GRANTED, NOW - timedelta(days=365), NOW + timedelta(days=365)
        )
    )
    activated_on: date | None = None

    async def find(self, account_id: str, point: str) -> Link | None:
        return self.link if (account_id, point) == ("account", PRM) else None

    async def set_state(self, link: Link, state: ConsentState) -> None:
        self.link = replace(link, state=state)

    async def activation(self, point_id: str, direction: object) -> date | None:  # noqa: ARG002 — one point
        return self.activated_on

    async def learn_activation(self, point_id: str, direction: object, day: date) -> None:  # noqa: ARG002 — one point
        self.activated_on = day


class NoRecords:
    """Every record is asked of Enedis, whose answer each test sets."""

    async def held(self, *_: object) -> None: ...
    async def keep(self, *_: object) -> None: ...


@dataclass
class ScriptedEnedis:
    """`readings` and `record` are what it has; `refusals` what it says of a span that touches a day; `asked` counts.

    `record` may be a dictionary: by kind, a record or the error that it is refused with.
    """

    readings: list[AnyReading] = field(default_factory=list)
    record: object = None
    refusal: PasserelleError | None = None
    refused_before: tuple[date, PasserelleError] | None = None
    silent: bool = False
    asked: int = 0

    async def fetch_measure(self, point: str, series: object, span: DaySpan, errand: object) -> tuple[AnyReading, ...]:  # noqa: ARG002 — a port
        await self._answer()
        if self.refused_before is not None and span.start < self.refused_before[0]:
            raise self.refused_before[1]
        days = (
            (each.day if isinstance(each, Peak | IndexReading) else civil_day(each.start), each)
            for each in self.readings
        )
        return tuple(each for day, each in days if day in span)

    def serves(self, series: object) -> bool:  # noqa: ARG002 — a port
        return True

    async def fetch_record(self, point: str, record: object, errand: object) -> object:  # noqa: ARG002 — a port
        await self._answer()
        found = self.record[record] if isinstance(self.record, dict) else self.record
        if isinstance(found, PasserelleError):
            raise found
        return found

    async def _answer(self) -> None:
        self.asked += 1
        if self.silent:
            await asyncio.Event().wait()
        if self.refusal is not None:
            raise self.refusal


class Keys:
    """Credentials by text: an API key of `CALLER`, a token of `/v1`, another account's key, and issued tokens."""

    def __init__(self) -> None:
        other = replace(CALLER, account_id="other", credential_id="other")
        self.of = {"demo.secret": (KEY, CALLER), "v1.token": (TOKEN, CALLER), "other.secret": (KEY, other)}
        self.issued: list[tuple[str, timedelta]] = []
        self.revoked_since = False
        self._numbers = count()

    async def authenticate(self, text: str, now: datetime, kinds: frozenset[str]) -> Caller:  # noqa: ARG002 — a port
        kind, caller = self.of.get(text, ("", CALLER))
        if kind not in kinds:
            raise KeyInvalid("This key opens nothing.", "Cette clé n'ouvre rien.")
        return caller

    async def issue_token(
        self, caller: Caller, kind: str, scopes: frozenset[Scope] | None, lifetime: timedelta, now: datetime
    ) -> tuple[str, datetime]:
        if self.revoked_since:
            raise KeyInvalid("This key is revoked.", "Cette clé est révoquée.")
        text = f"token.{next(self._numbers)}"
        self.of[text] = (kind, replace(caller, credential_id=text, scopes=scopes or caller.scopes))
        self.issued.append((kind, lifetime))
        return text, now + lifetime

    async def revoke_token(self, text: str) -> None:
        self.of.pop(text, None)


@dataclass
class Points:
    """The usage points that the account can see."""

    views: list[PointView] = field(default_factory=list)

    async def __call__(self, caller: Caller) -> list[PointView]:  # noqa: ARG002 — one account
        return self.views


@dataclass
class Consents:
    """The account's consents."""

    requests: list[ConsentRequest] = field(default_factory=list)

    async def of_account(self, caller: Caller) -> list[tuple[ConsentRequest, list[object]]]:  # noqa: ARG002 — one account
        return [(request, []) for request in self.requests]


@dataclass
class House:
    """The mirror, and what a test may set around it."""

    client: httpx2.AsyncClient
    clock: Clock
    links: Links
    enedis: ScriptedEnedis
    keys: Keys
    points: Points
    consents: Consents
    days: MemoryDays

    async def derive(self, daily: Reading) -> None:
        """Hold a daily value that was computed from the curve."""
        kept = {civil_day(daily.start): (daily,)}
        await self.days.keep(None, CALLER.account_id, "point", Series.CONSUMPTION_DAILY, kept)

    async def measure(self, resource: str, start: str, end: str, **more: str) -> httpx2.Response:
        """A resource of 2026."""
        period = {"pointId": PRM, "dateDebut": start, "dateFin": end}
        return await self.get(f"/mesure_synchrone_auto/v2/{resource}", **period, **more)

    async def services(self, body: object, path: str = "/subscribed_services/v1/") -> httpx2.Response:
        bearer = {"Authorization": "Bearer mirror.token"}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.client.post(f"/enedis{path}", content=content, headers=bearer)

    async def get(self, path: str, headers: dict[str, str] | None = None, **query: str) -> httpx2.Response:
        bearer = {"Authorization": "Bearer mirror.token"}
        return await self.client.get(f"/enedis{path}", params=query, headers=bearer | (headers or {}))

    async def curve(self, start: str, end: str, **headers: str) -> httpx2.Response:
        path = "/metering_data_clc/v5/consumption_load_curve"
        return await self.get(path, headers, usage_point_id=PRM, start=start, end=end)

    async def daily(self, start: str, end: str, **headers: str) -> httpx2.Response:
        path = "/metering_data_dc/v5/daily_consumption"
        return await self.get(path, headers, usage_point_id=PRM, start=start, end=end)

    async def refused(
        self, ask: Callable[[], Awaitable[httpx2.Response]], kind: type[PasserelleError], status: int, body: bytes
    ) -> tuple[httpx2.Response, httpx2.Response]:
        """What is answered when Enedis says so, and what is answered from memory."""
        said = read_body(body)
        upstream = Upstream(status, said.code, said.message, "text/html", body, said.shape)
        self.enedis.refusal = kind("It said so.", "Il l'a dit.", upstream=upstream)
        first = await ask()
        self.enedis.refusal = None
        return first, await ask()


@pytest.fixture
async def house() -> AsyncIterator[House]:
    clock, links, enedis, keys, flights = Clock(), Links(), ScriptedEnedis(), Keys(), Flights()
    points, consents = Points(), Consents()
    keys.of["mirror.token"] = (MIRROR_TOKEN, CALLER)
    days, ledger = MemoryDays(), MemoryLedger()
    fetch = FetchDays(enedis=enedis, days=days, ledger=ledger, links=links, clock=clock)
    bring = Bring(fetch=fetch, flights=flights, leases=MemoryLeases(), clock=clock)
    asks = RecordAsks(
        links=links,
        records=NoRecords(),
        refusals=MemoryRecordRefusals(),
        enedis=enedis,
        leases=MemoryLeases(),
        clock=clock,
    )
    gateway = Gateway(
        read_series=ReadSeries(
            links=links, days=days, ledger=ledger, bring=bring, sights=OneByOne(links, days), clock=clock
        ),
        read_customer=ReadCustomer(links=links, asks=asks, clock=clock),
        list_points=points,
        consents=consents,
        upkeep=None,
        keys=keys,
        health=None,
        in_use=None,
        clock=clock,
    )
    settings = WebSettings("http://gateway", b"secret", timedelta(days=7))
    app = create_app(gateway, settings, more=mirror_routes(gateway, settings))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://gateway") as client:
        yield House(client, clock, links, enedis, keys, points, consents, days)
    await flights.drain(0)


def _curve(day: date, minutes: int = 30) -> Iterator[Reading]:
    start, end = day_bounds(day)
    step = timedelta(minutes=minutes)
    for number in count():
        if start >= end:
            return
        yield Reading(start, start + step, 100 + number)
        start += step


@pytest.fixture
def curve_of():
    """The readings of a whole civil day, whatever its length: 100 W, 101 W…"""
    return lambda day, minutes=30: list(_curve(date.fromisoformat(day), minutes))


@pytest.fixture
def energy_of():
    """The daily reading of a civil day, in Wh."""
    return lambda day, wh, **quality: Reading(*day_bounds(date.fromisoformat(day)), wh, **quality)
