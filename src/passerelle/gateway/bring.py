"""The work of a lane: the fewest calls for the days of all who are in it, planned anew before each one."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import date

from passerelle.errors import (
    BeforeActivation,
    ConsentError,
    NotCollected,
    OperatorActionNeeded,
    QuotaExhausted,
    StorageUnavailable,
    TokenRejected,
    WrongDirection,
)
from passerelle.gateway.fetch_days import FetchDays, Flight
from passerelle.gateway.flights import Flights, Lane, LaneWork, Want
from passerelle.gateway.patience import Patience
from passerelle.gateway.ports import Leases
from passerelle.kit.clock import Clock
from passerelle.model.days import DaySpan
from passerelle.model.leases import NO_WISH, Wish
from passerelle.model.priority import Priority
from passerelle.model.reading import GapReason
from passerelle.model.series import Series
from passerelle.model.usage_point import UsagePointId
from passerelle.plan.calls import plan_calls
from passerelle.plan.gaps import reason_of
from passerelle.plan.lacks import Told
from passerelle.plan.rules import days_per_call
from passerelle.problem import PasserelleError

AT_ONCE = 4
"""Calls of one lane under way together: enough to fill the second's allowance, few to waste on a refusal."""

IMPORTS_AT_ONCE = AT_ONCE - 1
"""So that a short request finds room beside a long import."""

INTERACTIVE_CALLS = 10
"""What a request needs beyond so many calls is an import: it must not hold back other people's short requests."""

PATIENCE = 3
"""Failures in a row after which the rest is not tried: Enedis is away."""

QUIET, LONGEST = 0.02, 0.5
"""Seconds: requests that come together are planned together once nobody joined for so long, or at the latest then."""

AMONG, LONGEST_AMONG = 0.1, 2.0
"""Seconds: where many ask here, many may ask elsewhere. They are planned together once no other process has come, or
wished for anything else, for as long as our own requests were on their way, but no longer than the second of these."""

POLL_FIRST, POLL_LONGEST = 0.05, 0.25
"""Seconds between two looks at what another process brings."""

RENEW = 2.0
"""Seconds after which a lease is renewed, well within the time that it lasts."""

GIVE_WAY = 0.3
"""Seconds for which an import leaves the lane to another process that waits for it."""

_FOR_ALL = (ConsentError, WrongDirection, NotCollected, OperatorActionNeeded, TokenRejected, StorageUnavailable)
"""What one call is told holds for every other of the lane; what cannot be kept is not asked for."""

_Call = asyncio.Task[list[Told]]

_Approach = tuple[str, UsagePointId, Series]
"""A lane, as a request knows it before it has looked for the point."""


