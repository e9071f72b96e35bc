"""Civil time as the simulator has it (INTERFACE section 7); spacing and ages stay on the machine's own clock."""

import asyncio
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit, urlunsplit

import msgspec

from passerelle.enedis.transport import ControlPort
from passerelle.errors import UpstreamError
from passerelle.kit.clock import Clock, SystemClock

OLDEST = 0.2
"""Seconds: a reading of the simulator's clock is never older when it is used."""


class _Reading(msgspec.Struct):
    now: datetime
    frozen: bool = False


class SimulatedClock:
    """Satisfies `kit.clock.Clock`. `frozen`: whether the simulator's clock stood still when it was last read.

    While the simulator does not answer, time runs on from its last reading; before any, it is the machine's.
    """

    def __init__(self, api_url: str, *, port: ControlPort | None = None, machine: Clock | None = None) -> None:
        origin = urlsplit(api_url)
        self._url = urlunsplit((origin.scheme, origin.netloc, "/_control/clock", "", ""))
        self._owned = port is None
        self._port = port or ControlPort()
        self._machine = machine or SystemClock()
        self._told: datetime | None = None
        self._told_at = 0.0
        self._fresh_until = float("-inf")
        self._task: asyncio.Task[None] | None = None
        self.frozen = False

    async def now(self) -> datetime:
        """The simulator's instant, in UTC; callers who come together share one reading."""
        if self._machine.monotonic() >= self._fresh_until:
            if self._task is None or self._task.done():
                self._task = asyncio.create_task(self._ask())
            await asyncio.shield(self._task)
        if self._told is None:
            return await self._machine.now()
        ran = 0.0 if self.frozen else self._machine.monotonic() - self._told_at
        return self._told + timedelta(seconds=ran)

    def forget(self) -> None:
        """Read the clock anew at the next use: whoever moved it need not wait for the reading to age."""
        self._fresh_until = float("-inf")

    def monotonic(self) -> float:
        return self._machine.monotonic()

    async def sleep(self, seconds: float) -> None:
        await self._machine.sleep(seconds)

    async def aclose(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        if self._owned:
            await self._port.aclose()

    async def _ask(self) -> None:
        asked_at = self._machine.monotonic()
        try:
            reading = msgspec.json.decode(await self._port.read(self._url), type=_Reading)
        except (UpstreamError, msgspec.DecodeError, UnicodeDecodeError):
            # Not to be asked by each caller of the next moment in turn.
            self._fresh_until = self._machine.monotonic() + OLDEST
            return
        told = reading.now if reading.now.tzinfo else reading.now.replace(tzinfo=UTC)
        self._told, self.frozen = told.astimezone(UTC), reading.frozen
        self._told_at = asked_at
        self._fresh_until = asked_at + OLDEST
