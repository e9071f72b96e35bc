"""A scripted Enedis behind the HTTP library's own mock transport, which also fires the hook of departures."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx2
import pytest

from passerelle.enedis.settings import EnedisSettings
from passerelle.enedis.transport import Transport
from passerelle.testing.clock import FakeClock
from passerelle.testing.permits import CountedPermits

TOKEN = {"access_token": "token-1", "token_type": "Bearer", "expires_in": 12600}
Step = httpx2.Response | Exception


def answer(status: int, body: object, content_type: str = "application/json", **headers: str) -> httpx2.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return httpx2.Response(
        status,
        content=content,
        headers={"content-type": content_type} | {k.replace("_", "-"): v for k, v in headers.items()},
    )


class Wire(httpx2.AsyncBaseTransport):
    """Fires `send_request_headers.started` as httpcore2 does, then answers by the script."""

    def __init__(self, handle: Callable[[httpx2.Request], httpx2.Response]) -> None:
        self._mock = httpx2.MockTransport(handle)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        await request.extensions["trace"]("http11.send_request_headers.started", {})
        return await self._mock.handle_async_request(request)


@dataclass
class Scene:
    """A transport, what Enedis will answer to data calls and token calls, and what it was asked."""

    data: list[Step] = field(default_factory=list)
    tokens: list[Step] = field(default_factory=list)
    requests: list[httpx2.Request] = field(default_factory=list)
    permits: CountedPermits = field(default_factory=CountedPermits)
    clock: FakeClock = field(default_factory=FakeClock)
    settings: EnedisSettings = field(
        default_factory=lambda: EnedisSettings(
            "https://api.example", "https://page.example", "the-client", "the-secret"
        )
    )

    def handle(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        if request.url.path == "/oauth2/v3/token":
            step = self.tokens.pop(0) if self.tokens else answer(200, TOKEN, "text/html")
        else:
            step = self.data.pop(0)
        if isinstance(step, Exception):
            raise step
        return step

    @property
    def data_requests(self) -> list[httpx2.Request]:
        return [request for request in self.requests if request.url.path != "/oauth2/v3/token"]

    @property
    def token_requests(self) -> list[httpx2.Request]:
        return [request for request in self.requests if request.url.path == "/oauth2/v3/token"]

    def transport(self) -> Transport:
        client = httpx2.AsyncClient(transport=Wire(self.handle))
        return Transport(self.settings, self.permits, self.clock, client=client, chance=lambda: 0.0)


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture(name="answer")
def answer_fixture() -> Callable[..., httpx2.Response]:
    return answer
