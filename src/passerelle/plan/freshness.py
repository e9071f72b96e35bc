"""When Enedis is worth asking again: for a day that is not whole, for a refusal, and because a caller says so.

The rules are data, each beside its source. Nothing empty or partial is final: a day that lacks is asked again as long
as the history reaches back to it.
"""

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, time, timedelta

from passerelle.consent.states import SETTLING
from passerelle.model.paris import ONE_DAY, PARIS, in_paris
from passerelle.model.reading import GapReason
from passerelle.plan.ledger import OpenDay, Refusal
from passerelle.plan.rules import PUBLICATION

SECOND_LOOK = time(10, 0)
"""Publication is sometimes one or two hours late; what is absent at 10:00 is expected on the day after (F§7)."""

LATE_DAYS = 2
"""A late meter shows on the second day (F§7): up to then a day is looked for twice a morning."""

DAILY_UNTIL = 14
"""Holes are filled days later (F§7): a day is asked once a day until it is so many days old…"""

THEN_EVERY = timedelta(days=7)
"""…and once a week from then on, until the history no longer reaches it."""

SILENT_AFTER = 7
"""A series is silent once so many of its newest days are empty, as one call tells: it is not collected, which Enedis
says without a word (F§7). Those days are asked for all: the older ones are worth a call once they bring something…"""

SILENT_DAILY = timedelta(days=14)
"""…once a day for so long, at `SECOND_LOOK`, when a day that is published late is there (F§7), then once a week."""

WAKES_AFTER = timedelta(minutes=1)
"""…which is at once, but for the time to lay down what brought them."""

SILENCE_SEEN = timedelta(days=28)
"""How far back the beginning of a silence is looked for: once a week it is heard of, so that this is enough."""

REFUSED_DAYS = timedelta(days=1)
"""A refused range is not asked again for a day (F§13)."""

REFUSED_FOR: Mapping[GapReason, timedelta] = {
    GapReason.NOT_COLLECTED: timedelta(days=1),
    GapReason.WRONG_DIRECTION: timedelta(days=7),
}
"""How long a refusal speaks for the whole series. Collection that is switched on shows after 24 to 72 hours (F§7); the
direction of a usage point does not change."""

SETTLING_FIRST = timedelta(minutes=10)
SETTLING_LONGEST = timedelta(hours=6)
"""Right after a consent Enedis may refuse for minutes to a day (F§3): asked again after ten minutes, then twice as late
each time."""

RECORD_LASTS = timedelta(days=1)
"""Contracts, addresses and names change rarely: they are asked once a day at most (F§12: what calls cost)."""

PARTIAL_LASTS = timedelta(minutes=10)
"""A contract of which Enedis failed to tell a part is asked again so soon…"""

WHOLE_OUTLIVES = timedelta(days=7)
"""…and takes the place of a whole one that is so old, not of a younger one."""

REFUSED_RECORD = timedelta(hours=1)
"""A customer record that Enedis does not have is not asked again for so long."""

WHOLE_SERIES = frozenset({*REFUSED_FOR, GapReason.NO_CONSENT})
"""The refusals that speak for every day of a series."""

SET_BACK = timedelta(minutes=1)
"""An entry that lies further ahead was made before the clock was set back, and is worth nothing. A nearer one was made
by another process, or while who looks was waiting."""

FORCED_AGAIN = timedelta(minutes=10)
"""A caller may have a day asked before its time once in so long: asking again the same day gives the same (F§7)."""


