"""How long a consent lasts: an ISO 8601 duration in years, months, weeks or days, three years at most (F§3)."""

import re
from datetime import datetime, timedelta

from passerelle.simulator import calendar

LONGEST_YEARS = 3
FORM = re.compile(r"(-?)P(?=\d)(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,5})D)?", re.ASCII)


class Malformed(ValueError):
    """Not a duration in years, months, weeks or days."""


class TooLong(ValueError):
    """Negative, or more than three years."""


def end_of(duration: str, now: datetime) -> datetime:
    """The instant (UTC) at which a consent given `now` ends: the same local time, on the last day."""
    parts = FORM.fullmatch(duration)
    if parts is None:
        raise Malformed(duration)
    years, months, weeks, days = (int(figure or 0) for figure in parts.groups()[1:])
    here = calendar.local(now)
    today = here.date()
    latest = calendar.shift_months(today, 12 * LONGEST_YEARS)
    if parts[1] or years > LONGEST_YEARS or months > 12 * LONGEST_YEARS:
        raise TooLong(duration)
    end = calendar.shift_months(today, 12 * years + months) + timedelta(weeks=weeks, days=days)
    if end > latest:
        raise TooLong(duration)
    return calendar.wall(end, here.time())


def in_french(duration: str) -> str:
    """What the customer reads: `P1Y4M` is `1 an, 4 mois`. For durations that `end_of` accepts."""
    parts = FORM.fullmatch(duration)
    figures = [int(figure or 0) for figure in parts.groups()[1:]] if parts else []
    named = zip(figures, (("an", "ans"), ("mois", "mois"), ("semaine", "semaines"), ("jour", "jours")), strict=False)
    return ", ".join(f"{figure} {one if figure == 1 else many}" for figure, (one, many) in named if figure) or "0 jour"
