"""A scripted Enedis: it serves a plain household, refuses what the script says, and remembers its calls."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from passerelle.errors import BeforeActivation
from passerelle.gateway.ports import Errand
from passerelle.model.customer import AnyRecord, Contact, Contract, CustomerRecord
from passerelle.model.days import DaySpan
from passerelle.model.paris import day_bounds
from passerelle.model.priority import Priority
from passerelle.model.reading import AnyReading, IndexReading, Peak, Reading, Register
from passerelle.model.series import Kind, Series
from passerelle.model.shared_services import SharedService
from passerelle.model.usage_point import UsagePointId
from passerelle.problem import PasserelleError

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
    does not have; `holes`: starts of intervals that it does not have; `revised`: what it adds to the values of a day.
    `trouble`, `record_trouble`: an error for a call, if it returns one. `services`: what was shared; `silence`: the
    error in its place. `indexes`: whether it has them. While `gate` is not set, calls hang.
    """

    activated_on: date = date.min
    contract_tells: bool = True
    contract_in_part: bool = False
    absent: frozenset[date] = frozenset()
    holes: frozenset[datetime] = frozenset()
    revised: Mapping[date, int] = field(default_factory=dict)
    trouble: Trouble = lambda _series, _span: None
    record_trouble: Callable[[CustomerRecord], PasserelleError | None] = lambda _record: None
    calls: list[Asked] = field(default_factory=list)
    services: list[SharedService] = field(default_factory=list)
    silence: PasserelleError | None = None
    indexes: bool = True
    authorisations: list[int] = field(default_factory=list)
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

    def serves(self, series: Series) -> bool:
        return self.indexes or series.kind is not Kind.INDEX

    async def shared_services(self, authorisation_id: int, errand: Errand) -> tuple[SharedService, ...]:
        assert errand.account_id  # noqa: S101 — a double checks what it is given
        self.authorisations.append(authorisation_id)
        if self.silence is not None:
            raise self.silence
        return tuple(self.services)

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
        return tuple(
            self._as_it_is_now(day, reading)
            for day in span
            if day not in self.absent
            for reading in day_of(series, day)
            if self._still_there(reading)
        )

    def _still_there(self, reading: AnyReading) -> bool:
        return not isinstance(reading, Reading) or reading.start not in self.holes

    def _as_it_is_now(self, day: date, reading: AnyReading) -> AnyReading:
        if isinstance(reading, IndexReading) or day not in self.revised:
            return reading
        return replace(reading, value=reading.value + self.revised[day])

    async def fetch_record(self, point: UsagePointId, record: CustomerRecord, errand: Errand) -> AnyRecord:
        assert len(point) == 14  # noqa: S101, PLR2004 — a double checks what it is given
        await self._arrive(Asked(record, None, errand.priority))
        error = self.record_trouble(record)
        if error is not None:
            raise error
        if record is CustomerRecord.CONTRACT:
            told = self.contract_tells and self.activated_on > date.min
            activated_on = self.activated_on if told else None
            return Contract(segment="C5", last_activation_date=activated_on, partial=self.contract_in_part)
        return Contact(phone="0102030405")


def day_of(series: Series, day: date) -> list[AnyReading]:
    """A civil day: 2 W-ish at every half-hour, 48 Wh-ish a day, a peak at noon UTC."""
    start, end = day_bounds(day)
    match series.kind:
        case Kind.DAILY:
            return [Reading(start, end, day.toordinal() % 1000)]
        case Kind.PEAK:
            return [Peak(day, start + timedelta(hours=11), day.toordinal() % 6000)]
        case Kind.INDEX:
            return [IndexReading(day, start, (Register("BASE", day.toordinal() * 10),), day.toordinal() * 10)]
        case Kind.CURVE:
            count = (end - start) // HALF_HOUR
            return [Reading(start + at * HALF_HOUR, start + (at + 1) * HALF_HOUR, at) for at in range(count)]
