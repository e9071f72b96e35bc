"""Which days share a chunk: a calendar week of a curve, a calendar quarter of everything else.

A chunk is written anew for each day that comes: it stays below the 2 kB from which PostgreSQL moves a value out of its
row, where what was replaced lies until VACUUM.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from passerelle.model.days import DaySpan
from passerelle.model.paris import months_before
from passerelle.model.series import Kind

_WEEK = 7
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
    """The period that holds this day: from a Monday, or from the first day of a quarter."""
    if kind is Kind.CURVE:
        return Period(day - timedelta(days=day.weekday()), _WEEK)
    return period_from(kind, date(day.year, _QUARTER * ((day.month - 1) // _QUARTER) + 1, 1))


def period_from(kind: Kind, start: date) -> Period:
    """The period that starts on this day."""
    if kind is Kind.CURVE:
        return Period(start, _WEEK)
    return Period(start, (months_before(start, -_QUARTER) - start).days)


def starts_in(kind: Kind, span: DaySpan) -> tuple[date, date]:
    """The first and the last start of the periods that hold days of the span."""
    return period_of(kind, span.start).start, period_of(kind, span.end - timedelta(days=1)).start
