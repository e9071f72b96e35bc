"""A whole installation in the test: simulator and gateway behind real sockets, nothing mocked, nothing patched."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from tests.flow import furnished
from tests.flow.clocks import look_again
from tests.flow.fleet import FLEET, Host, together
from tests.flow.homes import ALL, SQLITE, Home, at_home
from tests.flow.sockets import listening, open_http, take_port

from passerelle.cli.demo import for_replay, furnish
from passerelle.config import Environment, Settings, read_settings
from passerelle.gateway.adopt import Adoption, adopt
from passerelle.gateway.exchange import PAGE_SECONDS
from passerelle.kit.addresses import Address
from passerelle.model.usage_point import UsagePointId
from passerelle.simulator.app import create_app as create_simulator
from passerelle.simulator.captures import read_captures
from passerelle.wiring import OpenGateway, open_gateway

KEY = "demo-key-of-the-tests"
NOW = "2026-11-24T09:00:00+01:00"
QUICK = 500
"""Calls a second that both sides allow where a test is not about the quota: values need no waiting."""
RETRY_PAUSE = 0.01
"""Seconds before a call is tried again: how long that really is, is for the tests of processes and of the transport."""


@dataclass(frozen=True)
class Installation:
    """A running simulator and its gateways, with the demo account. `key` opens everything of it.

    `opened` is the first gateway, whose address is the public one; the `others` are processes of their own.
    """

    settings: Settings
    simulator_url: str
    opened: OpenGateway
    others: tuple[Host, ...]
    http: httpx2.AsyncClient
    key: str = KEY
    turn: "Iterator[int]" = field(default_factory=count)

    @property
    def gateway_url(self) -> str:
        """The address of a gateway: where there are several, another one each time."""
        number = next(self.turn) % (1 + len(self.others))
        return self.others[number - 1].url if number else self.settings.listen.url

    async def hold(self, prm: str) -> None:
        """Let the demo account hold this usage point, of which nothing is kept yet."""
        await self.control("PUT", f"consents/{prm}", {"state": "granted"})
        stores = self.opened.stores
        now = await stores.clock.now()
        (account,) = await stores.accounts.list()
        ends = now + timedelta(days=365)
        await adopt(stores.consents, Adoption(account.id, [UsagePointId(prm)], "P1Y", ends, "adopted"), now)

    async def get(self, path: str, *, key: str | None = None, **options: Any) -> httpx2.Response:
        """GET from the gateway with the key."""
        headers = {"Authorization": f"Bearer {key or self.key}", **options.pop("headers", {})}
        return await self.http.get(self.gateway_url + path, headers=headers, **options)

    async def series(self, prm: str, series: str, start: str, end: str, **options: Any) -> httpx2.Response:
        return await self.get(f"/v1/usage-points/{prm}/{series}", params={"start": start, "end": end}, **options)

    async def control(self, method: str, path: str, body: Mapping[str, Any] | None = None, **options: Any) -> Any:
        """The answer of the simulator's control API."""
        answer = await self.http.request(method, f"{self.simulator_url}/_control/{path}", json=body, **options)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    async def truth(self, prm: str, series: str, start: str, end: str) -> list[dict[str, Any]]:
        """What a perfect gateway returns now, from the household model."""
        params = {"series": series, "start": start, "end": end}
        readings: list[dict[str, Any]] = (await self.control("GET", f"truth/{prm}", params=params))["readings"]
        return readings

    async def calls(self, api: str | None = None) -> list[dict[str, Any]]:
        """What came to the simulator, of one API or of all."""
        return [call for call in await self.control("GET", "calls") if api in (None, call["api"])]

    async def set_clock(self, now: str, *, frozen: bool = True) -> None:
        """Move the simulated clock, and let the gateway's reading of it (at most 200 ms old) pass."""
        await self.control("PUT", "clock", {"now": now, "frozen": frozen})
        look_again(self.opened.stores.clock)
        await together(host.ask("forget") for host in self.others)

    async def rested(self, api: str) -> None:
        """The pause after which Enedis is tried again has passed: half a minute that a test does not wait."""
        await self.opened.stores.breakers.worked(api)
        await together(host.ask("worked", api) for host in self.others)


Install = Callable[..., Any]


