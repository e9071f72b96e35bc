"""What readings cover of their days, and what they leave open."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from passerelle.model.days import DaySpan
from passerelle.model.paris import civil_day, day_bounds
from passerelle.model.reading import AnyReading, EvenReadings, IndexReading, Peak, Readings

_NEVER = datetime.min.replace(tzinfo=UTC)


def by_day(readings: Iterable[AnyReading]) -> dict[date, Readings]:
    """The readings of each civil day that has any, in the order given."""
    days: dict[date, list[AnyReading]] = {}
    day, start, end = date.min, _NEVER, _NEVER
    for reading in readings:
        if isinstance(reading, Peak | IndexReading):
            day, start, end = reading.day, _NEVER, _NEVER
        elif not start <= reading.start < end:  # neighbours share their day: its bounds are worked out once
            day = civil_day(reading.start)
            start, end = day_bounds(day)
        days.setdefault(day, []).append(reading)
    return {day: tuple(found) for day, found in days.items()}


def holes(day: date, readings: Readings) -> list[tuple[datetime, datetime]]:
    """The stretches of the civil day that no reading covers, in UTC, in order.

    A day of 23 or 25 hours is whole when its own bounds are covered, whatever the number of readings and their steps
    (F§6). A peak, or an index, covers its day.
    """
    if isinstance(readings, EvenReadings) and _fill(day, readings.start, readings.step, len(readings.values)):
        return []
    start, end = day_bounds(day)
    found: list[tuple[datetime, datetime]] = []
    at = start
    for reading in readings:
        if isinstance(reading, Peak | IndexReading):
            return []
        if reading.start > at:
            found.append((at, reading.start))
        at = max(at, reading.end)
    if at < end:
        found.append((at, end))
    return found


@lru_cache(maxsize=16_384)
def _fill(day: date, start: datetime, step: timedelta, count: int) -> bool:
    """Whether so many even readings begin and end with their day: days of all homes share this."""
    return (start, start + step * count) == day_bounds(day)


def complete_days(span: DaySpan, readings: Mapping[date, Readings]) -> dict[date, Readings]:
    """The days of `span` that are wholly covered: these never need to be asked for again."""
    return {day: found for day, found in readings.items() if day in span and not holes(day, found)}
