"""The planner needs the fewest calls: against brute force, for every subset of missing days in 21 (F§5: 7 a call)."""

import itertools
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerelle.model.days import DaySpan
from passerelle.plan.calls import plan_calls
from passerelle.plan.rules import CURVE_DAYS, DAILY_DAYS

FIRST = date(2026, 3, 20)  # the change of hour lies inside
WINDOW = 21


def fewest(width: int, limit: int) -> list[int]:
    """For every set of missing days (bit i = day i), the fewest windows of `limit` days that hold it: brute force.

    Some window must hold the lowest missing day: every placement of that window is tried.
    """
    best = [0] * (1 << width)
    full = (1 << limit) - 1
    for mask in range(1, 1 << width):
        low = (mask & -mask).bit_length() - 1
        best[mask] = 1 + min(best[mask & ~(full << at)] for at in range(max(0, low - limit + 1), low + 1))
    return best


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_every_subset_of_a_window_of_fourteen_days_is_planned_with_the_fewest_calls(limit: int):
    days = [FIRST + timedelta(days=at) for at in range(14)]
    for mask, least in enumerate(fewest(14, limit)):
        missing = [day for at, day in enumerate(days) if mask >> at & 1]
        spans = plan_calls(missing, limit)
        assert len(spans) == least
        assert_sound(missing, spans, limit)


def test_every_subset_of_twenty_one_days_is_planned_with_the_fewest_calls_of_seven_days():
    days = [FIRST + timedelta(days=at) for at in range(WINDOW)]
    least = fewest(WINDOW, CURVE_DAYS)
    # A set without the first day is the same set a day later: sets that hold day 0 stand for all.
    for mask in range(1, 1 << WINDOW, 2):
        missing = [day for at, day in enumerate(days) if mask >> at & 1]
        assert len(plan_calls(missing, CURVE_DAYS)) == least[mask]


@given(st.sets(st.dates(date(2023, 1, 1), date(2026, 12, 31)), max_size=60), st.sampled_from([CURVE_DAYS, DAILY_DAYS]))
def test_any_days_are_held_by_disjoint_allowed_spans_newest_first(missing: set[date], limit: int):
    assert_sound(sorted(missing), plan_calls(missing, limit), limit)


def assert_sound(missing: list[date], spans: list[DaySpan], limit: int) -> None:
    assert all(len(span) <= limit for span in spans)
    assert all(any(day in span for span in spans) for day in missing)
    assert all(span.start in missing and span.end - timedelta(days=1) in missing for span in spans)
    assert all(older.end <= newer.start for newer, older in itertools.pairwise(spans))
