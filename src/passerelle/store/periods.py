"""Which days share a chunk: nineteen of a curve, a calendar quarter of everything else.

A chunk is written anew for each day that comes: it stays below the 2 kB from which PostgreSQL moves a value out of its
row, where what was replaced lies until VACUUM. Nineteen days of half-hours are the most that do: four rows fill a page.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from passerelle.model.days import DaySpan
from passerelle.model.paris import months_before
from passerelle.model.series import Kind

STRETCH = 19
"""Days of a curve, counted from the first day of the calendar."""

OLDER = 7
"""Days of a curve that shared a chunk before, from a Monday: a row that nobody wrote to since is still one."""

_QUARTER = 3
"""Months."""


@dataclass(frozen=True, slots=True)
class Period:
    """The days from `start` on that one chunk holds."""

    start: date
    length: int

    def day(self, offset: int) -> date:
        return self.start + timedelta(days=offset)

    def offset(self, day: date) -> int:
        return (day - self.start).days


def period_of(kind: Kind, day: date) -> Period:
    """The period that holds this day: nineteen days, or from the first day of a quarter."""
    if kind is Kind.CURVE:
        return Period(day - timedelta(days=day.toordinal() % STRETCH), STRETCH)
    return period_of_quarter(date(day.year, _QUARTER * ((day.month - 1) // _QUARTER) + 1, 1))


def period_of_quarter(start: date) -> Period:
    """The quarter that starts on this day."""
    return Period(start, (months_before(start, -_QUARTER) - start).days)


@lru_cache(maxsize=1_024)
def starts_in(kind: Kind, span: DaySpan) -> tuple[date, date]:
    """The first and the last start of the chunks that may hold days of the span, older ones too."""
    first, last = period_of(kind, span.start).start, period_of(kind, span.end - timedelta(days=1)).start
    if kind is not Kind.CURVE:
        return first, last
    return min(first, span.start - timedelta(days=OLDER - 1)), span.end - timedelta(days=1)
