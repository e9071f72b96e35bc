"""Texts of customer data that both generations write alike: powers, days, off-peak hours (F§8, F§10). Pure."""

import re
from datetime import date, time

from passerelle.enedis.bodies import Text
from passerelle.model.customer import OffpeakRange

_POWER = re.compile(r"([0-9]{1,6})(?:[.,]0+)?(?:\s*kva)?", re.IGNORECASE)
_AMOUNT = re.compile(r"([0-9]{1,6})(?:[.,]([0-9]+))?\s*([a-z]+)", re.ASCII | re.IGNORECASE)
_DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T+\-Z ].*)?", re.ASCII)
_CLOCK = r"([0-9]{1,2})\s*[h:]\s*([0-9]{2})?"
_RANGE = re.compile(rf"\s*{_CLOCK}\s*[-–]\s*{_CLOCK}\s*", re.IGNORECASE)
_OFFPEAK = re.compile(r"\s*(?:HC)?\s*(?:\(([^()]*)\)|([^()]*))\s*", re.IGNORECASE)
_HOURS_IN_DAY = 24


def read_text(value: Text) -> str | None:
    """The text itself, or None for one that is absent or blank."""
    text = "" if value is None else str(value)
    return text if text.strip() else None


def read_power(text: str | None) -> int | None:
    """KVA; None for another unit."""
    found = _POWER.fullmatch((text or "").strip())
    return int(found[1]) if found else None


def read_amount(unit: str, text: str | None) -> float | None:
    """The amount in this unit; None for another unit, and for none: the kW of a large connection are no kVA."""
    found = _AMOUNT.fullmatch((text or "").strip())
    return float(f"{found[1]}.{found[2] or 0}") if found and found[3].lower() == unit.lower() else None


def read_day(text: str | None) -> date | None:
    """The day of `2017-07-15+02:00` or `2024-10-12T00:00:00+0200`: the offset says only where it was midnight."""
    found = _DATE.fullmatch((text or "").strip())
    try:
        return date.fromisoformat(found[1]) if found else None
    except ValueError:
        return None


def read_offpeak(text: str | None) -> tuple[OffpeakRange, ...] | None:
    """The ranges of `HC (1H06-7H06;15H06-17H06)`; None unless all of it is understood.

    Of 2026 nobody has published the spelling (F§16.4): `23h00-7h30` and `22:50-06:50` are read too, with or without
    the frame.
    """
    outer = _OFFPEAK.fullmatch(text or "")
    if outer is None:
        return None
    ranges = []
    for piece in re.split(r"[;,]", outer[1] if outer[1] is not None else outer[2]):
        found = _RANGE.fullmatch(piece)
        if found is None:
            return None
        start, end = _clock(found[1], found[2]), _clock(found[3], found[4])
        if start is None or end is None or start == end:
            return None
        ranges.append(OffpeakRange(start, end))
    return tuple(ranges)


def _clock(hours: str, minutes: str | None) -> time | None:
    hour, minute = int(hours), int(minutes or 0)
    if (hour, minute) == (_HOURS_IN_DAY, 0):
        return time.min
    try:
        return time(hour, minute)
    except ValueError:
        return None
