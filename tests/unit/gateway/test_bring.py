"""The work of a lane: who shares a call, who waits for whom, and what another process brings."""

import asyncio
from datetime import date

import pytest

from passerelle.errors import (
    ConsentMissing,
    ConsentRevoked,
    CredentialsMissing,
    InternalError,
    NotCollected,
    OperatorActionNeeded,
    QuotaExhausted,
    StorageUnavailable,
    TokenRejected,
    UpstreamRejected,
    UpstreamUnavailable,
    UsagePointUnknown,
    WrongDirection,
)
from passerelle.gateway.bring import RENEW
from passerelle.gateway.lane_run import AT_ONCE, IMPORTS_AT_ONCE, INTERACTIVE_CALLS, PATIENCE
from passerelle.gateway.read_series import CacheUse
from passerelle.model.days import DaySpan, one_day
from passerelle.model.leases import Wish
from passerelle.model.priority import Priority
from passerelle.model.reading import GapReason
from passerelle.testing.enedis import ScriptedEnedis
from passerelle.testing.reading import CURVE, PRM, ReadingHouse

WEEK = ("2026-11-16", "2026-11-23")
YEARS = ("2024-11-24", "2026-11-01")


async def warm() -> ReadingHouse:
    """A house whose series has given something before, so that calls may go together."""
    house = ReadingHouse(ScriptedEnedis())
    await house.ask("2026-11-23", "2026-11-24")
    return house


def priorities(house: ReadingHouse) -> list[Priority]:
    return [call.priority for call in house.enedis.calls]


async def test_at_most_four_calls_of_a_lane_are_under_way_and_imports_leave_room():
    house = await warm()
    house.enedis.gate.clear()
    long = asyncio.create_task(house.ask(*YEARS, wait=60))
    await house.enedis.until_called(1 + AT_ONCE)
    await house.clock.sleep(1)
    assert len(house.enedis.calls) == 1 + AT_ONCE
    house.enedis.gate.set()
    await house.enedis.until_called(1 + INTERACTIVE_CALLS + 1)
    house.enedis.gate.clear()
    await house.clock.sleep(1)
    under_way = len(house.enedis.calls)
    short = asyncio.create_task(house.ask(*WEEK))
    await house.enedis.until_called(under_way + 1)
    assert house.measure_calls[-1] == DaySpan(date(2026, 11, 16), date(2026, 11, 23))
    assert priorities(house)[-1] is Priority.INTERACTIVE
    assert priorities(house)[-1 - IMPORTS_AT_ONCE : -1] == [Priority.IMPORT] * IMPORTS_AT_ONCE
    house.enedis.gate.set()
    assert not (await short).gaps
    assert not (await long).gaps


async def test_who_joins_late_with_an_old_look_does_not_have_a_day_asked_again():
    house = await warm()
    house.enedis.gate.clear()
    first = asyncio.create_task(house.ask(*WEEK))
    await house.enedis.until_called(2)
    held = house.days.held
    looked, between = asyncio.Event(), asyncio.Event()

    async def slow(*place: object):
        """A look that is made before the call lands, and told after it."""
        seen = await held(*place)
        looked.set()
        await between.wait()
        return seen

    house.days.held = slow
    late = asyncio.create_task(house.ask(*WEEK))
    await looked.wait()
    house.days.held = held
    landing, house.enedis.gate = house.enedis.gate, asyncio.Event()
    other = asyncio.create_task(house.ask("2026-11-01", "2026-11-08"))  # keeps the lane at work all the while
    await house.enedis.until_called(3)
    landing.set()
    await first
    between.set()
    await house.clock.sleep(1)
    assert len(house.enedis.calls) == 3
    house.enedis.gate.set()
    assert not any(answer.gaps for answer in await asyncio.gather(late, other))


