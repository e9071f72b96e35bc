from collections.abc import Callable
from dataclasses import replace

import pytest

from passerelle.model.priority import Priority
from passerelle.quota import bucket as rules
from passerelle.quota.bucket import HOUR_US, SECOND_US, WINDOW_US, Bucket, CivilTime, Grant, Later, Why
from passerelle.quota.settings import Limits

NOW = 495_000 * HOUR_US + 600 * SECOND_US
MS = 1000
V5 = Limits()
ONE = Limits(1, 100)
GRACE_MS = rules.GRACE_US // MS
WHEN_TO_COME = [(1040, 0, 2), (1060 + GRACE_MS, 1, 3), (2120 + GRACE_MS, 1, 4)]
"""Milliseconds, microseconds more, and number: what three are told who stand in a line of one call a window."""


def civil_at(now_us: int, *, frozen: bool = False):
    return CivilTime(now_us, now_us, frozen)


def ask(bucket: Bucket, now_us: int = NOW, priority: Priority = Priority.INTERACTIVE, limits: Limits = V5, **more: int):
    return rules.reserve(bucket, now_us, civil_at(now_us), limits, priority, **more)


def leave(
    bucket: Bucket,
    now_us: int = NOW,
    priority: Priority = Priority.INTERACTIVE,
    limits: Limits = V5,
    civil: Callable[[int], CivilTime] = civil_at,
    turn: int = 0,
):
    """A call that comes back when it is told, until it has its slot; and when that was."""
    while True:
        bucket, answer = rules.reserve(bucket, now_us, civil(now_us), limits, priority, turn=turn)
        if isinstance(answer, Grant):
            return bucket, now_us, answer
        now_us, turn = now_us + answer.wait_us, answer.serial


