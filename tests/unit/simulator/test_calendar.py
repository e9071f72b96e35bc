"""The simulator's own calendar (F§6)."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from passerelle.simulator import calendar


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 3, 30), 24), (date(2025, 10, 26), 25)])
def test_days_have_23_24_or_25_hours(day, hours):
    start, end = calendar.bounds(day)
    assert end - start == timedelta(hours=hours)
    assert calendar.is_long(day) is (hours == 25)


def test_publication_is_at_eight_on_the_wall():
    assert calendar.publication(date(2026, 3, 28)) == datetime(2026, 3, 29, 6, tzinfo=UTC)
    assert calendar.publication(date(2026, 11, 23)) == datetime(2026, 11, 24, 7, tzinfo=UTC)
    assert calendar.publication(date(2026, 11, 23), 2) == datetime(2026, 11, 25, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hour", "minute", "doubled"),
    [(23, 59, False), (0, 0, True), (0, 59, True), (1, 0, True), (1, 59, True), (2, 0, False)],
)
def test_the_hour_told_twice(hour, minute, doubled):
    day = 25 if hour == 23 else 26
    assert calendar.ambiguous(datetime(2025, 10, day, hour, minute, tzinfo=UTC)) is doubled


@pytest.mark.parametrize("hour", [0, 1, 2])
def test_no_hour_is_told_twice_in_spring(hour):
    assert not calendar.ambiguous(datetime(2026, 3, 29, hour, tzinfo=UTC))


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 11, 24), 36, date(2023, 11, 24)),
        (date(2026, 3, 31), 1, date(2026, 2, 28)),
        (date(2024, 3, 31), 1, date(2024, 2, 29)),
        (date(2026, 1, 31), 2, date(2025, 11, 30)),
        (date(2026, 12, 31), 12, date(2025, 12, 31)),
    ],
)
def test_months_back_end_with_the_month(day, months, expected):
    assert calendar.months_back(day, months) == expected


def test_months_forward():
    assert calendar.shift_months(date(2026, 11, 30), 3) == date(2027, 2, 28)


def test_a_stamp_is_local_and_has_no_offset():
    assert calendar.stamp(datetime(2026, 7, 1, 22, 0, tzinfo=UTC)) == "2026-07-02 00:00:00"
    assert calendar.wall(date(2026, 7, 2), time(8)) == datetime(2026, 7, 2, 6, tzinfo=UTC)