async def test_what_another_process_brings_is_found_in_the_store():
    one = await warm()
    two = ReadingHouse(one.enedis, holder="two", beside=one)
    one.enedis.gate.clear()
    first = asyncio.create_task(one.ask(*WEEK))
    await one.enedis.until_called(2)
    second = asyncio.create_task(two.ask("2026-11-15", "2026-11-23"))
    await one.clock.sleep(1)
    assert len(one.enedis.calls) == 2
    one.enedis.gate.set()
    answers = await asyncio.gather(first, second)
    assert one.measure_calls[2:] == [one_day(date(2026, 11, 15))]
    assert not any(answer.gaps for answer in answers)
    assert not one.leases.taken


async def test_an_import_gives_way_to_a_short_request_of_another_process():
    one = await warm()
    two = ReadingHouse(one.enedis, holder="two", beside=one)
    long = asyncio.create_task(one.ask(*YEARS, wait=60))
    await one.enedis.until_called(1 + INTERACTIVE_CALLS + 3)
    short = asyncio.create_task(two.ask(*WEEK))
    answer = await short
    assert not answer.gaps
    assert not long.done()
    assert len(one.enedis.calls) < 60
    assert not (await long).gaps
    assert len(one.enedis.calls) == 1 + 101 + 1


async def test_a_process_whose_days_came_meanwhile_asks_nothing():
    one = await warm()
    two = ReadingHouse(one.enedis, holder="two", beside=one)
    answers = await asyncio.gather(one.ask(*WEEK), two.ask(*WEEK))
    assert len(one.enedis.calls) == 2
    assert answers[0].readings == answers[1].readings


async def test_an_exhausted_allowance_of_imports_leaves_short_requests_alone():
    house = await warm()
    old = date(2026, 8, 1)
    house.enedis.trouble = lambda _s, span: QuotaExhausted("none", "aucun", retry_after=60) if span.end < old else None
    long = asyncio.create_task(house.ask(*YEARS, wait=60))
    await house.enedis.until_called(1 + INTERACTIVE_CALLS)
    house.enedis.gate.clear()
    await house.clock.sleep(1)
    behind, house.enedis.gate = house.enedis.gate, asyncio.Event()
    under_way = len(house.enedis.calls)
    short = asyncio.create_task(house.ask(*WEEK))
    await house.enedis.until_called(under_way + 1)
    behind.set()
    assert GapReason.UPSTREAM_ERROR in {gap.reason for gap in (await long).gaps}
    house.enedis.gate.set()
    assert not (await short).gaps


async def test_what_cannot_be_kept_is_not_asked_for():
    house = ReadingHouse(ScriptedEnedis())

    async def away(*_: object) -> frozenset[date]:
        raise StorageUnavailable("away", "partie", retry_after=5)

    house.days.keep = away
    answer = await house.ask(*YEARS, wait=60)
    assert isinstance(answer.failure, StorageUnavailable)
    assert len(house.enedis.calls) == 1


async def test_what_cannot_be_kept_several_times_in_a_row_is_not_asked_for_any_more():
    house = ReadingHouse(ScriptedEnedis())

    async def broken(*_: object) -> frozenset[date]:
        raise InternalError("cannot be sealed", "ne peut pas être scellé")

    house.days.keep = broken
    answer = await house.ask(*YEARS, wait=60)
    assert isinstance(answer.failure, InternalError)
    assert len(house.enedis.calls) == PATIENCE


async def test_after_several_rejections_in_a_row_the_rest_is_not_asked_and_not_written_down_as_rejected():
    house = ReadingHouse(ScriptedEnedis())
    house.enedis.trouble = lambda _s, _d: UpstreamRejected("no", "non")
    answer = await house.ask(*YEARS, wait=60)
    assert len(house.enedis.calls) == PATIENCE
    assert {gap.reason for gap in answer.gaps} == {GapReason.UPSTREAM_ERROR}
    written = (await house.ledger.of_point(house.link.point_id))[CURVE].days
    assert written.keys() == {day for span in house.measure_calls for day in span}, "what was not asked is not refused"
    house.enedis.trouble = lambda _s, _d: None
    healed = await house.ask(*YEARS, wait=60)
    assert sum(len(day) for day in healed.days) > 600 * 48


