"""Values that a test puts in place of the drawn ones. The other series of the day follow, unless they are left alone.

- A curve value (one interval, or the whole day flat) moves the energy and the peak of the day.
- An energy scales the curve so that it integrates to exactly that, and the peak with it.
- A peak moves nothing else.
- A day that is absent, or published late, is so in every series of its direction. One interval that is absent leaves
  the others as they are: the meter's registers went on counting.
"""

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TypeVar

from passerelle.simulator.measures import HOUR, Direction, Energy, Interval, MeterDay, Peak, energy_of, peak_of
from passerelle.simulator.series import Kind, Series

Measured = TypeVar("Measured", Interval, Energy, Peak)


@dataclass(frozen=True, slots=True)
class Change:
    """One thing put over the drawn day. `at` (UTC) is the start of one interval, or the instant of the peak.

    With `publish_at`, the value (the drawn one when none is given) is served from that instant on, and absent before.
    """

    series: Series
    value: int | None = None
    absent: bool = False
    at: datetime | None = None
    publish_at: datetime | None = None
    alone: bool = False


@dataclass(slots=True)
class Values:
    """What was put so far, by PRM, day and direction, in the order in which it was put."""

    seed: int
    _changes: dict[tuple[str, date, Direction], list[Change]] = field(default_factory=dict)

    def put(self, prm: str, day: date, change: Change) -> None:
        self._changes.setdefault((prm, day, change.series.direction), []).append(change)

    def over(self, prm: str, drawn: MeterDay) -> MeterDay:
        """The day with every change applied."""
        return self._applied(prm, drawn, self._of(prm, drawn))

    def counted(self, prm: str, drawn: MeterDay) -> MeterDay:
        """The day with every change that its other series follow: what the registers of the meter counted."""
        return self._applied(prm, drawn, [change for change in self._of(prm, drawn) if not change.alone])

    def days(self, prm: str, direction: Direction) -> list[date]:
        """The days over which something was put."""
        return [day for point, day, way in self._changes if (point, way) == (prm, direction)]

    def _of(self, prm: str, drawn: MeterDay) -> list[Change]:
        return self._changes.get((prm, drawn.day, drawn.direction), [])

    def _applied(self, prm: str, drawn: MeterDay, changes: list[Change]) -> MeterDay:
        day = drawn
        for change in changes:
            day = apply(self.seed, prm, day, change)
        return day


def apply(seed: int, prm: str, day: MeterDay, change: Change) -> MeterDay:
    """The day after one change."""
    if change.value is not None:
        day = _with_value(seed, prm, day, change, change.value)
    return _marked(day, change) if change.absent or change.publish_at is not None else day


def _with_value(seed: int, prm: str, day: MeterDay, change: Change, value: int) -> MeterDay:
    match change.series.kind:
        case Kind.MAX_POWER:
            if day.peak is None:
                return day
            return replace(day, peak=day.peak._replace(va=value, at=change.at or day.peak.at, present=True))
        case Kind.DAILY:
            day = replace(day, energy=day.energy._replace(wh=value, present=True))
            if change.alone:
                return day
            curve = tuple(each._replace(present=True) for each in scaled(day.curve, value))
            return _with_peak(seed, prm, replace(day, curve=curve))
        case Kind.LOAD_CURVE:
            curve = tuple(
                each._replace(watts=value, present=True) if change.at in (None, each.start) else each
                for each in day.curve
            )
            day = replace(day, curve=curve)
            if change.alone:
                return day
            energy = day.energy._replace(wh=energy_of(curve), present=True)
            return _with_peak(seed, prm, replace(day, energy=energy))


def _with_peak(seed: int, prm: str, day: MeterDay) -> MeterDay:
    if day.peak is None:
        return day
    peak = peak_of(seed, prm, day.day, day.curve)
    return replace(day, peak=day.peak._replace(va=peak.va, at=peak.at, present=True))


def _marked(day: MeterDay, change: Change) -> MeterDay:
    """The day with an absence, or another hour of publication, where the change applies."""
    kind, everywhere = change.series.kind, not change.alone and change.at is None
    if everywhere or kind is Kind.LOAD_CURVE:
        curve = tuple(_mark(each, change) if change.at in (None, each.start) else each for each in day.curve)
        day = replace(day, curve=curve)
    if everywhere or kind is Kind.DAILY:
        day = replace(day, energy=_mark(day.energy, change))
    if day.peak is not None and (everywhere or kind is Kind.MAX_POWER):
        day = replace(day, peak=_mark(day.peak, change))
    return day


def _mark(value: Measured, change: Change) -> Measured:
    if change.publish_at is None:
        return value._replace(present=False)
    return value._replace(present=True, published=change.publish_at)


def scaled(curve: tuple[Interval, ...], wh: int) -> tuple[Interval, ...]:
    """The curve of the same form that integrates to exactly `wh`; flat where there was no form."""
    total = sum(each.watts * each.minutes for each in curve)
    if not total:
        curve = tuple(each._replace(watts=1) for each in curve)
        total = sum(each.minutes for each in curve)
    target = wh * HOUR
    watts = [each.watts * target // total for each in curve]
    rest = target - sum(power * each.minutes for power, each in zip(watts, curve, strict=True))
    finest = min(each.minutes for each in curve if each.watts)
    fine = [index for index, each in enumerate(curve) if each.watts and each.minutes == finest]
    for turn in range(rest // finest):
        watts[fine[turn % len(fine)]] += 1
    return tuple(each._replace(watts=power) for power, each in zip(watts, curve, strict=True))