def settings_of(folder: Path, gateway: int, simulator: int, more: Mapping[str, str]) -> Settings:
    variables = {
        "LISTEN": f"127.0.0.1:{gateway}",
        "SIMULATOR_LISTEN": f"127.0.0.1:{simulator}",
        "SIMULATOR_NOW": NOW,
        "DATA_DIR": str(folder),
        "DEMO_KEY": KEY,
        "QUOTA_PER_SECOND": str(QUICK),
        "GENERATION": "v5",
        "REFRESH": "off",
        **more,
    }
    if "ENVIRONMENT" in more:  # the simulator stands where the real hosts are
        real = f"http://127.0.0.1:{simulator}"
        variables |= {"ENEDIS_API_URL": real, "ENEDIS_AUTHORIZE_URL": real}
        variables |= {"ENEDIS_CLIENT_ID": "simulator", "ENEDIS_CLIENT_SECRET": "simulator-secret"}
    return read_settings({f"PASSERELLE_{name}": value for name, value in variables.items()})


@asynccontextmanager
async def installed(
    folder: Path,
    *,
    retry_pause: float = RETRY_PAUSE,
    replay: Path | None = None,
    page_seconds: float = PAGE_SECONDS,
    home: Home = Home(SQLITE),  # noqa: B008 — frozen
    **more: str,
) -> AsyncIterator[Installation]:
    """A new installation in the folder; `more` are settings without prefix.

    `retry_pause` in seconds. `replay`: a folder of captured answers. `page_seconds`: how long
    a customer's page waits for Enedis.
    """
    port, simulator_port = take_port(), take_port()
    told = {**home.settings, **more}
    settings = settings_of(folder, port.getsockname()[1], simulator_port.getsockname()[1], told)
    if replay is not None:
        settings = for_replay(settings, read_captures(replay))
    settings = replace(settings, enedis=replace(settings.enedis, retry_pause=retry_pause))
    usual = replay is None and told.keys() <= furnished.HARMLESS
    if usual:
        furnished.lay_out(settings)
    options = {"endless_history": replay is not None, "page_seconds": page_seconds}
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(listening(create_simulator(settings.simulator), simulator_port))
        opened = await stack.enter_async_context(open_gateway(settings, **options))
        await stack.enter_async_context(listening(opened.app, port))
        others = await stack.enter_async_context(FLEET.gateways(home.gateways - 1, settings, **options))
        http = await stack.enter_async_context(open_http())
        house = Installation(settings, Address("127.0.0.1", settings.simulator_listen.port).url, opened, others, http)
        if usual and not await furnished.fill(settings):
            await house.set_clock(NOW)  # what is kept begins when the next installation does, and no later
            await furnish(opened, settings)
            await furnished.keep(settings)
            await house.set_clock(NOW, frozen=False)
        elif settings.environment is Environment.SIMULATOR:
            await furnish(opened, settings)
        yield house


@pytest.fixture(scope="session", autouse=True)
def _fleet(keep_log: Callable[[str], None]) -> Iterator[None]:
    """Its logs are searched like ours, and it ends with the tests."""
    FLEET.keep = keep_log
    yield
    FLEET.end()


@pytest.fixture(params=ALL)
async def home(request: pytest.FixtureRequest) -> AsyncIterator[Home]:
    """Each of the three homes in turn; a folder of tests about one of them says so in its own conftest."""
    async with at_home(request.param) as here:
        yield here


@pytest.fixture
async def house(tmp_path: Path, home: Home) -> AsyncIterator[Installation]:
    """An installation with the demo account, at 09:00 on 24 November 2026."""
    async with installed(tmp_path, home=home) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=ALL)
async def shared_house(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Installation]:
    """One installation for a long table of cases, each of which leaves it as it was found.

    Its tests carry `pytest.mark.asyncio(loop_scope="module")`.
    """
    folder = tmp_path_factory.mktemp("shared")
    async with (
        at_home(request.param) as here,
        installed(folder, home=here) as running,
    ):
        yield running


@pytest.fixture
def install(tmp_path: Path, home: Home) -> Install:
    """Make an installation with settings of one's own: `async with install(QUOTA_PER_HOUR="20") as house`."""

    def make(*, replay: Path | None = None, page_seconds: float = PAGE_SECONDS, **more: str) -> Any:
        return installed(tmp_path, replay=replay, page_seconds=page_seconds, home=home, **more)

    return make
