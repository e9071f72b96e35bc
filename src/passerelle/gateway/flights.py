"""Calls under way, so that identical and overlapping requests share them."""

import asyncio
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass

from passerelle.model.days import DaySpan
from passerelle.model.series import Series
from passerelle.plan.merge import Fetched


@dataclass(frozen=True, slots=True)
class Lane:
    """Flights are shared inside a lane only: never between accounts."""

    account_id: str
    point_id: str
    series: Series


@dataclass(frozen=True, slots=True)
class Flight:
    """A call to Enedis under way for these days. The task never raises: it ends with outcomes."""

    span: DaySpan
    task: "asyncio.Task[list[Fetched]]"


class Flights:
    """The flights of this process. They belong to nobody: a caller who stops waiting ends none of them."""

    def __init__(self) -> None:
        self._lanes: dict[Lane, list[Flight]] = {}

    def under_way(self, lane: Lane) -> list[Flight]:
        return list(self._lanes.get(lane, ()))

    def launch(self, lane: Lane, span: DaySpan, work: Coroutine[None, None, list[Fetched]]) -> Flight:
        """Start the work; it leaves the lane by itself when it ends."""
        flight = Flight(span, asyncio.create_task(work))
        self._lanes.setdefault(lane, []).append(flight)
        flight.task.add_done_callback(lambda _: self._land(lane, flight))
        return flight

    def _land(self, lane: Lane, flight: Flight) -> None:
        flights = self._lanes.get(lane, [])
        if flight in flights:
            flights.remove(flight)
        if not flights:
            self._lanes.pop(lane, None)

    async def abandon(self, account_id: str, point_ids: Iterable[str]) -> None:
        """End the flights of these points, and return when none of them can write any more."""
        ids = frozenset(point_ids)
        await self._end(
            flight
            for lane, flights in self._lanes.items()
            if lane.account_id == account_id and lane.point_id in ids
            for flight in flights
        )

    async def drain(self, seconds: float) -> None:
        """Let the flights land for so long, then end the rest: what they had not stored is asked again later."""
        tasks = [flight.task for flights in self._lanes.values() for flight in flights]
        if tasks:
            await asyncio.wait(tasks, timeout=seconds)
        await self._end(flight for flights in list(self._lanes.values()) for flight in flights)

    async def _end(self, flights: Iterable[Flight]) -> None:
        tasks = [flight.task for flight in flights]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
