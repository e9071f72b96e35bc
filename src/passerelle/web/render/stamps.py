"""Instants as text, with the offset that Paris has then."""

from datetime import date, datetime
from functools import lru_cache

from passerelle.model.paris import day_bounds, in_paris


@lru_cache(maxsize=200_000)
def stamp(instant: datetime) -> str:
    """RFC 3339 with the offset of Paris: `2026-03-28T00:30:00+01:00`. Readings of all homes share their instants."""
    return in_paris(instant).isoformat()


@lru_cache(maxsize=4_096)
def day_stamps(day: date) -> tuple[str, str]:
    """The stamps of the bounds of a civil day."""
    start, end = day_bounds(day)
    return stamp(start), stamp(end)
