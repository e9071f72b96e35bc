"""The planner against brute force: exactly the days that are due, in the fewest calls, whatever is held or refused."""

from datetime import date, datetime, timedelta
from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from passerelle.errors import NotCollected
from passerelle.model.days import DaySpan
from passerelle.model.reading import GapReason
from passerelle.plan.calls import plan_calls
from passerelle.plan.freshness import FORCED_AGAIN
from passerelle.plan.ledger import Known, OpenDay, Refusal
from passerelle.plan.rules import CURVE_DAYS
from passerelle.plan.wanted import Asking, worth_asking

NOW = datetime.fromisoformat("2026-11-24T09:00:00+01:00")
GRANTED = NOW - timedelta(days=100)
RANGE = DaySpan(date(2026, 10, 20), date(2026, 11, 8))  # 19 days, the change of hour inside
STATES = ["unknown", "whole", "open", "due", "just forced", "just looked at"]


def ledger(states: list[str]) -> tuple[frozenset[date], Known]:
    days: dict[date, OpenDay] = {}
    looked: dict[date, datetime] = {}
    whole: set[date] = set()
    for day, state in zip(RANGE, states, strict=True):
        later, sooner = NOW + timedelta(hours=1), NOW - timedelta(hours=1)
        match state:
            case "whole":
                whole.add(day)
            case "just looked at":
                whole.add(day)
                looked[day] = NOW - timedelta(minutes=1)
            case "open":
                days[day] = OpenDay(GapReason.MISSING, sooner, sooner, later)
            case "due":
                days[day] = OpenDay(GapReason.MISSING, sooner, sooner, NOW)
            case "just forced":
                days[day] = OpenDay(GapReason.MISSING, sooner, sooner, later, forced_at=NOW - timedelta(minutes=1))
            case _:
                pass
    return frozenset(whole), Known(days, looked)


@cache
def fewest(days: frozenset[date], limit: int) -> int:
    """By brute force: the first day must be in some window; every placement of it is tried."""
    if not days:
        return 0
    first = min(days)
    return 1 + min(
        fewest(frozenset(day for day in days if not start <= day < start + timedelta(days=limit)), limit)
        for start in (first - timedelta(days=back) for back in range(limit))
    )


@given(st.lists(st.sampled_from(STATES), min_size=len(RANGE), max_size=len(RANGE)))
def test_what_is_due_is_asked_in_the_fewest_calls_and_nothing_else_alone(states: list[str]):
    whole, known = ledger(states)
    wanted = worth_asking(RANGE, whole, known, Asking(NOW, GRANTED), CURVE_DAYS)
    assert wanted == {day for day, state in zip(RANGE, states, strict=True) if state in {"unknown", "due"}}
    spans = plan_calls(wanted, CURVE_DAYS)
    assert len(spans) == fewest(wanted, CURVE_DAYS)
    assert all(any(day in span for span in spans) for day in wanted)
    assert all(len(span) <= CURVE_DAYS for span in spans)


@given(st.lists(st.sampled_from(STATES), min_size=len(RANGE), max_size=len(RANGE)))
def test_a_caller_who_forces_it_gets_open_days_and_one_call_of_whole_ones(states: list[str]):
    whole, known = ledger(states)
    wanted = worth_asking(RANGE, whole, known, Asking(NOW, GRANTED, forced=True), CURVE_DAYS)
    lacking = {day for day, state in zip(RANGE, states, strict=True) if state in {"unknown", "due", "open"}}
    assert wanted - whole == lacking
    again = wanted & whole
    assert len(plan_calls(again, CURVE_DAYS)) <= 1
    assert not any(day in known.looked for day in again)
    recent = {day for day in whole if day > max(whole) - timedelta(days=CURVE_DAYS) and day not in known.looked}
    assert again == recent


@given(
    st.lists(st.sampled_from(STATES), min_size=len(RANGE), max_size=len(RANGE)),
    st.booleans(),
    st.sampled_from([None, NOW - timedelta(minutes=1), NOW - FORCED_AGAIN]),
)
def test_a_refusal_of_the_series_keeps_every_day_until_it_is_worn_out_or_forced(states, forced, forced_at):
    whole, known = ledger(states)
    asked_at, until = NOW - timedelta(hours=1), NOW + timedelta(hours=1)
    problem = NotCollected("off", "éteint").problem
    told = Refusal(GapReason.NOT_COLLECTED, problem, asked_at, until, RANGE.start, RANGE.end, forced_at=forced_at)
    refused = Known(known.days, known.looked, {told.reason: told})
    wanted = worth_asking(RANGE, whole, refused, Asking(NOW, GRANTED, forced), CURVE_DAYS)
    if forced and (forced_at is None or NOW - forced_at >= FORCED_AGAIN):
        assert wanted == worth_asking(RANGE, whole, known, Asking(NOW, GRANTED, forced), CURVE_DAYS)
    else:
        assert not wanted
    worn = worth_asking(RANGE, whole, refused, Asking(until, GRANTED), CURVE_DAYS)
    assert worn == worth_asking(RANGE, whole, known, Asking(until, GRANTED), CURVE_DAYS)
