import asyncio
import heapq
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from passerelle.errors import QuotaExhausted
from passerelle.model.priority import Priority
from passerelle.quota.bucket import CivilTime
from passerelle.quota.home import Ask, away
from passerelle.quota.memory import MemoryHome
from passerelle.quota.permits import QuotaPermits, Snapshot
from passerelle.quota.settings import Limits

START = datetime(2026, 11, 24, 7, 10, tzinfo=UTC)


class VirtualClock:
    """Wall, civil and monotonic time together. It passes only when everyone waits, so waits are exact and take none."""

    def __init__(self) -> None:
        self.frozen = False
        self.seconds = 1000.0
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._tickets = count()

    async def now(self) -> datetime:
        return START if self.frozen else START + timedelta(seconds=self.elapsed)

    @property
    def elapsed(self) -> float:
        return self.seconds - 1000.0

    def monotonic(self) -> float:
        return self.seconds

    def wall_ns(self) -> int:
        return int(START.timestamp()) * 10**9 + round(self.elapsed * 10**9)

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (self.seconds + seconds, next(self._tickets), woken))
        await woken

    async def settle(self) -> None:
        """Let every task run until it waits for time or for another task."""
        for _ in range(60):
            await asyncio.sleep(0)

    async def pass_until(self, seconds: float) -> None:
        """Let time pass up to this long after the start, waking sleepers in their order."""
        await self.settle()
        while self._waiting and self._waiting[0][0] - 1000.0 <= seconds:
            due, _, woken = heapq.heappop(self._waiting)
            self.seconds = max(self.seconds, due)
            if not woken.done():
                woken.set_result(None)
            await self.settle()
        self.seconds = max(self.seconds, 1000.0 + seconds)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


class LateHome(MemoryHome):
    """A home whose answers take time, as over a slow disk."""

    def __init__(self, clock: VirtualClock, seconds: float) -> None:
        super().__init__(wall_ns=clock.wall_ns, monotonic=clock.monotonic)
        self.clock = clock
        self.seconds = seconds
        self.is_away = False
        self.is_deaf = False
        self.keeps_no_hold = False

    async def give_back(self, bucket: str, serial: int) -> None:
        if not self.is_deaf:
            await super().give_back(bucket, serial)

    async def correct(self, bucket: str, civil: CivilTime, serial: int) -> None:
        if self.is_away:
            raise away()
        await super().correct(bucket, civil, serial)

    async def hold(self, bucket: str, civil: CivilTime, resume_us: int | None) -> None:
        if self.keeps_no_hold:
            raise away()
        await super().hold(bucket, civil, resume_us)

    async def reserve(self, bucket: str, ask: Ask):
        if self.is_away:
            raise away()
        reply = await super().reserve(bucket, ask)
        if self.seconds:
            await self.clock.sleep(self.seconds)
        return reply


class Gate:
    """Permits on virtual time, and when each call left."""

    def __init__(self, clock: VirtualClock, limits: Limits | None = None, late: float = 0.0) -> None:
        self.clock = clock
        self.home = LateHome(clock, late)
        self.permits = QuotaPermits(self.home, {"v5": limits or Limits()}, clock, wall_ns=clock.wall_ns)
        self.left = []
        self.accounts = []
        self.refused = []

    def call(self, priority: Priority = Priority.INTERACTIVE, account: str = "a"):
        async def run() -> None:
            try:
                async with self.permits.turn("v5", account, priority) as turn:
                    await turn.depart()
                    self.left.append((round(self.clock.elapsed, 3), priority.name))
                    self.accounts.append(account)
            except QuotaExhausted as refusal:
                self.refused.append((round(self.clock.elapsed, 3), refusal.problem.retry_after))

        return asyncio.create_task(run())

    @property
    def instants(self):
        return [instant for instant, _ in self.left]

    async def used(self):
        return (await self.permits.snapshot("v5")).used


async def test_five_hundred_calls_wait_for_their_place_without_limit_and_all_leave(clock: VirtualClock):
    gate = Gate(clock)
    for _ in range(500):
        gate.call()
    await clock.pass_until(120)
    assert len(gate.left) == 500
    spans = [round(later - first, 3) for first, later in zip(gate.instants, gate.instants[5:], strict=False)]
    assert min(spans) >= 1.06
    assert gate.instants[-1] == pytest.approx(99 * 1.06)
    assert await gate.used() == 500


async def test_an_interactive_call_leaves_soon_while_imports_wait(clock: VirtualClock):
    gate = Gate(clock)
    for _ in range(100):
        gate.call(Priority.IMPORT)
    await clock.pass_until(5)
    gate.call()
    await clock.pass_until(6)
    [at] = [instant for instant, name in gate.left if name == "INTERACTIVE"]
    assert at < 5.4
    await clock.pass_until(60)
    assert len(gate.left) == 101


