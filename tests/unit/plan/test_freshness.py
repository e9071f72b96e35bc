"""When Enedis is worth asking again, as F§3, F§7 and F§13 have it."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from passerelle.errors import NoData
from passerelle.model.days import DaySpan
from passerelle.model.reading import GapReason
from passerelle.plan.freshness import (
    SILENT_AFTER,
    SILENT_DAILY,
    due,
    in_force,
    may_force,
    next_ask,
    refused_until,
    shown,
    silent_from,
    silent_until,
    wakes,
)
from passerelle.plan.ledger import OpenDay, Refusal

DAY = date(2026, 11, 20)
NOW = datetime.fromisoformat("2026-11-24T09:00:00+01:00")
LONG_AGO = NOW - timedelta(days=300)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("asked", "again"),
    [
        ("2026-11-21T08:00:00+01:00", "2026-11-21T10:00:00+01:00"),
        ("2026-11-21T09:59:59+01:00", "2026-11-21T10:00:00+01:00"),
        ("2026-11-21T10:00:00+01:00", "2026-11-22T08:00:00+01:00"),  # F§7: absent at 10:00, the day after
        ("2026-11-21T23:59:00+01:00", "2026-11-22T08:00:00+01:00"),
        ("2026-11-22T07:00:00+01:00", "2026-11-22T08:00:00+01:00"),
        ("2026-11-22T08:00:00+01:00", "2026-11-22T10:00:00+01:00"),  # F§7: a late meter shows on the second day
        ("2026-11-22T10:00:00+01:00", "2026-11-23T08:00:00+01:00"),
        ("2026-11-23T08:00:00+01:00", "2026-11-24T08:00:00+01:00"),  # then once a day
        ("2026-12-04T08:00:00+01:00", "2026-12-05T08:00:00+01:00"),
        ("2026-12-05T09:00:00+01:00", "2026-12-12T08:00:00+01:00"),  # older than two weeks: once a week
        ("2027-06-01T07:00:00+02:00", "2027-06-07T08:00:00+02:00"),
    ],
)
def test_a_day_that_lacks_is_asked_again_ever_less_often(asked: str, again: str):
    assert next_ask(DAY, at(asked)) == at(again)


def test_the_hour_is_that_of_paris_across_a_change_of_hour():
    assert next_ask(date(2026, 10, 23), at("2026-10-24T12:00:00+02:00")) == at("2026-10-25T08:00:00+01:00")


@pytest.mark.parametrize(
    ("reason", "tries", "lasts"),
    [
        (GapReason.NOT_COLLECTED, 1, timedelta(days=1)),
        (GapReason.WRONG_DIRECTION, 3, timedelta(days=7)),
        (GapReason.NO_CONSENT, 1, timedelta(minutes=10)),
        (GapReason.NO_CONSENT, 2, timedelta(minutes=20)),
        (GapReason.NO_CONSENT, 6, timedelta(minutes=320)),
        (GapReason.NO_CONSENT, 7, timedelta(hours=6)),
        (GapReason.NO_CONSENT, 1000, timedelta(hours=6)),
    ],
)
def test_a_refusal_of_the_whole_series_is_remembered_for_its_kind(reason, tries, lasts):
    assert refused_until(reason, NOW, tries) == NOW + lasts


@pytest.mark.parametrize("reason", [GapReason.MISSING, GapReason.BEFORE_ACTIVATION, GapReason.BEFORE_CONSENT])
def test_other_answers_refuse_only_the_days_they_were_given_for(reason):
    assert refused_until(reason, NOW, 1) is None


@pytest.mark.parametrize(
    ("reason", "now", "told"),
    [
        (GapReason.MISSING, "2026-11-21T12:00:00+01:00", GapReason.NOT_PUBLISHED),
        (GapReason.MISSING, "2026-11-22T09:59:59+01:00", GapReason.NOT_PUBLISHED),
        (GapReason.MISSING, "2026-11-22T10:00:00+01:00", GapReason.MISSING),
        (GapReason.NOT_COLLECTED, "2026-11-21T12:00:00+01:00", GapReason.NOT_COLLECTED),
    ],
)
def test_what_a_late_meter_may_still_send_is_called_not_published(reason, now, told):
    assert shown(reason, DAY, at(now)) is told


def refusal(asked_at: datetime, until: datetime | None, reason: GapReason = GapReason.NOT_COLLECTED) -> Refusal:
    return Refusal(reason, NoData("no", "non").problem, asked_at, until, DAY, DAY + timedelta(days=1))


def test_a_refusal_speaks_until_it_is_worn_out_and_only_for_its_own_consent():
    told = refusal(NOW - timedelta(hours=1), NOW + timedelta(hours=1))
    refusals = {told.reason: told}
    assert in_force(refusals, LONG_AGO, NOW) is told
    assert in_force(refusals, LONG_AGO, NOW + timedelta(hours=1)) is None
    assert in_force(refusals, NOW - timedelta(minutes=1), NOW) is None
    assert in_force(refusals, NOW + timedelta(minutes=1), NOW) is told  # the clock was set back
    words = refusal(NOW, None, GapReason.MISSING)
    assert in_force({words.reason: words}, LONG_AGO, NOW) is None


def test_a_day_is_due_once_its_time_has_come_or_the_clock_was_set_back():
    known = OpenDay(GapReason.MISSING, NOW, NOW, NOW + timedelta(hours=1))
    assert not due(known, LONG_AGO, NOW)
    assert due(known, LONG_AGO, NOW + timedelta(hours=1))
    assert due(known, LONG_AGO, NOW - timedelta(hours=1))
    assert not due(known, NOW + timedelta(minutes=1), NOW + timedelta(minutes=2))


def test_what_was_refused_under_an_older_consent_is_due():
    known = OpenDay(GapReason.BEFORE_CONSENT, NOW, NOW, NOW + timedelta(days=1))
    assert due(known, NOW + timedelta(minutes=1), NOW + timedelta(minutes=2))


def test_a_caller_may_force_it_once_in_ten_minutes():
    assert may_force(None, NOW)
    assert not may_force(NOW, NOW + timedelta(minutes=9))
    assert may_force(NOW, NOW + timedelta(minutes=10))
    assert may_force(NOW, NOW - timedelta(hours=1))


def test_the_history_is_the_only_end():
    span = DaySpan(DAY, DAY + timedelta(days=1))
    asked = NOW
    for _ in range(200):
        following = next_ask(span.start, asked)
        assert asked < following <= asked + timedelta(days=8)
        asked = following


def test_what_the_first_day_of_a_consent_excused_counts_no_longer_once_it_is_over():
    granted = NOW - timedelta(hours=23)
    told = refusal(NOW, NOW + timedelta(hours=6), GapReason.NO_CONSENT)
    assert in_force({told.reason: told}, granted, NOW + timedelta(minutes=59)) is told
    assert in_force({told.reason: told}, granted, NOW + timedelta(hours=1)) is None


def asked_in_vain(end: date, days: int, since: datetime, next_at: datetime = NOW) -> dict[date, OpenDay]:
    """So many days before `end`, all empty, the first of them asked for the first time at `since`."""
    row = OpenDay(GapReason.MISSING, since, NOW - timedelta(hours=1), next_at)
    return {end - timedelta(days=back): row for back in range(1, days + 1)}


@pytest.mark.parametrize(
    ("asked", "since", "again"),
    [
        ("2026-11-24T08:30:00+01:00", "2026-11-24T08:30:00+01:00", "2026-11-24T10:00:00+01:00"),  # F§7: two hours late
        ("2026-11-24T10:00:00+01:00", "2026-11-24T08:30:00+01:00", "2026-11-25T10:00:00+01:00"),
        ("2026-11-24T10:00:00+01:00", "2026-11-10T10:00:01+01:00", "2026-11-25T10:00:00+01:00"),
        ("2026-11-24T10:00:00+01:00", "2026-11-10T10:00:00+01:00", "2026-12-01T10:00:00+01:00"),  # then once a week
        ("2026-11-24T09:00:00+01:00", "2026-11-01T10:00:00+01:00", "2026-11-30T10:00:00+01:00"),
    ],
)
def test_a_silent_series_is_asked_once_a_day_for_two_weeks_then_once_a_week(asked, since, again):
    end = date(2026, 11, 24)
    days = asked_in_vain(end, SILENT_AFTER, at(since))
    assert silent_until(days, end, LONG_AGO, at(asked), newest=True) == at(again)


@pytest.mark.parametrize(
    "change",
    [
        {"reason": GapReason.BEFORE_CONSENT},
        {"missing": ((NOW, NOW + timedelta(minutes=30)),)},  # something came
        {"covered": True},
        {"asked_at": LONG_AGO - timedelta(days=1)},  # under an older consent
    ],
)
@pytest.mark.parametrize("back", [1, 4, SILENT_AFTER])
def test_a_series_is_silent_only_where_the_newest_days_were_all_asked_and_all_empty(change, back):
    end = date(2026, 11, 24)
    days = asked_in_vain(end, SILENT_AFTER, NOW, NOW + timedelta(hours=1))
    assert silent_from(days, (), LONG_AGO, NOW) == end
    assert silent_until(days, end - timedelta(days=1), LONG_AGO, NOW, newest=True) is None
    assert silent_from(days, {end}, LONG_AGO, NOW) is None, "a newer day is held"
    day = end - timedelta(days=back)
    changed = days | {day: replace(days[day], **change)}
    assert silent_from(changed, (), LONG_AGO, NOW) is None
    assert silent_until(changed, end, LONG_AGO, NOW, newest=True) is None


def test_nothing_waits_once_the_call_that_tells_of_a_silence_is_due():
    end = date(2026, 11, 24)
    days = asked_in_vain(end, 20, NOW - SILENT_DAILY, NOW + timedelta(seconds=1))
    assert silent_from(days, (), LONG_AGO, NOW) == end
    assert silent_from(days, (), LONG_AGO, NOW + timedelta(seconds=1)) is None
    assert silent_from({}, (), LONG_AGO, NOW) is None


def test_older_days_that_are_asked_in_vain_put_off_nothing_that_is_due():
    end = date(2026, 11, 24)
    days = asked_in_vain(end, 20, NOW, NOW + timedelta(hours=1))
    days[end - timedelta(days=3)] = replace(days[end - timedelta(days=3)], next_at=NOW)
    assert silent_until(days, end, LONG_AGO, NOW, newest=False) == NOW


def test_a_day_that_comes_after_a_week_of_nothing_wakes_those_before_it():
    end = date(2026, 11, 24)
    days = asked_in_vain(end, SILENT_AFTER, NOW)
    assert wakes(days, {end, end + timedelta(days=1)}) == end
    assert wakes(days, {end - timedelta(days=1)}) is None
    assert wakes(days, {end + timedelta(days=1)}) is None, "nobody knows of the day between"
    assert wakes(days, ()) is None
