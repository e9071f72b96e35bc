"""HTTP servers in this process: ports bound first, one signal ends them all."""

import asyncio
import gc
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn
from starlette.types import ASGIApp

from passerelle.config import PREFIX
from passerelle.errors import StartRefused
from passerelle.kit.addresses import Address

BACKLOG = 2_048
DRAIN_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Bound:
    """A port that is ours already, and the setting that named it."""

    address: Address
    socket: socket.socket


def bind(address: Address, setting: str) -> Bound:
    """Take the port. Raises StartRefused, one line that names the setting, when it is busy or not ours to take."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    # The protocol is named, for asyncio's own loop spares an answer Nagle's 40 ms only then.
    taken = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((address.host, address.port))
        taken.listen(BACKLOG)
    except OSError as error:
        taken.close()
        where = f"{address.host}:{address.port}"
        why = error.strerror or "the address cannot be used"
        raise StartRefused(
            f"{PREFIX}{setting}: {where} cannot be used ({why.lower()}); stop what listens there or choose another.",
            f"{PREFIX}{setting} : {where} ne peut pas servir ({why.lower()}) ; libérer ce port ou en choisir un autre.",
        ) from error
    return Bound(address, taken)


class _Server(uvicorn.Server):
    """A server that leaves the signals to `serve_all`."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _server(app: ASGIApp, trusted_proxies: str) -> _Server:
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,  # uvicorn's own log carries the whole address, PRM included
        lifespan="off",
        server_header=False,
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=trusted_proxies or None,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    return _Server(config)


async def serve_all(
    apps: Sequence[tuple[Bound, ASGIApp]],
    *,
    ready: Callable[[], Awaitable[None]],
    stopping: Callable[[], None] = lambda: None,
    trusted_proxies: str = "",
) -> None:
    """Serve until SIGINT or SIGTERM; `ready` runs once, when every server answers, `stopping` when a signal comes.

    Requests under way are given time to end. A second signal ends at once.
    """
    servers = [(bound, _server(app, trusted_proxies)) for bound, app in apps]

    def stop() -> None:
        stopping()
        for _, server in servers:
            server.force_exit = server.should_exit
            server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    async with asyncio.TaskGroup() as group:
        for bound, server in servers:
            group.create_task(server.serve(sockets=[bound.socket]))
        # uvicorn tells that it started by a flag only
        while not all(server.started or server.should_exit for _, server in servers):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        if not any(server.should_exit for _, server in servers):
            _settle()
            await ready()


def _settle() -> None:
    """Spare the collector what lives as long as the process, and most of its rounds: answers leave no cycles."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def run(main: Awaitable[None]) -> None:
    """Run to the end on uvloop where it exists."""
    try:
        import uvloop
    except ImportError:  # not made for this platform
        asyncio.run(_as_coroutine(main))
        return
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_as_coroutine(main))


async def _as_coroutine(main: Awaitable[None]) -> None:
    await main
