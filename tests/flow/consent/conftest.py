"""A customer's browser, and accounts beside the demo's."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urljoin, urlsplit

import httpx2
import pytest
from tests.flow.sockets import open_http

from passerelle.model.scopes import ALL_SCOPES

HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')
ACTION = re.compile(r'<form method="post" action="([^"]+)">')


@dataclass
class Browser:
    """Keeps cookies and goes where it is sent, one step at a time, so that a test can meddle with each."""

    http: httpx2.AsyncClient = field(default_factory=open_http)

    async def open(self, address: str) -> httpx2.Response:
        return await self.http.get(address)

    async def to_enedis(self, address: str) -> httpx2.Response:
        """The consent page of Enedis behind a link of the gateway."""
        sent = await self.open(address)
        assert sent.status_code == 302, sent.text
        page = await self.open(sent.headers["location"])
        assert page.status_code == 200, page.text
        return page

    async def decide(self, page: httpx2.Response, decision: str, *prms: str) -> str:
        """Press a button of the consent page; the address to which it sends the browser."""
        action = ACTION.search(page.text)
        assert action is not None
        pairs = [(name, unescape(value)) for name, value in HIDDEN.findall(page.text)]
        pairs += [("usage_point_id", prm) for prm in prms] + [("decision", decision)]
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        sent = await self.http.post(urljoin(str(page.url), action[1]), content=urlencode(pairs), headers=form)
        assert sent.status_code == 302, sent.text
        address: str = sent.headers["location"]
        return address

    async def journey(self, address: str, decision: str, *prms: str) -> httpx2.Response:
        """From the link to the last page."""
        return await self.home(await self.decide(await self.to_enedis(address), decision, *prms))

    async def home(self, address: str) -> httpx2.Response:
        """Back at the gateway, and on to an application of the mirror."""
        return await self.http.get(address, follow_redirects=True)


@dataclass(frozen=True)
class Tenant:
    """One account of the installation, as its application uses `/v1`."""

    house: Any
    account_id: str
    key: str

    async def start(self, **order: str) -> dict[str, Any]:
        answer = await self.order(**order)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def order(self, **order: str) -> httpx2.Response:
        address = f"{self.house.gateway_url}/v1/consents"
        headers = {"Authorization": f"Bearer {self.key}"}
        found: httpx2.Response = await self.house.http.post(address, json=order, headers=headers)
        return found

    async def consents(self) -> dict[str, dict[str, Any]]:
        """By id."""
        answer = await self.house.get("/v1/consents", key=self.key)
        return {consent["id"]: consent for consent in answer.json()["consents"]}

    async def state(self, started: dict[str, Any]) -> str:
        state: str = (await self.consents())[started["id"]]["state"]
        return state

    async def points(self) -> dict[str, str]:
        """The usage points and where their consents stand."""
        answer = await self.house.get("/v1/usage-points", key=self.key)
        return {each["usage_point_id"]: each["consent"]["state"] for each in answer.json()["usage_points"]}

    async def read(self, prm: str) -> httpx2.Response:
        """Two days of it."""
        found: httpx2.Response = await self.house.series(
            prm, "consumption/daily", "2026-11-21", "2026-11-23", key=self.key
        )
        return found

    async def refusal(self, prm: str) -> tuple[int, str]:
        answer = await self.read(prm)
        return answer.status_code, answer.json()["code"]

    async def forget(self, consent_id: str) -> int:
        address = f"{self.house.gateway_url}/v1/consents/{consent_id}"
        answer = await self.house.http.delete(address, headers={"Authorization": f"Bearer {self.key}"})
        status: int = answer.status_code
        return status


def told(address: str) -> dict[str, str]:
    """The parameters of an address."""
    pairs = parse_qsl(urlsplit(address).query, keep_blank_values=True, strict_parsing=True)
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def changed(address: str, **parameters: str | None) -> str:
    """The address with some parameters set, or taken out."""
    parts = urlsplit(address)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()} | parameters
    return parts._replace(query=urlencode({name: value for name, value in query.items() if value is not None})).geturl()


@pytest.fixture
def meddle() -> Callable[..., str]:
    """Change the parameters of an address."""
    return changed


@pytest.fixture
def parameters() -> Callable[[str], dict[str, str]]:
    return told


@pytest.fixture
async def new_browser() -> AsyncIterator[Callable[[], Browser]]:
    opened: list[Browser] = []

    def new() -> Browser:
        opened.append(Browser())
        return opened[-1]

    yield new
    for browser in opened:
        await browser.http.aclose()


@pytest.fixture
def browser(new_browser: Callable[[], Browser]) -> Browser:
    return new_browser()


@pytest.fixture
async def new_tenant(house: Any) -> Callable[[str], Awaitable[Tenant]]:
    """A further account of the installation with a key that may do everything. Time stands still."""
    await house.set_clock("2026-11-24T09:00:00+01:00")

    async def new(name: str) -> Tenant:
        accounts, now = house.opened.stores.accounts, await house.opened.stores.clock.now()
        account = await accounts.create(name, now)
        _, key = await accounts.create_first_key(account.id, ALL_SCOPES, "first", now)
        return Tenant(house, account.id, key)

    return new


@pytest.fixture
async def alice(new_tenant: Callable[[str], Awaitable[Tenant]]) -> Tenant:
    return await new_tenant("alice")


@pytest.fixture
async def bob(new_tenant: Callable[[str], Awaitable[Tenant]]) -> Tenant:
    return await new_tenant("bob")


@pytest.fixture
async def households(house: Any) -> tuple[str, str]:
    """Two usage points of the seed that nobody shared yet."""
    prms = ("30001112223334", "30001112223342")
    for prm in prms:
        await house.control("PUT", f"consents/{prm}", {"state": "expired"})
    return prms
