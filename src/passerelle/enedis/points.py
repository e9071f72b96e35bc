"""From points as Enedis writes them to readings: what both generations say in the same way (F§5, F§6). Pure."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from passerelle.enedis.bodies import Text, broken
from passerelle.enedis.stamps import true_instants
from passerelle.model.days import DaySpan
from passerelle.model.paris import day_bounds
from passerelle.model.reading import AnyReading, Peak, Quality, Reading
from passerelle.model.series import Kind
from passerelle.model.usage_point import UsagePointId

STEPS = (5, 10, 15, 30, 60)
"""Minutes of an interval (F§5)."""

USUAL_STEP = 30
_LENGTH = re.compile(r"PT([0-9]{1,3})([MH])")
_WHOLE = re.compile(r"([0-9]{1,12})(?:\.0*)?")
_MOST_DIGITS = 12
_LARGEST = 10**_MOST_DIGITS
_FIRST_YEAR, _LAST_YEAR = 2000, 2200
_UNITS = {Kind.DAILY: ("wh",), Kind.CURVE: ("w",), Kind.PEAK: ("va", "w"), Kind.INDEX: ("wh",)}
"""Of the maximum power, Enedis' own texts say both (F§9)."""


class Dated(NamedTuple):
    """A point of which stamp and value were read. `minutes` is None where Enedis does not tell the step."""

    stamp: datetime
    value: int
    minutes: int | None


class _Interval(NamedTuple):
    end: datetime
    value: int
    minutes: int | None


def read_points(
    points: Iterable[tuple[str | None, Text, str | None]], kind: Kind, span: DaySpan, quality: Quality
) -> tuple[AnyReading, ...]:
    """The readings of points (stamp, value, step) that lie inside `span`: sorted, none twice, no two overlapping.

    A point without a stamp or without a value says nothing. Of one received twice the last wins; one that overlaps an
    accepted one is left out and stays a visible hole. `kind` is one of `DAILY`, `CURVE`, `PEAK`. Raises UpstreamBroken
    for a stamp, step or value that cannot be read: a value is a whole number, 0 or more.
    """
    return _SHAPES[kind](list(_dated(points)), span, quality)


def check_point(named: Text, point: UsagePointId) -> None:
    """Raises UpstreamBroken, which names none, if the answer names another usage point."""
    # A number has lost the zeros that it began with.
    if named is not None and str(named).strip().zfill(14) != point:
        raise broken("is about another usage point", "concerne un autre point")


def check_unit(unit: str | None, kind: Kind) -> None:
    """Raises UpstreamBroken for a unit that this kind of series does not have."""
    if unit is not None and unit.strip().lower() not in _UNITS[kind]:
        raise broken("is in another unit", "est dans une autre unité")


def read_quality(text: str | None) -> Quality:
    """`BRUT` everywhere in v5, `BEST` documented since (F§7)."""
    corrected = re.search(r"best|corr", text or "", re.IGNORECASE)
    return Quality.CORRECTED if corrected else Quality.RAW


def read_stamp(text: str) -> datetime:
    """A local stamp without offset; a bare date is its midnight."""
    try:
        stamp = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise broken("holds a date that cannot be read", "contient une date illisible") from error
    if stamp.tzinfo is not None or not _FIRST_YEAR <= stamp.year <= _LAST_YEAR:
        raise broken("holds a date that cannot be", "contient une date impossible")
    return stamp


def read_value(value: Text) -> int:
    """A whole number, 0 or more, however spelt."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS:
        return int(value)  # what nearly every value is
    found = _WHOLE.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is not None:
        return int(found[1])
    if isinstance(value, (int, float)) and 0 <= value < _LARGEST and value == int(value):
        return int(value)
    raise broken("holds a value that is no whole number", "contient une valeur qui n'est pas un nombre entier")


def _dated(points: Iterable[tuple[str | None, Text, str | None]]) -> Iterator[Dated]:
    """The points in the order received."""
    for stamp, value, step in points:
        if stamp is not None and value is not None:
            yield Dated(read_stamp(stamp), read_value(value), _minutes(step))


@lru_cache(maxsize=64)
def _minutes(text: str | None) -> int | None:
    """`PT30M`, also `PT1H` (F§5). A step that nobody knows is an error, never a guess."""
    if text is None or not text.strip():
        return None
    found = _LENGTH.fullmatch(text.strip().upper())
    minutes = int(found[1]) * (60 if found[2] == "H" else 1) if found else 0
    if minutes not in STEPS:
        raise broken("holds a step that is not known", "contient un pas inconnu")
    return minutes


def _curve(dated: Sequence[Dated], span: DaySpan, quality: Quality) -> tuple[Reading, ...]:
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


def _daily(dated: Sequence[Dated], span: DaySpan, quality: Quality) -> tuple[Reading, ...]:
    """Daily values carry the local day that they describe (F§6)."""
    return tuple(Reading(*day_bounds(day), item.value, quality) for day, item in _by_day(dated, span))


def _peaks(dated: Sequence[Dated], span: DaySpan, quality: Quality) -> tuple[Peak, ...]:
    """The stamp is the local instant of the peak, inside its day (F§5).

    In the doubled hour of autumn it is taken as summer time. One in the hour that spring leaves out is read with the
    offset before the change, hence one hour later on the wall.
    """
    found = _by_day(dated, span)
    at = true_instants([item.stamp for _, item in found])
    return tuple(Peak(day, instant, item.value, quality) for (day, item), instant in zip(found, at, strict=True))


def _by_day(dated: Sequence[Dated], span: DaySpan) -> list[tuple[date, Dated]]:
    last = {item.stamp.date(): item for item in dated}
    return [(day, last[day]) for day in sorted(last) if day in span]


_SHAPES: dict[Kind, Callable[[Sequence[Dated], DaySpan, Quality], tuple[AnyReading, ...]]] = {
    Kind.CURVE: _curve,
    Kind.DAILY: _daily,
    Kind.PEAK: _peaks,
}
