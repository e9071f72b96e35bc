"""What an answer of Enedis teaches the ledger."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from passerelle.model.days import DaySpan
from passerelle.model.reading import GapReason, Readings
from passerelle.plan.coverage import holes
from passerelle.plan.failures import OF_SERIES, REMEMBERED
from passerelle.plan.freshness import REFUSED_DAYS, WHOLE_SERIES, next_ask, refused_until
from passerelle.plan.gaps import reason_of
from passerelle.plan.ledger import Entry, Known, OpenDay, Refusal
from passerelle.problem import PasserelleError, Problem

_DISPROVED = frozenset({*(reason.value for reason in WHOLE_SERIES), *OF_SERIES})
"""The kinds of refusal of a whole series, which any data of it disproves."""


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
    return Entry(days, frozenset(whole), looked, lifted=_DISPROVED)


def begun_with(entry: Entry, call: Answered) -> Entry | None:
    """What the ledger must know before the readings are kept: days in part, to be asked again at once until then.

    None where there are none. A day without a row is taken for whole once anything of it is held.
    """
    parts = {day: replace(opened, next_at=call.at) for day, opened in entry.days.items() if opened.missing}
    return Entry(parts) if parts else None


def entry_of_refusal(call: Answered, error: PasserelleError, known: Known, covered: Collection[date] = ()) -> Entry:
    """The entry of an answer that was an error. An outage of Enedis, or on the way to it, teaches nothing.

    A refusal of the whole series is one row, however many days were asked; any other is noted for each of its days.
    `covered` as for `entry_of_days`.
    """
    reason = reason_of(error)
    if reason is GapReason.UPSTREAM_ERROR:
        return _entry_of_failure(call, error, known, covered)
    refusal = _refusal(call, reason, error, known)
    refusal = replace(refusal, until=refused_until(reason, call.at, refusal.tries))
    if reason in WHOLE_SERIES:
        return Entry(refusal=refusal)
    days = {day: replace(_open(day, reason, call, known), told=True, covered=day in covered) for day in call.span}
    return Entry(days, refusal=refusal, lifted=_DISPROVED if reason is GapReason.MISSING else frozenset())


def _entry_of_failure(call: Answered, error: PasserelleError, known: Known, covered: Collection[date]) -> Entry:
    """The entry of an error that is no answer about data: some kinds are not worth asking again for a while."""
    memory = REMEMBERED.get(type(error))
    if memory is None:
        return Entry()
    refusal = _refusal(call, GapReason.UPSTREAM_ERROR, error, known)
    come_back = error.problem.retry_after
    if memory.of_series:
        return Entry(refusal=replace(refusal, until=call.at + memory.lasts(refusal.tries, come_back)))
    days: dict[date, OpenDay] = {}
    for day in call.span:
        before = known.days.get(day)
        tries = before.tries + 1 if before is not None and before.failure == error.code else 1
        days[day] = replace(
            _open(day, GapReason.UPSTREAM_ERROR, call, known),
            next_at=call.at + memory.lasts(tries, come_back),
            tries=tries,
            told=True,
            covered=day in covered,
            failure=error.code,
        )
    return Entry(days, refusal=refusal)


def _refusal(call: Answered, reason: GapReason, error: PasserelleError, known: Known) -> Refusal:
    """What was told, which refuses nothing beyond the days that were asked."""
    before = known.refusals.get(error.code if reason is GapReason.UPSTREAM_ERROR else reason.value)
    return Refusal(
        reason,
        without_body(error.problem),
        call.at,
        None,
        min(call.span.start, before.start) if before else call.span.start,
        max(call.span.end, before.end) if before else call.span.end,
        before.tries + 1 if before else 1,
        call.at if call.forced else before.forced_at if before else None,
    )


def without_body(problem: Problem) -> Problem:
    """The problem as it may be kept: Enedis' status, code and message and how it wrote them, not what it wrote."""
    said = problem.upstream
    if said is None:
        return problem
    return replace(problem, upstream=said.without_body())


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
