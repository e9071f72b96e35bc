"""The main use case against a scripted Enedis: how many calls, what is answered, what is learnt."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from itertools import chain, repeat

import pytest

from passerelle.access.caller import Caller
from passerelle.consent.states import ConsentState
from passerelle.errors import (
    BeforeActivation,
    ConsentExpired,
    ConsentMissing,
    ConsentRevoked,
    NoData,
    NotCollected,
    NotServed,
    OperatorActionNeeded,
    ScopeMissing,
    TokenRejected,
    UpstreamBroken,
    UpstreamRejected,
    UpstreamUnavailable,
    UpstreamUnknown,
    UsagePointUnknown,
    WrongDirection,
)
from passerelle.gateway.lane_run import AT_ONCE, INTERACTIVE_CALLS, PATIENCE
from passerelle.gateway.read_series import CacheUse, SeriesAsk, refuse_if_empty
from passerelle.model.customer import CustomerRecord
from passerelle.model.days import DaySpan, one_day
from passerelle.model.priority import Priority
from passerelle.model.reading import GapReason, Quality
from passerelle.model.scopes import ALL_SCOPES, Scope
from passerelle.model.series import Series
from passerelle.model.usage_point import UsagePointId
from passerelle.plan.overview import overview
from passerelle.problem import PasserelleError, Upstream
from passerelle.testing.days import MemoryDays, MemoryKeyring
from passerelle.testing.enedis import ScriptedEnedis
from passerelle.testing.reading import CURVE, NOW, PRM, READER, ReadingHouse
from passerelle.testing.sights import OneByOne


async def test_a_week_is_one_call_and_then_none():
    house = ReadingHouse(ScriptedEnedis())
    first = await house.ask("2026-11-16", "2026-11-23")
    again = await house.ask("2026-11-16", "2026-11-23")
    assert len(house.enedis.calls) == 1
    assert (first.cache, again.cache) == (CacheUse.MISS, CacheUse.HIT)
    assert first.readings == again.readings
    assert len(first.readings) == 7 * 48
    assert not first.gaps


async def test_a_shifted_week_asks_only_for_the_new_day():
    house = ReadingHouse(ScriptedEnedis())
    await house.ask("2026-11-15", "2026-11-22")
    answer = await house.ask("2026-11-16", "2026-11-23")
    assert house.measure_calls[1:] == [DaySpan(date(2026, 11, 22), date(2026, 11, 23))]
    assert answer.cache is CacheUse.PARTIAL
    assert not answer.gaps


async def test_twenty_identical_requests_at_once_are_one_call():
    house = ReadingHouse(ScriptedEnedis())
    answers = await asyncio.gather(*(house.ask("2026-11-16", "2026-11-23") for _ in range(20)))
    assert len(house.enedis.calls) == 1
    assert all(answer.readings == answers[0].readings and answer.readings for answer in answers)


async def test_overlapping_requests_share_what_is_under_way():
    house = ReadingHouse(ScriptedEnedis())
    await house.ask("2026-11-01", "2026-11-02")
    house.enedis.gate.clear()
    first = asyncio.create_task(house.ask("2026-11-10", "2026-11-17"))
    await house.enedis.until_called(2)
    second = asyncio.create_task(house.ask("2026-11-12", "2026-11-19"))
    await house.enedis.until_called(3)
    house.enedis.gate.set()
    answers = await asyncio.gather(first, second)
    assert house.measure_calls[2] == DaySpan(date(2026, 11, 17), date(2026, 11, 19))
    assert len(house.enedis.calls) == 3
    assert all(len(answer.readings) == 7 * 48 and not answer.gaps for answer in answers)


async def test_what_joins_while_the_first_call_of_a_series_is_under_way_waits_for_its_answer():
    house = ReadingHouse(ScriptedEnedis(trouble=lambda _s, _d: NotCollected("off", "éteint")))
    house.enedis.gate.clear()
    asks = [asyncio.create_task(house.ask(f"2026-{month}-01", f"2026-{month}-20")) for month in ("08", "09", "10")]
    await house.enedis.until_called(1)
    house.enedis.gate.set()
    answers = await asyncio.gather(*asks)
    assert len(house.enedis.calls) == 1
    assert {gap.reason for answer in answers for gap in answer.gaps} == {GapReason.NOT_COLLECTED}


async def test_a_caller_who_waits_no_longer_gets_pending_and_the_work_goes_on():
    house = ReadingHouse(ScriptedEnedis())
    house.enedis.gate.clear()
    early = await house.ask("2026-11-16", "2026-11-23", wait=0)
    assert [gap.reason for gap in early.gaps] == [GapReason.PENDING]
    assert early.unfinished
    assert refuse_if_empty(early) is early
    house.enedis.gate.set()
    later = await house.ask("2026-11-16", "2026-11-23")
    assert len(house.enedis.calls) == 1
    assert len(later.readings) == 7 * 48


async def test_two_years_of_curve_are_cut_in_calls_of_seven_days_and_the_tail_is_an_import():
    house = ReadingHouse(ScriptedEnedis())
    answer = await house.ask("2024-11-24", "2026-11-24", wait=30)
    assert len(house.enedis.calls) == 105
    assert max(len(span) for span in house.measure_calls) == 7
    assert not answer.gaps
    priorities = [call.priority for call in house.enedis.calls]
    assert priorities.count(Priority.INTERACTIVE) == INTERACTIVE_CALLS
    assert set(priorities) == {Priority.INTERACTIVE, Priority.IMPORT}


async def test_only_days_that_can_exist_are_asked():
    house = ReadingHouse(ScriptedEnedis())
    answer = await house.ask("2026-11-20", "2026-12-01")
    assert house.measure_calls == [DaySpan(date(2026, 11, 20), date(2026, 11, 24))]
    assert [gap.reason for gap in answer.gaps] == [GapReason.NOT_PUBLISHED]
    nothing = await house.ask("2020-01-01", "2020-02-01")
    assert [gap.reason for gap in nothing.gaps] == [GapReason.BEYOND_HISTORY]
    assert len(house.enedis.calls) == 1


async def test_a_missing_day_is_a_gap_and_is_asked_again_when_its_time_has_come():
    hole = date(2026, 11, 18)
    house = ReadingHouse(ScriptedEnedis(absent=frozenset({hole})))
    answer = await house.ask("2026-11-16", "2026-11-23")
    assert [(gap.reason, gap.problem) for gap in answer.gaps] == [(GapReason.MISSING, None)]
    assert len(answer.readings) == 6 * 48
    opened = (await house.ledger.known(house.link.point_id, CURVE, one_day(hole))).days[hole]
    assert (opened.reason, opened.next_at) == (GapReason.MISSING, datetime.fromisoformat("2026-11-25T08:00+01:00"))
    house.enedis.absent = frozenset()
    same = await house.ask("2026-11-16", "2026-11-23")
    assert (same.cache, same.gaps, len(house.enedis.calls)) == (CacheUse.HIT, answer.gaps, 1)
    house.pass_time("2026-11-25T08:00:00+01:00")
    healed = await house.ask("2026-11-16", "2026-11-23")
    assert house.measure_calls[1] == one_day(hole)
    assert not healed.gaps
    assert not (await house.ledger.of_point(house.link.point_id))[CURVE].days


async def test_what_a_late_meter_may_still_send_is_not_published_yet():
    house = ReadingHouse(ScriptedEnedis(absent=frozenset({date(2026, 11, 23)})))
    answer = await house.ask("2026-11-16", "2026-11-24")
    assert [gap.reason for gap in answer.gaps] == [GapReason.NOT_PUBLISHED]
    house.pass_time("2026-11-25T09:59:59+01:00")
    assert [gap.reason for gap in (await house.ask("2026-11-16", "2026-11-24")).gaps] == [GapReason.NOT_PUBLISHED]
    house.pass_time("2026-11-25T10:00:00+01:00")
    assert [gap.reason for gap in (await house.ask("2026-11-16", "2026-11-24")).gaps] == [GapReason.MISSING]


async def test_a_day_that_came_in_part_is_served_and_asked_again():
    house = ReadingHouse(ScriptedEnedis(holes=frozenset({datetime(2026, 11, 18, 11, tzinfo=UTC)})))
    answer = await house.ask("2026-11-16", "2026-11-23")
    (gap,) = answer.gaps
    assert (gap.start, gap.end - gap.start) == (datetime(2026, 11, 18, 11, tzinfo=UTC), timedelta(minutes=30))
    assert len(answer.readings) == 7 * 48 - 1
    again = await house.ask("2026-11-16", "2026-11-23")
    assert (again.cache, again.gaps, again.readings) == (CacheUse.HIT, answer.gaps, answer.readings)
    (opened,) = (await house.ledger.of_point(house.link.point_id))[CURVE].days.values()
    assert opened.missing == ((gap.start, gap.end),)
    house.enedis.holes = frozenset()
    house.pass_time("2026-11-25T08:00:00+01:00")
    assert not (await house.ask("2026-11-16", "2026-11-23")).gaps
    assert len(house.enedis.calls) == 2


async def test_a_zero_is_a_value():
    house = ReadingHouse(ScriptedEnedis())
    answer = await house.ask("2026-11-16", "2026-11-17")
    assert answer.readings[0].value == 0
    assert not answer.gaps


async def test_the_activation_is_learnt_from_the_contract_and_never_asked_before_again():
    house = ReadingHouse(ScriptedEnedis(activated_on=date(2026, 11, 19)))
    answer = await house.ask("2026-10-01", "2026-11-24")
    assert [gap.reason for gap in answer.gaps] == [GapReason.BEFORE_ACTIVATION]
    assert answer.gaps[0].end == datetime.fromisoformat("2026-11-19T00:00:00+01:00")
    assert len(answer.readings) == 5 * 48
    assert [call.series for call in house.enedis.calls].count(CustomerRecord.CONTRACT) == 1
    assert house.measure_calls == [
        DaySpan(date(2026, 11, 17), date(2026, 11, 24)),
        DaySpan(date(2026, 11, 19), date(2026, 11, 24)),
    ]
    asked = len(house.enedis.calls)
    again = await house.ask("2026-10-01", "2026-11-24")
    assert len(house.enedis.calls) == asked
    assert again.readings == answer.readings
    assert [gap.reason for gap in again.gaps] == [GapReason.BEFORE_ACTIVATION]


@pytest.mark.parametrize("activated", [date(2026, 11, day) for day in range(17, 24)])
async def test_without_a_contract_the_activation_is_found_by_halving(activated: date):
    house = ReadingHouse(ScriptedEnedis(activated_on=activated, contract_tells=False))
    answer = await house.ask("2026-11-17", "2026-11-24")
    assert len(answer.readings) == (date(2026, 11, 24) - activated).days * 48
    assert await house.links.activation(house.link.point_id, CURVE.direction) == (
        activated if activated > date(2026, 11, 17) else None
    )
    assert len(house.measure_calls) <= 5


async def test_a_refusal_that_the_contract_denies_teaches_nothing():
    once = iter([BeforeActivation("no", "non")])
    house = ReadingHouse(ScriptedEnedis(activated_on=date(2020, 1, 1), trouble=lambda _s, _d: next(once, None)))
    answer = await house.ask("2026-11-16", "2026-11-23")
    assert [gap.reason for gap in answer.gaps] == [GapReason.BEFORE_ACTIVATION]
    assert await house.links.activation(house.link.point_id, CURVE.direction) is None
    again = await house.ask("2026-11-16", "2026-11-23")
    assert (again.cache, again.gaps) == (CacheUse.HIT, answer.gaps)
    house.pass_time("2026-11-25T09:00:01+01:00")
    healed = await house.ask("2026-11-16", "2026-11-23")
    assert not healed.gaps


async def test_a_refusal_of_the_whole_kind_ends_the_other_calls():
    house = ReadingHouse(ScriptedEnedis(trouble=lambda _s, _d: NotCollected("off", "éteint")))
    answer = await house.ask("2025-11-24", "2026-11-24")
    assert len(house.enedis.calls) <= AT_ONCE
    assert [(gap.reason, gap.problem and gap.problem.code) for gap in answer.gaps] == [
        (GapReason.NOT_COLLECTED, "not-collected")
    ]
    assert refuse_if_empty(answer) is answer


async def test_enedis_away_is_not_hammered_and_is_the_answer_when_nothing_is_usable():
    house = ReadingHouse(ScriptedEnedis(trouble=lambda _s, _d: UpstreamUnavailable("away", "absent", retry_after=60)))
    answer = await house.ask("2025-11-24", "2026-11-24")
    assert len(house.enedis.calls) <= PATIENCE + AT_ONCE
    assert [gap.reason for gap in answer.gaps] == [GapReason.UPSTREAM_ERROR]
    with pytest.raises(UpstreamUnavailable):
        refuse_if_empty(answer)


async def test_a_part_that_fails_leaves_the_rest_usable():
    def only_the_newest(_series: Series, span: DaySpan) -> PasserelleError | None:
        return UpstreamUnavailable("away", "absent") if span.end > date(2026, 11, 20) else None

    house = ReadingHouse(ScriptedEnedis(trouble=only_the_newest))
    answer = await house.ask("2026-11-01", "2026-11-24")
    assert answer.readings
    assert [gap.reason for gap in answer.gaps] == [GapReason.UPSTREAM_ERROR]
    assert refuse_if_empty(answer) is answer


async def test_a_consent_that_enedis_no_longer_knows_is_marked_revoked_after_its_first_day():
    house = ReadingHouse(ScriptedEnedis(trouble=lambda _s, _d: ConsentMissing("none", "aucun")))
    answer = await house.ask("2026-11-16", "2026-11-23")
    assert [gap.reason for gap in answer.gaps] == [GapReason.NO_CONSENT]
    with pytest.raises(ConsentRevoked):
        await house.ask("2026-11-16", "2026-11-23")
    assert len(house.enedis.calls) == 1


@pytest.mark.parametrize("tells", [True, False])
async def test_a_consent_that_ends_while_the_activation_is_looked_for_is_marked_revoked_too(tells):
    told = chain([BeforeActivation("no", "non")], repeat(ConsentMissing("none", "aucun")))
    enedis = ScriptedEnedis(activated_on=date(2026, 11, 19), contract_tells=tells, trouble=lambda _s, _d: next(told))
    house = ReadingHouse(enedis)
    await house.ask("2026-11-16", "2026-11-23")
    with pytest.raises(ConsentRevoked):
        await house.ask("2026-11-16", "2026-11-23")


async def test_during_the_first_day_a_refusal_proves_nothing_and_is_asked_twice_as_late_each_time():
    house = ReadingHouse(ScriptedEnedis(trouble=lambda _s, _d: ConsentMissing("none", "aucun")))
    house.links.link("account", PRM, since=NOW - timedelta(hours=2))
    for at, calls in (
        ("09:00:00", 1),
        ("09:09:00", 1),
        ("09:10:01", 2),
        ("09:29:00", 2),
        ("09:30:02", 3),
        ("09:50:00", 3),
    ):
        house.pass_time(f"2026-11-24T{at}+01:00")
        answer = await house.ask("2026-11-16", "2026-11-23")
        assert [gap.reason for gap in answer.gaps] == [GapReason.NO_CONSENT]
        assert answer.gaps[0].problem.code == "consent-missing"
        assert len(house.enedis.calls) == calls, at


async def test_a_new_consent_makes_a_refusal_worthless():
    refusing = [NotCollected("off", "éteint")]
    house = ReadingHouse(ScriptedEnedis(trouble=lambda _s, _d: refusing[0] if refusing else None))
    assert (await house.ask("2026-11-16", "2026-11-23")).gaps[0].reason is GapReason.NOT_COLLECTED
    refusing.clear()
    assert (await house.ask("2026-11-16", "2026-11-23")).cache is CacheUse.HIT
    house.links.link("account", PRM, since=NOW + timedelta(minutes=1))
    house.pass_time("2026-11-24T09:02:00+01:00")
    assert not (await house.ask("2026-11-16", "2026-11-23")).gaps


@pytest.mark.parametrize(
    ("error", "until"),
    [(NotCollected, "2026-11-25T09:00:01+01:00"), (WrongDirection, "2026-12-01T09:00:01+01:00")],
)
async def test_a_refusal_of_the_kind_is_remembered_with_its_words(error, until):
    said = error("no", "non", upstream=Upstream(404, "X", "said", body=b"a name"))
    house = ReadingHouse(ScriptedEnedis(trouble=lambda _s, _d: said))
    await house.ask("2026-11-01", "2026-11-08")
    other = await house.ask("2026-10-01", "2026-10-08")
    assert (len(house.enedis.calls), other.cache) == (1, CacheUse.HIT)
    assert other.gaps[0].problem.upstream == Upstream(404, "X", "said")
    assert await house.ledger.refused([house.link.point_id]) == {house.link.point_id: {CURVE}}
    house.pass_time(until)
    await house.ask("2026-10-01", "2026-10-08")
    assert len(house.enedis.calls) == 2
    house.enedis.trouble = lambda _s, _d: None
    house.pass_time("2026-12-20T09:00:00+01:00")
    assert not (await house.ask("2026-11-01", "2026-11-08")).gaps
    assert not await house.ledger.refused([house.link.point_id])


async def test_nothing_is_asked_for_whom_may_not_read():
    house = ReadingHouse(ScriptedEnedis())
    poor = Caller("account", "poor", frozenset({Scope.CONSUMPTION_DAILY}), MemoryKeyring("account"))
    stranger = Caller("stranger", "key", ALL_SCOPES, MemoryKeyring("account"))
    narrow = Caller("account", "narrow", ALL_SCOPES, MemoryKeyring("account"), frozenset({UsagePointId("1" * 14)}))
    for caller, error in ((poor, ScopeMissing), (stranger, UsagePointUnknown), (narrow, UsagePointUnknown)):
        with pytest.raises(error):
            await house.ask("2026-11-16", "2026-11-23", caller=caller)
    house.links.link("account", PRM, since=NOW - timedelta(days=60), until=NOW)
    with pytest.raises(ConsentExpired):
        await house.ask("2026-11-16", "2026-11-23")
    await house.links.set_state(house.link, ConsentState.DISPUTED)
    with pytest.raises(UsagePointUnknown):
        await house.ask("2026-11-16", "2026-11-23")
    assert not house.enedis.calls


async def test_abandoned_flights_end_without_writing():
    house = ReadingHouse(ScriptedEnedis())
    house.enedis.gate.clear()
    waiting = asyncio.create_task(house.ask("2026-11-16", "2026-11-23"))
    await house.enedis.until_called(1)
    await house.flights.abandon("account", [house.link.point_id])
    answer = await waiting
    assert [gap.reason for gap in answer.gaps] == [GapReason.UPSTREAM_ERROR]
    span = DaySpan(date(2026, 11, 16), date(2026, 11, 23))
    assert not (await house.days.held(READER, house.link.point_id, CURVE, span)).days


async def test_no_cache_asks_open_days_and_the_newest_whole_ones_again_once_in_ten_minutes():
    hole = date(2026, 11, 12)
    house = ReadingHouse(ScriptedEnedis(absent=frozenset({hole})))
    await house.ask("2026-11-01", "2026-11-24")
    before = len(house.enedis.calls)
    house.enedis.absent = frozenset()
    fresh = await house.ask("2026-11-01", "2026-11-24", fresh=True)
    assert house.measure_calls[before:] == [
        DaySpan(date(2026, 11, 17), date(2026, 11, 24)),
        DaySpan(hole, date(2026, 11, 13)),
    ]
    assert (fresh.cache, fresh.gaps) == (CacheUse.PARTIAL, ())
    for _ in range(3):
        again = await house.ask("2026-11-01", "2026-11-24", fresh=True)
        assert (again.cache, len(house.enedis.calls)) == (CacheUse.HIT, before + 2)
    house.pass_time("2026-11-24T09:10:01+01:00")
    whole = await house.ask("2026-11-17", "2026-11-24", fresh=True)
    assert (whole.cache, len(house.enedis.calls)) == (CacheUse.STALE, before + 3)
    assert whole.unrenewed is None


async def test_no_cache_while_enedis_is_away_serves_what_is_held_and_says_stale():
    house = ReadingHouse(ScriptedEnedis())
    first = await house.ask("2026-11-16", "2026-11-23")
    house.enedis.trouble = lambda _s, _d: UpstreamUnavailable("away", "absent")
    stale = await house.ask("2026-11-16", "2026-11-23", fresh=True)
    assert (stale.cache, stale.gaps, stale.readings) == (CacheUse.STALE, (), first.readings)
    assert stale.unrenewed.code == "upstream-unavailable"
    assert refuse_if_empty(stale) is stale


@pytest.mark.parametrize("trouble", [UpstreamUnavailable("away", "absent"), NoData("nothing", "rien")])
async def test_whole_days_that_were_not_renewed_are_told_beside_a_day_that_lacks(trouble):
    house = ReadingHouse(ScriptedEnedis(absent=frozenset({date(2026, 11, 22)})))
    await house.ask("2026-11-16", "2026-11-23")
    house.enedis.trouble = lambda _s, _d: trouble
    answer = await house.ask("2026-11-16", "2026-11-23", fresh=True)
    assert (answer.cache, answer.unrenewed) == (CacheUse.PARTIAL, trouble)
    assert len(answer.readings) == 6 * 48


async def test_a_refusal_of_other_days_does_not_mark_what_was_renewed():
    hole = date(2026, 11, 12)
    house = ReadingHouse(ScriptedEnedis(absent=frozenset({hole})))
    await house.ask("2026-11-01", "2026-11-24")
    house.enedis.trouble = lambda _s, span: NoData("nothing", "rien") if hole in span else None
    answer = await house.ask("2026-11-01", "2026-11-24", fresh=True)
    assert (answer.cache, answer.unrenewed) == (CacheUse.PARTIAL, None)


async def test_a_renewal_that_is_still_under_way_is_told():
    house = ReadingHouse(ScriptedEnedis())
    await house.ask("2026-11-16", "2026-11-23")
    house.enedis.gate.clear()
    answer = await house.ask("2026-11-16", "2026-11-23", wait=0, fresh=True)
    assert (answer.cache, answer.gaps, answer.unrenewed.code) == (CacheUse.STALE, (), "upstream-timeout")
    house.enedis.gate.set()
    await house.flights.drain(5)


async def test_no_cache_asks_a_refusal_again():
    house = ReadingHouse(ScriptedEnedis(trouble=lambda _s, _d: NotCollected("off", "éteint")))
    for _ in range(3):
        await house.ask("2026-11-16", "2026-11-23")
    for _ in range(3):
        await house.ask("2026-11-16", "2026-11-23", fresh=True)
    assert len(house.enedis.calls) == 2


async def test_revised_values_make_another_tag():
    house = ReadingHouse(ScriptedEnedis())
    first = await house.ask("2026-11-16", "2026-11-23")
    same = await house.ask("2026-11-16", "2026-11-23", fresh=True)
    house.enedis.revised = {date(2026, 11, 20): 7}
    house.pass_time("2026-11-24T09:10:01+01:00")
    revised = await house.ask("2026-11-16", "2026-11-23", fresh=True)
    assert first.tag == same.tag != revised.tag
    assert sum(each.value for each in revised.readings) == sum(each.value for each in first.readings) + 7 * 48


async def test_daily_energy_is_derived_from_a_whole_curve_and_never_served_as_enedis_own():
    house = ReadingHouse(ScriptedEnedis(absent=frozenset({date(2026, 11, 20)})))
    await house.ask("2026-11-16", "2026-11-23")
    derived = await house.ask("2026-11-16", "2026-11-20", series=Series.CONSUMPTION_DAILY)
    assert (derived.cache, len(house.enedis.calls)) == (CacheUse.HIT, 1)
    assert [(each.value, each.quality) for each in derived.readings] == [(564, Quality.DERIVED)] * 4  # Σ 0…47 W / 2
    own = await house.ask("2026-11-16", "2026-11-20", series=Series.CONSUMPTION_DAILY, own_only=True)
    assert house.measure_calls[1] == DaySpan(date(2026, 11, 16), date(2026, 11, 20))
    assert {each.quality for each in own.readings} == {Quality.RAW}
    replaced = await house.ask("2026-11-16", "2026-11-20", series=Series.CONSUMPTION_DAILY)
    assert replaced.readings == own.readings
    await house.ask("2026-11-16", "2026-11-20", fresh=True)
    kept = await house.ask("2026-11-16", "2026-11-20", series=Series.CONSUMPTION_DAILY)
    assert kept.readings == own.readings


async def test_a_day_that_enedis_lacks_and_the_curve_gives_is_no_gap_of_the_ledger():
    house = ReadingHouse(ScriptedEnedis())
    daily = Series.CONSUMPTION_DAILY
    house.enedis.trouble = lambda series, _d: NoData("none", "rien") if series is daily else None
    await house.ask("2026-11-16", "2026-11-18", series=daily)
    assert len((await house.ledger.of_point(house.link.point_id))[daily].days) == 2
    await house.ask("2026-11-16", "2026-11-18")
    assert not (await house.ledger.of_point(house.link.point_id))[daily].days
    assert not (await house.ask("2026-11-16", "2026-11-18", series=daily)).gaps
    mirrored = await house.ask("2026-11-16", "2026-11-18", series=daily, own_only=True)
    assert [gap.reason for gap in mirrored.gaps] == [GapReason.MISSING]
    assert len(house.enedis.calls) == 2


async def test_a_day_that_the_curve_gave_first_is_no_gap_of_the_ledger_either():
    house = ReadingHouse(ScriptedEnedis())
    daily = Series.CONSUMPTION_DAILY
    await house.ask("2026-11-16", "2026-11-18")
    house.enedis.absent = frozenset({date(2026, 11, 16)})
    mirrored = await house.ask("2026-11-16", "2026-11-18", series=daily, own_only=True)
    assert [gap.reason for gap in mirrored.gaps] == [GapReason.MISSING]
    assert not (await house.ledger.of_point(house.link.point_id))[daily].days


@pytest.mark.parametrize("empty", [True, False])
async def test_a_whole_day_that_enedis_lost_since_stays_whole(empty):
    house = ReadingHouse(ScriptedEnedis())
    first = await house.ask("2026-11-16", "2026-11-18")
    lost = date(2026, 11, 16)
    house.enedis.absent = frozenset({lost})
    house.enedis.trouble = lambda _s, _d: NoData("none", "rien") if empty else None
    again = await house.ask("2026-11-16", "2026-11-18", fresh=True)
    assert (again.readings, again.gaps) == (first.readings, ())
    assert len(house.enedis.calls) == 2
    assert not (await house.ledger.of_point(house.link.point_id))[CURVE].days


async def test_a_series_that_the_generation_lacks_is_refused_before_it_is_asked():
    house = ReadingHouse(ScriptedEnedis(indexes=False))
    with pytest.raises(NotServed):
        await house.ask("2026-11-16", "2026-11-23", series=Series.CONSUMPTION_INDEX)
    assert not house.enedis.calls


FAILURES = (OperatorActionNeeded, UsagePointUnknown, TokenRejected, UpstreamRejected, UpstreamUnknown, UpstreamBroken)


@pytest.mark.parametrize("error", FAILURES)
async def test_no_cache_and_a_new_consent_ask_again_what_failed(error):
    house = ReadingHouse(ScriptedEnedis(trouble=lambda _s, _d: error("no", "non")))
    for fresh in (False, True, True):  # the second time within ten minutes changes nothing
        await house.ask("2026-11-16", "2026-11-23", fresh=fresh)
    assert len(house.enedis.calls) == 2
    house.enedis.trouble = lambda _s, _d: None
    house.links.link("account", PRM, since=NOW + timedelta(minutes=1))
    house.pass_time("2026-11-24T09:02:00+01:00")
    assert not (await house.ask("2026-11-16", "2026-11-23")).gaps


@pytest.mark.parametrize("error", FAILURES)
async def test_a_failure_of_some_days_leaves_the_others_and_one_of_the_series_does_not(error):
    def first_week(_series: Series, span: DaySpan) -> PasserelleError | None:
        return error("no", "non") if span.start < date(2026, 11, 8) else None

    house = ReadingHouse(ScriptedEnedis(trouble=first_week))
    await house.ask("2026-11-01", "2026-11-08")
    answer = await house.ask("2026-11-08", "2026-11-15")
    of_series = error in (OperatorActionNeeded, UsagePointUnknown, TokenRejected)
    assert bool(answer.gaps) is of_series
    assert len(house.enedis.calls) == (1 if of_series else 2)


async def test_data_disproves_what_failed_for_the_whole_series():
    once = iter([OperatorActionNeeded("no", "non")])
    house = ReadingHouse(ScriptedEnedis(trouble=lambda _s, _d: next(once, None)))
    await house.ask("2026-11-01", "2026-11-08")
    await house.ask("2026-11-08", "2026-11-15", fresh=True)
    assert not (await house.ask("2026-11-01", "2026-11-08")).gaps


async def test_what_is_held_is_served_beside_what_failed_and_the_ledger_shows_when_it_is_asked_again():
    house = ReadingHouse(ScriptedEnedis())
    await house.ask("2026-11-08", "2026-11-15")
    house.enedis.trouble = lambda _s, _d: UpstreamRejected("no", "non")
    for asked in (True, False):
        answer = await house.ask("2026-11-01", "2026-11-15")
        assert len(answer.readings) == 7 * 48
        assert refuse_if_empty(answer) is answer
        assert [(gap.reason, gap.problem.code) for gap in answer.gaps] == [
            (GapReason.UPSTREAM_ERROR, "upstream-rejected")
        ]
        assert (answer.failure.problem.retry_after is None) is asked
    assert 86_399 <= answer.failure.problem.retry_after <= 86_401
    (run,) = overview((await house.ledger.of_point(house.link.point_id))[CURVE], house.link.granted_at, NOW)
    assert (run.span, run.reason) == (DaySpan(date(2026, 11, 1), date(2026, 11, 8)), GapReason.UPSTREAM_ERROR)
    assert timedelta(0) <= run.next_ask_at - NOW - timedelta(days=1) < timedelta(seconds=1)


async def test_what_is_still_pending_is_looked_for_soon_whatever_failed_before():
    house = ReadingHouse(ScriptedEnedis(trouble=lambda _s, _d: UpstreamRejected("no", "non")))
    await house.ask("2026-11-01", "2026-11-08")
    house.enedis.gate.clear()
    answer = await house.ask("2026-11-01", "2026-11-15", wait=0)
    assert {gap.reason for gap in answer.gaps} == {GapReason.UPSTREAM_ERROR, GapReason.PENDING}
    assert answer.failure is None
    house.enedis.gate.set()
    await house.flights.drain(5)


class _LateSights:
    """Looks into an empty store at once, and tells of it once `go` is set: by then it is the past."""

    def __init__(self, links) -> None:
        self._sights = OneByOne(links, MemoryDays())
        self.looked, self.go = asyncio.Event(), asyncio.Event()

    async def look(self, *asked):
        sight = await self._sights.look(*asked)
        self.looked.set()
        await self.go.wait()
        return sight


async def test_a_call_that_lands_during_a_look_makes_the_look_out_of_date():
    house = ReadingHouse(ScriptedEnedis())
    await house.ask("2026-11-01", "2026-11-02")
    gate, keeps_the_lane = house.enedis.gate, asyncio.Event()
    gate.clear()
    week = asyncio.create_task(house.ask("2026-11-16", "2026-11-23"))
    await house.enedis.until_called(2)
    house.enedis.gate = keeps_the_lane
    other = asyncio.create_task(house.ask("2026-10-01", "2026-10-08"))
    await house.enedis.until_called(3)
    late = _LateSights(house.links)
    read = house.reading(late)
    span = DaySpan(date(2026, 11, 16), date(2026, 11, 23))
    again = asyncio.create_task(read(SeriesAsk(READER, PRM, CURVE, span, 5)))
    await late.looked.wait()
    gate.set()
    brought = await week
    late.go.set()
    answer = await again
    assert answer.readings == brought.readings
    keeps_the_lane.set()
    await other
    assert len(house.enedis.calls) == 3