async def test_behind_ten_thousand_imports_of_one_account_those_of_another_begin_within_two_slots(clock: VirtualClock):
    gate = Gate(clock)
    waiting = [gate.call(Priority.IMPORT, "full") for _ in range(10_000)]
    await clock.pass_until(5)
    before = len(gate.left)
    gate.call(Priority.IMPORT, "new")
    await clock.pass_until(6)
    assert "new" in gate.accounts[before : before + 2]
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_a_turn_left_without_departing_counts_nothing_and_frees_its_place(clock: VirtualClock):
    gate = Gate(clock)
    for _ in range(5):
        async with gate.permits.turn("v5", "a", Priority.IMPORT):
            pass
    assert await gate.used() == 0
    gate.call(Priority.IMPORT)
    await clock.settle()
    assert gate.instants == [0]


async def test_a_call_that_has_left_holds_no_place_while_its_answer_comes(clock: VirtualClock):
    gate = Gate(clock)
    async with (
        gate.permits.turn("v5", "a", Priority.INTERACTIVE) as first,
        gate.permits.turn("v5", "a", Priority.INTERACTIVE) as second,
    ):
        gate.call()
        await clock.settle()
        assert gate.instants == []
        await first.depart()
        await clock.settle()
        assert gate.instants == [0]
        await second.depart()


async def test_each_departure_of_a_turn_is_a_call_and_a_second_one_queues_again(clock: VirtualClock):
    gate = Gate(clock)
    async with gate.permits.turn("v5", "a", Priority.IMPORT) as turn:
        await turn.depart()
        async with gate.permits.turn("v5", "b", Priority.IMPORT):
            again = asyncio.create_task(turn.depart())
            await clock.pass_until(1)
            assert not again.done()
        await again
    assert await gate.used() == 2


async def test_a_call_given_up_while_it_waits_for_its_slot_is_uncounted(clock: VirtualClock):
    gate = Gate(clock)
    calls = [gate.call() for _ in range(6)]
    await clock.pass_until(0.5)
    assert await gate.used() == 5
    calls[5].cancel()
    await clock.settle()
    gate.call()
    await clock.pass_until(1.05)
    assert (await gate.used(), gate.instants) == (6, [0] * 5)
    gate.call().cancel()
    await clock.pass_until(2)
    assert gate.instants == [0, 0, 0, 0, 0, 1.06]
    assert await gate.used() == 6


async def test_a_call_given_up_in_its_slot_is_uncounted_and_one_given_up_in_the_line_keeps_nobody_waiting(
    clock: VirtualClock,
):
    gate = Gate(clock, Limits(per_second=1))
    calls = [gate.call() for _ in range(3)]
    await clock.pass_until(1.05)
    assert await gate.used() == 2
    calls[1].cancel()
    await clock.settle()
    assert await gate.used() == 1
    await clock.pass_until(1.2)
    assert gate.instants == [0, 1.12]


async def test_a_call_given_up_while_the_home_answers_is_uncounted(clock: VirtualClock):
    gate = Gate(clock, late=0.010)
    call = gate.call()
    await clock.settle()
    assert await gate.used() == 1
    call.cancel()
    await clock.pass_until(1)
    assert await gate.used() == 0
    assert gate.left == []


async def test_a_late_call_gives_its_slot_up_and_leaves_in_a_later_one(clock: VirtualClock):
    gate = Gate(clock, late=0.030)
    gate.call(Priority.IMPORT)
    await clock.pass_until(1)
    assert gate.instants == [0.06]
    assert await gate.used() == 1


async def test_a_call_a_little_late_leaves(clock: VirtualClock):
    gate = Gate(clock, late=0.011)
    gate.call()
    await clock.pass_until(1)
    assert gate.instants == [0.011]


async def test_a_call_of_a_process_that_stood_still_leaves_at_once_and_holds_up_only_whoever_is_next(
    clock: VirtualClock,
):
    gate = Gate(clock, Limits(per_second=1))
    for _ in range(4):
        gate.call()
    await clock.pass_until(1.05)
    clock.seconds += 0.05
    await clock.pass_until(4)
    assert gate.instants == [0, 1.1, 2.16, 3.22]
    assert await gate.used() == 4


