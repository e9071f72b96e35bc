"""What the registers of a household's meter show: watt-hours counted since long before the data begin (F§9).

A register at the beginning of day D is what it showed at a fixed day, the origin, and what the days in between gave:
the difference of two days is exactly the energy between them, whoever asks for what first. The origin lies near today,
so that nobody has to draw the years since the meter was placed; before it, days are taken away. A value that was put
over a day moves the days after it, and none before.
"""

from collections.abc import Callable, Iterator
from datetime import date
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

from passerelle.simulator import calendar, published
from passerelle.simulator.households.nouns import Household, Offpeak
from passerelle.simulator.measures import HOUR, Direction, MeterDay, measured
from passerelle.simulator.world import World

ORIGIN = date(2026, 1, 1)
YOUNG = 400
"""Days before the origin since which a meter's own beginning is the origin."""
SEASONS = (date(2025, 1, 15), date(2025, 4, 15), date(2025, 7, 15), date(2025, 10, 15))
DAY_MINUTES = 24 * HOUR


class Count(NamedTuple):
    """Watt-hours: in the daily off-peak hours, and in all others."""

    offpeak: int
    other: int

    @property
    def total(self) -> int:
        return self.offpeak + self.other

    def plus(self, more: "Count", times: int = 1) -> "Count":
        return Count(self.offpeak + more.offpeak * times, self.other + more.other * times)


NOTHING = Count(0, 0)


class Shown(NamedTuple):
    """The registers at the first instant of `day`."""

    day: date
    counts: Count


class TariffClass(NamedTuple):
    """A register by its code and label, and which part of a count it shows."""

    code: str
    label: str
    of: Callable[[Count], int]


class Tariff(NamedTuple):
    """The calendar that the registers follow."""

    code: str
    label: str
    classes: tuple[TariffClass, ...]


TWO_CLASSES = Tariff(
    "FC000002",
    "Heures pleines / heures creuses",
    (
        TariffClass("HC", "Heures Creuses", lambda count: count.offpeak),
        TariffClass("HP", "Heures Pleines", lambda count: count.other),
    ),
)
ONE_CLASS = Tariff("FC000001", "Base", (TariffClass("BASE", "Base", lambda count: count.total),))


def tariff(household: Household, direction: Direction) -> Tariff:
    return TWO_CLASSES if _offpeak(household, direction) else ONE_CLASS


def _offpeak(household: Household, direction: Direction) -> Offpeak | None:
    """The daily ranges that have a register of their own. What is injected has one register for all hours."""
    if direction is Direction.PRODUCTION or household.contract is None:
        return None
    return household.contract.offpeak


def served(world: World, household: Household, direction: Direction, start: date, end: date) -> list[Shown]:
    """The registers of the days of `[start, end[` that are served now: with the energy of that day, or not at all."""
    now, shown = world.clock.now(), []
    first, last = max(start, household.activated), min(end, world.today())
    if first >= last:
        return []
    count = at(world, household, direction, first)
    for day in calendar.days(first, last):
        meter = world.counted(household, day, direction)
        if published.energy(meter, now):
            shown.append(Shown(day, count))
        count = count.plus(_counted(household, meter))
    return shown


def at(world: World, household: Household, direction: Direction, day: date) -> Count:
    """The registers at the first instant of the day, whether served or not."""
    seed, origin = world.settings.seed, _origin(household)
    start, end, sign = (origin, day, 1) if origin <= day else (day, origin, -1)
    count = _at_origin(seed, household, direction).plus(_drawn(seed, household, direction, start, end), sign)
    for changed in world.values.days(household.prm, direction):
        if changed < day:
            count = count.plus(_counted(household, world.counted(household, changed, direction)))
            count = count.plus(_counted(household, measured(seed, household, changed, direction)), -1)
    return count


def _origin(household: Household) -> date:
    return ORIGIN if (ORIGIN - household.activated).days > YOUNG else household.activated


def _counted(household: Household, meter: MeterDay) -> Count:
    """What one day adds. The off-peak part is that of the curve, in whole watt-hours; the rest is the rest."""
    wh, offpeak = meter.energy.wh, _offpeak(household, meter.direction)
    if offpeak is None:
        return Count(0, wh)
    minutes, watt_minutes = _minutes(offpeak), 0
    for interval in meter.curve:
        here = calendar.local(interval.start)
        begin = here.hour * HOUR + here.minute
        watt_minutes += interval.watts * (minutes[begin + interval.minutes] - minutes[begin])
    within = min(watt_minutes // HOUR, wh)
    return Count(within, wh - within)


def _drawn(seed: int, household: Household, direction: Direction, start: date, end: date) -> Count:
    """What the drawn days of `[start, end[` add up to."""
    count = NOTHING
    for month in _months(start, end):
        days = _month(seed, household, direction, month)
        first, last = max(start, month), min(end, calendar.shift_months(month, 1))
        count = count.plus(days[(last - month).days]).plus(days[(first - month).days], -1)
    return count


def _months(start: date, end: date) -> Iterator[date]:
    """The first days of the months that have a day in `[start, end[`."""
    month = start.replace(day=1)
    while month < end:
        yield month
        month = calendar.shift_months(month, 1)


@lru_cache(maxsize=2000)
def _month(seed: int, household: Household, direction: Direction, month: date) -> tuple[Count, ...]:
    """What the drawn days of the month add up to before each of them, and before the day after the last."""
    sums = [NOTHING]
    for day in calendar.days(month, calendar.shift_months(month, 1)):
        sums.append(sums[-1].plus(_counted(household, measured(seed, household, day, direction))))
    return tuple(sums)


@lru_cache(maxsize=512)
def _at_origin(seed: int, household: Household, direction: Direction) -> Count:
    """A drawn start, and twice what days of the four seasons give for every day since the activation.

    Twice, so that no register was ever below zero within the history that can be asked.
    """
    text = f"{seed}/{household.prm}/registers/{direction}"
    chances = blake2b(text.encode(), digest_size=4).digest()
    one, two = (int.from_bytes(half, "big") for half in (chances[:2], chances[2:]))
    start = Count(one, two) if _offpeak(household, direction) else Count(0, one + two)
    lived = (_origin(household) - household.activated).days
    for day in SEASONS if lived else ():
        season = _counted(household, measured(seed, household, day, direction))
        start = start.plus(season, 2 * lived // len(SEASONS))
    return start


@lru_cache(maxsize=64)
def _minutes(offpeak: Offpeak) -> tuple[int, ...]:
    """How many off-peak minutes a local day has before each of its minutes, and in all."""
    sums = [0]
    for minute in range(DAY_MINUTES):
        sums.append(sums[-1] + any(_within(minute, start, end) for start, end in offpeak.ranges))
    return tuple(sums)


def _within(minute: int, start: tuple[int, int], end: tuple[int, int]) -> bool:
    """Whether the range, which may go across midnight, holds this minute of the day."""
    begin, stop = (hour * HOUR + past for hour, past in (start, end))
    return begin <= minute < stop if begin <= stop else minute >= begin or minute < stop
