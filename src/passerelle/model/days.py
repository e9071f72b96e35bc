"""Spans of civil days, end excluded as everywhere at Enedis (F§5)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from passerelle.model.paris import midnight


@dataclass(frozen=True, slots=True, order=True)
class DaySpan:
    """The civil days from `start` to the day before `end`; never empty."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.start >= self.end:
            raise ValueError("a span of days holds at least one day")

    def __len__(self) -> int:
        return (self.end - self.start).days

    def __iter__(self) -> Iterator[date]:
        return map(date.fromordinal, range(self.start.toordinal(), self.end.toordinal()))

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.start <= day < self.end

    @property
    def instants(self) -> tuple[datetime, datetime]:
        """The instants at which the span begins and ends, in UTC."""
        return midnight(self.start), midnight(self.end)

    def intersect(self, other: "DaySpan") -> "DaySpan | None":
        """The days of both, or None."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return DaySpan(start, end) if start < end else None


def one_day(day: date) -> DaySpan:
    return DaySpan(day, day + timedelta(days=1))


def runs(days: Iterable[date]) -> list[DaySpan]:
    """The fewest spans that hold exactly these days, in order."""
    spans: list[DaySpan] = []
    for day in sorted(set(days)):
        if spans and spans[-1].end == day:
            spans[-1] = DaySpan(spans[-1].start, day + timedelta(days=1))
        else:
            spans.append(one_day(day))
    return spans
