"""Whole installations for the benches: in this process, or as processes that can be killed, on each home of the quota.

The machinery is that of the flow tests.
"""

import asyncio
import secrets
import socket
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import httpx2

sys.path.insert(1, str(Path(__file__).resolve().parent.parent))

from tests.flow.conftest import Installation, installed
from tests.flow.processes.conftest import (
    LONGEST_LINE,
    NURSERY,
    Estate,
    Nursery,
    Server,
    reserve_port,
)
from tests.servers import POSTGRES, OwnRedis

from passerelle.kit.logs import configure_logs

__all__ = [
    "HOMES",
    "NOW",
    "Estate",
    "Home",
    "Installation",
    "home",
    "homes_here",
    "households",
    "installed",
    "processes",
]

configure_logs("error", None)  # what runs in this process

NOW = "2026-11-24T09:00:00+01:00"
HOMES = ("SQLite", "PostgreSQL", "Redis")
PINNED = {"GENERATION": "v5", "REFRESH": "off"}


@dataclass
class Home:
    """Where an installation counts its calls: the settings that say so, without prefix."""

    name: str
    settings: dict[str, str] = field(default_factory=dict)
    redis: OwnRedis | None = None


def homes_here() -> tuple[str, ...]:
    """The homes that this machine has; what it lacks is said once, by the caller."""
    there = {"SQLite": True, "PostgreSQL": _answers(5432), "Redis": _answers(6379)}
    return tuple(name for name in HOMES if there[name])


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.5):
            return True
    except OSError:
        return False


@asynccontextmanager
async def home(name: str, folder: Path) -> AsyncIterator[Home]:
    """A home of its own, gone at the end. Redis keeps the quota only, beside a database of SQLite."""
    if name == "PostgreSQL":
        async with postgres_database() as url:
            yield Home(name, on_postgres(url, folder))
    elif name == "Redis":
        redis = OwnRedis(folder)
        await redis.start()
        try:
            yield Home(name, {"REDIS_URL": redis.url}, redis)
        finally:
            await redis.stop()
    else:
        yield Home(name)


def on_postgres(url: str, folder: Path) -> dict[str, str]:
    """The settings of an installation on this database; the secrets that erasing destroys stay in the folder."""
    erasure = f"sqlite:///{folder / 'erasure.db'}"
    return {"DATABASE_URL": url, "ERASURE_DATABASE_URL": erasure, "SECRET_KEY": secrets.token_hex(32)}


@asynccontextmanager
async def postgres_database() -> AsyncIterator[str]:
    """The address of an empty database, dropped at the end."""
    name = f"passerelle_bench_{secrets.token_hex(8)}"
    server = await asyncpg.connect(POSTGRES)
    await server.execute(f"CREATE DATABASE {name}")
    try:
        yield f"postgresql://postgres@127.0.0.1:5432/{name}"
    finally:
        await server.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await server.close()


@asynccontextmanager
async def processes(folder: Path, gateways: int = 4, **more: str) -> AsyncIterator[Estate]:
    """An installation of processes on one database; nothing runs until it is started. `more`: settings."""
    async with AsyncExitStack() as stack:
        nursery = await stack.enter_async_context(_nursery())
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=0)
        http = await stack.enter_async_context(httpx2.AsyncClient(timeout=310, trust_env=False, limits=limits))
        ports = [stack.enter_context(reserve_port()).getsockname()[1] for _ in range(gateways + 1)]
        simulator, *others = [f"127.0.0.1:{port}" for port in ports]
        common = {
            "SIMULATOR_LISTEN": simulator,
            "SIMULATOR_NOW": NOW,
            "DATA_DIR": str(folder / "data"),
            "LOG_LEVEL": "info",
            "LOG_FORMAT": "json",
            **PINNED,
            **more,
        }

        def server(command: str, address: str, listen: str) -> Server:
            environment = {f"PASSERELLE_{name}": value for name, value in {**common, "LISTEN": listen}.items()}
            return Server(nursery, command, f"http://{address}", environment)

        gates = [server("serve", each, each) for each in others]
        enedis = server("simulator", simulator, others[0])
        made = Estate(simulator=enedis, gateways=gates, workers=[], http=http)
        stack.push_async_callback(made.end)
        yield made


@asynccontextmanager
async def _nursery() -> AsyncIterator[Nursery]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(NURSERY), stdin=PIPE, stdout=PIPE, stderr=PIPE, limit=LONGEST_LINE
    )
    nursery = Nursery(process, lambda _: None)
    try:
        yield nursery
    finally:
        assert process.stdin is not None  # noqa: S101 — a pipe, asked for above
        process.stdin.close()
        await process.wait()
        await nursery.listening


async def start(made: Estate, points: Sequence[str]) -> None:
    """Start all of it, with these points named at Enedis and adopted by the account. The journal is empty then."""
    await made.simulator.start()
    for point in points:
        await made.control("PUT", f"consents/{point}", {"state": "granted"})
    await made.furnish(points)
    await asyncio.gather(*(gateway.start() for gateway in made.gateways))
    await made.control("DELETE", "calls")


def households(count: int, first: int = 0) -> list[str]:
    """Households that consume and have a curve of half-hours (the last two digits say so)."""
    return [f"{30_000_000_000_000 + 100 * number + number % 40}" for number in range(first, first + count)]
