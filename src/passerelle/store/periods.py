"""Which days share a chunk: a calendar week of a curve, a calendar year of everything else."""

from dataclasses import dataclass
from datetime import date, timedelta

from passerelle.model.days import DaySpan
from passerelle.model.series import Kind

_WEEK = 7


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
    """The period that holds this day: from a Monday, or from the first of January."""
    if kind is Kind.CURVE:
        return Period(day - timedelta(days=day.weekday()), _WEEK)
    return period_from(kind, date(day.year, 1, 1))


def period_from(kind: Kind, start: date) -> Period:
    """The period that starts on this day."""
    if kind is Kind.CURVE:
        return Period(start, _WEEK)
    return Period(start, (date(start.year + 1, 1, 1) - start).days)


def starts_in(kind: Kind, span: DaySpan) -> tuple[date, date]:
    """The first and the last start of the periods that hold days of the span."""
    return period_of(kind, span.start).start, period_of(kind, span.end - timedelta(days=1)).start