def leaves(priority: Priority, count: int):
    """When `count` calls leave that come one after the other, in milliseconds."""
    bucket, now_us, at_ms = Bucket(), NOW, []
    for _ in range(count):
        bucket, now_us, grant = leave(bucket, now_us, priority)
        at_ms.append((grant.slot.at_us - NOW) // MS)
    return at_ms


def test_interactive_calls_leave_five_at_once_then_five_in_each_window():
    assert leaves(Priority.INTERACTIVE, 11) == [0] * 5 + [1060] * 5 + [2120]


def test_background_calls_are_spread_at_a_little_more_than_the_allowed_rate():
    assert leaves(Priority.IMPORT, 7) == [0, 201, 402, 604, 805, 1060, 1261]


def test_an_interactive_call_stands_in_the_line_five_seconds_ahead_and_no_further():
    bucket = Bucket()
    for _ in range(25):
        bucket, answer = ask(bucket)
        assert answer.serial
    assert (len(bucket.slots), len(bucket.line)) == (5, 20)
    assert rules.used_in(bucket, NOW // HOUR_US) == 5
    bucket, answer = ask(bucket)
    assert answer == Later(300 * MS, Why.SPACING)


def test_an_interactive_call_goes_before_a_background_one_that_waits():
    bucket = Bucket()
    for _ in range(5):
        bucket, _ = ask(bucket)
    bucket, background = ask(bucket, NOW + 10 * MS, Priority.REFRESH)
    assert background == Later(1050 * MS, Why.SPACING)
    bucket, interactive = ask(bucket, NOW + 10 * MS)
    assert interactive == Later(1030 * MS, Why.SPACING, 6)
    bucket, background = ask(bucket, NOW + 1060 * MS, Priority.REFRESH)
    assert isinstance(background, Later)
    _, interactive = ask(bucket, NOW + 1060 * MS, turn=6)
    assert isinstance(interactive, Grant)
    assert interactive.slot.at_us == NOW + 1060 * MS


def in_line(calls: int = 3):
    """One call in each second: one has left, `calls` stand in the line."""
    bucket, line = Bucket(), []
    for _ in range(1 + calls):
        bucket, answer = ask(bucket, limits=ONE)
        line.append(answer)
    return bucket, line[1:]


def test_who_stands_in_the_line_comes_shortly_before_its_slot_or_when_the_one_before_has_not_come():
    _, line = in_line()
    assert line == [Later(wait * MS + more, Why.SPACING, serial) for wait, more, serial in WHEN_TO_COME]


def test_calls_leave_in_the_order_of_the_line_whoever_comes_first():
    bucket, (first, second, _) = in_line()
    bucket, waits = ask(bucket, NOW + 1060 * MS, limits=ONE, turn=second.serial)
    assert isinstance(waits, Later)
    bucket, leaves_now = ask(bucket, NOW + 1060 * MS, limits=ONE, turn=first.serial)
    assert leaves_now.slot.at_us == NOW + 1060 * MS


def test_a_call_that_does_not_come_loses_its_turn_to_whoever_is_behind_it_and_keeps_its_place():
    bucket, (first, second, third) = in_line()
    late = NOW + 1060 * MS + rules.GRACE_US + 1
    bucket, grant = ask(bucket, late, limits=ONE, turn=second.serial)
    assert isinstance(grant, Grant)
    assert grant.slot.at_us == late
    bucket, third_waits = ask(bucket, late + MS, limits=ONE, turn=third.serial)
    bucket, first_waits = ask(bucket, late + 2 * MS, limits=ONE, turn=first.serial)
    assert (first_waits.serial, third_waits.serial) == (first.serial, third.serial)
    assert [ticket.serial for ticket in bucket.line] == [first.serial, third.serial]
    _, _, grant = leave(bucket, late + 2 * MS, limits=ONE, turn=first.serial)
    assert grant.slot.at_us == late + 1060 * MS


def test_a_background_call_takes_over_the_turn_of_an_interactive_one_that_does_not_come():
    bucket, _ = in_line(calls=1)
    bucket, answer = ask(bucket, NOW + 1060 * MS, Priority.IMPORT, ONE)
    assert answer == Later(rules.GRACE_US + 1, Why.SPACING)
    _, answer = ask(bucket, NOW + 1060 * MS + answer.wait_us, Priority.IMPORT, ONE)
    assert answer.wait_us == 0


def test_places_in_the_line_are_forgotten_when_the_clock_has_been_set_back():
    bucket, (first, *_) = in_line()
    back = NOW - 30 * SECOND_US
    bucket, _ = ask(bucket, back, Priority.IMPORT, ONE)
    assert bucket.line == ()
    bucket = rules.cancel(bucket, first.serial)
    assert rules.used_in(bucket, NOW // HOUR_US) == 1


def test_a_call_that_leaves_the_line_keeps_nobody_waiting():
    bucket, (first, second, third) = in_line()
    bucket = rules.cancel(rules.cancel(bucket, first.serial), second.serial)
    _, _, grant = leave(bucket, limits=ONE, turn=third.serial)
    assert grant.slot.at_us == NOW + 1060 * MS


def test_a_slot_that_a_late_call_did_not_use_is_moved_to_the_present_and_leaves_no_hole():
    bucket = Bucket()
    for _ in range(5):
        bucket, grant = ask(bucket)
    bucket, moved = ask(bucket, NOW + 50 * MS, turn=grant.serial)
    assert isinstance(moved, Grant)
    assert (moved.slot.at_us, moved.serial) == (NOW + 50 * MS, grant.serial)
    assert [slot.at_us - NOW for slot in bucket.slots] == [0, 0, 0, 0, 50 * MS]
    assert rules.used_in(bucket, NOW // HOUR_US) == 5
    at_us = []
    for _ in range(5):
        bucket, _, grant = leave(bucket, NOW + 50 * MS)
        at_us.append(grant.slot.at_us - NOW)
    assert at_us == [1060 * MS] * 4 + [1110 * MS]


def test_a_call_in_the_line_is_refused_when_those_before_it_will_use_up_the_hour():
    limits = Limits(1, 3)
    bucket = Bucket()
    for _ in range(3):
        bucket, _ = ask(bucket, limits=limits)
    for priority in (Priority.INTERACTIVE, Priority.IMPORT):
        _, answer = ask(bucket, limits=limits, priority=priority)
        assert answer.why is Why.HOUR


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
        bucket, _, grant = leave(bucket, civil=lambda _: frozen)
        assert grant.slot.hour == NOW // HOUR_US - 1


def test_a_tenth_of_the_hour_is_kept_for_interactive_calls_and_used_up_before_it_ends():
    limits = Limits(5, 1000)
    bucket, now_us, shown = Bucket(), NOW // HOUR_US * HOUR_US, []
    hour = now_us // HOUR_US
    while now_us < (hour + 1) * HOUR_US:
        bucket, answer = ask(bucket, now_us, Priority.IMPORT, limits)
        now_us += answer.wait_us
        if isinstance(answer, Later) and answer.why is Why.HOUR and not shown:
            shown.append(rules.used_in(bucket, hour))
            _, _, interactive = leave(bucket, now_us - answer.wait_us, limits=limits)
            assert interactive.slot.at_us < now_us - answer.wait_us + WINDOW_US
    assert shown == [900]
    assert 990 <= rules.used_in(bucket, hour) < 1000


def test_a_429_of_the_second_pauses_for_a_second_and_widens_the_window_once():
    bucket = Bucket()
    for late in range(5):  # the answers of one burst
        bucket = rules.slow_down(bucket, NOW + late * MS)
    assert rules.window(bucket, NOW) == 1110 * MS
    _, _, grant = leave(bucket, NOW + 5 * MS)
    assert grant.slot.at_us == NOW + 1000 * MS


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


def test_a_clock_set_back_by_an_hour_waits_for_all_slots_and_a_window_and_keeps_the_count():
    bucket = Bucket()
    for _ in range(5):
        bucket, _ = ask(bucket)
    back = NOW - HOUR_US
    bucket, answer = ask(bucket, back)
    assert answer == Later(1560 * MS - rules.AHEAD_US, Why.SPACING, 6)
    bucket, _, grant = leave(bucket, back, turn=answer.serial)
    assert grant.slot.at_us == back + rules.LEAD_US + 1060 * MS
    assert rules.used_in(bucket, NOW // HOUR_US) == 5


def test_a_clock_set_back_by_less_than_a_minute_is_waited_out():
    bucket, _ = ask(Bucket())
    _, answer = ask(bucket, NOW - 30 * SECOND_US, Priority.REFRESH)
    assert answer == Later(30 * SECOND_US + 1060 * MS * 95 // 500, Why.SPACING)


def test_an_allowance_of_one_call_a_second_is_spaced_too():
    bucket, _ = ask(Bucket(), limits=Limits(1, 100))
    _, _, grant = leave(bucket, limits=Limits(1, 100))
    assert grant.slot.at_us == NOW + 1060 * MS


def test_a_slot_that_is_no_longer_remembered_stays_counted():
    bucket, answer = ask(Bucket())
    forgotten = replace(bucket, slots=())
    assert rules.cancel(forgotten, answer.serial) == forgotten


def test_limits_allow_at_least_one_call():
    for limits in [(0, 10), (5, 0)]:
        with pytest.raises(ValueError, match="at least one"):
            Limits(*limits)
