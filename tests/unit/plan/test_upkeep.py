"""When a series has its turn, and how far a first import goes."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerelle.errors import NotCollected
from passerelle.model.days import DaySpan
from passerelle.model.paris import in_paris
from passerelle.model.priority import Priority
from passerelle.model.reading import GapReason
from passerelle.model.series import Direction, Series
from passerelle.plan.ledger import Refusal
from passerelle.plan.rules import first_served
from passerelle.plan.upkeep import (
    IMPORT_TRIES,
    SPREAD,
    Missing,
    Task,
    Turn,
    Work,
    again_at,
    comes_first,
    import_span,
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


EIGHT = datetime(2026, 11, 24, 7, tzinfo=UTC)
OLD = NOW - timedelta(days=90)


@pytest.mark.parametrize(
    ("now", "due_at", "began_at", "first"),
    [
        (EIGHT, EIGHT + timedelta(hours=1), OLD, True),
        (EIGHT, EIGHT + timedelta(hours=2), OLD, True),  # its own turn: half of the spread
        (EIGHT, EIGHT + timedelta(hours=2, seconds=1), OLD, False),  # put off beyond it
        (EIGHT, EIGHT + timedelta(days=1), OLD, False),  # it has had its turn, or is refused until then
        (EIGHT - timedelta(hours=1), EIGHT + timedelta(hours=2), OLD, True),
        (EIGHT + timedelta(hours=2), EIGHT + timedelta(hours=2, minutes=10), OLD, False),  # it failed in its turn
        (EIGHT + timedelta(hours=3), EIGHT + timedelta(hours=3, minutes=9), EIGHT + timedelta(hours=2.5), True),
        (EIGHT + timedelta(hours=3), EIGHT + timedelta(hours=3, minutes=9), EIGHT + timedelta(hours=2), False),
    ],
)
def test_daily_energy_waits_for_a_curve_until_the_points_own_turn_or_its_first_look(now, due_at, began_at, first):
    assert comes_first(Turn(due_at, began_at), 0.5, now) is first


@given(now=INSTANTS, share=st.floats(0, 1), put_off=st.timedeltas(timedelta(seconds=1), timedelta(days=2)))
def test_no_curve_is_waited_for_once_the_points_own_turn_has_been(now, share, put_off):
    had_it = in_paris(next_refresh(share, now)).date() > in_paris(now).date()
    first = comes_first(Turn(now + put_off, OLD - timedelta(days=2_000)), share, now)
    assert not (had_it and first)
    assert first is (now + put_off <= next_refresh(share, now) and not had_it)


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


def task(work, began=NOW):
    return Task(None, CURVE, work, date(2024, 11, 24), began, began)


def test_an_import_looks_at_all_since_its_beginning():
    assert wanted_span(task(Work.IMPORT), NOW) == DaySpan(date(2024, 11, 24), date(2026, 11, 24))
    assert import_span(date(2026, 11, 24), NOW) is None


@pytest.mark.parametrize(
    ("began", "start"),
    [
        (NOW + timedelta(days=40), date(2026, 11, 10)),  # the clock was set back since
        (NOW, date(2026, 11, 10)),
        (NOW - timedelta(days=14), date(2026, 11, 10)),
        (NOW - timedelta(days=45), date(2026, 10, 10)),
        (NOW - timedelta(days=4_000), first_served(CURVE, NOW)),
    ],
)
def test_a_refresh_looks_back_two_weeks_or_as_long_as_it_is_wanted_and_never_beyond_the_history(began, start):
    assert wanted_span(task(Work.REFRESH, began), NOW) == DaySpan(start, date(2026, 11, 24))


def test_after_an_outage_of_a_month_the_days_in_between_are_asked_newest_first():
    began = NOW - timedelta(days=45)
    refresh = task(Work.REFRESH, began)
    missing = Missing(unasked=frozenset(DaySpan(date(2026, 10, 20), date(2026, 11, 24))))
    calls = []
    while (step := next_step(refresh, missing)) is not None:
        calls.append(step.span)
        missing = Missing(unasked=missing.unasked.difference(step.span))
    assert (len(calls), calls[0].end, calls[-1].start) == (5, date(2026, 11, 24), date(2026, 10, 20))


def refusal(reason, tries=1):
    problem = NotCollected("off", "éteint").problem
    return Refusal(reason, problem, NOW, NOW + timedelta(days=1), date(2026, 11, 1), date(2026, 11, 8), tries)


def test_a_series_that_is_not_collected_is_tried_again_for_seven_days_or_times():
    young, old = task(Work.IMPORT, NOW - timedelta(days=5)), task(Work.IMPORT, NOW - timedelta(days=6))
    worn = NOW + timedelta(days=1)
    often = refusal(GapReason.NOT_COLLECTED, IMPORT_TRIES)
    assert again_at(young, often) == worn, "a caller who asks by force spends none of the import's tries"
    assert again_at(old, refusal(GapReason.NOT_COLLECTED, IMPORT_TRIES - 1)) == worn, "its turn came late"
    assert again_at(old, often) is None


def test_what_wears_out_for_nobody_is_not_waited_for():
    assert again_at(task(Work.IMPORT), None) is None
    assert again_at(task(Work.IMPORT), refusal(GapReason.WRONG_DIRECTION)) is None
    assert again_at(task(Work.REFRESH), refusal(GapReason.NOT_COLLECTED)) is None


@pytest.mark.parametrize("work", Work)
def test_a_consent_that_is_not_known_yet_is_waited_for(work):
    assert again_at(task(work), refusal(GapReason.NO_CONSENT, 50)) == NOW + timedelta(days=1)


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