@dataclass(eq=False, slots=True)
class _Run:
    """The calls of a lane while its lease is held, from the lease's moment `since` on.

    `proven`: Enedis has answered with data. Until then one call goes alone: what refuses it refuses all of them.
    `first`: the lane had no work when those who are in it came. `wishes`: what other processes wait for; `landed`: the
    days that this run has asked. `lost`: another process has the lease.
    """

    work: LaneWork
    since: int
    first: bool
    lost: bool = False
    wishes: tuple[Wish, ...] = ()
    landed: set[date] = field(default_factory=set)
    under_way: dict[_Call, Flight] = field(default_factory=dict)
    failures: int = 0
    proven: bool = False

    def next(self) -> Flight | None:
        """The call to make now: for a short request before the rest of a long one; None when there is none to make.

        Calls are planned for what all processes want; those that nobody here waits for are left to the others.
        """
        wanted: set[date] = set()
        wanted = wanted.union(*(want.days for want in self.work.wants))
        wanted = wanted.difference(*(flight.span for flight in self.under_way.values()))
        most = AT_ONCE if self.proven or any(want.proven for want in self.work.wants) else 1
        if self.lost or not wanted or len(self.under_way) >= most:
            return None
        elsewhere = self._elsewhere().difference(*(flight.span for flight in self.under_way.values()))
        spans = plan_calls(wanted | elsewhere, days_per_call(self.work.lane.series))
        flight = self._most_urgent([span for span in spans if not wanted.isdisjoint(span)])
        imports = sum(each.priority is Priority.IMPORT for each in self.under_way.values())
        return None if flight.priority is Priority.IMPORT and imports >= IMPORTS_AT_ONCE else flight

    def _elsewhere(self) -> frozenset[date]:
        """The days that other processes want, as far as they have looked after whoever had the lease before."""
        wished = (wish.days for wish in self.wishes if wish.moment >= self.since)
        return frozenset().union(*wished).difference(self.landed)

    @property
    def crowded(self) -> bool:
        """Whether several different requests came together."""
        return len({frozenset(want.days) for want in self.work.wants}) > 1

    @property
    def settled(self) -> bool:
        """Whether every process that waits has said what it wants."""
        return all(wish.moment >= self.since for wish in self.wishes)

    def _most_urgent(self, spans: list[DaySpan]) -> Flight:
        """The newest span of the most urgent request; which one goes first never makes the rest more calls."""
        if all(_priority(want) is Priority.IMPORT for want in self.work.wants):
            return self._flight(spans[0])
        return min((self._flight(span) for span in spans), key=lambda each: each.priority)

    def _flight(self, span: DaySpan) -> Flight:
        served = self.served(span)
        forced_here = (want.forced for want in served)
        forced_elsewhere = (wish.forced & self._elsewhere() for wish in self.wishes)
        forced = frozenset(day for days in (*forced_here, *forced_elsewhere) for day in days if day in span)
        somebody = next((want for want in served if want.order.caller is not None), served[0])
        return Flight(somebody.order, span, min(_priority(want) for want in served), forced)

    def served(self, span: DaySpan) -> list[Want]:
        return [want for want in self.work.wants if any(day in want.days for day in span)]

    def launch(self, flight: Flight, call: _Call) -> None:
        for want in self.served(flight.span):
            want.calls += 1
        self.under_way[call] = flight

    def withdraw(self) -> None:
        """Calls that Enedis has not answered, and whose days nobody wants any more: most of them have not left."""
        for call, flight in self.under_way.items():
            if not (flight.answered or self.served(flight.span)):
                call.cancel()

    def land(self, call: _Call) -> None:
        """What a call brought and was told, for everybody in the lane."""
        flight = self.under_way.pop(call)
        if call.cancelled():
            return
        told = call.result()
        self.landed.update(flight.span)
        self.proven = self.proven or not told
        # What is refused for being older than the meter is so for every older day too.
        older = [_older(each, self.work) if isinstance(each.error, BeforeActivation) else each for each in told]
        for each in older:
            self.work.settle(each.span, [each])
        self.work.settle(flight.span)
        self._heed(flight, told)

    def _heed(self, flight: Flight, told: list[Told]) -> None:
        failed = next((each.error for each in told if reason_of(each.error) is GapReason.UPSTREAM_ERROR), None)
        self.failures = self.failures + 1 if failed is not None and failed.problem.retryable else 0
        for error in (each.error for each in told):
            if isinstance(error, _FOR_ALL) or self.failures >= PATIENCE:
                self.work.end(error)
                self.failures = 0
            elif isinstance(error, QuotaExhausted):
                self._stop(error, flight.priority)

    def _stop(self, error: PasserelleError, priority: Priority) -> None:
        """The allowance of an import may be used up while there is some left for a short request."""
        for want in self.work.wants:
            if _priority(want) >= priority:
                want.end(error)
        self.work.clear()


def _priority(want: Want) -> Priority:
    return want.priority if want.calls < INTERACTIVE_CALLS else Priority.IMPORT


