"""The simulator's own calendar of Paris: civil days of 23, 24 and 25 hours (F§6)."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Paris")
DAY = timedelta(days=1)
PUBLICATION = time(8)  # F§7: the data of day D are served from 08:00 on D+1


def wall(day: date, at: time = time.min) -> datetime:
    """The instant (UTC) at which the clocks of Paris show `at` on `day`; the first one when it is shown twice."""
    return datetime.combine(day, at, ZONE).astimezone(UTC)


def bounds(day: date) -> tuple[datetime, datetime]:
    """First instant of the civil day and first instant after it, in UTC."""
    return wall(day), wall(day + DAY)


def local(instant: datetime) -> datetime:
    """The instant as Paris writes it, with its offset."""
    return instant.astimezone(ZONE)


def day_of(instant: datetime) -> date:
    """The civil day that contains the instant."""
    return local(instant).date()


def stamp(instant: datetime) -> str:
    """`YYYY-MM-DD HH:MM:SS`, local and without offset: how Enedis writes an instant (F§6)."""
    return local(instant).strftime("%Y-%m-%d %H:%M:%S")


def ambiguous(instant: datetime) -> bool:
    """Whether the clocks of Paris show this instant's local time twice (the autumn hour)."""
    here = local(instant)
    return here.replace(fold=0).utcoffset() != here.replace(fold=1).utcoffset()


def is_long(day: date) -> bool:
    """Whether the day has 25 hours."""
    start, end = bounds(day)
    return end - start > DAY


def days(start: date, end: date) -> Iterator[date]:
    """The civil days from `start` to the day before `end`."""
    day = start
    while day < end:
        yield day
        day += DAY


def publication(day: date, delay: int = 1) -> datetime:
    """When the data of `day` are served: 08:00 in Paris, `delay` days later (F§7)."""
    return wall(day + delay * DAY, PUBLICATION)


def months_back(day: date, months: int) -> date:
    """`day` so many months earlier; the last day of a month that is too short."""
    return shift_months(day, -months)


def shift_months(day: date, months: int) -> date:
    """`day` so many months later (earlier when negative); the last day of a month that is too short."""
    year, month0 = divmod(day.year * 12 + day.month - 1 + months, 12)
    following = date(year + month0 // 11, (month0 + 1) % 12 + 1, 1)
    last = (following - DAY).day
    return date(year, month0 + 1, min(day.day, last))


def seconds(count: float) -> timedelta:
    """A stretch of real time."""
    return timedelta(seconds=count)
