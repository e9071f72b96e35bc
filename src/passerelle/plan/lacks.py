"""Why a day that was asked has no readings, or not all of them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from math import ceil

from passerelle.model.days import DaySpan
from passerelle.model.reading import GapReason
from passerelle.plan.freshness import in_force, shown
from passerelle.plan.gaps import reason_of
from passerelle.plan.ledger import Known, Refusal
from passerelle.problem import PasserelleError, Problem


@dataclass(frozen=True, slots=True)
class Told:
    """An error that a call for these days ended with."""

    span: DaySpan
    error: PasserelleError


@dataclass(frozen=True, slots=True)
class Lack:
    """The reason of a gap, and what Enedis said where it said something."""

    reason: GapReason
    problem: Problem | None = None


PENDING = Lack(GapReason.PENDING)


def lacks(
    days: Iterable[date],
    known: Known,
    told: Collection[Told],
    waited_for: Collection[date],
    *,
    granted_at: datetime,
    now: datetime,
) -> dict[date, Lack]:
    """A reason for each of these days.

    In this order: it is still being fetched; what a call of this very request was told; what the ledger knows, of the
    day or of the whole series, whichever is later. A day of which nothing is known is `pending`. A failure that is
    remembered says when Enedis will be asked again.
    """
    heard = {day: each.error for each in told for day in each.span}
    refusal = in_force(known.refusals, granted_at, now)
    found: dict[date, Lack] = {}
    for day in days:
        if day in waited_for:
            found[day] = PENDING
        elif (error := heard.get(day)) is not None:
            found[day] = Lack(shown(reason_of(error), day, now), error.problem)
        else:
            found[day] = _from_ledger(day, known, refusal, now)
    return found


def _from_ledger(day: date, known: Known, refusal: Refusal | None, now: datetime) -> Lack:
    row = known.days.get(day)
    if refusal is not None and (row is None or refusal.asked_at >= row.asked_at):
        return Lack(refusal.reason, told_again(refusal, refusal.until, now))
    if row is None:
        return PENDING
    words = known.refusals.get(row.kind) if row.told else None
    return Lack(shown(row.reason, day, now), told_again(words, row.next_at, now) if words else None)


def told_again(told: Refusal, until: datetime | None, now: datetime) -> Problem:
    """What was told; of a failure with the seconds after which Enedis is asked again."""
    if told.reason is not GapReason.UPSTREAM_ERROR or until is None:
        return told.problem
    return replace(told.problem, retry_after=max(1, ceil((until - now).total_seconds())))