@pytest.mark.parametrize(
    "kind",
    [
        ConsentMissing,
        WrongDirection,
        NotCollected,
        OperatorActionNeeded,
        CredentialsMissing,
        TokenRejected,
        UsagePointUnknown,
    ],
)
async def test_what_speaks_for_the_whole_series_is_asked_once_however_many_calls_were_planned(kind):
    house = ReadingHouse(ScriptedEnedis())
    house.enedis.trouble = lambda _s, _d: kind("told", "dit")
    answer = await house.ask(*YEARS, wait=60)
    assert len(house.enedis.calls) == 1
    assert len({gap.reason for gap in answer.gaps if gap.problem}) == 1
    assert not any(gap.reason is GapReason.PENDING for gap in answer.gaps)


async def test_a_failure_ends_the_request_and_is_not_remembered():
    house = await warm()
    house.enedis.trouble = lambda _s, _d: UpstreamUnavailable("away", "absent")
    assert {gap.reason for gap in (await house.ask(*WEEK)).gaps} == {GapReason.UPSTREAM_ERROR}
    assert not (await house.ledger.of_point(house.link.point_id))[CURVE].days
    house.enedis.trouble = lambda _s, _d: None
    healed = await house.ask(*WEEK)
    assert (healed.cache, healed.gaps) == (CacheUse.MISS, ())


@pytest.mark.parametrize("wait", [0, 5])
async def test_who_leaves_ends_nothing(wait):
    house = await warm()
    house.enedis.gate.clear()
    leaving = asyncio.create_task(house.ask(*WEEK, wait=wait))
    await house.enedis.until_called(2)
    leaving.cancel()
    staying = asyncio.create_task(house.ask(*WEEK))
    await house.clock.sleep(1)
    house.enedis.gate.set()
    assert not (await staying).gaps
    assert len(house.enedis.calls) == 2


async def test_who_is_on_the_way_is_waited_for_and_planned_together():
    house = ReadingHouse(ScriptedEnedis())
    with house.bring.approaching("account", PRM, CURVE):
        first = asyncio.create_task(house.ask("2026-11-09", "2026-11-12"))
        await house.clock.sleep(0.2)
        assert not house.measure_calls
        second = asyncio.create_task(house.ask("2026-11-12", "2026-11-16"))
    await asyncio.gather(first, second)
    assert house.measure_calls == [DaySpan(date(2026, 11, 9), date(2026, 11, 16))]


async def test_nobody_is_waited_for_longer_than_half_a_second():
    house = ReadingHouse(ScriptedEnedis())
    with house.bring.approaching("account", PRM, CURVE):
        await house.ask("2026-11-09", "2026-11-12")
        assert 0.5 <= house.clock.monotonic() < 0.6
    assert len(house.measure_calls) == 1


@pytest.mark.parametrize("fresh", [False, True])
async def test_what_another_process_was_told_a_moment_ago_is_not_asked_again(fresh):
    hole = date(2026, 11, 18)
    enedis = ScriptedEnedis(absent=frozenset({hole}))
    one = ReadingHouse(enedis, holder="one")
    other = ReadingHouse(enedis, holder="other", beside=one)
    answers = await asyncio.gather(
        one.ask("2026-11-16", "2026-11-20", fresh=fresh), other.ask("2026-11-16", "2026-11-20", fresh=fresh)
    )
    assert one.measure_calls == [DaySpan(date(2026, 11, 16), date(2026, 11, 20))]
    assert [[gap.reason for gap in answer.gaps] for answer in answers] == [[GapReason.MISSING]] * 2


