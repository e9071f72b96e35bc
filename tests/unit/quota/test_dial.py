"""Another machine's clock on our own, whatever the way takes."""

import pytest

from passerelle.quota.dial import Dial

NOW_US = 1_782_000_000_000_000


def test_an_answer_is_as_old_as_it_may_be():
    assert Dial().read(NOW_US, 10.0, 10.004) == 10.004


def test_a_slow_answer_is_dated_by_a_quick_one():
    dial = Dial()
    dial.read(NOW_US, 10.0, 10.001)
    assert dial.read(NOW_US + 2_000_000, 11.99, 12.3) == pytest.approx(12.001)


def test_a_quicker_answer_is_taken_at_its_word():
    dial = Dial()
    dial.read(NOW_US, 10.0, 10.1)
    assert dial.read(NOW_US + 1_000_000, 11.0, 11.05) == 11.05


@pytest.mark.parametrize("set_by_us", [-3_000_000, 3_000_000])
def test_a_clock_that_was_set_is_read_anew(set_by_us):
    dial = Dial()
    dial.read(NOW_US, 10.0, 10.001)
    assert dial.read(NOW_US + 1_000_000 + set_by_us, 10.99, 11.2) == 11.2
    assert dial.read(NOW_US + 2_000_000 + set_by_us, 11.99, 12.9) == pytest.approx(12.2)


def test_what_was_seen_long_ago_is_not_relied_on():
    dial = Dial()
    dial.read(NOW_US, 10.0, 10.001)
    assert dial.read(NOW_US + 11_000_000, 20.95, 21.2) == 21.2
