"""Installations of real processes: a simulator and gateways that can be killed, on one database."""

import asyncio
import json
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest_asyncio

from passerelle.config import read_settings
from passerelle.gateway.adopt import Adoption, adopt
from passerelle.model.usage_point import UsagePointId
from passerelle.quota.bucket import Bucket
from passerelle.wiring import open_store

NURSERY = Path(__file__).with_name("nursery.py")
KEY = "process-key-of-the-tests"
NOW = "2026-11-24T09:00:00+01:00"
LONGEST_LINE = 2**20
LONG = 20
"""Seconds within which a process starts or ends, however busy the machine is."""


class Nursery:
    """Starts processes and hears what they log."""

    def __init__(self, process: asyncio.subprocess.Process, keep: Callable[[str], None]) -> None:
        self._process = process
        self._keep = keep
        self._order = asyncio.Lock()
        self._awaited: dict[tuple[str, str | None], asyncio.Future[None]] = {}
        self.logged: list[str] = []
        self.listening = asyncio.create_task(self._listen())

    async def start(self, arguments: Sequence[str], environment: dict[str, str]) -> int:
        pid: int = (await self._ask({"start": arguments, "environment": environment}))["pid"]
        return pid

    async def status(self, pid: int) -> int:
        """Wait for its end; minus the number of the signal that ended it."""
        async with asyncio.timeout(LONG):
            status: int = (await self._ask({"wait": pid}))["status"]
        return status

    def logs(self, event: str, address: str | None) -> asyncio.Future[None]:
        """When this is logged the next time."""
        return self._awaited.setdefault((event, address), asyncio.get_running_loop().create_future())

    async def _ask(self, order: dict[str, Any]) -> dict[str, Any]:
        async with self._order:  # one answer for each order
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            answer: dict[str, Any] = json.loads(await self._process.stdout.readline())
        return answer

    async def _listen(self) -> None:
        async for raw in self._process.stderr:
            line = raw.decode()
            self.logged.append(line)
            self._keep(line)
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            awaited = self._awaited.pop((entry.get("event"), entry.get("address")), None)
            if awaited is not None and not awaited.done():
                awaited.set_result(None)


@dataclass
class Server:
    """One process of the installation, which may be started again and again, on its port if it has one."""

    nursery: Nursery
    command: str
    url: str
    environment: dict[str, str]
    pid: int | None = None
    up: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self) -> None:
        """Return when it answers."""
        event = "gateway_ready" if self.command == "serve" else f"{self.command}_ready"
        ready = self.nursery.logs(event, None if self.command == "worker" else self.url)
        await self.launch()
        async with asyncio.timeout(LONG):
            await ready
        self.up.set()

    async def launch(self) -> None:
        """Return when it exists."""
        self.pid = await self.nursery.start([self.command], self.environment)

    async def end(self, number: signal.Signals = signal.SIGKILL) -> int:
        """End it and wait for that; its status."""
        self.up.clear()
        pid, self.pid = self.pid, None
        os.kill(pid, number)
        return await self.nursery.status(pid)


@dataclass
class Estate:
    """A simulator, gateways and workers on one database, and one account. Nothing runs until it is started.

    One worker at a time is started: they say that they are ready without saying who they are.
    """

    simulator: Server
    gateways: list[Server]
    workers: list[Server]
    http: httpx2.AsyncClient

    async def control(self, method: str, path: str, body: dict[str, Any] | None = None, **options: Any) -> Any:
        answer = await self.http.request(method, f"{self.simulator.url}/_control/{path}", json=body, **options)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    async def calls(self) -> list[dict[str, Any]]:
        """What came to the simulator since it was started."""
        calls: list[dict[str, Any]] = await self.control("GET", "calls")
        return calls

    async def get(self, path: str, *, gateway: int = 0, **options: Any) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {KEY}", **options.pop("headers", {})}
        return await self.http.get(self.gateways[gateway].url + path, headers=headers, **options)

    async def end(self) -> None:
        for server in (*self.workers, *self.gateways, self.simulator):
            if server.pid is not None:
                await server.end()

    async def furnish(self, points: Sequence[str], journeys: Sequence[str] = ()) -> None:
        """The account, its key and a consent for each point, as the operator or the customers' journeys make them."""
        async with open_store(read_settings(self.gateways[0].environment)) as rooms:
            now = await rooms.clock.now()
            account = await rooms.accounts.create("owner", now)
            await rooms.accounts.create_key_with_secret(account.id, KEY, now)
            ends = now + timedelta(days=365)
            for origin, some in (("adopted", points), ("journey", journeys)):
                usage_points = [UsagePointId(point) for point in some]
                if not usage_points:
                    continue
                await adopt(rooms.consents, Adoption(account.id, usage_points, "P1Y", ends, origin), now)

    async def rested(self, api: str) -> None:
        """The pause after which Enedis is tried again has passed: half a minute that a test does not wait."""
        async with open_store(read_settings(self.gateways[0].environment)) as rooms:
            await rooms.breakers.worked(api)

    async def counted(self) -> Bucket:
        """The quota as it is written down."""
        async with open_store(read_settings(self.gateways[0].environment)) as rooms:
            state, _ = await rooms.quota_home.read("v5")
        return state


def reserve_port() -> socket.socket:
    """A port that nobody else is given while this is open; servers may still listen on it."""
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserved.bind(("127.0.0.1", 0))
    return reserved


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def nursery(keep_log: Callable[[str], None]) -> AsyncIterator[Nursery]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(NURSERY), stdin=PIPE, stdout=PIPE, stderr=PIPE, limit=LONGEST_LINE
    )
    nursery = Nursery(process, keep_log)
    yield nursery
    process.stdin.close()
    await process.wait()
    await nursery.listening


Open = Callable[..., Estate]


@pytest_asyncio.fixture(loop_scope="module")
async def estate(nursery: Nursery, tmp_path: Path) -> AsyncIterator[Open]:
    """Make an installation of processes: `estate(gateways=2, QUOTA_PER_SECOND="10")`, settings without prefix."""
    async with AsyncExitStack() as stack:
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=0)
        http = await stack.enter_async_context(httpx2.AsyncClient(timeout=310, trust_env=False, limits=limits))

        def make(gateways: int = 1, workers: int = 0, **more: str) -> Estate:
            ports = [stack.enter_context(reserve_port()).getsockname()[1] for _ in range(gateways + 1)]
            simulator, *others = [f"127.0.0.1:{port}" for port in ports]
            common = {
                "SIMULATOR_LISTEN": simulator,
                "SIMULATOR_NOW": NOW,
                "DATA_DIR": str(tmp_path / "data"),
                "GENERATION": "v5",
                "LOG_LEVEL": "debug",
                "LOG_FORMAT": "json",
                **more,
            }

            def server(command: str, address: str, listen: str) -> Server:
                environment = {f"PASSERELLE_{name}": value for name, value in {**common, "LISTEN": listen}.items()}
                return Server(nursery, command, f"http://{address}", environment)

            made = Estate(
                server("simulator", simulator, others[0]),
                [server("serve", each, each) for each in others],
                [server("worker", others[0], others[0]) for _ in range(workers)],
                http,
            )
            stack.push_async_callback(made.end)
            return made

        yield make
