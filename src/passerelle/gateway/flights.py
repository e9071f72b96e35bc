"""Work under way at Enedis, so that identical and overlapping requests share it.

A lane is one series of one usage point of one account. Whoever wants days of it joins the lane; one task of the lane
plans the calls for all of them together. Callers who stop waiting end nothing: others may wait for the same days, and
what comes is kept.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import date

from passerelle.access.caller import Caller
from passerelle.consent.states import Link
from passerelle.errors import InternalError
from passerelle.gateway.patience import let_land
from passerelle.kit.logs import get_logger
from passerelle.model.days import DaySpan, runs
from passerelle.model.priority import Priority
from passerelle.model.series import Series
from passerelle.model.usage_point import UsagePointId
from passerelle.plan.lacks import Told
from passerelle.problem import PasserelleError

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Lane:
    """Work is shared inside a lane only: never between accounts."""

    account_id: str
    point_id: str
    series: Series


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be fetched, for whom. `caller` None: nobody is there, what comes is sealed for the next caller."""

    caller: Caller | None
    point: UsagePointId
    link: Link
    series: Series

    @property
    def lane(self) -> Lane:
        return Lane(self.link.account_id, self.link.point_id, self.series)


@dataclass(eq=False, slots=True)
class Want:
    """The days that one request wants of a lane. `done` is set once nothing more will come for it.

    `look` tells anew which days are worth asking; `looked_at`: the moment of `Bring` before it last did. `forced`: days
    that a caller has asked before their time. `own`: whether derived values are not enough. `proven`: whether something
    of the series is held already. `came_at`: when its request came (monotonic). `told`: the errors that calls for its
    days ended with; `calls`: how many were made.
    """

    order: Order
    look: Callable[[], Awaitable[frozenset[date]]]
    days: set[date]
    looked_at: int
    forced: frozenset[date] = frozenset()
    own: bool = False
    proven: bool = False
    priority: Priority = Priority.INTERACTIVE
    came_at: float = math.inf
    told: list[Told] = field(default_factory=list)
    calls: int = 0
    done: "asyncio.Future[None]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def end(self, error: PasserelleError | None = None) -> None:
        """Nothing more will come; with an error, it is why the days that are left did not."""
        if error is not None:
            self.told.extend(Told(span, error) for span in runs(self.days))
            self.days.clear()
        if not self.done.done():
            self.done.set_result(None)


@dataclass(eq=False, slots=True)
class LaneWork:
    """A lane with somebody in it. `arrival` is set when one joins; who looked before `moment` has to look again."""

    lane: Lane
    wants: list[Want] = field(default_factory=list)
    moment: int = 0
    arrival: asyncio.Event = field(default_factory=asyncio.Event)

    def settle(self, span: DaySpan, told: Iterable[Told] = ()) -> None:
        """These days have their answer: whoever has all of his is done."""
        told = tuple(told)
        for want in self.wants:
            heard = [each for each in told if any(day in each.span for day in want.days)]
            want.told.extend(heard)
            want.days.difference_update(span)
        self.clear()

    def clear(self) -> None:
        """Let go whoever waits for nothing any more."""
        for want in self.wants:
            if not want.days:
                want.end()
        self.wants = [want for want in self.wants if want.days]

    def end(self, error: PasserelleError) -> None:
        """Let everybody go with this error for what is left."""
        for want in self.wants:
            want.end(error)
        self.wants = []


Work = Callable[[LaneWork], Awaitable[None]]


class Flights:
    """The lanes of this process that somebody is in."""

    def __init__(self) -> None:
        self._lanes: dict[Lane, tuple[LaneWork, asyncio.Task[None]]] = {}

    def join(self, want: Want, work: Work) -> None:
        """Have the want served by the lane's task, which is started with `work` if there is none."""
        lane = want.order.lane
        if lane in self._lanes:
            state = self._lanes[lane][0]
            state.wants.append(want)
            state.arrival.set()
            return
        state = LaneWork(lane, [want])
        self._lanes[lane] = (state, asyncio.create_task(self._run(state, work)))

    async def _run(self, state: LaneWork, work: Work) -> None:
        # Between the last look at `wants` and the end of the lane nothing is awaited: nobody can join a lane that ends.
        try:
            while state.wants:
                await work(state)
        except PasserelleError as error:
            state.end(error)
        except Exception as error:
            log.exception("lane_failed", series=state.lane.series.value, error=type(error).__name__)
            state.end(InternalError("The gateway failed while it read Enedis.", "La passerelle a échoué."))
        finally:
            self._close(state)

    def _close(self, state: LaneWork) -> None:
        """Nobody joins this lane any more, and nobody waits in it."""
        if state.lane in self._lanes and self._lanes[state.lane][0] is state:
            del self._lanes[state.lane]
        state.end(InternalError("The work was stopped.", "Le travail a été arrêté.", retryable=True))

    async def abandon(self, account_id: str, point_ids: Iterable[str]) -> None:
        """End the work on these points, and return when none of it can write any more."""
        ids = frozenset(point_ids)
        await self._end(lane for lane in self._lanes if lane.account_id == account_id and lane.point_id in ids)

    async def drain(self, seconds: float) -> None:
        """Let the work end by itself for so long, then end it: what it had not stored is asked again later."""
        await let_land([task for _, task in self._lanes.values()], seconds)
        await self._end(self._lanes)

    async def _end(self, lanes: Iterable[Lane]) -> None:
        ending = [self._lanes[lane] for lane in lanes]
        for _, task in ending:
            task.cancel()
        await asyncio.gather(*(task for _, task in ending), return_exceptions=True)
        for state, _ in ending:
            self._close(state)  # a task that is cancelled before it begins never comes to its own end
