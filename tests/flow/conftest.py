"""A whole installation in the test: simulator and gateway behind real sockets, nothing mocked, nothing patched."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio
import uvicorn
from starlette.types import ASGIApp

from passerelle.cli.demo import for_replay, furnish
from passerelle.config import Environment, Settings, read_settings
from passerelle.kit.addresses import Address
from passerelle.simulator.app import create_app as create_simulator
from passerelle.simulator.captures import read_captures
from passerelle.wiring import OpenGateway, open_gateway

KEY = "demo-key-of-the-tests"
NOW = "2026-11-24T09:00:00+01:00"
QUICK = 500
"""Calls a second that both sides allow where a test is not about the quota: values need no waiting."""


class TestServer(uvicorn.Server):
    """A server inside the test's own loop, which leaves the signals alone."""

    __test__ = False

    async def _serve(self, sockets: Any = None) -> None:
        await super()._serve(sockets)


def take_port() -> socket.socket:
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    return taken


@asynccontextmanager
async def listening(app: ASGIApp, taken: socket.socket) -> AsyncIterator[None]:
    """The application behind this socket until the end of the block."""
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=5)
    server = TestServer(config)
    task = asyncio.create_task(server._serve([taken]))
    while not server.started:  # noqa: ASYNC110 — uvicorn tells that it started by a flag only
        await asyncio.sleep(0)
    try:
        yield
    finally:
        server.should_exit = True
        await task


@dataclass(frozen=True)
class Installation:
    """A running simulator and gateway, with the demo account. `key` opens everything of it."""

    settings: Settings
    simulator_url: str
    gateway_url: str
    opened: OpenGateway
    http: httpx2.AsyncClient
    key: str = KEY

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
        self.opened.stores.clock.forget()  # type: ignore[attr-defined]  # the simulated one


Install = Callable[..., Any]


def settings_of(folder: Path, gateway: int, simulator: int, more: Mapping[str, str]) -> Settings:
    variables = {
        "LISTEN": f"127.0.0.1:{gateway}",
        "SIMULATOR_LISTEN": f"127.0.0.1:{simulator}",
        "SIMULATOR_NOW": NOW,
        "DATA_DIR": str(folder),
        "DEMO_KEY": KEY,
        "QUOTA_PER_SECOND": str(QUICK),
        **more,
    }
    if "ENVIRONMENT" in more:  # the simulator stands where the real hosts are
        real = f"http://127.0.0.1:{simulator}"
        variables |= {"ENEDIS_API_URL": real, "ENEDIS_AUTHORIZE_URL": real}
        variables |= {"ENEDIS_CLIENT_ID": "simulator", "ENEDIS_CLIENT_SECRET": "simulator-secret"}
    return read_settings({f"PASSERELLE_{name}": value for name, value in variables.items()})


@asynccontextmanager
async def installed(
    folder: Path, *, retry_pause: float | None = None, replay: Path | None = None, **more: str
) -> AsyncIterator[Installation]:
    """A new installation in the folder; `more` are settings without prefix.

    `retry_pause` in seconds, else the usual. `replay`: a folder of captured answers.
    """
    gateway_port, simulator_port = take_port(), take_port()
    settings = settings_of(folder, gateway_port.getsockname()[1], simulator_port.getsockname()[1], more)
    if replay is not None:
        settings = for_replay(settings, read_captures(replay))
    if retry_pause is not None:
        settings = replace(settings, enedis=replace(settings.enedis, retry_pause=retry_pause))
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(listening(create_simulator(settings.simulator), simulator_port))
        opened = await stack.enter_async_context(open_gateway(settings, endless_history=replay is not None))
        await stack.enter_async_context(listening(opened.app, gateway_port))
        if settings.environment is Environment.SIMULATOR:
            await furnish(opened, settings)
        http = await stack.enter_async_context(httpx2.AsyncClient(timeout=60, trust_env=False))
        simulator = Address("127.0.0.1", settings.simulator_listen.port).url
        yield Installation(settings, simulator, settings.public_url, opened, http)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Installation]:
    """An installation with the demo account, at 09:00 on 24 November 2026."""
    async with installed(tmp_path) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Installation]:
    """One installation for a long table of cases, each of which leaves it as it was found.

    Its tests carry `pytest.mark.asyncio(loop_scope="module")`.
    """
    async with installed(tmp_path_factory.mktemp("shared"), retry_pause=0.01) as running:
        yield running


@pytest.fixture
def install(tmp_path: Path) -> Install:
    """Make an installation with settings of one's own: `async with install(QUOTA_PER_HOUR="20") as house`."""

    def make(*, replay: Path | None = None, **more: str) -> Any:
        return installed(tmp_path, replay=replay, **more)

    return make
