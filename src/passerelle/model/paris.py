"""Civil time in Europe/Paris: every day of Enedis is a local day of 23, 24 or 25 hours (F§6)."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")
ONE_DAY = timedelta(days=1)


@lru_cache(maxsize=16_384)
def midnight(day: date) -> datetime:
    """The instant at which the civil day begins, in UTC. It always exists: Paris changes its hour at 01:00 UTC."""
    return datetime.combine(day, time.min, PARIS).astimezone(UTC)


@lru_cache(maxsize=16_384)
def day_bounds(day: date) -> tuple[datetime, datetime]:
    """The instants between which the civil day lies, in UTC, end excluded."""
    return midnight(day), midnight(day + ONE_DAY)


def civil_day(instant: datetime) -> date:
    """The day on the wall in Paris at this instant."""
    return instant.astimezone(PARIS).date()


def minutes_in(day: date) -> int:
    """1380, 1440 or 1500."""
    start, end = day_bounds(day)
    return int((end - start).total_seconds()) // 60


def in_paris(instant: datetime) -> datetime:
    """The same instant, written with the offset that Paris has then."""
    return instant.astimezone(PARIS)


def months_before(day: date, months: int) -> date:
    """The same day of the month `months` earlier, or the last day of that month where it has no such day."""
    index = day.year * 12 + day.month - 1 - months
    year, month = divmod(index, 12)
    first = date(year, month + 1, 1)
    next_first = date(year + (month == 11), (month + 1) % 12 + 1, 1)  # noqa: PLR2004 — December
    return first.replace(day=min(day.day, (next_first - first).days))
