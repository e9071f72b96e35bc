"""The ledger of a series as its reader sees it: runs of days that are not whole."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from passerelle.model.days import DaySpan, one_day, runs
from passerelle.model.reading import GapReason
from passerelle.plan.freshness import in_force, shown
from passerelle.plan.ledger import Known, Stretch


@dataclass(frozen=True, slots=True)
class OpenRun:
    """Days of a series that are not whole, for one reason.

    `next_ask_at`: when Enedis is worth asking again. `missing`: the stretches that lack, of a day that came in part.
    """

    span: DaySpan
    reason: GapReason
    next_ask_at: datetime
    missing: tuple[Stretch, ...] = ()


def overview(known: Known, granted_at: datetime, now: datetime) -> list[OpenRun]:
    """All that the ledger knows of a series: days in part one by one, others joined, refusals with the days asked."""
    refusal = in_force(known.refusals, granted_at, now)
    earliest = refusal.until if refusal is not None and refusal.until is not None else granted_at
    refused = [
        OpenRun(DaySpan(each.start, each.end), each.reason, each.until)
        for each in known.refusals.values()
        if each.until is not None
    ]
    return sorted([*refused, *_open_days(known, earliest, now)], key=lambda run: (run.span, run.reason))


def _open_days(known: Known, earliest: datetime, now: datetime) -> Iterator[OpenRun]:
    alike: dict[tuple[GapReason, datetime], list[date]] = {}
    for day, found in known.days.items():
        reason, next_at = shown(found.reason, day, now), max(found.next_at, earliest)
        if found.missing:
            yield OpenRun(one_day(day), reason, next_at, found.missing)
        else:
            alike.setdefault((reason, next_at), []).append(day)
    for (reason, next_at), days in alike.items():
        for span in runs(days):
            yield OpenRun(span, reason, next_at)