async def test_a_call_that_left_late_all_the_same_is_put_where_it_was(clock: VirtualClock):
    for late, next_at in [(0.003, 1.06), (0.05, 1.11)]:
        gate = Gate(clock, Limits(per_second=1))
        began = clock.elapsed
        async with gate.permits.turn("v5", "a", Priority.INTERACTIVE) as turn:
            await turn.depart()
            clock.seconds += late
            await turn.departed()
            await turn.departed()
        gate.call()
        await clock.pass_until(began + 2)
        assert [round(at - began, 3) for at in gate.instants] == [next_at]
        assert await gate.used() == 2


async def test_what_left_late_while_the_home_is_away_is_nobodys_trouble(clock: VirtualClock):
    gate = Gate(clock)
    async with gate.permits.turn("v5", "a", Priority.INTERACTIVE) as turn:
        await turn.depart()
        gate.home.is_away = True
        clock.seconds += 0.05
        await turn.departed()
    assert await gate.used() == 1


async def test_a_home_that_is_slow_as_a_rule_is_asked_earlier(clock: VirtualClock):
    gate = Gate(clock, Limits(per_second=1), late=0.040)
    for _ in range(14):
        gate.call()
    await clock.pass_until(20)
    assert [round(later - first, 3) for first, later in zip(gate.instants[9:], gate.instants[10:], strict=False)] == [
        1.06
    ] * 4


async def test_a_process_that_dies_costs_the_others_a_moment_and_no_slot(clock: VirtualClock):
    gate, limits = Gate(clock, Limits(per_second=1)), {"v5": Limits(per_second=1)}
    other = QuotaPermits(gate.home, limits, clock, wall_ns=clock.wall_ns)
    gate.call()
    await clock.settle()
    async with other.turn("v5", "b", Priority.INTERACTIVE) as turn:
        dying = asyncio.create_task(turn.depart())
        await clock.settle()
        gate.home.is_deaf = True  # nobody says that it is gone
        dying.cancel()
        await clock.settle()
        gate.home.is_deaf = False
    for _ in range(2):
        gate.call()
    await clock.pass_until(3)
    assert gate.instants == [0, 1.12, 2.18]
    assert await gate.used() == 3


async def test_a_home_that_takes_longer_to_answer_than_a_slot_may_be_ahead_counts_as_away(clock: VirtualClock):
    gate = Gate(clock, late=0.6)
    gate.call()
    await clock.pass_until(10)
    assert (gate.left, gate.refused) == ([], [(1.2, 5)])
    assert await gate.used() == 0


async def test_a_used_up_hour_refuses_at_once_and_says_when_to_come_back(clock: VirtualClock):
    gate = Gate(clock, Limits(5, 3))
    for _ in range(4):
        gate.call()
    await clock.settle()
    assert gate.refused == [(0, 3001)]
    await clock.pass_until(3001)
    gate.call()
    await clock.settle()
    assert len(gate.left) == 4
    assert await gate.permits.snapshot("v5") == Snapshot(1, 3, None, 1.06)


async def test_a_short_hold_is_waited_for_and_a_long_one_refused(clock: VirtualClock):
    gate = Gate(clock)
    await gate.permits.hold("v5", resume_at=await clock.now() + timedelta(seconds=20), spacing=False)
    gate.call()
    await clock.pass_until(22)
    assert gate.instants == [21]
    await gate.permits.hold("v5", resume_at=await clock.now() + timedelta(seconds=40), spacing=False)
    gate.call()
    await clock.settle()
    assert gate.refused == [(22, 41)]
    assert (await gate.permits.snapshot("v5")).held_until == await clock.now() + timedelta(seconds=41)


async def test_an_hour_that_never_comes_on_a_calendar_that_stands_still_is_not_waited_for_twice(clock: VirtualClock):
    clock.frozen = True
    gate = Gate(clock)
    await gate.permits.hold("v5", resume_at=await clock.now() + timedelta(seconds=20), spacing=False)
    gate.call()
    await clock.pass_until(60)
    assert gate.refused == [(20, 20)]


async def test_a_429_stops_those_of_other_processes_who_stand_in_the_line(clock: VirtualClock):
    home = MemoryHome(wall_ns=clock.wall_ns, monotonic=clock.monotonic)
    limits = {"v5": Limits(5, 100)}
    one, two = (QuotaPermits(home, limits, clock, wall_ns=clock.wall_ns) for _ in range(2))
    departed: list[float] = []
    refused: list[QuotaExhausted] = []

    async def call(permits: QuotaPermits) -> None:
        try:
            async with permits.turn("v5", "alice", Priority.INTERACTIVE) as turn:
                await turn.depart()
                departed.append(clock.elapsed)
        except QuotaExhausted as error:
            refused.append(error)

    calls = [asyncio.create_task(call(two)) for _ in range(9)]
    await clock.pass_until(0.5)
    assert len(departed) == 5
    await one.hold("v5", resume_at=START + timedelta(minutes=10), spacing=False)
    await clock.pass_until(30)
    await asyncio.gather(*calls)
    assert (len(departed), len(refused)) == (5, 4)
    assert (await one.snapshot("v5")).used == 5


