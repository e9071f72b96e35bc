"""A simulator in this process, with clocks that a test moves by hand."""

import base64
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from passerelle.simulator.app import create_app
from passerelle.simulator.clock import RealTime
from passerelle.simulator.settings import SimulatorSettings

CALLBACK = "https://app.example/callback"
BASIC = "Basic " + base64.b64encode(b"simulator:simulator-secret").decode()


@dataclass
class HandTime:
    """Real time that only moves when told."""

    seconds: float = 0.0

    def advance(self, seconds: float) -> None:
        self.seconds += seconds

    @property
    def real(self) -> RealTime:
        start = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
        return RealTime(lambda: start + timedelta(seconds=self.seconds), lambda: self.seconds)


@dataclass
class Stage:
    """An Enedis of one's own and a client of it. Calls are a second apart unless `hurry`."""

    client: httpx2.AsyncClient
    time: HandTime
    world: Any
    _token: str = field(default="", repr=False)

    async def token(self) -> str:
        if not self._token:
            answer = await self.ask_token()
            self._token = answer.json()["access_token"]
        return self._token

    async def ask_token(self, form: dict[str, str] | None = None, **headers: str) -> httpx2.Response:
        self.time.advance(1)
        wanted = {"grant_type": "client_credentials"} if form is None else form
        return await self.client.post("/oauth2/v3/token", data=wanted, headers={"Authorization": BASIC} | headers)

    async def get(self, path: str, *, hurry: bool = False, token: str | None = None, **query: str) -> httpx2.Response:
        bearer = await self.token() if token is None else token
        if not hurry:
            self.time.advance(1)
        return await self.client.get(path, params=query, headers={"Authorization": f"Bearer {bearer}"})

    async def control(self, method: str, path: str, content: Any = None, **query: str) -> httpx2.Response:
        return await self.client.request(method, f"/_control/{path}", json=content, params=query)

    async def truth(self, prm: str, series: str, start: str, end: str) -> list[dict[str, Any]]:
        answer = await self.control("GET", f"truth/{prm}", series=series, start=start, end=end)
        assert answer.status_code == 200, answer.text
        readings: list[dict[str, Any]] = answer.json()["readings"]
        return readings


Enter = Callable[..., Stage]


@pytest.fixture
async def enter() -> AsyncIterator[Enter]:
    """Make a simulator whose settings the test chooses."""
    clients = []

    def make(**settings: Any) -> Stage:
        time = HandTime()
        app = create_app(SimulatorSettings(**({"callback": CALLBACK} | settings)), real=time.real)
        client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://enedis.test")
        clients.append(client)
        return Stage(client, time, app.state.simulator)

    yield make
    for client in clients:
        await client.aclose()


@pytest.fixture
def stage(enter: Enter) -> Stage:
    """The plain simulator at 10:00 in Paris on 24 November 2026."""
    return enter(now=datetime(2026, 11, 24, 9, 0, tzinfo=UTC))