async def test_who_joins_as_the_work_ends_is_not_kept_waiting_for_nobody():
    house = await warm()
    later: list[asyncio.Task[object]] = []
    release = house.leases.release

    async def released(*lane):
        await release(*lane)
        if not later:
            later.append(asyncio.create_task(house.ask("2026-11-02", "2026-11-09")))
            await house.clock.sleep(0)  # it joins, and no time passes

    house.leases.release = released
    began = house.clock.monotonic()
    await house.ask("2026-11-09", "2026-11-16")
    await later[0]
    assert len(house.measure_calls) == 3
    assert house.clock.monotonic() - began < 0.1


class _Slow(ScriptedEnedis):
    """Answers the calls for days before `known` only when it is told to; `withdrawn`: those that were ended before."""

    def __init__(self, known: date) -> None:
        super().__init__()
        self.known, self.withdrawn, self.told = known, [], asyncio.Event()

    async def fetch_measure(self, point, series, span, errand):
        if span.end > self.known:
            await self.until_called(AT_ONCE - 1)
            raise ConsentRevoked("none", "aucun")
        try:
            readings = await super().fetch_measure(point, series, span, errand)
            await self.told.wait()
        except asyncio.CancelledError:
            self.withdrawn.append(span)
            raise
        return readings


async def test_calls_that_nobody_wants_any_more_are_withdrawn_before_enedis_answers():
    house = await warm()
    slow = _Slow(date(2026, 11, 9))
    house = ReadingHouse(slow, beside=house)
    await house.ask("2026-10-01", "2026-11-16", wait=60)
    await house.clock.sleep(1)
    assert len(slow.withdrawn) == len(slow.calls) == AT_ONCE - 1
    assert not house.leases.taken


async def test_what_enedis_has_answered_is_kept_though_nobody_wants_it_any_more():
    house = await warm()
    slow = _Slow(date(2026, 11, 9))
    house = ReadingHouse(slow, beside=house)
    keep, kept = house.days.keep, asyncio.Event()

    async def slowly(*place: object):
        await kept.wait()
        return await keep(*place)

    house.days.keep = slowly
    slow.told.set()
    asked = asyncio.create_task(house.ask("2026-10-01", "2026-11-16", wait=60))
    await slow.until_called(AT_ONCE - 1)
    await house.clock.sleep(1)
    kept.set()
    await asked
    await house.clock.sleep(1)
    assert not slow.withdrawn
    present = await house.days.present(house.link.account_id, house.link.point_id, CURVE, slow.calls[0].span)
    assert len(present) == len(slow.calls[0].span)


def spans(calls: list[DaySpan]) -> list[str]:
    """Month and day of the first day and of the end, newest call first."""
    return [f"{span.start:%m-%d} {span.end:%m-%d}" for span in sorted(calls, reverse=True)]


async def test_calls_are_planned_for_what_all_processes_want():
    one = ReadingHouse(ScriptedEnedis(), holder="one")
    two, three = (ReadingHouse(one.enedis, holder=name, beside=one) for name in ("two", "three"))
    answers = await asyncio.gather(
        one.ask("2026-10-10", "2026-10-31"),
        two.ask("2026-10-05", "2026-11-01"),
        three.ask("2026-10-01", "2026-10-20"),
    )
    assert not any(answer.gaps for answer in answers)
    assert spans(one.measure_calls) == ["10-25 11-01", "10-18 10-25", "10-11 10-18", "10-04 10-11", "10-01 10-04"]
    assert not one.leases.taken
    assert not any(one.leases.wishes.values())


async def test_what_only_another_process_waits_for_is_left_to_it():
    house = await warm()
    moment = (await house.leases.claim(house.link.point_id, CURVE)).moment
    await house.leases.release(house.link.point_id, CURVE)
    other = Wish(frozenset(DaySpan(date(2026, 10, 1), date(2026, 11, 20))), moment=moment)
    house.leases.wishes[house.link.point_id, CURVE]["other"] = other
    await house.ask("2026-11-21", "2026-11-22")
    assert spans(house.measure_calls[1:]) == ["11-15 11-22"]