def forced_calls(per_hour: int) -> int:
    """The calls that one account may have made before their time in an hour, of so many that Enedis allows to all."""
    return max(1, per_hour // 10)


def next_ask(day: date, asked_at: datetime) -> datetime:
    """When a day that was not whole at `asked_at` is worth asking again."""
    wall = in_paris(asked_at)
    age = (wall.date() - day).days
    hours = (PUBLICATION, SECOND_LOOK) if age <= LATE_DAYS else (PUBLICATION,)
    coming = next((hour for hour in hours if wall.time() < hour), None)
    following = _at(wall.date(), coming) if coming is not None else _at(wall.date() + ONE_DAY, PUBLICATION)
    return following if age <= DAILY_UNTIL else _at(in_paris(following).date() + THEN_EVERY - ONE_DAY, PUBLICATION)


def silent_until(
    days: Mapping[date, OpenDay], end: date, granted_at: datetime, asked_at: datetime, *, newest: bool
) -> datetime | None:
    """When a series is worth its next call after days were asked in vain; None where it is not silent.

    `end`: the day after the newest one that is published. `newest`: that one was asked; if not, the call that tells
    whether the series is silent still has its own time. Days that were asked under an older consent say nothing.
    """
    run = [row for row in _empty(days, end) if not outdated(row.asked_at, granted_at, asked_at)]
    if len(run) < SILENT_AFTER:
        return None
    if not newest:
        return min(row.next_at for row in run[:SILENT_AFTER])
    wall = in_paris(asked_at)
    coming = wall.date() if wall.time() < SECOND_LOOK else wall.date() + ONE_DAY
    lasts = asked_at - min(row.first_asked_at for row in run)
    return _at(coming if lasts < SILENT_DAILY else coming + THEN_EVERY - ONE_DAY, SECOND_LOOK)


def silent_from(
    days: Mapping[date, OpenDay], whole: Collection[date], granted_at: datetime, now: datetime
) -> date | None:
    """The first of the days that nobody asked for yet and that wait, with those before them, for the next call.

    None where the series is not silent, or that call is due.
    """
    end = max((*days, *whole), default=date.min) + ONE_DAY
    run = _empty(days, end)[:SILENT_AFTER]
    told = not any(outdated(row.asked_at, granted_at, now) or due(row, granted_at, now) for row in run)
    return end if told and len(run) == SILENT_AFTER else None


def wakes(days: Mapping[date, OpenDay], came: Collection[date]) -> date | None:
    """The first of the days that came, where it ends a silence: what is older is worth a call again (F§7).

    Curves that are older than their collection may appear with it.
    """
    first = min(came, default=None)
    return first if first is not None and len(_empty(days, first)) >= SILENT_AFTER else None


def _empty(days: Mapping[date, OpenDay], end: date) -> list[OpenDay]:
    """The days before `end` of which nothing came, without a break, newest first."""
    run: list[OpenDay] = []
    for back in range(1, SILENCE_SEEN.days + 1):
        row = days.get(end - back * ONE_DAY)
        if row is None or row.reason is not GapReason.MISSING or row.missing or row.covered:
            break
        run.append(row)
    return run


def refused_until(reason: GapReason, asked_at: datetime, tries: int) -> datetime | None:
    """Until when this refusal speaks for the whole series; None if it never does. `tries`: how often it was met."""
    if reason is GapReason.NO_CONSENT:
        doublings = min(tries - 1, 16)
        return asked_at + min(SETTLING_FIRST * (1 << doublings), SETTLING_LONGEST)
    lasts = REFUSED_FOR.get(reason)
    return None if lasts is None else asked_at + lasts


def shown(reason: GapReason, day: date, now: datetime) -> GapReason:
    """The reason to tell: what is absent is `not-published` for as long as a late meter may still send it (F§7)."""
    waited_for = now < _at(day + timedelta(days=LATE_DAYS), SECOND_LOOK)
    return GapReason.NOT_PUBLISHED if reason is GapReason.MISSING and waited_for else reason


def in_force(refusals: Mapping[str, Refusal], granted_at: datetime, now: datetime) -> Refusal | None:
    """The latest refusal that speaks for the whole series at `now`.

    One older than the consent says nothing, nor does one that a consent's first day excused, once that day is over.
    """
    excused = refusals.get(GapReason.NO_CONSENT)
    settled = granted_at + SETTLING
    speaking = [
        each
        for each in refusals.values()
        if each.until is not None
        and now < each.until
        and not outdated(each.asked_at, granted_at, now)
        and not (each is excused and each.asked_at < settled <= now)
    ]
    return max(speaking, key=lambda each: each.asked_at, default=None)


def outdated(asked_at: datetime, granted_at: datetime, now: datetime) -> bool:
    """Whether what was answered then was answered under an older consent than today's.

    A consent of the future says that the clock was set back, nothing of what came before it.
    """
    return asked_at < granted_at <= now


def due(known: OpenDay, granted_at: datetime, now: datetime) -> bool:
    """Whether a day that is not whole is worth asking at `now`. What was refused under an older consent always is."""
    if known.reason is not GapReason.MISSING and outdated(known.asked_at, granted_at, now):
        return True
    return now >= known.next_at or now < known.asked_at - SET_BACK


def may_force(forced_at: datetime | None, now: datetime) -> bool:
    """Whether a caller may have it asked before its time."""
    return forced_at is None or not forced_at - SET_BACK <= now < forced_at + FORCED_AGAIN


def _at(day: date, hour: time) -> datetime:
    return datetime.combine(day, hour, PARIS).astimezone(UTC)
