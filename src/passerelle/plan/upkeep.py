"""What is kept fresh without being asked, and how far back a first import goes. Pure.

A series of a usage point that was once wanted is kept fresh for as long as its consent stands. Its day is looked for
once a day after publication, at a minute of its own, so that an hour's allowance is not wanted by all at
once (F§7 advises an odd time between 06:00 and 10:00; F§12 allows a thousand calls an hour for everybody).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from passerelle.consent.requests import LinkedPoint
from passerelle.errors import QuotaExhausted
from passerelle.model.days import DaySpan
from passerelle.model.paris import ONE_DAY, PARIS, in_paris, months_before
from passerelle.model.priority import Priority
from passerelle.model.reading import GapReason
from passerelle.model.series import Direction, Kind, Series
from passerelle.plan.calls import plan_calls
from passerelle.plan.derive import DAILY_OF
from passerelle.plan.failures import OF_SERIES, UNTIL_REPAIRED
from passerelle.plan.ledger import Known, Refusal
from passerelle.plan.rules import PUBLICATION, days_per_call, first_served, published_end

WANTED_FOR = timedelta(days=30)
"""A series that nobody has read for so long is wanted least, yet it is kept fresh…"""

LEAST_WANTED_WAITS = timedelta(hours=6)
"""…before imports for so long after its turn. Later than that the hours do not suffice for all: it takes what imports
leave, so that a new customer's past is not behind what nobody reads."""

SPREAD = timedelta(hours=4)
"""The mornings' calls begin within so much of the publication."""

FRESH_DAYS = 14
"""How far back a refresh looks at least for what came late; for older holes of the ledger it looks too."""

IMPORT_TRIES = 7
"""So often, or for so many days, an import is tried of a series that is not collected: collection that is switched on
shows after 24 to 72 hours (F§7), and some customers think of it a few days after their consent."""

LOOK_AFTER = timedelta(hours=1)
"""How long after a reader to look for the first time: the reader has just fetched what there was."""

PAUSE_AFTER_FAILURE = timedelta(minutes=10)
LONGEST_REST = timedelta(minutes=1)
"""Where the hour is used up, nothing more is tried for so long at most: another API's hour may have calls left."""

EARLY = timedelta(seconds=15)
"""So long before the time that the quota has told work goes on: a call waits for its slot by itself for longer."""

COVERS_NOTHING = timedelta(days=1)
"""A consent that lets import nothing is looked at again after so long: what it covers may have been changed."""

CURVE_OF: Mapping[Series, Series] = {daily: curve for curve, daily in DAILY_OF.items()}
"""Daily energy is told by a whole curve of the same day (F§6): what the curve's refresh brings is not asked."""


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
class Turn:
    """When the refresh of a series is due, and since when it is wanted."""

    due_at: datetime
    began_at: datetime


