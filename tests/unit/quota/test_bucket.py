from dataclasses import replace

import pytest

from passerelle.model.priority import Priority
from passerelle.quota import bucket as rules
from passerelle.quota.bucket import HOUR_US, SECOND_US, Bucket, CivilTime, Grant, Later, Why
from passerelle.quota.settings import Limits

NOW = 495_000 * HOUR_US + 600 * SECOND_US
MS = 1000
V5 = Limits()


def civil_at(now_us: int, *, frozen: bool = False):
    return CivilTime(now_us, now_us, frozen)


def ask(bucket: Bucket, now_us: int = NOW, priority: Priority = Priority.INTERACTIVE, limits: Limits = V5, **more: int):
    return rules.reserve(bucket, now_us, civil_at(now_us), limits, priority, **more)


def waits(priority: Priority, count: int):
    """What `count` calls wait that come one after the other, each when it is told."""
    bucket, now_us, leaves = Bucket(), NOW, []
    while len(leaves) < count:
        bucket, answer = ask(bucket, now_us, priority)
        if isinstance(answer, Grant):
            leaves.append((now_us + answer.wait_us - NOW) // MS)
        else:
            now_us += answer.wait_us
    return leaves


def test_interactive_calls_leave_five_at_once_then_five_in_each_window():
    assert waits(Priority.INTERACTIVE, 11) == [0] * 5 + [1060] * 5 + [2120]


def test_background_calls_are_spread_at_a_little_more_than_the_allowed_rate():
    assert waits(Priority.IMPORT, 7) == [0, 201, 402, 604, 805, 1060, 1261]


def test_an_interactive_call_books_five_seconds_ahead_and_no_further():
    bucket = Bucket()
    for _ in range(25):
        bucket, answer = ask(bucket)
        assert isinstance(answer, Grant)
    bucket, answer = ask(bucket)
    assert answer == Later(300 * MS, Why.SPACING)


def test_an_interactive_call_goes_before_a_background_one_that_waits():
    bucket = Bucket()
    for _ in range(5):
        bucket, _ = ask(bucket)
    bucket, background = ask(bucket, NOW + 10 * MS, Priority.REFRESH)
    assert background == Later(1050 * MS, Why.SPACING)
    _, interactive = ask(bucket, NOW + 10 * MS)
    assert interactive.wait_us == 1050 * MS


def test_a_caller_that_hears_late_gets_a_slot_further_ahead_whatever_its_priority():
    for priority in Priority:
        _, answer = ask(Bucket(), priority=priority, lead_us=40 * MS)
        assert isinstance(answer, Grant)
        assert answer.wait_us == 40 * MS


def test_a_used_up_hour_says_when_the_next_one_may_be_used():
    _, answer = ask(Bucket(), limits=Limits(5, 1))
    bucket, _ = ask(Bucket(), limits=Limits(5, 1))
    _, answer = ask(bucket, limits=Limits(5, 1))
    assert answer == Later(3001 * SECOND_US, Why.HOUR)


def test_the_counts_of_an_hour_survive_its_calendar_being_set_to_another_day_and_back():
    day = CivilTime(NOW - 24 * HOUR_US, NOW)
    bucket, _ = ask(Bucket(), limits=Limits(5, 1))
    bucket, other_day = rules.reserve(bucket, NOW, day, Limits(5, 1), Priority.INTERACTIVE)
    assert isinstance(other_day, Grant)
    _, back = ask(bucket, limits=Limits(5, 1))
    assert back.why is Why.HOUR


def test_a_calendar_that_stands_still_before_the_hour_charges_the_hour_it_shows():
    frozen = CivilTime(NOW // HOUR_US * HOUR_US - 1, NOW, frozen=True)
    bucket = Bucket()
    for _ in range(7):
        bucket, answer = rules.reserve(bucket, NOW, frozen, V5, Priority.INTERACTIVE)
        assert answer.slot.hour == NOW // HOUR_US - 1


def test_a_tenth_of_the_hour_is_kept_for_interactive_calls_and_used_up_before_it_ends():
    limits = Limits(5, 1000)
    bucket, now_us, shown = Bucket(), NOW // HOUR_US * HOUR_US, []
    hour = now_us // HOUR_US
    while now_us < (hour + 1) * HOUR_US:
        bucket, answer = ask(bucket, now_us, Priority.IMPORT, limits)
        now_us += answer.wait_us
        if isinstance(answer, Later) and answer.why is Why.HOUR and not shown:
            shown.append(rules.used_in(bucket, hour))
            _, interactive = ask(bucket, now_us - answer.wait_us, Priority.INTERACTIVE, limits)
            assert isinstance(interactive, Grant)
    assert shown == [900]
    assert 990 <= rules.used_in(bucket, hour) < 1000


def test_a_429_of_the_second_pauses_for_a_second_and_widens_the_window_once():
    bucket = Bucket()
    for late in range(5):  # the answers of one burst
        bucket = rules.slow_down(bucket, NOW + late * MS)
    assert rules.window(bucket, NOW) == 1110 * MS
    _, answer = ask(bucket, NOW + 5 * MS)
    assert answer.wait_us == 995 * MS


def test_the_window_stops_growing_and_comes_back_in_quiet_hours():
    bucket, now_us = Bucket(), NOW
    for _ in range(20):
        bucket = rules.slow_down(bucket, now_us)
        now_us = bucket.pause_us
    assert rules.window(bucket, now_us) == 1500 * MS
    assert rules.window(bucket, now_us + 3 * HOUR_US) == 1470 * MS
    assert rules.window(bucket, now_us + 500 * HOUR_US) == 1060 * MS


@pytest.mark.parametrize(
    ("resume_in", "held_for"),
    [(None, 3001), (120, 121), (7200, 3601), (-5, None)],
    ids=["without a time", "until a time", "too long to be true", "in the past"],
)
def test_a_429_of_the_hour_holds_until_its_time_or_the_next_hour(resume_in: int | None, held_for: int | None):
    resume_us = None if resume_in is None else NOW + resume_in * SECOND_US
    bucket = rules.hold(Bucket(), NOW, civil_at(NOW), resume_us)
    _, answer = ask(bucket)
    assert answer == Later(held_for * SECOND_US, Why.HOLD) if held_for else isinstance(answer, Grant)


def test_a_later_429_does_not_shorten_a_hold():
    bucket = rules.hold(Bucket(), NOW, civil_at(NOW), NOW + 600 * SECOND_US)
    shorter = rules.hold(bucket, NOW, civil_at(NOW), NOW + 60 * SECOND_US)
    assert shorter == bucket


def test_a_hold_of_a_day_that_the_calendar_has_left_is_over():
    tomorrow = CivilTime(NOW + 24 * HOUR_US, NOW)
    bucket = rules.hold(Bucket(), NOW, tomorrow, None)
    _, answer = ask(bucket)
    assert isinstance(answer, Grant)
    again = rules.hold(bucket, NOW, civil_at(NOW), NOW + 60 * SECOND_US)
    assert rules.held_until(again, civil_at(NOW), NOW) == NOW + 61 * SECOND_US


def test_a_clock_set_back_by_an_hour_waits_for_all_bookings_and_a_window_and_keeps_the_count():
    bucket = Bucket()
    for _ in range(5):
        bucket, _ = ask(bucket)
    back = NOW - HOUR_US
    bucket, answer = ask(bucket, back)
    assert answer == Later(1060 * MS, Why.SPACING)
    bucket, answer = ask(bucket, back + answer.wait_us)
    assert back + 1060 * MS + answer.wait_us == back + 6060 * MS
    assert rules.used_in(bucket, NOW // HOUR_US) == 5


def test_a_clock_set_back_by_less_than_a_minute_is_waited_out():
    bucket, _ = ask(Bucket())
    _, answer = ask(bucket, NOW - 30 * SECOND_US, Priority.REFRESH)
    assert answer == Later(30 * SECOND_US + 1060 * MS * 95 // 500, Why.SPACING)


def test_an_allowance_of_one_call_a_second_is_spaced_too():
    bucket, _ = ask(Bucket(), limits=Limits(1, 100))
    _, answer = ask(bucket, limits=Limits(1, 100))
    assert answer.wait_us == 1060 * MS


def test_a_slot_that_is_no_longer_remembered_stays_counted():
    bucket, answer = ask(Bucket())
    forgotten = replace(bucket, slots=())
    assert rules.cancel(forgotten, answer.serial) == forgotten


def test_limits_allow_at_least_one_call():
    for limits in [(0, 10), (5, 0)]:
        with pytest.raises(ValueError, match="at least one"):
            Limits(*limits)
