"""What the meter of a household measured on one civil day: the truth, before any body is rendered.

The curve's mean watts are drawn first, and then moved by a few watts so that watts × minutes / 60 adds up to whole
watt-hours: the daily energy is exactly the integral of the curve, with nothing left to round.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

from passerelle.simulator import calendar, model
from passerelle.simulator.households.nouns import CurveState, Gaps, Household

HOUR = 60
TUESDAY, WEDNESDAY = 1, 2


class Direction(StrEnum):
    CONSUMPTION = "consumption"
    PRODUCTION = "production"


class Interval(NamedTuple):
    """Mean watts from `start` (UTC) for `minutes`. Served from `published` on, unless it is not `present`."""

    start: datetime
    minutes: int
    watts: int
    published: datetime
    present: bool = True

    @property
    def end(self) -> datetime:
        return self.start + timedelta(minutes=self.minutes)


class Energy(NamedTuple):
    """Watt-hours of the civil day."""

    wh: int
    published: datetime
    present: bool = True


class Peak(NamedTuple):
    """The highest apparent power of the civil day, in VA, and its instant (UTC)."""

    va: int
    at: datetime
    published: datetime
    present: bool = True


@dataclass(frozen=True, slots=True)
class MeterDay:
    """One civil day of one direction. `collected` says whether the curve can be had at all; production has no peak."""

    day: date
    direction: Direction
    curve: tuple[Interval, ...]
    energy: Energy
    peak: Peak | None
    collected: bool


def energy_of(curve: Iterable[Interval]) -> int:
    """Watt-hours under the curve, half up."""
    return (sum(interval.watts * interval.minutes for interval in curve) + HOUR // 2) // HOUR


@lru_cache(maxsize=3000)
def measured(seed: int, household: Household, day: date, direction: Direction) -> MeterDay:
    """The day as the household model gives it, before anything was overridden."""
    published = calendar.publication(day, 2 if household.late and _chance(seed, household, "late", day) % 5 == 0 else 1)
    present = _day_is_there(seed, household, day)
    curve = whole_wh(_curve(seed, household, day, direction, published))
    peak = None
    if direction is Direction.CONSUMPTION:
        peak = peak_of(seed, household.prm, day, curve)._replace(present=present)
    energy = Energy(energy_of(curve), published, present)
    if not present:
        curve = tuple(each._replace(present=False) for each in curve)
    elif household.gaps is Gaps.SINGLE_INTERVALS:
        holes = {each.start for each in curve if _chance(seed, household, "hole", each.start) % 61 == 0}
        curve = tuple(each._replace(present=each.start not in holes) for each in curve)
    return MeterDay(day, direction, curve, energy, peak, household.curve is CurveState.COLLECTED)


def _curve(
    seed: int, household: Household, day: date, direction: Direction, published: datetime
) -> tuple[Interval, ...]:
    """Intervals never straddle a UTC hour: every step divides it, and Paris lies a whole number of hours from UTC."""
    own, (start, end) = household.appliances, calendar.bounds(day)
    curve, within = [], model.hour(seed, household.prm, own, model.hour_of(start))
    while start < end:
        minutes = household.steps.minutes(start)
        if not start.minute:
            within = model.hour(seed, household.prm, own, model.hour_of(start))
        first, after = start.minute // model.SLOT_MINUTES, (start.minute + minutes) // model.SLOT_MINUTES
        watts = _watts(household, direction, within, first, after)
        curve.append(Interval(start, minutes, watts, published))
        start += timedelta(minutes=minutes)
    return tuple(curve)


def _watts(household: Household, direction: Direction, within: model.Hour, first: int, after: int) -> int:
    """In self-consumption one direction is at zero: the panels serve the household before the grid is asked."""
    used = model.used(within, first, after) if household.consumes else 0
    given = model.given(within, first, after) if household.produces else 0
    return max(used - given, 0) if direction is Direction.CONSUMPTION else max(given - used, 0)


def whole_wh(curve: tuple[Interval, ...]) -> tuple[Interval, ...]:
    """The same curve, its highest interval of the finest step raised by the few watts that make whole watt-hours.

    Only intervals above zero are touched: in self-consumption, one of the two directions stays at zero.
    """
    lit = [each for each in curve if each.watts]
    excess = sum(each.watts * each.minutes for each in lit) % HOUR
    if not excess:
        return curve
    finest = min(each.minutes for each in lit)
    highest = max((each for each in lit if each.minutes == finest), key=lambda each: each.watts)
    raised = highest._replace(watts=highest.watts + (HOUR - excess) // finest)
    return tuple(raised if each is highest else each for each in curve)


def peak_of(seed: int, prm: str, day: date, curve: tuple[Interval, ...]) -> Peak:
    """A peak that fits the curve: at least its highest mean, rounded up to 10 VA, at an instant inside that interval.

    The instants that Paris writes twice in autumn are avoided: without an offset, nobody could tell which was meant.
    """
    clear = [each for each in curve if not calendar.ambiguous(each.start)] if calendar.is_long(day) else curve
    highest = max(clear, key=lambda each: each.watts)
    top = max(each.watts for each in curve)
    chance = int.from_bytes(blake2b(f"{seed}/{prm}/peak/{day}".encode(), digest_size=4).digest(), "big")
    tens = -(-top * (105 + chance % 40) // 1000)
    second = chance // 64 % (highest.minutes * 60)
    return Peak(tens * 10, highest.start + timedelta(seconds=second), highest.published)


def _day_is_there(seed: int, household: Household, day: date) -> bool:
    if household.gaps is Gaps.TUESDAYS_WEDNESDAYS:
        return day.weekday() not in (TUESDAY, WEDNESDAY)
    return household.gaps is not Gaps.WHOLE_DAYS or _chance(seed, household, "day", day) % 8 != 0


def _chance(seed: int, household: Household, of: str, at: date | datetime) -> int:
    text = f"{seed}/{household.prm}/{of}/{at.isoformat()}"
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")
