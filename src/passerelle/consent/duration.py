"""The duration of a consent: ISO 8601, of days, weeks, months or years, at most three years (F§3)."""

import re
from datetime import date, datetime, timedelta

from passerelle.errors import InvalidRequest
from passerelle.model.paris import in_paris, midnight, months_before

_FORM = re.compile(r"P(?=\d)(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,5})D)?")
_MOST_YEARS = 3


def end_of(duration: str, granted_at: datetime) -> datetime:
    """The instant (UTC) at which a consent of this duration ends: midnight in Paris, so many civil days later.

    Raises InvalidRequest for another form, for nothing at all, and beyond three years.
    """
    today = in_paris(granted_at).date()
    last = _later(today, duration)
    if last is None or last <= today:
        raise InvalidRequest(
            "`duration` is an ISO 8601 duration of days, weeks, months or years, such as P1Y or P6M.",
            "« duration » est une durée ISO 8601 en jours, semaines, mois ou années, comme P1Y ou P6M.",
        )
    if last > months_before(today, -12 * _MOST_YEARS):
        raise InvalidRequest(
            "A consent lasts three years at most (P3Y).",
            "Un consentement dure trois ans au plus (P3Y).",
        )
    return midnight(last)


def _later(day: date, duration: str) -> date | None:
    found = _FORM.fullmatch(duration)
    if found is None:
        return None
    years, months, weeks, days = (int(part or 0) for part in found.groups())
    try:
        return months_before(day, -(12 * years + months)) + timedelta(days=7 * weeks + days)
    except (OverflowError, ValueError):
        return None
