"""The calls of a lane while its lease is held: which comes next, and what an answer means for all who wait."""

import asyncio
from dataclasses import dataclass, field
from datetime import date

from passerelle.errors import (
    BeforeActivation,
    ConsentError,
    NotCollected,
    QuotaExhausted,
    StorageUnavailable,
    WrongDirection,
)
from passerelle.gateway.fetch_days import Flight
from passerelle.gateway.flights import LaneWork, Want
from passerelle.model.days import DaySpan
from passerelle.model.leases import Wish
from passerelle.model.priority import Priority
from passerelle.model.reading import GapReason
from passerelle.plan.calls import plan_calls
from passerelle.plan.failures import REMEMBERED
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
"""Failures in a row after which the rest is not tried: Enedis is away, rejects whatever is asked, or cannot be read."""

_FOR_ALL: tuple[type[PasserelleError], ...] = (
    ConsentError,
    WrongDirection,
    NotCollected,
    StorageUnavailable,
    *(kind for kind, memory in REMEMBERED.items() if memory.of_series),
)
"""What one call is told holds for every other of the lane; what cannot be kept is not asked for."""

Call = asyncio.Task[list[Told]]


@dataclass(eq=False, slots=True)
class Run:
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
    under_way: dict[Call, Flight] = field(default_factory=dict)
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

    def launch(self, flight: Flight, call: Call) -> None:
        for want in self.served(flight.span):
            want.calls += 1
        self.under_way[call] = flight

    def withdraw(self) -> None:
        """Calls that Enedis has not answered, and whose days nobody wants any more: most of them have not left."""
        for call, flight in self.under_way.items():
            if not (flight.answered or self.served(flight.span)):
                call.cancel()

    def land(self, call: Call) -> None:
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
        failed = any(reason_of(each.error) is GapReason.UPSTREAM_ERROR for each in told)
        self.failures = self.failures + 1 if failed else 0
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


def _older(told: Told, work: LaneWork) -> Told:
    oldest = min((day for want in work.wants for day in want.days), default=told.span.start)
    return Told(DaySpan(min(oldest, told.span.start), told.span.end), told.error)
