"""The work of a lane: the fewest calls for the days of all who are in it, planned anew before each one."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import date

from passerelle.gateway.fetch_days import FetchDays
from passerelle.gateway.flights import Flights, Lane, LaneWork, Want
from passerelle.gateway.lane_run import Call, Run
from passerelle.gateway.patience import Patience
from passerelle.gateway.ports import Leases
from passerelle.kit.clock import Clock
from passerelle.model.leases import NO_WISH, Wish
from passerelle.model.priority import Priority
from passerelle.model.series import Series
from passerelle.model.usage_point import UsagePointId

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

_Approach = tuple[str, UsagePointId, Series]
"""A lane, as a request knows it before it has looked for the point."""


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
    async def _leased(self, work: LaneWork) -> AsyncIterator[Run | None]:
        """Hold the lane among all processes; None if what was wanted came while another one had it."""
        try:
            yield await self._claimed(work)
        finally:
            await self._leases.release(work.lane.point_id, work.lane.series)

    async def _claimed(self, work: LaneWork) -> Run | None:
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
        return Run(work, hold.moment, first=wish is NO_WISH)

    async def _wanted(self, run: Run) -> bool:
        """Whether anything is still to be asked; those who come together have said what they want by then."""
        if run.first:
            await self._gather(run.work)
        await self._look(run.work)
        if run.work.wants:
            await self._hear(run)
        return bool(run.work.wants)

    async def _hear(self, run: Run) -> None:
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

    async def _work(self, run: Run) -> None:
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

    def _land(self, run: Run, call: Call) -> None:
        """Those in the lane hear of it at once; who looked before and joins later has to look again.

        All have to where it brought nothing: no other day may be worth a call any more.
        """
        knowing = [want for want in run.work.wants if want.looked_at >= run.work.moment]
        run.land(call)
        self._turn(run.work)
        if not (call.cancelled() or call.result()):
            for want in knowing:
                want.looked_at = run.work.moment

    def _turn(self, work: LaneWork) -> None:
        self.moment += 1
        work.moment = self.moment

    async def _launch(self, run: Run) -> bool:
        """Start what may be started now; whether anything is under way."""
        run.wishes = await self._heard(run.work.lane)
        await self._look(run.work)  # nothing is awaited from here on: nobody joins with an old look
        while (flight := run.next()) is not None:
            if flight.priority is Priority.IMPORT and run.wishes:
                break
            run.launch(flight, asyncio.create_task(self._fetch(flight)))
        return bool(run.under_way)

    async def _renew(self, run: Run) -> None:
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


async def _news(run: Run) -> None:
    """Wait until a call ends, somebody joins, or the lease wants to be renewed."""
    arrival = asyncio.ensure_future(run.work.arrival.wait())
    try:
        await asyncio.wait((*run.under_way, arrival), timeout=RENEW, return_when=asyncio.FIRST_COMPLETED)
    finally:
        arrival.cancel()


async def _stopped(run: Run) -> None:
    """End what is still under way: only when the lane itself was ended."""
    for call in run.under_way:
        call.cancel()
    await asyncio.gather(*run.under_way, return_exceptions=True)
