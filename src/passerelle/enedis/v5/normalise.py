"""From the bodies of v5 to true instants and values (F§5, F§6). Pure."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from passerelle.enedis.v5.stamps import true_instants
from passerelle.enedis.v5.wire import MeterReading, Point, Text
from passerelle.errors import UpstreamBroken
from passerelle.model.days import DaySpan
from passerelle.model.paris import day_bounds
from passerelle.model.reading import AnyReading, Peak, Quality, Reading
from passerelle.model.series import Kind, Series
from passerelle.model.usage_point import UsagePointId

STEPS = (5, 10, 15, 30, 60)
"""Minutes of an interval (F§5)."""

USUAL_STEP = 30
_LENGTH = re.compile(r"PT([0-9]{1,3})([MH])")
_WHOLE = re.compile(r"([0-9]{1,12})(?:\.0*)?")
_MOST_DIGITS = 12
_LARGEST = 10**_MOST_DIGITS
_FIRST_YEAR, _LAST_YEAR = 2000, 2200
_UNITS = {Kind.DAILY: ("wh",), Kind.CURVE: ("w",), Kind.PEAK: ("va", "w")}
"""Of the maximum power, Enedis' own texts say both (F§9)."""


class _Dated(NamedTuple):
    """A point of which stamp and value were read. `minutes` is None where Enedis does not tell the step."""

    stamp: datetime
    value: int
    minutes: int | None


class _Interval(NamedTuple):
    end: datetime
    value: int
    minutes: int | None


def readings(measure: MeterReading, point: UsagePointId, series: Series, span: DaySpan) -> tuple[AnyReading, ...]:
    """The readings of the body that lie inside `span`: sorted, none twice, no two overlapping.

    Of a point received twice the last wins; one that overlaps an accepted one is left out and stays a visible hole.
    Raises UpstreamBroken for another usage point, another unit, and a stamp, step or value that cannot be read: a value
    is a whole number, 0 or more.
    """
    _check(measure, point, series)
    quality = _quality(measure.quality)
    dated = list(_dated(measure.interval_reading or ()))
    return _SHAPES[series.kind](dated, span, quality)


def _check(measure: MeterReading, point: UsagePointId, series: Series) -> None:
    named = measure.usage_point_id
    # A number has lost the zeros that it began with.
    if named is not None and str(named).strip().zfill(14) != point:
        raise _broken("is about another usage point", "concerne un autre point")
    unit = measure.reading_type.unit if measure.reading_type else None
    if unit is not None and unit.strip().lower() not in _UNITS[series.kind]:
        raise _broken("is in another unit", "est dans une autre unité")


def _quality(text: str | None) -> Quality:
    """`BRUT` everywhere in v5, `BEST` documented since (F§7)."""
    corrected = re.search(r"best|corr", text or "", re.IGNORECASE)
    return Quality.CORRECTED if corrected else Quality.RAW


def _dated(points: Iterable[Point]) -> Iterator[_Dated]:
    """The points in the order received. One without a date or without a value says nothing."""
    for point in points:
        if point.date is not None and point.value is not None:
            yield _Dated(_stamp(point.date), _value(point.value), _minutes(point.interval_length))


def _stamp(text: str) -> datetime:
    """A local stamp without offset; a bare date is its midnight."""
    try:
        stamp = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise _broken("holds a date that cannot be read", "contient une date illisible") from error
    if stamp.tzinfo is not None or not _FIRST_YEAR <= stamp.year <= _LAST_YEAR:
        raise _broken("holds a date that cannot be", "contient une date impossible")
    return stamp


def _value(value: Text) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS:
        return int(value)  # what nearly every value is
    found = _WHOLE.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is not None:
        return int(found[1])
    if isinstance(value, (int, float)) and 0 <= value < _LARGEST and value == int(value):
        return int(value)
    raise _broken("holds a value that is no whole number", "contient une valeur qui n'est pas un nombre entier")


@lru_cache(maxsize=64)
def _minutes(text: str | None) -> int | None:
    """`PT30M`, also `PT1H` (F§5). A step that nobody knows is an error, never a guess."""
    if text is None or not text.strip():
        return None
    found = _LENGTH.fullmatch(text.strip().upper())
    minutes = int(found[1]) * (60 if found[2] == "H" else 1) if found else 0
    if minutes not in STEPS:
        raise _broken("holds a step that is not known", "contient un pas inconnu")
    return minutes


def _curve(dated: Sequence[_Dated], span: DaySpan, quality: Quality) -> tuple[Reading, ...]:
    """Stamps are the ends of their intervals (F§6)."""
    ends = true_instants([item.stamp for item in dated])
    last = {end: _Interval(end, item.value, item.minutes) for end, item in zip(ends, dated, strict=True)}
    intervals = [last[end] for end in sorted(last)]
    opening, closing = span.instants
    accepted: list[Reading] = []
    for interval, minutes in zip(intervals, _steps(intervals), strict=True):
        start = interval.end - timedelta(minutes=minutes)
        free_from = accepted[-1].end if accepted else opening
        if free_from <= start and interval.end <= closing:
            accepted.append(Reading(start, interval.end, interval.value, quality))
    return tuple(accepted)


def _steps(intervals: Sequence[_Interval]) -> list[int]:
    """The step of each: its own, else the distance to its nearer neighbour if that is a step, else the usual one."""
    told = [interval.minutes for interval in intervals if interval.minutes is not None]
    if len(told) == len(intervals):
        return told
    distances = [int((after.end - before.end).total_seconds()) // 60 for before, after in pairwise(intervals)]
    steps = []
    for index, interval in enumerate(intervals):
        nearest = min(distances[max(0, index - 1) : index + 1], default=0)
        steps.append(interval.minutes or (nearest if nearest in STEPS else USUAL_STEP))
    return steps


def _daily(dated: Sequence[_Dated], span: DaySpan, quality: Quality) -> tuple[Reading, ...]:
    """Daily values carry the local day that they describe (F§6)."""
    return tuple(Reading(*day_bounds(day), item.value, quality) for day, item in _by_day(dated, span))


def _peaks(dated: Sequence[_Dated], span: DaySpan, quality: Quality) -> tuple[Peak, ...]:
    """The stamp is the local instant of the peak, inside its day (F§5).

    In the doubled hour of autumn it is taken as summer time. One in the hour that spring leaves out is read with the
    offset before the change, hence one hour later on the wall.
    """
    found = _by_day(dated, span)
    at = true_instants([item.stamp for _, item in found])
    return tuple(Peak(day, instant, item.value, quality) for (day, item), instant in zip(found, at, strict=True))


def _by_day(dated: Sequence[_Dated], span: DaySpan) -> list[tuple[date, _Dated]]:
    last = {item.stamp.date(): item for item in dated}
    return [(day, last[day]) for day in sorted(last) if day in span]


_SHAPES: dict[Kind, Callable[[Sequence[_Dated], DaySpan, Quality], tuple[AnyReading, ...]]] = {
    Kind.CURVE: _curve,
    Kind.DAILY: _daily,
    Kind.PEAK: _peaks,
}


def _broken(what: str, quoi: str) -> UpstreamBroken:
    return UpstreamBroken(f"Enedis' answer {what}.", f"La réponse d'Enedis {quoi}.")
