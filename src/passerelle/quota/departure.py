"""The way out of one call: stand in the line, take a slot, leave on time or have the slot moved to the present."""

import asyncio
import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from passerelle.errors import QuotaExhausted
from passerelle.kit.clock import Clock
from passerelle.model.priority import Priority
from passerelle.quota import bucket as rules
from passerelle.quota.bucket import LEAD_US, SECOND_US, Bucket, CivilTime, Later, Why
from passerelle.quota.home import Ask, Home, Reply, away
from passerelle.quota.settings import Limits

PATIENCE_SECONDS = 30.0
LATE_SECONDS = 0.012
"""What a call may be late by: beyond it, it asks for its slot to be moved to the present. The spacing has 60 ms over
the second, of which 48 are left to the network: one of 0 to 40 ms keeps six calls a second apart."""

NOTED_SECONDS = 0.004
"""Whoever has left later than this says so afterwards, a second before it matters: the 12 ms are for who is killed."""

LEARNT = 0.2
"""How much of an answer's delay counts for what is usual."""

LEAD_SECONDS = LEAD_US / SECOND_US

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Departure:
    """The slot that a call was let go in: its number, and the monotonic instant that it was for, in seconds."""

    serial: int
    due: float


class Departures:
    """Departures from one home, on one clock.

    `clock` counts waits on its monotonic time and says Enedis' civil time; one whose civil time may stand still has an
    attribute `frozen`. `wall_ns` must be the clock that the home reserves by.
    """

    def __init__(self, home: Home, clock: Clock, wall_ns: Callable[[], int]) -> None:
        self._home = home
        self._clock = clock
        self._wall_ns = wall_ns
        self._usual = 0.0
        self._untold: dict[str, int] = {}

    async def leave(self, bucket: str, limits: Limits, priority: Priority) -> Departure:
        """Return when the call may leave, counted.

        Waits for its place in the second as long as it takes; for the next hour or the end of a hold 30 s altogether,
        beyond which it raises QuotaExhausted at once. Cancelled while it waits, the call is uncounted.
        """
        patience, lead, turn = PATIENCE_SECONDS, 0.0, 0
        while True:
            await self._tell(bucket)
            lead = max(lead, self._usual_lead())
            ask = Ask(limits, await self.civil(), priority, round(lead * SECOND_US), turn)
            reply = await self._reserve(bucket, ask)
            heard = self._clock.monotonic()
            self._usual += LEARNT * (heard - reply.at - self._usual)
            answer, due = reply.answer, reply.at + reply.answer.wait_us / SECOND_US
            turn = answer.serial
            if isinstance(answer, Later) and answer.why is not Why.SPACING:
                patience -= answer.wait_us / SECOND_US
                if patience < 0:
                    raise _exhausted(answer)
            late = await self._wait(bucket, turn, due)
            if isinstance(answer, Later):
                continue
            if late <= LATE_SECONDS:
                return Departure(turn, due)
            if heard - due > LATE_SECONDS:  # the answer itself came late: ask for a slot further ahead
                lead = await self._further(bucket, turn, lead, heard - reply.at)

    async def correct(self, bucket: str, departure: Departure) -> None:
        """To be called when the bytes have left: if the process stood still just then, the quota learns of it.

        The sixth call after it then keeps its distance from where this one really was.
        """
        if self._clock.monotonic() - departure.due > NOTED_SECONDS:
            with suppress(QuotaExhausted):  # the home is away: nobody can learn anything
                await self._home.correct(bucket, await self.civil(), departure.serial)

    async def hold(self, bucket: str, resume_us: int | None) -> None:
        """Tell the home of a hold (`bucket.hold`). Raises QuotaExhausted when it is away.

        No call of this process leaves then before the home knows, or the hold is over.
        """
        civil = await self.civil()
        try:
            await self._home.hold(bucket, civil, resume_us)
        except QuotaExhausted:
            until_us = rules.hold(Bucket(), civil.wall_us, civil, resume_us).hold_us
            self._untold[bucket] = max(until_us, self._untold.get(bucket, 0))
            raise

    async def _tell(self, bucket: str) -> None:
        """Tell the home of the hold that it was away for, if there is one."""
        until_us = self._untold.get(bucket)
        if until_us is None:
            return
        civil = await self.civil()
        if rules.held_until(Bucket(hold_us=until_us), civil, civil.wall_us):
            await self._home.hold(bucket, civil, until_us - civil.guard_us)
        if self._untold.get(bucket) == until_us:
            del self._untold[bucket]

    async def civil(self) -> CivilTime:
        """Enedis' civil time, beside the wall clock of the same moment."""
        now = await self._clock.now()
        frozen = bool(getattr(self._clock, "frozen", False))
        return CivilTime(microseconds(now), self._wall_ns() // 1000, frozen)

    async def _reserve(self, bucket: str, ask: Ask) -> Reply:
        """Ask the home, to the end even when cancelled: an answer cut off is a call counted for nothing."""
        asking = asyncio.ensure_future(self._home.reserve(bucket, ask))
        try:
            return await asyncio.shield(asking)
        except asyncio.CancelledError:
            await asyncio.wait({asking})
            answered = not asking.cancelled() and asking.exception() is None
            await self._give_back(bucket, asking.result().answer.serial if answered else ask.turn)
            raise

    async def _wait(self, bucket: str, turn: int, due: float) -> float:
        """Wait, and say how late it is then, in seconds."""
        try:
            await self._sleep_until(due)
        except asyncio.CancelledError:
            await self._give_back(bucket, turn)
            raise
        return self._clock.monotonic() - due

    def _usual_lead(self) -> float:
        """How far ahead to ask a home that is slow as a rule; 0 if it is not."""
        return min(1.5 * self._usual, LEAD_SECONDS / 2) if self._usual > LATE_SECONDS else 0.0

    async def _further(self, bucket: str, turn: int, lead: float, took: float) -> float:
        """How far ahead to ask, of a home whose answer took so long. Raises QuotaExhausted if no slot is so far."""
        if lead >= LEAD_SECONDS:
            await self._give_back(bucket, turn)
            raise away()
        return min(lead + took, LEAD_SECONDS)

    async def _sleep_until(self, due: float) -> None:
        while (rest := due - self._clock.monotonic()) > 0:  # a sleep may end early
            await self._clock.sleep(rest)

    async def _give_back(self, bucket: str, serial: int) -> None:
        """Give back a slot or a place in the line; 0 is neither."""
        if serial:
            with suppress(QuotaExhausted):  # the home is away: the call stays counted, which harms nobody
                await self._home.give_back(bucket, serial)


def microseconds(instant: datetime) -> int:
    """An aware instant as microseconds from the epoch."""
    return (instant - _EPOCH) // timedelta(microseconds=1)


def instant(microseconds_: int) -> datetime:
    """The instant, in UTC."""
    return _EPOCH + timedelta(microseconds=microseconds_)


def _exhausted(later: Later) -> QuotaExhausted:
    seconds = math.ceil(later.wait_us / SECOND_US)
    if later.why is Why.HOLD:
        return QuotaExhausted(
            "Enedis asked to wait before the next call.",
            "Enedis a demandé d'attendre avant le prochain appel.",
            retry_after=seconds,
        )
    return QuotaExhausted(
        "The calls that Enedis allows in this hour are used up.",
        "Les appels qu'Enedis permet pour cette heure sont épuisés.",
        retry_after=seconds,
    )