class Bring:
    """Brings what is wanted in a lane. One process at a time works on it, others find it in the store.

    `moment` counts what may make a look into the store out of date, in any lane: a lease that was taken, a call that
    landed. A lane remembers the moment of its own last such event.
    """

    def __init__(
        self, *, fetch: FetchDays, flights: Flights, leases: Leases, clock: Clock, patience: Patience | None = None
    ) -> None:
        self._fetch = fetch
        self._flights = flights
        self._leases = leases
        self._clock = clock
        self._patience = patience or Patience()
        self._coming: Counter[_Approach] = Counter()
        self.moment = 0

    def serves(self, series: Series) -> bool:
        """Whether the generation of Enedis in use has this series."""
        return self._fetch.serves(series)

    @contextmanager
    def approaching(self, account_id: str, point: UsagePointId, series: Series) -> Iterator[float]:
        """A request that may join the lane is on its way there, since this instant of monotonic time.

        Those who came before wait for it, for a moment.
        """
        key = (account_id, point, series)
        self._coming[key] += 1
        try:
            yield self._clock.monotonic()
        finally:
            self._coming[key] -= 1
            if not self._coming[key]:
                del self._coming[key]

    async def serve(self, want: Want, seconds: float) -> None:
        """Have the want served; returns once it is done, or after so many seconds, while the work goes on."""
        self._flights.join(want, self._serve)
        await self._patience.wait([want.done], seconds)

    async def _serve(self, work: LaneWork) -> None:
        """Serve those who are in the lane; returns early to leave it to another process for a moment.

        The lease is asked for before anything else, so that other processes hear of us as early as they can.
        """
        async with self._leased(work) as run:
            if run is not None and await self._wanted(run):
                await self._work(run)
        if work.wants and await self._heard(work.lane):
            await self._clock.sleep(GIVE_WAY)

    async def _gather(self, work: LaneWork) -> None:
        """Wait until nobody has joined for a moment and nobody is on the way."""
        latest = self._clock.monotonic() + LONGEST
        while True:
            work.arrival.clear()
            await self._clock.sleep(QUIET)
            if self._clock.monotonic() >= latest or not (work.arrival.is_set() or self._is_awaited(work)):
                return

    def _is_awaited(self, work: LaneWork) -> bool:
        """Whether a request is on the way to this lane."""
        ours = {(want.order.lane.account_id, want.order.point, want.order.series) for want in work.wants}
        return any(self._coming[each] > 0 for each in ours)

    @asynccontextmanager
    async def _leased(self, work: LaneWork) -> AsyncIterator[_Run | None]:
        """Hold the lane among all processes; None if what was wanted came while another one had it."""
        try:
            yield await self._claimed(work)
        finally:
            await self._leases.release(work.lane.point_id, work.lane.series)

    async def _claimed(self, work: LaneWork) -> _Run | None:
        """Wait for the lease, and tell who has it which days are wanted: first that there are some, then which."""
        wish, pause, seen = NO_WISH, POLL_FIRST, 0
        while not (hold := await self._leases.claim(work.lane.point_id, work.lane.series, wish)).ours:
            if wish is NO_WISH:
                await self._gather(work)
            else:
                await self._clock.sleep(pause)
                pause = min(pause * 1.5, POLL_LONGEST)
            if seen != hold.moment:
                seen = hold.moment
                self._turn(work)
            await self._look(work)
            if not work.wants:
                return None
            wish = _wish(work, seen)
        self._turn(work)
        return _Run(work, hold.moment, first=wish is NO_WISH)

    async def _wanted(self, run: _Run) -> bool:
        """Whether anything is still to be asked; those who come together have said what they want by then."""
        if run.first:
            await self._gather(run.work)
        await self._look(run.work)
        if run.work.wants:
            await self._hear(run)
        return bool(run.work.wants)

    async def _hear(self, run: _Run) -> None:
        """Let the processes that ask at the same time say which days they want, before the first call is planned."""
        now = self._clock.monotonic
        pause, latest = AMONG, now() + LONGEST
        if run.first and run.crowded:
            on_their_way = now() - min(want.came_at for want in run.work.wants)
            pause, latest = min(max(AMONG, on_their_way), LONGEST_AMONG), now() + LONGEST_AMONG
        quiet = now() + (pause if run.first and run.crowded else 0.0)
        while True:
            before, run.wishes = run.wishes, await self._heard(run.work.lane)
            if run.first and run.wishes != before:
                quiet = now() + pause
            if now() >= latest or (run.settled and now() >= quiet):
                return
            await self._clock.sleep(QUIET)

    async def _look(self, work: LaneWork) -> None:
        """Have those look again whose look is out of date: what they want may have come meanwhile.

        Also who joins while others look: when this returns, nobody is in the lane with an old look.
        """
        looked: dict[tuple[frozenset[date], frozenset[date], bool], frozenset[date]] = {}
        while (want := next((each for each in work.wants if each.looked_at < work.moment), None)) is not None:
            alike = (frozenset(want.days), want.forced, want.own)
            want.looked_at = work.moment
            if alike not in looked:
                looked[alike] = await want.look()
            want.days.intersection_update(looked[alike])
        work.clear()

    async def _work(self, run: _Run) -> None:
        renewed_at = self._clock.monotonic()
        try:
            while await self._launch(run):
                await _news(run)
                if self._clock.monotonic() - renewed_at >= RENEW:
                    renewed_at = self._clock.monotonic()
                    await self._renew(run)
                if run.work.arrival.is_set():
                    await self._gather(run.work)
                landed = [each for each in run.under_way if each.done()]
                for call in landed:
                    self._land(run, call)
                if landed:
                    await self._leases.landed(run.work.lane.point_id, run.work.lane.series)
                run.withdraw()
        finally:
            if run.under_way:
                await _stopped(run)
                await self._leases.landed(run.work.lane.point_id, run.work.lane.series)

    def _land(self, run: _Run, call: _Call) -> None:
        """Those in the lane hear of it at once; who looked before and joins later has to look again."""
        knowing = [want for want in run.work.wants if want.looked_at >= run.work.moment]
        run.land(call)
        self._turn(run.work)
        for want in knowing:
            want.looked_at = run.work.moment

    def _turn(self, work: LaneWork) -> None:
        self.moment += 1
        work.moment = self.moment

    async def _launch(self, run: _Run) -> bool:
        """Start what may be started now; whether anything is under way."""
        run.wishes = await self._heard(run.work.lane)
        await self._look(run.work)  # nothing is awaited from here on: nobody joins with an old look
        while (flight := run.next()) is not None:
            if flight.priority is Priority.IMPORT and run.wishes:
                break
            run.launch(flight, asyncio.create_task(self._fetch(flight)))
        return bool(run.under_way)

    async def _renew(self, run: _Run) -> None:
        """Keep the lease. Who was stopped for so long that another process has it now makes no further call."""
        run.lost = not (await self._leases.claim(run.work.lane.point_id, run.work.lane.series)).ours

    async def _heard(self, lane: Lane) -> tuple[Wish, ...]:
        return await self._leases.heard(lane.point_id, lane.series)


def _wish(work: LaneWork, moment: int) -> Wish:
    """What those want who have looked after this moment of the lane; the others are told of the next time."""
    sure = [want for want in work.wants if want.looked_at >= work.moment]
    days = frozenset(day for want in sure for day in want.days)
    forced = frozenset(day for want in sure for day in want.forced)
    return Wish(days, days & forced, moment)


async def _news(run: _Run) -> None:
    """Wait until a call ends, somebody joins, or the lease wants to be renewed."""
    arrival = asyncio.ensure_future(run.work.arrival.wait())
    try:
        await asyncio.wait((*run.under_way, arrival), timeout=RENEW, return_when=asyncio.FIRST_COMPLETED)
    finally:
        arrival.cancel()


async def _stopped(run: _Run) -> None:
    """End what is still under way: only when the lane itself was ended."""
    for call in run.under_way:
        call.cancel()
    await asyncio.gather(*run.under_way, return_exceptions=True)


def _older(told: Told, work: LaneWork) -> Told:
    oldest = min((day for want in work.wants for day in want.days), default=told.span.start)
    return Told(DaySpan(min(oldest, told.span.start), told.span.end), told.error)