async def test_a_429_of_the_second_slows_down_without_a_hold(clock: VirtualClock):
    gate = Gate(clock)
    await gate.permits.hold("v5", resume_at=None, spacing=True)
    for _ in range(6):
        gate.call()
    await clock.pass_until(5)
    assert gate.instants == [1, 1, 1, 1, 1, 2.11]
    snapshot = await gate.permits.snapshot("v5")
    assert (snapshot.window_seconds, snapshot.held_until) == (1.11, None)


async def test_a_429_without_a_time_holds_until_the_next_hour(clock: VirtualClock):
    gate = Gate(clock)
    await gate.permits.hold("v5", resume_at=None, spacing=False)
    gate.call()
    await clock.settle()
    assert gate.refused == [(0, 3001)]


async def test_a_hold_that_the_home_could_not_take_is_told_before_anything_leaves(clock: VirtualClock):
    gate = Gate(clock)
    gate.home.keeps_no_hold = True
    for seconds in (40, 60, 20):
        with pytest.raises(QuotaExhausted):
            await gate.permits.hold("v5", resume_at=START + timedelta(seconds=seconds), spacing=seconds == 60)
    gate.call()
    await clock.pass_until(10)
    assert (gate.left, gate.refused) == ([], [(0, 5)])
    gate.home.keeps_no_hold = False
    gate.call()
    await clock.pass_until(20)
    assert (gate.left, gate.refused[1:]) == ([], [(10, 51)])
    assert (await gate.permits.snapshot("v5")).held_until == START + timedelta(seconds=61)
    gate.home.keeps_no_hold = True
    await clock.pass_until(60)
    gate.call()
    await clock.pass_until(70)
    assert gate.instants == [61]


async def test_a_hold_without_a_time_that_the_home_could_not_take_is_for_the_hour_of_its_429(clock: VirtualClock):
    gate = Gate(clock)
    gate.home.keeps_no_hold = True
    with pytest.raises(QuotaExhausted):
        await gate.permits.hold("v5", resume_at=None, spacing=False)
    await clock.pass_until(3000.5)
    gate.call()
    await clock.settle()
    assert (gate.left, gate.refused) == ([], [(3000.5, 5)])
    await clock.pass_until(3001)
    gate.call()
    await clock.settle()
    assert gate.instants == [3001]


async def test_a_call_that_waits_learns_of_a_hold_that_the_home_could_not_take(clock: VirtualClock):
    gate = Gate(clock)
    for _ in range(6):
        gate.call()
    await clock.pass_until(0.5)
    gate.home.keeps_no_hold = True
    with pytest.raises(QuotaExhausted):
        await gate.permits.hold("v5", resume_at=START + timedelta(seconds=60), spacing=False)
    await clock.pass_until(10)
    assert (gate.instants, gate.refused) == ([0] * 5, [(1.04, 5)])
    assert await gate.used() == 5


async def test_nothing_leaves_while_the_home_is_away_and_places_are_free_again_after(clock: VirtualClock):
    gate = Gate(clock)
    gate.home.is_away = True
    for _ in range(5):
        gate.call()
    await clock.settle()
    assert (gate.left, gate.refused) == ([], [(0, 5)] * 5)
    gate.home.is_away = False
    gate.call()
    await clock.settle()
    assert gate.instants == [0]


async def test_each_departure_tells_how_long_it_waited_in_the_line_and_for_its_slot(clock: VirtualClock):
    waits = []
    home = LateHome(clock, 0.0)
    permits = QuotaPermits(
        home,
        {"v5": Limits(per_second=1)},
        clock,
        wall_ns=clock.wall_ns,
        watch=lambda priority, seconds: waits.append((priority, round(seconds, 3))),
    )

    async def call():
        async with permits.turn("v5", "a", Priority.INTERACTIVE) as turn:
            await turn.depart()

    async def leave_without():
        async with permits.turn("v5", "a", Priority.IMPORT):
            pass

    calls = [asyncio.create_task(call()) for _ in range(4)] + [asyncio.create_task(leave_without())]
    await clock.pass_until(10)
    await asyncio.gather(*calls)
    assert waits == [(Priority.INTERACTIVE, waited) for waited in (0.0, 1.06, 2.12, 3.18)]
