"""The transport against a real socket: when the permit is taken, and what lost connections become."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import pytest

from passerelle.enedis.settings import EnedisSettings
from passerelle.enedis.transport import Transport, open_client
from passerelle.errors import QuotaExhausted, UpstreamBroken, UpstreamTimeout, UpstreamUnavailable
from passerelle.model.priority import Priority
from passerelle.problem import PasserelleError
from passerelle.testing.clock import FakeClock
from passerelle.testing.permits import CountedPermits

TOKEN = b'{"access_token": "token-1", "expires_in": 12600}'
Step = Callable[[asyncio.StreamWriter], Awaitable[bool]]
"""Writes an answer; False ends the connection."""


class Errand:
    account_id = "account-1"
    priority = Priority.INTERACTIVE


def whole(body: bytes, status: str = "200 OK") -> Step:
    async def write(writer: asyncio.StreamWriter) -> bool:
        writer.write(b"HTTP/1.1 %s\r\ncontent-length: %d\r\n\r\n%s" % (status.encode(), len(body), body))
        await writer.drain()
        return True

    return write


def cut(body: bytes) -> Step:
    async def write(writer: asyncio.StreamWriter) -> bool:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body) + 10, body))
        await writer.drain()
        return False

    return write


async def hang_up(_: asyncio.StreamWriter) -> bool:
    return False


@dataclass
class Upstream:
    """A scripted server that notes what happens, in order, together with the permits."""

    steps: list[Step] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    connections: int = 0
    hanging: asyncio.Event = field(default_factory=asyncio.Event)
    silence: asyncio.Event = field(default_factory=asyncio.Event)

    async def hang(self, _: asyncio.StreamWriter) -> bool:
        self.hanging.set()
        await self.silence.wait()
        return False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                token = head.startswith(b"POST /oauth2/v3/token")
                if token:
                    await reader.readexactly(len(b"grant_type=client_credentials"))
                self.events.append("token" if token else "data")
                step = whole(TOKEN) if token else self.steps.pop(0)
                if not await step(writer):
                    break
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()


@dataclass
class World:
    upstream: Upstream
    permits: CountedPermits
    transport: Transport
    clock: FakeClock

    async def ask(self) -> bytes:
        answer = await self.transport.get("metering_data_dc", "/x", {"usage_point_id": "22516914714270"}, Errand())
        return answer.body


@pytest.fixture
async def world() -> AsyncIterator[World]:
    upstream, clock = Upstream(), FakeClock()
    permits = CountedPermits(note=lambda: upstream.events.append(f"permit over {upstream.connections}"))
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    settings = EnedisSettings(f"http://127.0.0.1:{port}", "https://page.example", "id", "secret", read_timeout=0.15)
    transport = Transport(settings, permits, clock, chance=lambda: 0.0)
    yield World(upstream, permits, transport, clock)
    await transport.aclose()
    upstream.silence.set()
    server.close()
    await server.wait_closed()


async def test_the_permit_comes_after_the_connection_and_before_the_bytes(world: World):
    world.upstream.steps = [whole(b'{"a": 1}'), whole(b'{"a": 2}')]
    await world.ask()
    await world.ask()
    connected, *rest = world.upstream.events
    # The server may see the connection just after the client does.
    assert connected in ("permit over 0", "permit over 1")
    assert rest == ["token", "permit over 1", "data", "permit over 1", "data"]


async def test_a_connection_is_used_again_within_a_second_and_not_after_it(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    """A server may close one that says nothing, and a call that finds out too late is lost."""
    later = [0.0]
    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + later[0])
    monkeypatch.setattr("httpcore2._async.http11.time", clock)
    world.upstream.steps = [whole(b'{"a": 1}')] * 3
    for waits, connections in [(0.0, 1), (0.5, 1), (1.1, 2)]:
        later[0] += waits
        await world.ask()
        assert world.upstream.connections == connections


async def test_the_permit_is_told_of_each_request_whose_bytes_have_left_answered_or_not(world: World):
    world.upstream.steps = [hang_up, whole(b'{"a": 1}')]
    await world.ask()
    assert (world.permits.departed, world.permits.sent) == (3, 3)


async def test_a_connection_refused_uses_no_permit(world: World):
    world.transport._settings = replace(world.transport._settings, api_url="http://127.0.0.1:1")
    with pytest.raises(UpstreamUnavailable):
        await world.ask()
    assert len(world.permits.turns) == 3
    assert (world.permits.departed, world.permits.open_turns) == (0, 0)


@pytest.mark.parametrize(("step", "kind"), [(hang_up, UpstreamUnavailable), (cut(b'{"meter'), UpstreamBroken)])
async def test_a_connection_lost_is_tried_twice_more(world: World, step: Step, kind: type[PasserelleError]):
    world.upstream.steps = [step] * 3
    with pytest.raises(kind):
        await world.ask()
    assert world.upstream.events.count("data") == 3
    assert world.permits.departed == 4


async def test_silence_ends_with_a_timeout(world: World):
    world.upstream.steps = [world.upstream.hang] * 3
    with pytest.raises(UpstreamTimeout):
        await world.ask()
    assert world.permits.departed == 4


async def test_after_a_lost_connection_the_next_try_may_succeed(world: World):
    world.upstream.steps = [hang_up, whole(b'{"a": 1}')]
    assert await world.ask() == b'{"a": 1}'


async def test_a_refusal_in_the_hook_is_told_and_leaves_nothing_broken(world: World):
    world.upstream.steps = [whole(b'{"a": 1}'), whole(b'{"a": 2}')]
    await world.ask()
    world.permits.refuse_after = world.permits.departed
    with pytest.raises(QuotaExhausted) as raised:
        await world.ask()
    assert raised.value.problem.retry_after == 120
    assert world.upstream.events.count("data") == 1
    world.permits.refuse_after = None
    assert await world.ask() == b'{"a": 2}'


async def test_who_gives_up_leaves_nothing_behind(world: World):
    world.upstream.steps = [world.upstream.hang, whole(b'{"a": 1}')]
    task = asyncio.create_task(world.ask())
    await world.upstream.hanging.wait()
    task.cancel()
    await asyncio.wait([task])
    assert world.permits.open_turns == 0
    assert await world.ask() == b'{"a": 1}'


async def test_a_client_that_was_lent_stays_open(world: World):
    settings = world.transport._settings
    async with open_client(settings) as client:
        await Transport(settings, world.permits, world.clock, client=client).aclose()
        assert not client.is_closed
