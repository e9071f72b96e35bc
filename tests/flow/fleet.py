"""Gateways in processes of their own, for installations with several: started once for each process of tests."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from tests.flow.orders import LONGEST, read_answer, write_order, write_settings
from tests.flow.sockets import take_port

from passerelle.config import Settings
from passerelle.kit.addresses import Address

ROOT = Path(__file__).resolve().parents[2]
HOSTS = 3
"""Beside the gateway in the test's own loop: four in all."""
LONG = 60
"""Seconds within which an order is carried out, however busy the machine is."""


class Host:
    """A process that opens one gateway at a time. `url`: where it answers."""

    def __init__(self, channel: socket.socket) -> None:
        channel.setblocking(False)
        self._channel = channel
        self.url = ""
        self.works = True

    async def open(self, settings: Settings, options: dict[str, Any]) -> None:
        with take_port() as port:
            self.url = Address("127.0.0.1", port.getsockname()[1]).url
            await self.ask("open", write_settings(settings), options, handed=(port.fileno(),))

    async def ask(self, name: str, *arguments: Any, handed: Iterable[int] = ()) -> None:
        """Have it done. Raises AssertionError with the traceback of the process, or with what it complained of."""
        assert self.works, f"the process of {self.url} answers no more"
        self.works = False  # until it has answered
        answer = b""
        with suppress(ConnectionError):
            async with asyncio.timeout(LONG):
                socket.send_fds(self._channel, [write_order(name, *arguments)], list(handed))
                answer = await asyncio.get_running_loop().sock_recv(self._channel, LONGEST)
        assert answer, f"the process of {self.url} has ended"
        self.works = True
        told = read_answer(answer)
        said = "\n".join(filter(None, (told.error, *told.complaints)))
        assert not said, f"{name} of {self.url}:\n{said}"

    def dismiss(self) -> None:
        """Let the process end."""
        self.works = False
        self._channel.close()


class Fleet:
    """The hosts of this process. `keep` hears what they log."""

    def __init__(self) -> None:
        self.keep: Callable[[str], object] = lambda _: None
        self._mothers: list[subprocess.Popen[bytes]] = []
        self._hosts: list[Host] = []
        self._log = -1
        self._heard = 0

    @asynccontextmanager
    async def gateways(self, count: int, settings: Settings, **options: Any) -> AsyncIterator[tuple[Host, ...]]:
        """So many gateways with these settings, and what `open_gateway` takes beside them, until the end of the block.

        What goes wrong in a process is raised here.
        """
        hosts = tuple(self._take() for _ in range(count))
        try:
            await together(host.open(settings, options) for host in hosts)
            yield hosts
        finally:
            try:
                await together(host.ask("close") for host in hosts if host.works)
            finally:
                self._hear()
                for host in hosts:
                    if host.works:
                        self._hosts.append(host)
                    else:
                        host.dismiss()

    def end(self) -> None:
        """All processes end; those that do not are killed."""
        for host in self._hosts:
            host.dismiss()
        for mother in self._mothers:
            try:
                mother.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(mother.pid, signal.SIGKILL)
                mother.wait()
        self._hosts, self._mothers = [], []

    def _take(self) -> Host:
        if not self._hosts:
            self._start()
        return self._hosts.pop()

    def _start(self) -> None:
        """One process imports passerelle and becomes as many as are needed."""
        if self._log < 0:
            # Without a name, appended to by all.
            self._log = os.open(tempfile.gettempdir(), os.O_TMPFILE | os.O_RDWR | os.O_APPEND)
        ours, theirs = zip(*(socket.socketpair(type=socket.SOCK_SEQPACKET) for _ in range(HOSTS)), strict=True)
        numbers = [channel.fileno() for channel in theirs]
        command = [sys.executable, "-m", "tests.flow.fleet_host", *map(str, numbers)]
        # A session of its own: Ctrl-C is for the tests, whose end is theirs.
        mother = subprocess.Popen(
            command,
            cwd=ROOT,
            pass_fds=numbers,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )
        self._mothers.append(mother)
        for channel in theirs:
            channel.close()
        self._hosts += map(Host, ours)

    def _hear(self) -> None:
        """What was logged since; a failed test shows what is worth a warning."""
        while self._log >= 0 and (data := os.pread(self._log, 2**20, self._heard)):
            ended = data[: data.rfind(b"\n") + 1] or data
            self._heard += len(ended)
            text = ended.decode(errors="replace")
            self.keep(text)
            for line in text.splitlines():
                if not _is_quiet(line):
                    sys.stderr.write(f"{line}\n")


def _is_quiet(line: str) -> bool:
    try:
        return json.loads(line)["level"] in ("debug", "info")
    except (ValueError, KeyError, TypeError):
        return False


async def together(asked: Iterable[Any]) -> None:
    """All are carried out to their end; then the first that failed is raised."""
    done = await asyncio.gather(*asked, return_exceptions=True)
    for each in done:
        if isinstance(each, BaseException):
            raise each


FLEET = Fleet()
