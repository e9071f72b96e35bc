"""Which days of a range are worth a call to Enedis, from what is held and what the ledger knows."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from passerelle.model.days import DaySpan
from passerelle.model.reading import Readings
from passerelle.plan.calls import plan_calls
from passerelle.plan.coverage import holes
from passerelle.plan.freshness import due, in_force, may_force
from passerelle.plan.ledger import Known, Refusal


@dataclass(frozen=True, slots=True)
class Asking:
    """When it is asked, and under which consent. `forced`: the caller wants asked again what may have changed."""

    now: datetime
    granted_at: datetime
    forced: bool = False


def whole_days(usable: DaySpan, held: Mapping[date, Readings]) -> frozenset[date]:
    """The days of the range that are held without a hole."""
    return frozenset([day for day in usable if (found := held.get(day)) and not holes(day, found)])


def worth_asking(
    usable: DaySpan, whole: Collection[date], known: Known, asking: Asking, days_a_call: int
) -> frozenset[date]:
    """The days of `usable` to ask Enedis for now.

    A day of which nothing is known is asked; one that was asked before is left until its time has come; a series that
    was refused as a whole is left until the refusal is worn out. `usable` never holds a day before a learnt activation,
    beyond the history or before publication (`rules.clip`).

    A caller who forces it has everything asked that may have changed, each day at most once in ten minutes: open days,
    refusals, and of the whole days (values are revised, F§7) the newest ones that one call holds.
    """
    refusal = in_force(known.refusals, asking.granted_at, asking.now)
    if refusal is not None and not (asking.forced and may_force(refusal.forced_at, asking.now)):
        return frozenset()
    lacking = frozenset(day for day in usable if day not in whole and _open_and_due(day, known, asking))
    return lacking | _looked_again(whole, known, asking, days_a_call) if asking.forced else lacking


def forced_calls(usable: DaySpan, whole: Collection[date], known: Known, asking: Asking, days_a_call: int) -> int:
    """The calls that are made only because the caller forces it."""
    anyway = worth_asking(usable, whole, known, replace(asking, forced=False), days_a_call)
    all_of_them = worth_asking(usable, whole, known, asking, days_a_call)
    return len(plan_calls(all_of_them, days_a_call)) - len(plan_calls(anyway, days_a_call))


def held_up(known: Known, granted_at: datetime, now: datetime) -> Refusal | None:
    """What keeps days from being asked at `now`: the refusal in force, or of the days that failed the first to end."""
    refusal = in_force(known.refusals, granted_at, now)
    if refusal is not None:
        return refusal
    failed = [row for row in known.days.values() if row.failure and not (row.covered or due(row, granted_at, now))]
    first = min(failed, key=lambda row: row.next_at, default=None)
    words = known.refusals.get(first.kind) if first is not None else None
    return replace(words, until=first.next_at, tries=first.tries) if first is not None and words else None


def _open_and_due(day: date, known: Known, asking: Asking) -> bool:
    found = known.days.get(day)
    if found is None or due(found, asking.granted_at, asking.now):
        return True
    return asking.forced and may_force(found.forced_at, asking.now)


def _looked_again(whole: Iterable[date], known: Known, asking: Asking, days_a_call: int) -> frozenset[date]:
    """The newest whole days that one call holds, but for those looked at a moment ago."""
    newest = max(whole, default=None)
    if newest is None:
        return frozenset()
    horizon = newest - timedelta(days=days_a_call)
    return frozenset(day for day in whole if day > horizon and may_force(known.looked.get(day), asking.now))
