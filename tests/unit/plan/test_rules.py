"""Publication and history, as F§5 and F§7 state them."""

from datetime import date, datetime

import pytest

from passerelle.model.days import DaySpan
from passerelle.model.reading import GapReason
from passerelle.model.series import Series
from passerelle.plan.rules import clip, first_served, published_end


@pytest.mark.parametrize(
    ("now", "end"),
    [
        ("2026-11-24T07:59:59+01:00", date(2026, 11, 23)),
        ("2026-11-24T08:00:00+01:00", date(2026, 11, 24)),
        ("2026-11-24T23:30:00+01:00", date(2026, 11, 24)),
        ("2026-11-24T23:30:00+00:00", date(2026, 11, 24)),  # 00:30 on the 25th in Paris, before 08:00
        ("2026-07-01T06:00:00+00:00", date(2026, 7, 1)),  # 08:00 in summer time
    ],
)
def test_a_day_is_published_from_eight_in_paris_on_the_next_day(now: str, end: date):
    assert published_end(datetime.fromisoformat(now)) == end


@pytest.mark.parametrize(
    ("series", "day"),
    [
        (Series.CONSUMPTION_LOAD_CURVE, date(2024, 11, 10)),
        (Series.PRODUCTION_LOAD_CURVE, date(2024, 11, 10)),
        (Series.CONSUMPTION_DAILY, date(2023, 11, 10)),
        (Series.CONSUMPTION_MAX_POWER, date(2023, 11, 10)),
    ],
)
def test_history_is_asked_from_the_day_after_its_months_and_fifteen_days(series: Series, day: date):
    assert first_served(series, datetime.fromisoformat("2026-11-24T09:00:00+01:00")) == day


def test_a_range_over_everything_names_each_reason_in_turn():
    now = datetime.fromisoformat("2026-11-24T07:00:00+01:00")
    clipped = clip(DaySpan(date(2020, 1, 1), date(2027, 1, 1)), Series.CONSUMPTION_DAILY, now, date(2025, 1, 1))
    assert [(gap.reason, gap.span.start, gap.span.end) for gap in clipped.gaps] == [
        (GapReason.BEYOND_HISTORY, date(2020, 1, 1), date(2023, 11, 10)),
        (GapReason.BEFORE_ACTIVATION, date(2023, 11, 10), date(2025, 1, 1)),
        (GapReason.NOT_PUBLISHED, date(2026, 11, 23), date(2027, 1, 1)),
    ]
    assert clipped.usable == DaySpan(date(2025, 1, 1), date(2026, 11, 23))


def test_a_meter_activated_today_has_nothing_yet():
    now = datetime.fromisoformat("2026-11-24T07:00:00+01:00")
    clipped = clip(DaySpan(date(2026, 11, 20), date(2026, 11, 26)), Series.CONSUMPTION_DAILY, now, date(2026, 11, 24))
    assert clipped.usable is None
    assert [gap.reason for gap in clipped.gaps] == [GapReason.BEFORE_ACTIVATION, GapReason.NOT_PUBLISHED]