async def test_what_came_since_another_process_looked_is_not_asked_again():
    one = await warm()
    await one.leases.claim(one.link.point_id, CURVE)
    await one.leases.landed(one.link.point_id, CURVE)
    await one.leases.release(one.link.point_id, CURVE)
    held = frozenset({date(2026, 11, 23)})
    one.leases.wishes[one.link.point_id, CURVE]["other"] = Wish(held, moment=1)
    await one.ask("2026-11-20", "2026-11-22")
    assert one.measure_calls[1:] == [DaySpan(date(2026, 11, 20), date(2026, 11, 22))]


async def test_what_was_brought_a_moment_ago_is_not_wished_for_any_more():
    house = ReadingHouse(ScriptedEnedis())
    other = Wish(frozenset({date(2026, 11, 16)}), moment=1)  # and does not look again
    house.leases.wishes[house.link.point_id, CURVE]["other"] = other
    await asyncio.gather(house.ask("2026-11-22", "2026-11-23"), house.ask("2026-11-14", "2026-11-15"))
    assert spans(house.measure_calls) == ["11-16 11-23", "11-14 11-15"]


async def test_a_process_that_comes_a_moment_later_is_planned_with():
    one = ReadingHouse(ScriptedEnedis(), holder="one")
    two, three = (ReadingHouse(one.enedis, holder=name, beside=one) for name in ("two", "three"))

    async def later():
        await one.clock.sleep(0.1)
        return await three.ask("2026-10-28", "2026-11-01")

    await asyncio.gather(one.ask("2026-10-05", "2026-10-31"), two.ask("2026-10-02", "2026-10-31"), later())
    assert spans(one.measure_calls) == ["10-25 11-01", "10-18 10-25", "10-11 10-18", "10-04 10-11", "10-02 10-04"]


async def test_a_process_that_is_still_at_it_is_waited_for():
    one = ReadingHouse(ScriptedEnedis(), holder="one")
    two = ReadingHouse(one.enedis, holder="two", beside=one)
    with two.bring.approaching("account", PRM, CURVE):
        asked = [one.ask("2026-10-05", "2026-10-31"), two.ask("2026-10-02", "2026-10-31")]
        waiting = [asyncio.create_task(each) for each in asked]
        await one.clock.sleep(0.3)
        assert not one.measure_calls
        waiting.append(asyncio.create_task(two.ask("2026-10-28", "2026-11-01")))
        await one.clock.sleep(0)  # it is on its way too, and no time passes
    await asyncio.gather(*waiting)
    assert spans(one.measure_calls) == ["10-25 11-01", "10-18 10-25", "10-11 10-18", "10-04 10-11", "10-02 10-04"]


async def test_days_that_another_process_asks_before_their_time_are_not_asked_a_second_time():
    one = await warm()
    two = ReadingHouse(one.enedis, holder="two", beside=one)
    answers = await asyncio.gather(one.ask("2026-11-20", "2026-11-23"), two.ask("2026-11-20", "2026-11-24", fresh=True))
    assert not any(answer.gaps for answer in answers)
    assert spans(one.measure_calls[1:]) == ["11-20 11-24"]


async def test_who_lost_the_lane_makes_no_further_call():
    house = await warm()
    long = asyncio.create_task(house.ask(*YEARS, wait=60))
    await house.enedis.until_called(3)
    house.enedis.gate.clear()
    house.leases.taken[house.link.point_id, CURVE] = "other"  # as after a stop of many seconds
    await house.clock.sleep(RENEW + 1)
    made = len(house.enedis.calls)
    house.enedis.gate.set()
    await house.clock.sleep(5)
    assert len(house.enedis.calls) == made
    del house.leases.taken[house.link.point_id, CURVE]
    assert not (await long).gaps
