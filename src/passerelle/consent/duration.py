"""The duration of a consent: ISO 8601, of days, weeks, months or years, at most three years (F§3)."""

import re
from datetime import date, datetime, timedelta
from enum import Enum

from passerelle.errors import InvalidRequest
from passerelle.model.paris import in_paris, midnight, months_before

_FORM = re.compile(r"(-?)P(?=\d)(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,5})D)?", re.ASCII)
_MOST_YEARS = 3


class DurationTrouble(Enum):
    """Why Enedis would not take a duration. `TOO_LONG`: beyond three years, or negative, as Enedis names both."""

    MALFORMED = "malformed"
    TOO_LONG = "too long"


def end_of(duration: str, granted_at: datetime) -> datetime:
    """The instant (UTC) at which a consent of this duration ends: midnight in Paris, so many civil days later.

    Raises InvalidRequest for another form, for nothing at all, and beyond three years.
    """
    last = _last_day(duration, in_paris(granted_at).date())
    match last:
        case DurationTrouble.MALFORMED:
            raise InvalidRequest(
                "`duration` is an ISO 8601 duration of days, weeks, months or years, such as P1Y or P6M.",
                "« duration » est une durée ISO 8601 en jours, semaines, mois ou années, comme P1Y ou P6M.",
            )
        case DurationTrouble.TOO_LONG:
            raise InvalidRequest(
                "A consent lasts three years at most (P3Y).",
                "Un consentement dure trois ans au plus (P3Y).",
            )
        case _:
            return midnight(last)


def duration_trouble(duration: str, granted_at: datetime) -> DurationTrouble | None:
    """What is wrong with the duration of a consent given then; None if nothing."""
    last = _last_day(duration, in_paris(granted_at).date())
    return last if isinstance(last, DurationTrouble) else None


def _last_day(duration: str, today: date) -> date | DurationTrouble:
    found = _FORM.fullmatch(duration)
    if found is None:
        return DurationTrouble.MALFORMED
    years, months, weeks, days = (int(part or 0) for part in found.groups()[1:])
    if found[1]:
        return DurationTrouble.TOO_LONG
    try:
        last = months_before(today, -(12 * years + months)) + timedelta(days=7 * weeks + days)
    except (OverflowError, ValueError):
        return DurationTrouble.TOO_LONG
    if last > months_before(today, -12 * _MOST_YEARS):
        return DurationTrouble.TOO_LONG
    return last if last > today else DurationTrouble.MALFORMED
