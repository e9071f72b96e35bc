"""When a series has its turn, and how far a first import goes."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerelle.model.days import DaySpan
from passerelle.model.paris import in_paris
from passerelle.model.priority import Priority
from passerelle.model.series import Direction, Series
from passerelle.plan.rules import first_served
from passerelle.plan.upkeep import (
    SPREAD,
    Missing,
    Task,
    Work,
    import_start,
    imported_after,
    imported_with,
    next_refresh,
    next_step,
    wanted_span,
)

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
CURVE, DAILY = Series.CONSUMPTION_LOAD_CURVE, Series.CONSUMPTION_DAILY
INSTANTS = st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 — bounds without offset are Hypothesis' own rule


@given(now=INSTANTS, share=st.floats(0, 1))
def test_the_next_turn_is_ahead_within_a_day_after_publication_and_inside_the_spread(now, share):
    turn = next_refresh(share, now)
    assert now < turn <= now + timedelta(days=1, hours=1)
    wall = in_paris(turn)
    assert time(8) <= wall.time() <= (datetime.combine(date.min, time(8)) + SPREAD).time()


@given(now=INSTANTS, share=st.floats(0, 1))
def test_turns_follow_each_other_by_a_civil_day(now, share):
    turn = next_refresh(share, now)
    assert in_paris(next_refresh(share, turn)).date() == in_paris(turn).date() + timedelta(days=1)


def test_an_import_reaches_back_24_months_of_curve_and_36_of_daily_values():
    assert import_start(CURVE, NOW) == date(2024, 11, 24)
    assert import_start(DAILY, NOW) == date(2023, 11, 24)


@given(now=INSTANTS, series=st.sampled_from([CURVE, DAILY]))
def test_an_import_never_begins_before_the_history(now, series):
    assert import_start(series, now) >= first_served(series, now)


def test_curves_are_imported_before_the_daily_values_that_they_tell():
    assert imported_with({Direction.CONSUMPTION}) == (CURVE,)
    assert imported_with(set(Direction)) == (CURVE, Series.PRODUCTION_LOAD_CURVE)
    assert imported_after(CURVE) is DAILY
    assert imported_after(Series.PRODUCTION_LOAD_CURVE) is Series.PRODUCTION_DAILY
    assert imported_after(DAILY) is None


def test_a_refresh_looks_at_two_weeks_and_an_import_at_all_since_its_beginning():
    assert wanted_span(Work.REFRESH, NOW, None) == DaySpan(date(2026, 11, 10), date(2026, 11, 24))
    assert wanted_span(Work.IMPORT, NOW, date(2024, 11, 24)) == DaySpan(date(2024, 11, 24), date(2026, 11, 24))
    assert wanted_span(Work.IMPORT, NOW, date(2026, 11, 24)) is None


def task(work, began=NOW):
    return Task(None, CURVE, work, date(2024, 11, 24), began, began)


def test_the_newest_call_goes_first_and_the_last_one_is_told():
    missing = Missing(unasked=frozenset(DaySpan(date(2026, 11, 1), date(2026, 11, 11))))
    step = next_step(task(Work.IMPORT), missing)
    assert (step.span, step.last) == (DaySpan(date(2026, 11, 4), date(2026, 11, 11)), False)
    assert next_step(task(Work.IMPORT), Missing(due=frozenset({date(2026, 11, 1)}))).last
    assert next_step(task(Work.IMPORT), Missing()) is None


def test_a_refresh_asks_for_no_past_that_nobody_asked_for():
    since = date(2026, 11, 24)
    missing = Missing(
        unasked=frozenset(DaySpan(since - timedelta(days=5), since + timedelta(days=1))),
        due=frozenset({since - timedelta(days=3)}),
    )
    assert next_step(task(Work.REFRESH), missing).span == DaySpan(since - timedelta(days=3), since + timedelta(days=1))
    assert next_step(task(Work.REFRESH), Missing(unasked=frozenset({since - timedelta(days=1)}))) is None


@pytest.mark.parametrize(("work", "priority"), [(Work.REFRESH, Priority.REFRESH), (Work.IMPORT, Priority.IMPORT)])
def test_work_has_its_priority(work, priority):
    assert work.priority is priority
