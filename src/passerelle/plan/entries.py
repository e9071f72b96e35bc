"""What an answer of Enedis teaches the ledger."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from passerelle.errors import PasserelleError, Problem, Upstream
from passerelle.model.days import DaySpan
from passerelle.model.reading import GapReason, Readings
from passerelle.plan.coverage import holes
from passerelle.plan.freshness import REFUSED_DAYS, WHOLE_SERIES, next_ask, refused_until
from passerelle.plan.gaps import reason_of
from passerelle.plan.ledger import Entry, Known, OpenDay, Refusal


@dataclass(frozen=True, slots=True)
class Answered:
    """One call and when it was answered. `forced`: its days that a caller had asked before their time."""

    span: DaySpan
    at: datetime
    forced: frozenset[date] = frozenset()


def entry_of_days(
    call: Answered, found: Mapping[date, Readings], known: Known, covered: Collection[date] = ()
) -> Entry:
    """The entry of an answer that brought readings, or none for some of its days, or none at all.

    `covered`: days that are held whole all the same, from before or derived from the curve.
    """
    days: dict[date, OpenDay] = {}
    whole: set[date] = set()
    for day in call.span:
        brought = found.get(day, ())
        missing = tuple(holes(day, brought)) if brought else ()
        if brought and not missing:
            whole.add(day)
        else:
            opened = _open(day, GapReason.MISSING, call, known)
            days[day] = replace(opened, missing=missing, covered=day in covered)
    looked = dict.fromkeys(whole & call.forced, call.at)
    return Entry(days, frozenset(whole), looked, lifted=WHOLE_SERIES)


def entry_of_refusal(call: Answered, error: PasserelleError, known: Known, covered: Collection[date] = ()) -> Entry:
    """The entry of an answer that was an error. Failures of Enedis, or on the way to it, teach nothing.

    A refusal of the whole series is one row, however many days were asked; any other is noted for each of its days.
    `covered` as for `entry_of_days`.
    """
    reason = reason_of(error)
    if reason is GapReason.UPSTREAM_ERROR:
        return Entry()
    before = known.refusals.get(reason)
    tries = before.tries + 1 if before is not None else 1
    refusal = Refusal(
        reason,
        without_body(error.problem),
        call.at,
        refused_until(reason, call.at, tries),
        min(call.span.start, before.start) if before else call.span.start,
        max(call.span.end, before.end) if before else call.span.end,
        tries,
        call.at if call.forced else before.forced_at if before else None,
    )
    if reason in WHOLE_SERIES:
        return Entry(refusal=refusal)
    days = {day: replace(_open(day, reason, call, known), told=True, covered=day in covered) for day in call.span}
    lifted = WHOLE_SERIES if reason is GapReason.MISSING else frozenset()
    return Entry(days, refusal=refusal, lifted=lifted)


def without_body(problem: Problem) -> Problem:
    """The problem as it may be kept: Enedis' status, code and message, not the body, which may name a person."""
    said = problem.upstream
    if said is None:
        return problem
    return replace(problem, upstream=Upstream(said.status, said.code, said.message))


def _open(day: date, reason: GapReason, call: Answered, known: Known) -> OpenDay:
    before = known.days.get(day)
    return OpenDay(
        reason=reason,
        first_asked_at=before.first_asked_at if before else call.at,
        asked_at=call.at,
        next_at=next_ask(day, call.at) if reason is GapReason.MISSING else call.at + REFUSED_DAYS,
        tries=before.tries + 1 if before else 1,
        forced_at=call.at if day in call.forced else before.forced_at if before else None,
    )
