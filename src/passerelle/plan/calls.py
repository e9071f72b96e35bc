"""The fewest calls that bring the missing days."""

from collections.abc import Iterable
from datetime import date, timedelta

from passerelle.model.days import DaySpan


def plan_calls(missing: Iterable[date], limit: int) -> list[DaySpan]:
    """The fewest spans of at most `limit` days that hold every missing day, newest first.

    Each span begins and ends with a missing day; days between two missing ones come along where that saves a call.
    Taking the newest missing day as the end of a full window is optimal: some window must hold that day, and no other
    window that does reaches further back. Proven against brute force in `tests/property/plan`. Newest first, because
    a refusal (activation, history, consent) of newer days tells about the older ones.
    """
    days = sorted(set(missing), reverse=True)
    spans: list[DaySpan] = []
    at = 0
    while at < len(days):
        newest = days[at]
        horizon = newest - timedelta(days=limit - 1)
        oldest = newest
        while at < len(days) and days[at] >= horizon:
            oldest = days[at]
            at += 1
        spans.append(DaySpan(oldest, newest + timedelta(days=1)))
    return spans
