"""When Enedis is worth asking again, as F§3, F§7 and F§13 have it."""

from datetime import date, datetime, timedelta

import pytest

from passerelle.errors import NoData
from passerelle.model.days import DaySpan
from passerelle.model.reading import GapReason
from passerelle.plan.freshness import due, in_force, may_force, next_ask, refused_until, shown
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
