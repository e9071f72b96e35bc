"""The rules are written twice, in `bucket.py` and in `redis.lua`: any history must read the same in both."""

import asyncio

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from passerelle.kit.crypto import random_id
from passerelle.model.priority import Priority
from passerelle.quota import bucket as rules
from passerelle.quota.bucket import HOUR_US, SECOND_US, Bucket, CivilTime
from passerelle.quota.home import Ask
from passerelle.quota.redis import RedisHome, open_redis
from passerelle.quota.settings import Limits

pytestmark = pytest.mark.redis

START_US = 495_000 * HOUR_US
RESERVE = st.tuples(
    st.just("reserve"),
    st.tuples(
        st.sampled_from(list(Priority)),
        st.one_of(st.just(0), st.integers(0, 5 * SECOND_US)),
        st.one_of(st.just(0), st.integers(0, 60)),
    ),
)
STEPS = st.one_of(
    RESERVE,
    RESERVE,
    RESERVE,
    st.tuples(st.just("give back"), st.integers(0, 60)),
    st.tuples(st.just("correct"), st.integers(0, 60)),
    st.tuples(st.just("pass"), st.one_of(st.integers(0, 400_000), st.integers(0, 8 * SECOND_US))),
    st.tuples(st.just("pass"), st.integers(0, 3 * HOUR_US)),
    st.tuples(st.just("pass"), st.integers(-7200 * SECOND_US, 0)),
    st.tuples(st.just("slow down"), st.none()),
    st.tuples(st.just("hold"), st.one_of(st.none(), st.integers(-2 * HOUR_US, 30 * HOUR_US))),
    st.tuples(st.just("calendar"), st.tuples(st.integers(-6 * HOUR_US, 6 * HOUR_US), st.booleans())),
)
LIMITS = st.builds(Limits, st.integers(1, 6), st.one_of(st.integers(3, 40), st.integers(100, 10_000)))


PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
"""Without shrinking, which would ask Redis for minutes."""


class Marks:
    """The marks and the hold in memory, for the database is not in question here."""

    def __init__(self) -> None:
        self.upto_of = {}
        self.bucket = Bucket()

    async def read(self, _):
        return sorted(self.upto_of.items())

    async def advance(self, _, hour, seen, upto):
        if self.upto_of.get(hour, 0) != seen:
            return False
        self.upto_of[hour] = upto
        return True

    async def hold(self, _, now_us, civil, resume_us):
        self.bucket = rules.hold(self.bucket, now_us, civil, resume_us)
        return self.bucket.hold_us

    async def held(self, _):
        return self.bucket.hold_us


class Both:
    """The same bucket by the rules and in Redis, on one clock and one calendar."""

    def __init__(self, home: RedisHome, limits: Limits, clock: list[int]) -> None:
        self.home, self.limits, self.clock = home, limits, clock
        self.bucket, self.calendar_us, self.frozen, self.serials = Bucket(), 0, False, [0]

    def civil(self) -> CivilTime:
        return CivilTime(self.clock[0] + self.calendar_us, self.clock[0], self.frozen)

    async def step(self, verb, what) -> None:
        now_us, civil = self.clock[0], self.civil()
        if verb == "reserve":
            priority, lead_us, back = what
            turn = self.serials[-(back % len(self.serials))]
            ask = Ask(self.limits, civil, priority, lead_us, turn)
            self.bucket, answer = rules.reserve(self.bucket, now_us, civil, self.limits, priority, lead_us, turn=turn)
            assert (await self.home.reserve("b", ask)).answer == answer
            self.serials += [answer.serial] if answer.serial not in self.serials else []
        elif verb == "give back":
            serial = self.serials[what % len(self.serials)]
            self.bucket = rules.cancel(self.bucket, serial)
            await self.home.give_back("b", serial)
        elif verb == "correct":
            serial = self.serials[what % len(self.serials)]
            self.bucket = rules.correct(self.bucket, now_us, civil, serial)
            await self.home.correct("b", civil, serial)
        elif verb == "slow down":
            self.bucket = rules.slow_down(self.bucket, now_us)
            await self.home.slow_down("b")
        elif verb == "hold":
            resume_us = None if what is None else civil.now_us + what
            self.bucket = rules.hold(self.bucket, now_us, civil, resume_us)
            await self.home.hold("b", civil, resume_us)
        elif verb == "pass":
            self.clock[0] += what
        else:
            self.calendar_us, self.frozen = what


FROM_EDGE = st.one_of(st.integers(-5 * SECOND_US, 5 * SECOND_US), st.integers(0, HOUR_US))
USED_UP = [("pass", 10 * SECOND_US), *[("reserve", (Priority.INTERACTIVE, 0, 0)), ("pass", 400_000)] * 9]
AFTERWARDS = [
    ("reserve", (priority, 0, 0)) for priority in (Priority.IMPORT, Priority.INTERACTIVE, Priority.INTERACTIVE)
]


@example(Limits(3, 10), 0, [*USED_UP, *AFTERWARDS])
@example(Limits(3, 10), 3_598_000_000, [*AFTERWARDS, ("pass", 800_000), *AFTERWARDS])
@given(LIMITS, FROM_EDGE, st.lists(STEPS, min_size=10, max_size=70))
@settings(max_examples=150, deadline=None, phases=PHASES)
def test_the_script_gives_the_same_slots_waits_and_counts_as_the_rules(limits, from_edge_us, history):
    async def play():
        clock = [START_US + from_edge_us]
        prefix = f"test:{random_id()}"
        async with open_redis("redis://127.0.0.1:6379/0") as client:
            both = Both(RedisHome(client, Marks(), prefix=prefix, wall_us=lambda: clock[0]), limits, clock)
            try:
                for verb, what in history:
                    await both.step(verb, what)
                assert await both.home.read("b") == (both.bucket, clock[0])
            finally:
                await client.delete(f"{prefix}:{{b}}")

    asyncio.run(play())


HOLDS = st.lists(
    st.one_of(
        st.tuples(st.just("hold"), st.one_of(st.none(), st.integers(-2 * HOUR_US, 30 * HOUR_US))),
        st.tuples(st.just("pass"), st.integers(-2 * HOUR_US, 2 * HOUR_US)),
        st.tuples(st.just("pass"), st.integers(0, 60 * SECOND_US)),
        st.tuples(st.just("calendar"), st.tuples(st.integers(-6 * HOUR_US, 6 * HOUR_US), st.booleans())),
        st.tuples(st.just("lose"), st.none()),
    ),
    min_size=3,
    max_size=20,
)


@example(0, [("hold", None), ("lose", None), ("pass", SECOND_US)])
@given(FROM_EDGE, HOLDS)
@settings(max_examples=100, deadline=None, phases=PHASES)
def test_however_often_redis_forgets_its_hold_is_that_of_the_rules(from_edge_us, history):
    async def play():
        clock = [START_US + from_edge_us]
        prefix = f"test:{random_id()}"
        async with open_redis("redis://127.0.0.1:6379/0") as client:
            both = Both(RedisHome(client, Marks(), prefix=prefix, wall_us=lambda: clock[0]), Limits(), clock)
            try:
                for verb, what in history:
                    if verb == "lose":
                        await client.delete(f"{prefix}:{{b}}")
                    else:
                        await both.step(verb, what)
                    state, now_us = await both.home.read("b")
                    held = [rules.held_until(each, both.civil(), now_us) for each in (state, both.bucket)]
                    assert held[0] == held[1]
            finally:
                await client.delete(f"{prefix}:{{b}}")

    asyncio.run(play())
