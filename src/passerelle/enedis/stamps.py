"""From local stamps without offset to true instants (F§6). Pure."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise

from passerelle.model.paris import ONE_DAY, PARIS, day_bounds, in_paris


def true_instants(stamps: Sequence[datetime]) -> list[datetime]:
    """The instant of each local stamp, in UTC; the order is the one received.

    The hour that autumn repeats comes twice: the first time is summer, the second winter. In the hour that spring
    leaves out, `02:00` is the same instant as `03:00`: both are met at the end of the interval that begins at 01:30.
    """
    winter = _second_times(stamps)
    return [_instant(stamp, int(index in winter)) for index, stamp in enumerate(stamps)]


def _second_times(stamps: Sequence[datetime]) -> set[int]:
    """The places of the stamps that belong to the second, winter pass of a repeated hour."""
    nights: dict[object, list[int]] = defaultdict(list)
    for index, stamp in enumerate(stamps):
        if _comes_twice(stamp):
            nights[stamp.date()].append(index)
    return {index for places in nights.values() for index in _second_pass(stamps, places)}


def _comes_twice(stamp: datetime) -> bool:
    return _steady_offset(stamp.date()) is None and _instant(stamp, 0) < _instant(stamp, 1)


def _instant(stamp: datetime, fold: int) -> datetime:
    offset = _steady_offset(stamp.date())
    if offset is not None:
        return (stamp - offset).replace(tzinfo=UTC)
    return stamp.replace(tzinfo=PARIS, fold=fold).astimezone(UTC)


@lru_cache(maxsize=4_096)
def _steady_offset(day: date) -> timedelta | None:
    """The offset that Paris keeps all that day; None on the two days of the year that change it."""
    start, end = day_bounds(day)
    return in_paris(start).utcoffset() if end - start == ONE_DAY else None


def _second_pass(stamps: Sequence[datetime], places: list[int]) -> set[int]:
    """Where the clock steps back once, all that follows is the second pass, even if a stamp came only once.

    Where the order tells nothing, the times that one stamp was received alternate; if the whole was sent doubled, point
    by point, its first half is the first pass.
    """
    back = [after for before, after in pairwise(places) if stamps[after] <= stamps[before]]
    if len(back) == 1:
        return {place for place in places if place >= back[0]}
    uninterrupted = places[-1] - places[0] == len(places) - 1
    received: dict[datetime, list[int]] = defaultdict(list)
    for place in places:
        received[stamps[place]].append(place)
    second: set[int] = set()
    for times in received.values():
        in_pairs = uninterrupted and _in_pairs(times)
        second.update(times[len(times) // 2 :] if in_pairs else times[1::2])
    return second


def _in_pairs(places: list[int]) -> bool:
    """Whether a stamp received four times or more always came twice in a row."""
    pairs = list(zip(places[::2], places[1::2], strict=False))
    return len(pairs) > 1 and 2 * len(pairs) == len(places) and all(after - before == 1 for before, after in pairs)
