"""A home in Redis, for many processes on many machines: one atomic script a verb."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from passerelle.errors import QuotaExhausted
from passerelle.kit.crypto import random_id
from passerelle.model.priority import Priority
from passerelle.quota import bucket as rules
from passerelle.quota.bucket import Bucket, CivilTime, Grant, Later, Slot, Why
from passerelle.quota.dial import Dial
from passerelle.quota.home import Ask, Reply, away
from passerelle.quota.marks import Marks

ANSWER_SECONDS = 1.0
BLOCK = 100
"""A mark is raised by the hundredth part of an hour's allowance: what is lost when Redis forgets."""

_ATTEMPTS = 40
"""Each is answered by a slot, a wait, or a mark to raise, which one of many at once does for all."""
_PAUSES = (0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32)
"""Until a mark that another process raised is taken to be nobody's: that process has died in between."""

_RULES = msgspec.json.encode(
    {
        "second": rules.SECOND_US,
        "hour": rules.HOUR_US,
        "window": rules.WINDOW_US,
        "widest": rules.WIDEST_WINDOW_US,
        "widen": rules.WIDEN_US,
        "narrow": rules.NARROW_US,
        "pause": rules.PAUSE_US,
        "horizon": rules.HORIZON_US,
        "ahead": rules.AHEAD_US,
        "lead": rules.LEAD_US,
        "grace": rules.GRACE_US,
        "edge_guard": rules.EDGE_GUARD_US,
        "set_back": rules.SET_BACK_US,
        "slots_kept": rules.SLOTS_KEPT,
        "hours_kept": rules.HOURS_KEPT,
    }
)


@asynccontextmanager
async def open_redis(url: str) -> AsyncIterator[Redis]:
    """A client of `redis://…` or `rediss://…`, which asks twice at most and waits a second for an answer."""
    client = Redis.from_url(
        url,
        socket_timeout=ANSWER_SECONDS,
        socket_connect_timeout=ANSWER_SECONDS,
        retry=Retry(NoBackoff(), 1),
        decode_responses=False,
    )
    try:
        yield client
    finally:
        await client.aclose()


