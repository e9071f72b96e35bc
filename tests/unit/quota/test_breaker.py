"""When an API is left alone, for how long, and who tries it next."""

import pytest

from passerelle.quota import breaker as rules
from passerelle.quota.breaker import FAILURES, LONGEST_PAUSE_US, PAUSE_US, TRY_US, WITHIN_US, Breaker
from passerelle.quota.bucket import SECOND_US

NOW_US = 1_782_000_000_000_000


def opened(now_us=NOW_US):
    breaker = Breaker()
    for _ in range(FAILURES):
        breaker = rules.failed(breaker, now_us)
    return breaker


def test_five_failures_in_a_row_open_it_and_four_do_not():
    breaker = Breaker()
    for count in range(FAILURES):
        assert rules.allow(breaker, NOW_US + count) == (breaker, 0)
        breaker = rules.failed(breaker, NOW_US + count)
    assert rules.allow(breaker, NOW_US + 4)[1] == PAUSE_US
    assert PAUSE_US == 30 * SECOND_US


def test_failures_further_apart_than_a_minute_do_not_add_up():
    breaker = Breaker()
    for count in range(3 * FAILURES):
        breaker = rules.failed(breaker, NOW_US + count * (WITHIN_US // 4 + 1))
    assert rules.wait(breaker, NOW_US + 3 * FAILURES * WITHIN_US // 4) == 0
    assert len(breaker.failures) == 4


def test_failures_of_a_future_that_a_clock_has_left_do_not_count():
    breaker = Breaker()
    for count in range(FAILURES):
        breaker = rules.failed(breaker, NOW_US - 3600 * SECOND_US * count)
    assert breaker.pause_us == 0


def test_after_the_pause_one_call_tries_and_all_others_wait():
    breaker, wait_us = rules.allow(opened(), NOW_US + PAUSE_US)
    assert wait_us == 0
    assert rules.allow(breaker, NOW_US + PAUSE_US + 1)[1] == TRY_US - 1


def test_a_try_that_never_tells_is_followed_by_another():
    breaker, _ = rules.allow(opened(), NOW_US + PAUSE_US)
    again, wait_us = rules.allow(breaker, NOW_US + PAUSE_US + TRY_US)
    assert (wait_us, again.until_us) == (0, NOW_US + PAUSE_US + 2 * TRY_US)


def test_each_try_that_fails_doubles_the_pause_up_to_ten_minutes():
    breaker, now_us, pauses = opened(), NOW_US, []
    for _ in range(7):
        pauses.append(rules.wait(breaker, now_us) // SECOND_US)
        now_us += rules.wait(breaker, now_us)
        breaker, _ = rules.allow(breaker, now_us)
        breaker = rules.failed(breaker, now_us)
    assert pauses == [30, 60, 120, 240, 480, 600, 600]


def test_a_failure_that_comes_late_does_not_prolong_the_pause():
    assert rules.failed(opened(), NOW_US + SECOND_US) == opened()


@pytest.mark.parametrize("by_us", [LONGEST_PAUSE_US + PAUSE_US, 86_400 * SECOND_US])
def test_a_clock_set_back_does_not_close_the_door_for_longer_than_a_pause(by_us):
    assert rules.allow(opened(), NOW_US - by_us)[1] == 0
