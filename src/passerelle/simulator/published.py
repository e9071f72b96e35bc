"""What is served now of a series: measured, present, and past its hour of publication. The one source of every body."""

from datetime import date, datetime

from passerelle.simulator import calendar
from passerelle.simulator.households.nouns import Household
from passerelle.simulator.measures import Direction, Energy, Interval, MeterDay, Peak
from passerelle.simulator.series import Series
from passerelle.simulator.world import World

STEPS_2026 = frozenset({5, 10, 30, 60})


def measures(household: Household, direction: Direction) -> bool:
    """Whether the point measures in this direction."""
    return household.consumes if direction is Direction.CONSUMPTION else household.produces


def days(world: World, household: Household, series: Series, start: date, end: date) -> list[MeterDay]:
    """The days of `[start, end[` that the meter lived through up to now."""
    first, last = max(start, household.activated), min(end, world.today())
    return [world.day(household, day, series.direction) for day in calendar.days(first, last)]


def intervals(day: MeterDay, now: datetime) -> list[Interval]:
    """The curve of the day as far as it is served at `now`."""
    return [each for each in day.curve if day.collected and _served(each, now)]


def intervals_2026(day: MeterDay, now: datetime) -> list[Interval]:
    """The same as 2026 serves it: its steps are those of F§9, so a meter of 15 minutes has no curve there."""
    return [each for each in intervals(day, now) if each.minutes in STEPS_2026]


def energy(day: MeterDay, now: datetime) -> Energy | None:
    return day.energy if _served(day.energy, now) else None


def peak(day: MeterDay, now: datetime) -> Peak | None:
    return day.peak if day.peak is not None and _served(day.peak, now) else None


def oldest_day(world: World, household: Household, series: Series) -> date:
    """The first day that a careful client asks: the day after the history limit (F§7), or that of the activation."""
    return max(world.history_limit(series.history_months) + calendar.DAY, household.activated)


def _served(value: Interval | Energy | Peak, now: datetime) -> bool:
    return value.present and value.published <= now
