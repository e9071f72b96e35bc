"""Read a series of a usage point over any range of days: the main use case."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from itertools import chain

from passerelle.access.caller import Caller
from passerelle.access.checks import require_point, require_scope
from passerelle.errors import InternalError, PasserelleError
from passerelle.gateway.fetch_days import Batch, FetchDays, Order
from passerelle.gateway.flights import Flight, Flights, Lane
from passerelle.gateway.patience import Patience
from passerelle.gateway.ports import DayStore, LinkStore
from passerelle.kit.clock import Clock
from passerelle.model.days import DaySpan
from passerelle.model.priority import Priority
from passerelle.model.reading import AnyReading, Gap, GapReason, Readings
from passerelle.model.series import Series
from passerelle.model.usage_point import UsagePointId
from passerelle.plan.calls import plan_calls
from passerelle.plan.gaps import reason_of
from passerelle.plan.merge import Fetched, Merged, merge
from passerelle.plan.rules import clip, days_per_call

INTERACTIVE_CALLS = 10
"""What a request needs beyond so many calls is an import: it must not hold back other people's short requests."""


class CacheUse(StrEnum):
    """How much of an answer came from the store (RFC 9211)."""

    HIT = "hit"
    MISS = "miss"
    PARTIAL = "partial"


@dataclass(frozen=True, slots=True)
class SeriesAsk:
    """`wait`: seconds after which what is not there yet is answered as `pending`."""

    caller: Caller
    point: UsagePointId
    series: Series
    span: DaySpan
    wait: float


@dataclass(frozen=True, slots=True)
class SeriesAnswer:
    """Readings and gaps that together cover every day asked; `failure`: what failed at Enedis, if anything did."""

    point: UsagePointId
    series: Series
    span: DaySpan
    days: tuple[Readings, ...]
    gaps: tuple[Gap, ...]
    as_of: datetime
    cache: CacheUse
    failure: PasserelleError | None = None

    @property
    def readings(self) -> tuple[AnyReading, ...]:
        """All readings in order of time, made one by one: writers that can take a day at once use `days`."""
        return tuple(chain.from_iterable(self.days))

    @property
    def unfinished(self) -> bool:
        """Whether asking again soon may bring more."""
        return any(gap.reason in (GapReason.PENDING, GapReason.UPSTREAM_ERROR) for gap in self.gaps)


class ReadSeries:
    """Check, look at what is held, fetch the rest in the fewest calls, merge.

    `watch` is told how much of each answer the store had.
    """

    def __init__(
        self,
        *,
        links: LinkStore,
        days: DayStore,
        fetch: FetchDays,
        flights: Flights,
        clock: Clock,
        patience: Patience | None = None,
        endless_history: bool = False,
        watch: Callable[[CacheUse], None] | None = None,
    ) -> None:
        self._watch = watch
        self._links = links
        self._days = days
        self._fetch = fetch
        self._flights = flights
        self._patience = patience or Patience()
        self._clock = clock
        self._endless_history = endless_history

    async def __call__(self, ask: SeriesAsk) -> SeriesAnswer:
        """The answer, whole or with its gaps named.

        Raises ScopeMissing, UsagePointUnknown or a ConsentError before Enedis is asked. A failure at Enedis is a gap;
        it is raised only by `refuse_if_empty`.
        """
        now = await self._clock.now()
        require_scope(ask.caller, ask.series.scope)
        link = require_point(ask.caller, ask.point, await self._links.find(ask.caller.account_id, ask.point), now)
        activated_on = await self._links.activation(link.point_id, ask.series.direction)
        clipped = clip(ask.span, ask.series, now, activated_on, endless_history=self._endless_history)
        if clipped.usable is None:
            merged = merge(ask.span, clipped.gaps, {}, ())
            return self._answer(ask, merged, now, CacheUse.HIT, ())
        held = await self._days.held(ask.caller, link.point_id, ask.series, clipped.usable)
        order = Order(ask.caller, ask.point, link, ask.series)
        missing = {day for day in clipped.usable if day not in held}
        flights = self._launch(order, missing)
        await self._patience.wait([flight.task for flight in flights], ask.wait)
        outcomes = _landed(flights)
        merged = merge(ask.span, clipped.gaps, held, outcomes)
        cache = CacheUse.HIT if not flights else CacheUse.PARTIAL if held else CacheUse.MISS
        return self._answer(ask, merged, now, cache, outcomes)

    def _launch(self, order: Order, missing: set[date]) -> list[Flight]:
        """The flights that will bring the missing days: those under way, and new ones for the rest."""
        lane = Lane(order.caller.account_id, order.link.point_id, order.series)
        shared = [flight for flight in self._flights.under_way(lane) if not missing.isdisjoint(flight.span)]
        rest = missing.difference(*(flight.span for flight in shared))
        batch = Batch()
        launched = [
            self._flights.launch(
                lane,
                span,
                self._fetch(
                    order,
                    span,
                    batch,
                    Priority.INTERACTIVE if position < INTERACTIVE_CALLS else Priority.IMPORT,
                ),
            )
            for position, span in enumerate(plan_calls(rest, days_per_call(order.series)))
        ]
        return shared + launched

    def _answer(
        self,
        ask: SeriesAsk,
        merged: Merged,
        now: datetime,
        cache: CacheUse,
        outcomes: tuple[Fetched, ...],
    ) -> SeriesAnswer:
        if self._watch is not None:
            self._watch(cache)
        failed = next(
            (
                each.error
                for each in outcomes
                if each.error is not None and reason_of(each.error) is GapReason.UPSTREAM_ERROR
            ),
            None,
        )
        return SeriesAnswer(ask.point, ask.series, ask.span, merged.days, merged.gaps, now, cache, failed)


def refuse_if_empty(answer: SeriesAnswer) -> SeriesAnswer:
    """The answer, unless nothing of it is usable and a part failed at Enedis or for quota: then that error is raised.

    While something is still pending the answer stands (INTERFACE section 3).
    """
    pending = any(gap.reason is GapReason.PENDING for gap in answer.gaps)
    if answer.failure is not None and not answer.days and not pending:
        raise answer.failure
    return answer


def _landed(flights: list[Flight]) -> tuple[Fetched, ...]:
    """The outcomes of the flights that have landed."""
    outcomes: list[Fetched] = []
    for flight in flights:
        if not flight.task.done():
            continue
        if flight.task.cancelled():
            stopped = InternalError("The work was stopped.", "Le travail a été arrêté.", retryable=True)
            outcomes.append(Fetched(flight.span, error=stopped))
        else:
            outcomes.extend(flight.task.result())
    return tuple(outcomes)
