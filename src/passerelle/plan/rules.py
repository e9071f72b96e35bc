"""What Enedis can be asked, and when: the rules of F§5 and F§7, each beside its source."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from passerelle.model.days import DaySpan
from passerelle.model.paris import ONE_DAY, in_paris, months_before
from passerelle.model.reading import GapReason
from passerelle.model.series import Kind, Series

PUBLICATION = time(8, 0)
"""Data of day D are served from 08:00 on D+1, Paris time (F§7)."""

HISTORY_MARGIN = timedelta(days=15)
"""History reaches back so many days beyond its months (F§5)."""

CURVE_DAYS = 7
"""At most seven days a call for load curves (F§5: ADAM-ERR0126)."""

DAILY_DAYS = 365
"""Daily series state no limit; a year is what is known to work (F§5)."""


def days_per_call(series: Series) -> int:
    """The most days that one call may cover."""
    return CURVE_DAYS if series.kind is Kind.CURVE else DAILY_DAYS


def published_end(now: datetime) -> date:
    """The day after the last published one: today from 08:00 Paris on, yesterday before (F§7)."""
    wall = in_paris(now)
    return wall.date() if wall.time() >= PUBLICATION else wall.date() - ONE_DAY


def first_served(series: Series, now: datetime) -> date:
    """The oldest day to ask for: the day after today - months - 15 days.

    The error table of Enedis says one day less than its specifications: the margin of a day is ours (F§7).
    """
    return _first_served(in_paris(now).date(), series.nature.history_months)


@lru_cache(maxsize=64)
def _first_served(today: date, months: int) -> date:
    return months_before(today, months) - HISTORY_MARGIN + ONE_DAY


@dataclass(frozen=True, slots=True)
class DayGap:
    """Days that need not be asked for, and why."""

    span: DaySpan
    reason: GapReason


@dataclass(frozen=True, slots=True)
class Clipped:
    """A range cut to what can exist: `usable` may be asked, `gaps` covers the rest of the range."""

    usable: DaySpan | None
    gaps: tuple[DayGap, ...]


def clip(
    asked: DaySpan, series: Series, now: datetime, activated_on: date | None, *, endless_history: bool = False
) -> Clipped:
    """The part of `asked` that Enedis can have at `now`, and why not the rest.

    `activated_on` is the first day that the meter can have, once learnt (F§7); None where it is not known.
    `endless_history`: captured answers do not grow too old.
    """
    oldest = date.min if endless_history else first_served(series, now)
    return _clipped(asked, oldest, activated_on, published_end(now))


@lru_cache(maxsize=1_024)
def _clipped(asked: DaySpan, oldest: date, activated_on: date | None, ceiling: date) -> Clipped:
    """A burst asks for the same days, and their bounds move once a day."""
    floor = max(oldest, activated_on) if activated_on else oldest
    cuts = (
        (date.min, oldest, GapReason.BEYOND_HISTORY),
        (oldest, floor, GapReason.BEFORE_ACTIVATION),
        (max(floor, ceiling), date.max, GapReason.NOT_PUBLISHED),
    )
    gaps = tuple(
        DayGap(span, reason)
        for start, end, reason in cuts
        if start < end and (span := asked.intersect(DaySpan(start, end))) is not None
    )
    usable = asked.intersect(DaySpan(floor, ceiling)) if floor < ceiling else None
    return Clipped(usable, gaps)
