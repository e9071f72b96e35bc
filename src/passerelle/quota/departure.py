"""The way out of one call: ask for a slot, wait for it, leave on time or not at all."""

import asyncio
import math
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from passerelle.errors import PasserelleError, QuotaExhausted
from passerelle.kit.clock import Clock
from passerelle.model.priority import Priority
from passerelle.quota.bucket import HORIZON_US, SECOND_US, CivilTime, Grant, Later, Why, held_until
from passerelle.quota.home import Ask, Home, Reply
from passerelle.quota.settings import Limits

PATIENCE_SECONDS = 30.0
LATE_SECONDS = 0.012
"""What a call may be late by. The spacing has 60 ms over the second, of which 48 are left to the network: one of 0 to
40 ms keeps six calls a second apart. A wider window would let fewer than 4.7 calls a second leave."""

LOOK_AGAIN_SECONDS = 0.100
"""How long before its slot a call that booked ahead asks whether Enedis has said to wait since: time for an answer."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Departures:
    """Departures from one home, on one clock.

    `clock` counts waits on its monotonic time and says Enedis' civil time; one whose civil time may stand still has an
    attribute `frozen`. `wall_ns` must be the clock that the home reserves by.
    """

    def __init__(self, home: Home, clock: Clock, wall_ns: Callable[[], int]) -> None:
        self._home = home
        self._clock = clock
        self._wall_ns = wall_ns

    async def leave(self, bucket: str, limits: Limits, priority: Priority) -> None:
        """Return when the call may leave, counted.

        Waits for its place in the second as long as it takes; for the next hour or the end of a hold 30 s altogether,
        beyond which it raises QuotaExhausted at once. Cancelled while it waits, the call is uncounted.
        """
        patience, lead = PATIENCE_SECONDS, 0.0
        while True:
            ask = Ask(limits, await self.civil(), priority, round(lead * SECOND_US))
            reply = await self._reserve(bucket, ask)
            answer = reply.answer
            if isinstance(answer, Grant):
                due = reply.at + answer.wait_us / SECOND_US
                if await self._called_off(bucket, answer, due):
                    await self._give_back(bucket, answer)
                    continue
                late = await self._wait_for_slot(bucket, answer, due)
                if late <= LATE_SECONDS:
                    return
                await self._give_back(bucket, answer)
                # A home that always answers late would never let a call leave: ask for a slot further ahead.
                lead = min(lead + late, HORIZON_US / SECOND_US)
            else:
                if answer.why is not Why.SPACING:
                    patience -= answer.wait_us / SECOND_US
                    if patience < 0:
                        raise _exhausted(answer)
                await self._sleep_until(reply.at + answer.wait_us / SECOND_US)

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
            if not asking.cancelled() and asking.exception() is None:
                answer = asking.result().answer
                if isinstance(answer, Grant):
                    await self._give_back(bucket, answer)
            raise

    async def _called_off(self, bucket: str, grant: Grant, due: float) -> bool:
        """Whether Enedis has said to wait since this slot was booked. One that is due at once is not asked about."""
        ahead = due - LOOK_AGAIN_SECONDS
        if ahead <= self._clock.monotonic():
            return False
        try:
            await self._sleep_until(ahead)
            state, now_us = await self._home.read(bucket)
            civil = await self.civil()
        except (asyncio.CancelledError, PasserelleError):
            await self._give_back(bucket, grant)
            raise
        at_us = grant.slot.at_us
        return at_us < state.pause_us or civil.at(at_us) < held_until(state, civil, now_us)

    async def _wait_for_slot(self, bucket: str, grant: Grant, due: float) -> float:
        """Wait, and say how late it is then, in seconds."""
        try:
            await self._sleep_until(due)
        except asyncio.CancelledError:
            await self._give_back(bucket, grant)
            raise
        return self._clock.monotonic() - due

    async def _sleep_until(self, due: float) -> None:
        while (rest := due - self._clock.monotonic()) > 0:  # a sleep may end early
            await self._clock.sleep(rest)

    async def _give_back(self, bucket: str, grant: Grant) -> None:
        with suppress(QuotaExhausted):  # the home is away: the call stays counted, which harms nobody
            await self._home.give_back(bucket, grant.serial)


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
