"""What a 429 of Enedis says about when to come back (F§12)."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_PER_SECOND = re.compile(r"900807|quota\W+q3", re.IGNORECASE)
_PER_HOUR = re.compile(r"90080[0-4]|quota\W+q4|\bsla\b", re.IGNORECASE)
_UNKNOWN_PAUSE = timedelta(minutes=1)
"""An unknown 429 stops us, but not for an hour: it may come from the equipment in front of the gateway."""

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ACCESS_TIME = re.compile(
    r"(\d{4})-([A-Za-z]{3}|\d{2})-(\d{2})[ T](\d{2}):(\d{2}):(\d{2})(?:\.\d+)?\s*(?:Z|([+-])(\d{2}):?(\d{2}))?"
)


@dataclass(frozen=True, slots=True)
class Throttle:
    """`spacing`: too many in a second. `resume_at` (UTC): not before; None for the next clock hour, or with spacing."""

    spacing: bool
    resume_at: datetime | None

    def retry_after(self, now: datetime) -> int:
        """Whole seconds to wait, at least one."""
        if self.spacing:
            return 1
        resume_at = self.resume_at or next_hour(now)
        return max(1, -int((now - resume_at).total_seconds() // 1))


def next_hour(now: datetime) -> datetime:
    """The round hour of UTC after `now`: the window of the hourly quota looks like a fixed clock hour (F§12)."""
    return now.astimezone(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


def read_throttle(text: str, retry_after: int | None, now: datetime) -> Throttle:
    """What the answer says. `text`: its whole body; `retry_after`: seconds of its header, if it has one."""
    resume_at = access_time(text)
    if resume_at is None and retry_after is not None:
        resume_at = now + timedelta(seconds=retry_after)
    if _PER_SECOND.search(text):
        return Throttle(spacing=True, resume_at=None)
    if resume_at is not None or _PER_HOUR.search(text):
        return Throttle(spacing=False, resume_at=resume_at)
    return Throttle(spacing=False, resume_at=now + _UNKNOWN_PAUSE)


def access_time(text: str) -> datetime | None:
    """The instant that the text names, such as `2026-Jul-17 05:00:00+0000 UTC` (F§12), in UTC; None without one."""
    found = _ACCESS_TIME.search(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, sign, off_hours, off_minutes = found.groups()
    number = int(month) if month.isdigit() else _MONTHS.index(month.lower()) + 1 if month.lower() in _MONTHS else 0
    offset = timedelta(hours=int(off_hours or 0), minutes=int(off_minutes or 0))
    try:
        local = datetime(int(year), number, int(day), int(hour), int(minute), int(second), tzinfo=UTC)
        return local + offset if sign == "-" else local - offset
    except (ValueError, OverflowError):
        return None
