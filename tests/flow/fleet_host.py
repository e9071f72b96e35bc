"""Processes that open a gateway on command: started once, each serves many installations one after the other.

`python -m tests.flow.fleet_host 7 8 9`: one process for each socket with these numbers. An order comes as a packet,
`open` with the socket to listen on, and has one answer. Logs go to stderr. A process ends when the other end of its
socket is closed, however that came about.
"""

import asyncio
import gc
import os
import socket
import sys
import traceback
import warnings
from contextlib import AsyncExitStack
from typing import Any

from tests.flow.clocks import look_again
from tests.flow.orders import LONGEST, read_order, read_settings, write_answer
from tests.flow.sockets import listening

from passerelle.cli.servers import run
from passerelle.kit.logs import configure_logs
from passerelle.wiring import OpenGateway, open_gateway

LONGEST_TEXT, MOST_COMPLAINTS = 10_000, 5
"""An answer is one packet."""


class Host:
    """One gateway at a time."""

    def __init__(self) -> None:
        self._closing = AsyncExitStack()
        self._gateway: OpenGateway | None = None

    async def carry_out(self, name: str, *arguments: Any) -> None:
        await getattr(self, name)(*arguments)

    async def open(self, taken: socket.socket, settings: str, options: dict[str, Any]) -> None:
        async with AsyncExitStack() as closing:
            closing.callback(taken.close)
            self._gateway = await closing.enter_async_context(open_gateway(read_settings(settings), **options))
            await closing.enter_async_context(listening(self._gateway.app, taken))
            self._closing = closing.pop_all()

    async def close(self) -> None:
        self._gateway = None
        await self._closing.aclose()

    async def forget(self) -> None:
        """Read the simulated clock anew."""
        assert self._gateway is not None
        look_again(self._gateway.stores.clock)

    async def leave_open(self) -> None:
        """What a gateway must not do: forget a socket without closing it."""
        socket.socket()

    async def worked(self, api: str) -> None:
        """Leave this API alone no longer."""
        assert self._gateway is not None
        await self._gateway.stores.breakers.worked(api)


async def obey(channel: socket.socket) -> None:
    """Orders, one after the other, until nobody can give any."""
    loop, host, complaints = asyncio.get_running_loop(), Host(), listen_to_python()
    channel.setblocking(False)
    came = asyncio.Event()
    loop.add_reader(channel.fileno(), came.set)
    while True:
        await came.wait()
        came.clear()
        data, numbers, _, _ = socket.recv_fds(channel, LONGEST, 1)
        if not data:
            os._exit(0)
        order = read_order(data)
        sockets = [socket.socket(fileno=number) for number in numbers]
        done = asyncio.gather(host.carry_out(order.name, *sockets, *order.arguments), return_exceptions=True)
        (failed,) = await done  # whatever it is, the test shall know
        error = "".join(traceback.format_exception(failed))[-LONGEST_TEXT:] if failed else None
        if order.name == "close":
            gc.collect()  # what was left open complains now, while it is known whose it was
        channel.send(write_answer(error, complaints[:MOST_COMPLAINTS]))
        complaints.clear()


def listen_to_python() -> list[str]:
    """From now on warnings are errors; what is raised where nobody can catch it, as in finalizers, is found here."""
    complaints: list[str] = []

    def unraisable(what: Any) -> None:
        said = traceback.format_exception(what.exc_type, what.exc_value, what.exc_traceback)
        complaints.append(f"{what.err_msg or 'Exception ignored in'}: {what.object!r}\n{''.join(said)}"[-LONGEST_TEXT:])

    sys.unraisablehook = unraisable
    warnings.simplefilter("error")
    return complaints


def main() -> None:
    channels = [socket.socket(fileno=int(number)) for number in sys.argv[1:]]
    gc.collect()
    gc.freeze()  # so that collecting after each installation looks at what is its own
    for own in channels:
        if os.fork() == 0:
            for other in channels:
                if other is not own:
                    other.close()
            configure_logs("debug", "json")
            run(obey(own))
    for channel in channels:
        channel.close()
    for _ in channels:
        os.wait()


if __name__ == "__main__":
    main()