@dataclass(frozen=True, slots=True)
class Import:
    """A first import as it stands. `ended_at` None: under way."""

    series: Series
    import_from: date
    began_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the days of an import are: those that can be had, how many are held whole, how many were never asked.

    `refusal`: what Enedis said of the whole series last.
    """

    start: date
    end: date
    whole: int
    unasked: int
    refusal: Refusal | None = None

    @property
    def days(self) -> int:
        return (self.end - self.start).days


class ImportState(StrEnum):
    """`done`: every day that can be had was asked for. `refused`: Enedis refused the series before that."""

    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"


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


def import_state(found: Import, progress: Progress) -> ImportState:
    """How an import stands. One ends early only by a refusal; later data may have disproved that."""
    if found.ended_at is None:
        return ImportState.RUNNING
    return ImportState.REFUSED if progress.unasked and progress.refusal is not None else ImportState.DONE


def import_span(import_from: date, now: datetime) -> DaySpan | None:
    """The days that an import is about: all since its first day."""
    end = published_end(now)
    return DaySpan(import_from, end) if import_from < end else None


def wanted_span(task: Task, now: datetime) -> DaySpan | None:
    """The days that the work is about.

    Of a refresh the last two weeks, and all since it is wanted: what a longer outage left out comes by itself. Older
    holes are looked for beside it (`holes_of`).
    """
    if task.work is Work.IMPORT and task.import_from is not None:
        return import_span(task.import_from, now)
    end = published_end(now)
    start = min(end - FRESH_DAYS * ONE_DAY, published_end(task.began_at))
    return DaySpan(max(start, first_served(task.series, now)), end)


def holes_of(known: Known, before: date) -> frozenset[date]:
    """The days before this one that were asked and that Enedis had not, or not whole: it may fill them (F§7).

    Not those that it refused: it would refuse them again.
    """
    return frozenset(
        day for day, row in known.days.items() if day < before and row.reason is GapReason.MISSING and not row.covered
    )


def rest(told: QuotaExhausted) -> timedelta:
    """How long to try nothing more after the quota said so."""
    back = timedelta(seconds=told.problem.retry_after or 0) - EARLY
    return max(timedelta(seconds=1), min(back, LONGEST_REST))


@dataclass(frozen=True, slots=True)
class Missing:
    """Days that are not whole: `unasked` never were asked for; of the others `due` are those worth another call now.

    `refusal`: what Enedis said of the whole series, as long as it is in force: nothing is worth a call until then. Or
    what it said of days that failed, until the first of them is worth another.
    """

    unasked: frozenset[date] = frozenset()
    due: frozenset[date] = frozenset()
    refusal: Refusal | None = None

    def without(self, days: Collection[date]) -> "Missing":
        """What is missing beside these days."""
        return replace(self, unasked=self.unasked.difference(days), due=self.due.difference(days))


def refreshed(missing: Missing, began_at: datetime) -> frozenset[date]:
    """The days that a refresh asks for: those published since it is wanted, and again those that came late.

    Never a past that nobody asked for.
    """
    since = published_end(began_at)
    return frozenset(day for day in missing.unasked if day >= since) | missing.due


def comes_first(curve: Turn, share: float, now: datetime) -> bool:
    """Whether the refresh of a curve, which is not due yet, is to bring its days before their daily energy is asked.

    It is where it is due by the point's own turn of this morning, or where the curve is yet to be looked for the first
    time. A curve that has had its turn was late, or refused, or failed: it is not waited for.
    """
    by = max(_turn(in_paris(now).date(), share), curve.began_at + LOOK_AFTER)
    return now < curve.due_at <= by


def next_step(task: Task, missing: Missing) -> Step | None:
    """The newest of the fewest calls; None when there is nothing to ask.

    An import asks again for nothing before it has asked for everything: a call that fails stands in nobody's way.
    """
    unasked = missing.unasked
    days = refreshed(missing, task.began_at) if task.work is Work.REFRESH else unasked | missing.due
    calls = plan_calls(days, days_per_call(task.series))
    if not calls:
        return None
    first = calls[0]
    if task.work is Work.IMPORT:
        first = next((call for call in calls if not unasked.isdisjoint(call)), first)
    return Step(first, len(calls) == 1)


def again_at(task: Task, refusal: Refusal | None) -> datetime | None:
    """When work that a refusal holds up goes on; None where none does, or there is nothing to wait for any more.

    A consent that Enedis does not know yet (F§3) is waited for. So is an import's series that is not collected, for
    days: the refusal may have been met before the import, or before its call had its turn. So is what failed; and what
    the operator has to repair for as long as that takes.
    """
    if refusal is None or refusal.until is None:
        return None
    if refusal.reason is GapReason.NO_CONSENT:
        return refusal.until
    if task.work is not Work.IMPORT or refusal.reason not in (GapReason.NOT_COLLECTED, GapReason.UPSTREAM_ERROR):
        return None
    if refusal.kind in UNTIL_REPAIRED:
        return refusal.until
    waits = refusal.tries < IMPORT_TRIES or refusal.until < task.began_at + IMPORT_TRIES * ONE_DAY
    return refusal.until if waits else None


def leaves_the_rest(refusal: Refusal | None) -> bool:
    """Whether what holds an import up says nothing of the one that follows it.

    Daily values may be collected where the curve is not; days that failed are some of many.
    """
    if refusal is None:
        return False
    failed = refusal.reason is GapReason.UPSTREAM_ERROR and refusal.kind not in OF_SERIES
    return failed or refusal.reason is GapReason.NOT_COLLECTED


def next_refresh(share: float, now: datetime) -> datetime:
    """The next morning's turn: 08:00 in Paris (F§7), and this point's own share (0 to 1) of the spread after it."""
    today = in_paris(now).date()
    for day in (today, today + ONE_DAY, today + 2 * ONE_DAY):
        turn = _turn(day, share)
        if turn > now:
            return turn.astimezone(now.tzinfo)
    raise AssertionError("one of three mornings is ahead")


def _turn(day: date, share: float) -> datetime:
    return datetime.combine(day, PUBLICATION, PARIS) + SPREAD * share