class RedisHome:
    """Home in Redis, by its clock; each verb is one run of `redis.lua`, which holds the rules of `bucket`.

    Redis may forget: restarted, failed over, flushed. Each hour's count therefore stays below a mark in the database,
    raised before it is used (`Marks`), and a bucket that is gone begins anew as if all up to its marks had been spent,
    once the slots that were given in it have passed, and in the hold that a 429 of the hour asked for. What 429 of the
    second had taught of the spacing is learnt anew, at the price of one more for each 50 ms: rare twice over, and each
    is obeyed at once. **Fails shut**: without Redis, or without the database when a mark or a hold is due,
    QuotaExhausted (503, to retry in 5 s). What else Redis answers in error is the same refusal.

    `prefix` keeps installations apart. `wall_us` is a test's clock, in place of the server's.
    """

    def __init__(
        self,
        client: Redis,
        marks: Marks,
        *,
        prefix: str = "passerelle:quota",
        wall_us: Callable[[], int] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._script = client.register_script(_lua())
        self._marks = marks
        self._prefix = prefix
        self._wall_us = wall_us
        self._monotonic = monotonic
        self._dial = Dial()

    async def reserve(self, bucket: str, ask: Ask) -> Reply:
        asked = {
            "id": random_id(),  # a client that lost an answer asks again, and gets the same slot
            "interactive": ask.priority is Priority.INTERACTIVE,
            "per_second": ask.limits.per_second,
            "per_hour": ask.limits.per_hour,
            "lead": ask.lead_us,
            "turn": ask.turn,
            **_calendar(ask.civil),
        }
        for attempt in range(_ATTEMPTS):
            asked_at = self._monotonic()
            match await self._run("reserve", bucket, asked):
                case [b"grant", wait_us, at_us, hour, serial, now_us]:
                    at = self._dial.read(now_us, asked_at, self._monotonic())
                    return Reply(Grant(wait_us, Slot(at_us, hour, serial)), at)
                case [b"later", wait_us, why, ticket, now_us]:
                    at = self._dial.read(now_us, asked_at, self._monotonic())
                    return Reply(Later(wait_us, Why(why.decode()), ticket), at)
                case [b"mark", seed, hour, seen]:
                    block = max(1, ask.limits.per_hour // BLOCK)
                    upto = min(seen + block, ask.limits.per_hour)
                    await self._advance(bucket, seed.decode(), hour, (seen, upto), attempt)
                case _:
                    raise away()
        raise away()

    async def give_back(self, bucket: str, serial: int) -> None:
        await self._run("give_back", bucket, {"serial": serial})

    async def correct(self, bucket: str, civil: CivilTime, serial: int) -> None:
        await self._run("correct", bucket, {"serial": serial, **_calendar(civil)})

    async def hold(self, bucket: str, civil: CivilTime, resume_us: int | None) -> None:
        """Told at once, then written down, then told again, to a bucket that was made anew before it was written."""
        resume = {} if resume_us is None else {"resume": resume_us}
        now_us = civil.wall_us
        with suppress(QuotaExhausted):  # Redis is away: it is written down all the same, and refused below
            _, now_us = await self._run("hold", bucket, {**resume, **_calendar(civil)})
        until_us = await self._marks.hold(bucket, now_us, civil, resume_us)
        await self._run("hold", bucket, {"resume": until_us - civil.guard_us, **_calendar(civil)})

    async def slow_down(self, bucket: str) -> None:
        await self._run("slow_down", bucket, {})

    async def read(self, bucket: str) -> tuple[Bucket, int]:
        _, packed, now_us = await self._run("read", bucket, {})
        return msgspec.msgpack.decode(packed, type=Bucket), now_us

    async def _advance(self, bucket: str, seed: str, hour: int, step: tuple[int, int], attempt: int) -> None:
        """Raise the mark of the hour, in the database first; if another process is at it, wait for its word."""
        seen, upto = step
        spent = False
        if not await self._marks.advance(bucket, hour, seen, upto):
            if attempt < len(_PAUSES):
                await asyncio.sleep(_PAUSES[attempt])
                return
            upto, spent = await self._marks.upto(bucket, hour), True
        asked = {"seed": seed, "hour": hour, "seen": seen, "upto": upto, "spent": spent}
        await self._run("mark", bucket, asked)

    async def _run(self, verb: str, bucket: str, asked: dict[str, object]) -> list[Any]:
        """One run of the script, on a bucket that is made anew if it is gone."""
        answer = await self._once(verb, bucket, asked)
        if answer[0] == b"lost":
            marks, hold_us = await self._marks.read(bucket), await self._marks.held(bucket)
            await self._once("seed", bucket, {"seed": random_id(), "marks": marks, "hold": hold_us})
            answer = await self._once(verb, bucket, asked)
        if answer[0] == b"lost":
            raise away()
        return answer

    async def _once(self, verb: str, bucket: str, asked: dict[str, object]) -> list[Any]:
        """The one door to Redis: what it raises, or answers in error, is translated here."""
        now = {} if self._wall_us is None else {"now": self._wall_us()}
        arguments: list[str | bytes] = [verb, msgspec.json.encode({**asked, **now}), _RULES]
        try:
            answer: list[Any] = await self._script(keys=[f"{self._prefix}:{{{bucket}}}"], args=arguments)
        except (RedisError, OSError) as error:
            raise away() from error
        return answer


@cache
def _lua() -> str:
    return Path(__file__).with_name("redis.lua").read_text(encoding="utf-8")


def _calendar(civil: CivilTime) -> dict[str, object]:
    if civil.frozen:
        return {"frozen": True, "civil": civil.now_us}
    return {"offset": civil.now_us - civil.wall_us}
