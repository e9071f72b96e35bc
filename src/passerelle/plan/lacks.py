"""Why a day that was asked has no readings, or not all of them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from passerelle.errors import PasserelleError, Problem
from passerelle.model.days import DaySpan
from passerelle.model.reading import GapReason
from passerelle.plan.freshness import in_force, shown
from passerelle.plan.gaps import reason_of
from passerelle.plan.ledger import Known


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
    day or of the whole series, whichever is later. A day of which nothing is known is `pending`.
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
            found[day] = _from_ledger(day, known, refusal.reason if refusal else None, now)
    return found


def _from_ledger(day: date, known: Known, refused: GapReason | None, now: datetime) -> Lack:
    row = known.days.get(day)
    whole = known.refusals[refused] if refused is not None else None
    if whole is not None and (row is None or whole.asked_at >= row.asked_at):
        return Lack(whole.reason, whole.problem)
    if row is None:
        return PENDING
    words = known.refusals.get(row.reason) if row.told else None
    return Lack(shown(row.reason, day, now), words.problem if words else None)
