"""`auto` never burns both quotas: changes are rare and a request is two calls at most (F§12, F§13)."""

import asyncio
from collections.abc import Callable
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from passerelle.enedis.auto import EnedisAuto
from passerelle.errors import (
    NoData,
    OperatorActionNeeded,
    QuotaExhausted,
    UpstreamBroken,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from passerelle.model.customer import Contact, CustomerRecord
from passerelle.model.generation import Generation
from passerelle.model.priority import Priority
from passerelle.model.usage_point import UsagePointId
from passerelle.problem import PasserelleError, Upstream
from passerelle.testing.clock import FakeClock
from passerelle.testing.standings import MemoryStandings

PRM = UsagePointId("22516914714270")
NEW, OLD = Generation.V2026, Generation.V5
TEN_MINUTES = 600.0

GOOD = None
HELPFUL: dict[str, Callable[[], PasserelleError]] = {
    "not subscribed": lambda: OperatorActionNeeded("x", "x", upstream=Upstream(403, "900908")),
    "failing": lambda: UpstreamUnavailable("x", "x", upstream=Upstream(500)),
    "late": lambda: UpstreamTimeout("x", "x", retry_after=60),
    "unreadable": lambda: UpstreamBroken("x", "x"),
}
UNHELPFUL: dict[str, Callable[[], PasserelleError]] = {
    "no data": lambda: NoData("x", "x"),
    "quota": lambda: QuotaExhausted("x", "x", retry_after=60),
    "adam": lambda: UpstreamUnavailable("x", "x", upstream=Upstream(500, "ADAM-DC-0500")),
    "page": lambda: UpstreamBroken("x", "x", upstream=Upstream(404)),
}
MOODS = st.sampled_from([GOOD, *HELPFUL, *UNHELPFUL])


class Errand:
    account_id = "account-1"
    priority = Priority.INTERACTIVE


class Moody:
    """One generation, in the mood that the test gives it."""

    def __init__(self, name: Generation, calls: list[Generation]) -> None:
        self.name, self.calls, self.mood = name, calls, GOOD

    def serves(self, _):
        return True

    async def in_use(self):
        return {}

    async def fetch_measure(self, *_):
        raise AssertionError

    async def shared_services(self, *_):
        raise AssertionError

    async def fetch_record(self, *_):
        self.calls.append(self.name)
        if self.mood is not None:
            error = (HELPFUL | UNHELPFUL)[self.mood]()
            raise error
        return Contact(email=self.name.value)


class Run:
    """Requests one after the other, each with the moods of the moment, and whom each asked."""

    def __init__(self) -> None:
        self.calls: list[Generation] = []
        self.clock = FakeClock()
        self.new, self.old = Moody(NEW, self.calls), Moody(OLD, self.calls)
        self.auto = EnedisAuto(self.new, self.old, MemoryStandings(self.clock.monotonic))
        self.asked: list[tuple[float, list[Generation]]] = []
        self.served: list[bool] = []

    async def request(self, wait: float, new: str | None, old: str | None) -> None:
        self.clock.advance(wait)
        self.new.mood, self.old.mood = new, old
        before = len(self.calls)
        try:
            await self.auto.fetch_record(PRM, CustomerRecord.CONTACT, Errand())
        except PasserelleError:
            self.served.append(False)
        else:
            self.served.append(True)
        self.asked.append((self.clock.monotonic(), self.calls[before:]))


WAITS = st.sampled_from([0.0, 1.0, 60.0, 299.0, 301.0, 599.0, 600.0, 601.0, 3600.0])
STEPS = st.lists(st.tuples(WAITS, MOODS, MOODS), min_size=1, max_size=40)


def played(steps: list[tuple[float, str | None, str | None]]) -> Run:
    async def play() -> Run:
        run = Run()
        for step in steps:
            await run.request(*step)
        return run

    return asyncio.run(play())


@settings(deadline=None)
@given(STEPS)
def test_changes_are_ten_minutes_apart_and_a_request_is_one_call_a_generation(steps):
    run = played(steps)
    assert all(len(asked) == len(set(asked)) <= 2 for _, asked in run.asked)
    for change in ([NEW, OLD], [OLD, NEW]):
        times = [at for at, asked in run.asked if asked == change]
        assert all(after - before >= TEN_MINUTES for before, after in pairwise(times))


@settings(deadline=None)
@given(STEPS)
def test_no_second_call_after_what_the_other_would_say_too(steps):
    run = played(steps)
    for (_, asked), (_, new, _old) in zip(run.asked, steps, strict=True):
        assert not (asked == [NEW, OLD] and (new is GOOD or new in UNHELPFUL))


@settings(deadline=None)
@given(st.lists(WAITS, min_size=1, max_size=40), st.sampled_from(sorted(HELPFUL)), st.booleans())
def test_while_one_of_both_serves_every_request_is_served(waits, trouble, new_serves):
    moods = (GOOD, trouble) if new_serves else (trouble, GOOD)
    run = played([(wait, *moods) for wait in waits])
    assert all(run.served)
    wasted = [at for at, asked in run.asked if len(asked) == 2]
    assert all(after - before >= TEN_MINUTES for before, after in pairwise(wasted))


@settings(deadline=None)
@given(STEPS)
def test_2026_is_back_in_use_ten_minutes_after_it_serves_again(steps):
    run = played([*steps, (TEN_MINUTES + 121, GOOD, GOOD), (0.0, GOOD, GOOD)])
    assert [asked for _, asked in run.asked[-2:]] == [[NEW], [NEW]]
