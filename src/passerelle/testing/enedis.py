"""A scripted Enedis: it serves a plain household, refuses what the script says, and remembers its calls."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

from passerelle.errors import BeforeActivation, PasserelleError
from passerelle.gateway.ports import Errand
from passerelle.model.customer import AnyRecord, Contact, Contract, CustomerRecord
from passerelle.model.days import DaySpan
from passerelle.model.paris import day_bounds
from passerelle.model.priority import Priority
from passerelle.model.reading import AnyReading, Peak, Reading
from passerelle.model.series import Kind, Series
from passerelle.model.usage_point import UsagePointId

HALF_HOUR = timedelta(minutes=30)

Trouble = Callable[[Series, DaySpan], PasserelleError | None]


@dataclass(frozen=True, slots=True)
class Asked:
    """One call, as it came."""

    series: Series | CustomerRecord
    span: DaySpan | None
    priority: Priority


@dataclass
class ScriptedEnedis:
    """Satisfies `gateway.ports.Enedis`.

    `activated_on`: spans that begin earlier are refused whole, as ADAM-ERR0123 does (F§7). `absent`: days that Enedis
    does not have. `trouble`: an error for a call, if it returns one. While `gate` is not set, calls hang.
    """

    activated_on: date = date.min
    contract_tells: bool = True
    absent: frozenset[date] = frozenset()
    trouble: Trouble = lambda _series, _span: None
    calls: list[Asked] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    _arrival: asyncio.Condition = field(default_factory=asyncio.Condition)

    def __post_init__(self) -> None:
        self.gate.set()

    async def until_called(self, times: int) -> None:
        """Return once so many calls have come."""
        async with self._arrival:
            await self._arrival.wait_for(lambda: len(self.calls) >= times)

    async def _arrive(self, call: Asked) -> None:
        async with self._arrival:
            self.calls.append(call)
            self._arrival.notify_all()
        await self.gate.wait()

    async def fetch_measure(
        self, point: UsagePointId, series: Series, span: DaySpan, errand: Errand
    ) -> tuple[AnyReading, ...]:
        assert len(point) == 14  # noqa: S101, PLR2004 — a double checks what it is given
        await self._arrive(Asked(series, span, errand.priority))
        error = self.trouble(series, span)
        if error is not None:
            raise error
        if span.start < self.activated_on:
            raise BeforeActivation("older than the meter", "plus ancien que le compteur")
        return tuple(reading for day in span if day not in self.absent for reading in day_of(series, day))

    async def fetch_record(self, point: UsagePointId, record: CustomerRecord, errand: Errand) -> AnyRecord:
        assert len(point) == 14  # noqa: S101, PLR2004 — a double checks what it is given
        await self._arrive(Asked(record, None, errand.priority))
        if record is CustomerRecord.CONTRACT:
            told = self.contract_tells and self.activated_on > date.min
            return Contract(segment="C5", last_activation_date=self.activated_on if told else None)
        return Contact(phone="0102030405")


def day_of(series: Series, day: date) -> list[AnyReading]:
    """A civil day: 2 W-ish at every half-hour, 48 Wh-ish a day, a peak at noon UTC."""
    start, end = day_bounds(day)
    match series.kind:
        case Kind.DAILY:
            return [Reading(start, end, day.toordinal() % 1000)]
        case Kind.PEAK:
            return [Peak(day, start + timedelta(hours=11), day.toordinal() % 6000)]
        case Kind.CURVE:
            count = (end - start) // HALF_HOUR
            return [Reading(start + at * HALF_HOUR, start + (at + 1) * HALF_HOUR, at) for at in range(count)]
