"""What is kept fresh without being asked, and how far back a first import goes. Pure.

A series of a usage point is kept fresh for as long as somebody wants it: it was read within the last month. Its day is
looked for once a day after publication, at a minute of its own, so that an hour's allowance is not wanted by all at
once (F§7 advises an odd time between 06:00 and 10:00; F§12 allows a thousand calls an hour for everybody).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from passerelle.consent.requests import LinkedPoint
from passerelle.model.days import DaySpan
from passerelle.model.paris import ONE_DAY, PARIS, in_paris, months_before
from passerelle.model.priority import Priority
from passerelle.model.reading import GapReason
from passerelle.model.series import Direction, Kind, Series
from passerelle.plan.calls import plan_calls
from passerelle.plan.ledger import Refusal
from passerelle.plan.rules import PUBLICATION, days_per_call, first_served, published_end

WANTED_FOR = timedelta(days=30)
"""A series that nobody has read for so long is no longer kept fresh."""

SPREAD = timedelta(hours=4)
"""The mornings' calls begin within so much of the publication."""

FRESH_DAYS = 14
"""How far back a refresh looks at least for what came late: the ledger says when each day is worth it."""

IMPORT_TRIES = 7
"""So often, or for so many days, an import is tried of a series that is not collected: collection that is switched on
shows after 24 to 72 hours (F§7), and some customers think of it a few days after their consent."""

LOOK_AFTER = timedelta(hours=1)
"""How long after a reader to look for the first time: the reader has just fetched what there was."""

PAUSE_AFTER_FAILURE = timedelta(minutes=10)


class Work(StrEnum):
    """Why a series is looked after without a caller."""

    REFRESH = "refresh"
    IMPORT = "import"

    @property
    def priority(self) -> Priority:
        return Priority.REFRESH if self is Work.REFRESH else Priority.IMPORT


@dataclass(frozen=True, slots=True)
class Task:
    """One piece of work in hand: for whom, which series, why, how far an import goes back, and since when it is wanted.

    `began_at`: when it was first wanted; `wanted_at`: when it was last.
    """

    linked: LinkedPoint
    series: Series
    work: Work
    import_from: date | None
    began_at: datetime
    wanted_at: datetime


@dataclass(frozen=True, slots=True)
class Import:
    """A first import as it stands. `ended_at` None: under way."""

    series: Series
    import_from: date
    began_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Step:
    """The next call of a piece of work; `last`: nothing is left to ask after it."""

    span: DaySpan
    last: bool


def import_start(series: Series, now: datetime) -> date:
    """The first day of a first import: 24 months of curve, 36 of daily values, never before the history."""
    today = in_paris(now).date()
    return max(months_before(today, series.nature.history_months), first_served(series, now))


def imported_with(consent_covers: Collection[Direction]) -> tuple[Series, ...]:
    """What a new consent lets import, to begin with: the curves."""
    return tuple(each for each in Series if each.kind is Kind.CURVE and each.direction in consent_covers)


def imported_after(series: Series) -> Series | None:
    """What is imported once this is: of a curve its daily values, most of which have been derived by then (F§6)."""
    if series.kind is not Kind.CURVE:
        return None
    return next(each for each in Series if each.kind is Kind.DAILY and each.direction is series.direction)


def import_span(import_from: date, now: datetime) -> DaySpan | None:
    """The days that an import is about: all since its first day."""
    end = published_end(now)
    return DaySpan(import_from, end) if import_from < end else None


def wanted_span(task: Task, now: datetime) -> DaySpan | None:
    """The days that the work is about.

    Of a refresh the last two weeks, and all since it is wanted: what a longer outage left out comes by itself.
    """
    if task.work is Work.IMPORT and task.import_from is not None:
        return import_span(task.import_from, now)
    end = published_end(now)
    start = min(end - FRESH_DAYS * ONE_DAY, published_end(task.began_at))
    return DaySpan(max(start, first_served(task.series, now)), end)


@dataclass(frozen=True, slots=True)
class Missing:
    """Days that are not whole: `unasked` never were asked for; of the others `due` are those worth another call now.

    `refusal`: what Enedis said of the whole series, as long as it is in force: nothing is worth a call until then.
    """

    unasked: frozenset[date] = frozenset()
    due: frozenset[date] = frozenset()
    refusal: Refusal | None = None


def next_step(task: Task, missing: Missing) -> Step | None:
    """The newest of the fewest calls; None when there is nothing to ask.

    A refresh asks for days published since it is wanted, and again for those that came late: never for a past that
    nobody asked for.
    """
    unasked = missing.unasked
    if task.work is Work.REFRESH:
        since = published_end(task.began_at)
        unasked = frozenset(day for day in unasked if day >= since)
    calls = plan_calls(unasked | missing.due, days_per_call(task.series))
    return Step(calls[0], len(calls) == 1) if calls else None


def again_at(task: Task, refusal: Refusal | None) -> datetime | None:
    """When work that a refusal holds up goes on; None where none does, or there is nothing to wait for any more.

    A consent that Enedis does not know yet (F§3) is waited for. So is an import's series that is not collected, for
    days: the refusal may have been met before the import, or before its call had its turn.
    """
    if refusal is None or refusal.until is None:
        return None
    if refusal.reason is GapReason.NO_CONSENT:
        return refusal.until
    if task.work is not Work.IMPORT or refusal.reason is not GapReason.NOT_COLLECTED:
        return None
    waits = refusal.tries < IMPORT_TRIES or refusal.until < task.began_at + IMPORT_TRIES * ONE_DAY
    return refusal.until if waits else None


def next_refresh(share: float, now: datetime) -> datetime:
    """The next morning's turn: 08:00 in Paris (F§7), and this point's own share (0 to 1) of the spread after it."""
    today = in_paris(now).date()
    for day in (today, today + ONE_DAY, today + 2 * ONE_DAY):
        turn = datetime.combine(day, PUBLICATION, PARIS) + SPREAD * share
        if turn > now:
            return turn.astimezone(now.tzinfo)
    raise AssertionError("one of three mornings is ahead")
