"""The main use case against a scripted Enedis: how many calls, what is answered, what is learnt."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest

from passerelle.access.caller import Caller
from passerelle.consent.states import ConsentState
from passerelle.errors import (
    BeforeActivation,
    ConsentExpired,
    ConsentMissing,
    ConsentRevoked,
    NotCollected,
    PasserelleError,
    ScopeMissing,
    UpstreamUnavailable,
    UsagePointUnknown,
)
from passerelle.gateway.fetch_days import AT_ONCE, PATIENCE, FetchDays
from passerelle.gateway.flights import Flights
from passerelle.gateway.read_series import (
    INTERACTIVE_CALLS,
    CacheUse,
    ReadSeries,
    SeriesAnswer,
    SeriesAsk,
    refuse_if_empty,
)
from passerelle.model.customer import CustomerRecord
from passerelle.model.days import DaySpan
from passerelle.model.priority import Priority
from passerelle.model.reading import GapReason
from passerelle.model.scopes import ALL_SCOPES, Scope
from passerelle.model.series import Series
from passerelle.model.usage_point import UsagePointId
from passerelle.testing.days import MemoryDays
from passerelle.testing.enedis import ScriptedEnedis
from passerelle.testing.ledger import MemoryLedger
from passerelle.testing.links import MemoryLinks

NOW = datetime.fromisoformat("2026-11-24T09:00:00+01:00")
PRM = UsagePointId("22516914714270")
CURVE = Series.CONSUMPTION_LOAD_CURVE
CALLER = Caller("account", "key", ALL_SCOPES, b"k" * 32)


class StillClock:
    """A clock that stands."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    async def now(self) -> datetime:
        return self._now.astimezone(UTC)

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        raise AssertionError(f"nothing here waits {seconds} s")


class House:
    """The use case, its doubles, and one linked usage point."""

    def __init__(self, enedis: ScriptedEnedis) -> None:
        self.enedis = enedis
        self.links = MemoryLinks()
        self.days = MemoryDays()
        self.flights = Flights()
        clock = StillClock(NOW)
        self.ledger = MemoryLedger()
        fetch = FetchDays(enedis=enedis, days=self.days, ledger=self.ledger, links=self.links, clock=clock)
        self.read = ReadSeries(links=self.links, days=self.days, fetch=fetch, flights=self.flights, clock=clock)
        self.link = self.links.link("account", PRM, since=NOW - timedelta(days=60))

    async def ask(
        self, start: str, end: str, *, series: Series = CURVE, wait: float = 5, caller: Caller = CALLER
    ) -> SeriesAnswer:
        span = DaySpan(date.fromisoformat(start), date.fromisoformat(end))
        return await self.read(SeriesAsk(caller, PRM, series, span, wait))

    @property
    def measure_calls(self) -> list[DaySpan]:
        return [call.span for call in self.enedis.calls if call.span is not None]


async def test_a_week_is_one_call_and_then_none():
    house = House(ScriptedEnedis())
    first = await house.ask("2026-11-16", "2026-11-23")
    again = await house.ask("2026-11-16", "2026-11-23")
    assert len(house.enedis.calls) == 1
    assert (first.cache, again.cache) == (CacheUse.MISS, CacheUse.HIT)
    assert first.readings == again.readings
    assert len(first.readings) == 7 * 48
    assert not first.gaps


async def test_a_shifted_week_asks_only_for_the_new_day():
    house = House(ScriptedEnedis())
    await house.ask("2026-11-15", "2026-11-22")
    answer = await house.ask("2026-11-16", "2026-11-23")
    assert house.measure_calls[1:] == [DaySpan(date(2026, 11, 22), date(2026, 11, 23))]
    assert answer.cache is CacheUse.PARTIAL
    assert not answer.gaps


async def test_twenty_identical_requests_at_once_are_one_call():
    house = House(ScriptedEnedis())
    answers = await asyncio.gather(*(house.ask("2026-11-16", "2026-11-23") for _ in range(20)))
    assert len(house.enedis.calls) == 1
    assert all(answer.readings == answers[0].readings and answer.readings for answer in answers)


async def test_overlapping_requests_share_what_is_under_way():
    house = House(ScriptedEnedis())
    house.enedis.gate.clear()
    first = asyncio.create_task(house.ask("2026-11-10", "2026-11-17"))
    await house.enedis.until_called(1)
    second = asyncio.create_task(house.ask("2026-11-12", "2026-11-19"))
    await house.enedis.until_called(2)
    house.enedis.gate.set()
    answers = await asyncio.gather(first, second)
    assert house.measure_calls[1] == DaySpan(date(2026, 11, 17), date(2026, 11, 19))
    assert len(house.enedis.calls) == 2
    assert all(len(answer.readings) == 7 * 48 and not answer.gaps for answer in answers)


async def test_a_caller_who_waits_no_longer_gets_pending_and_the_work_goes_on():
    house = House(ScriptedEnedis())
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
    house = House(ScriptedEnedis())
    answer = await house.ask("2024-11-24", "2026-11-24", wait=30)
    assert len(house.enedis.calls) == 105
    assert max(len(span) for span in house.measure_calls) == 7
    assert not answer.gaps
    priorities = [call.priority for call in house.enedis.calls]
    assert priorities.count(Priority.INTERACTIVE) == INTERACTIVE_CALLS
    assert set(priorities) == {Priority.INTERACTIVE, Priority.IMPORT}


async def test_only_days_that_can_exist_are_asked():
    house = House(ScriptedEnedis())
    answer = await house.ask("2026-11-20", "2026-12-01")
    assert house.measure_calls == [DaySpan(date(2026, 11, 20), date(2026, 11, 24))]
    assert [gap.reason for gap in answer.gaps] == [GapReason.NOT_PUBLISHED]
    nothing = await house.ask("2020-01-01", "2020-02-01")
    assert [gap.reason for gap in nothing.gaps] == [GapReason.BEYOND_HISTORY]
    assert len(house.enedis.calls) == 1


async def test_a_missing_day_is_a_gap_and_is_asked_again():
    house = House(ScriptedEnedis(absent=frozenset({date(2026, 11, 18)})))
    answer = await house.ask("2026-11-16", "2026-11-23")
    assert [(gap.reason, gap.problem) for gap in answer.gaps] == [(GapReason.MISSING, None)]
    assert len(answer.readings) == 6 * 48
    assert await house.ledger.open_days(house.link.point_id) == {CURVE: {date(2026, 11, 18): GapReason.MISSING}}
    house.enedis.absent = frozenset()
    healed = await house.ask("2026-11-16", "2026-11-23")
    assert house.measure_calls[1] == DaySpan(date(2026, 11, 18), date(2026, 11, 19))
    assert not healed.gaps


async def test_the_activation_is_learnt_from_the_contract_and_never_asked_before_again():
    house = House(ScriptedEnedis(activated_on=date(2026, 11, 19)))
    answer = await house.ask("2026-10-01", "2026-11-24")
    assert [gap.reason for gap in answer.gaps] == [GapReason.BEFORE_ACTIVATION]
    assert answer.gaps[0].end == datetime.fromisoformat("2026-11-19T00:00:00+01:00")
    assert len(answer.readings) == 5 * 48
    assert [call.series for call in house.enedis.calls].count(CustomerRecord.CONTRACT) == 1
    asked = len(house.enedis.calls)
    again = await house.ask("2026-10-01", "2026-11-24")
    assert len(house.enedis.calls) == asked
    assert again.readings == answer.readings
    assert [gap.reason for gap in again.gaps] == [GapReason.BEFORE_ACTIVATION]


@pytest.mark.parametrize("activated", [date(2026, 11, day) for day in range(17, 24)])
async def test_without_a_contract_the_activation_is_found_by_halving(activated: date):
    house = House(ScriptedEnedis(activated_on=activated, contract_tells=False))
    answer = await house.ask("2026-11-17", "2026-11-24")
    assert len(answer.readings) == (date(2026, 11, 24) - activated).days * 48
    assert await house.links.activation(house.link.point_id, CURVE.direction) == (
        activated if activated > date(2026, 11, 17) else None
    )
    assert len(house.measure_calls) <= 5


async def test_a_refusal_that_the_contract_denies_teaches_nothing():
    once = iter([BeforeActivation("no", "non")])
    house = House(ScriptedEnedis(activated_on=date(2020, 1, 1), trouble=lambda _s, _d: next(once, None)))
    answer = await house.ask("2026-11-16", "2026-11-23")
    assert [gap.reason for gap in answer.gaps] == [GapReason.BEFORE_ACTIVATION]
    assert await house.links.activation(house.link.point_id, CURVE.direction) is None
    healed = await house.ask("2026-11-16", "2026-11-23")
    assert not healed.gaps


async def test_a_refusal_of_the_whole_kind_ends_the_other_calls():
    house = House(ScriptedEnedis(trouble=lambda _s, _d: NotCollected("off", "éteint")))
    answer = await house.ask("2025-11-24", "2026-11-24")
    assert len(house.enedis.calls) <= AT_ONCE
    assert [(gap.reason, gap.problem and gap.problem.code) for gap in answer.gaps] == [
        (GapReason.NOT_COLLECTED, "not-collected")
    ]
    assert refuse_if_empty(answer) is answer


async def test_enedis_away_is_not_hammered_and_is_the_answer_when_nothing_is_usable():
    house = House(ScriptedEnedis(trouble=lambda _s, _d: UpstreamUnavailable("away", "absent", retry_after=60)))
    answer = await house.ask("2025-11-24", "2026-11-24")
    assert len(house.enedis.calls) <= PATIENCE + AT_ONCE
    assert [gap.reason for gap in answer.gaps] == [GapReason.UPSTREAM_ERROR]
    with pytest.raises(UpstreamUnavailable):
        refuse_if_empty(answer)


async def test_a_part_that_fails_leaves_the_rest_usable():
    def only_the_newest(_series: Series, span: DaySpan) -> PasserelleError | None:
        return UpstreamUnavailable("away", "absent") if span.end > date(2026, 11, 20) else None

    house = House(ScriptedEnedis(trouble=only_the_newest))
    answer = await house.ask("2026-11-01", "2026-11-24")
    assert answer.readings
    assert [gap.reason for gap in answer.gaps] == [GapReason.UPSTREAM_ERROR]
    assert refuse_if_empty(answer) is answer


async def test_a_consent_that_enedis_no_longer_knows_is_marked_revoked_after_its_first_day():
    house = House(ScriptedEnedis(trouble=lambda _s, _d: ConsentMissing("none", "aucun")))
    answer = await house.ask("2026-11-16", "2026-11-23")
    assert [gap.reason for gap in answer.gaps] == [GapReason.NO_CONSENT]
    with pytest.raises(ConsentRevoked):
        await house.ask("2026-11-16", "2026-11-23")
    assert len(house.enedis.calls) == 1


async def test_during_the_first_day_a_refusal_proves_nothing():
    house = House(ScriptedEnedis(trouble=lambda _s, _d: ConsentMissing("none", "aucun")))
    house.links.link("account", PRM, since=NOW - timedelta(hours=2))
    await house.ask("2026-11-16", "2026-11-23")
    await house.ask("2026-11-16", "2026-11-23")
    assert len(house.enedis.calls) == 2


async def test_nothing_is_asked_for_whom_may_not_read():
    house = House(ScriptedEnedis())
    poor = Caller("account", "poor", frozenset({Scope.CONSUMPTION_DAILY}), b"k" * 32)
    stranger = Caller("stranger", "key", ALL_SCOPES, b"k" * 32)
    narrow = Caller("account", "narrow", ALL_SCOPES, b"k" * 32, frozenset({UsagePointId("1" * 14)}))
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
    house = House(ScriptedEnedis())
    house.enedis.gate.clear()
    waiting = asyncio.create_task(house.ask("2026-11-16", "2026-11-23"))
    await house.enedis.until_called(1)
    await house.flights.abandon("account", [house.link.point_id])
    answer = await waiting
    assert [gap.reason for gap in answer.gaps] == [GapReason.UPSTREAM_ERROR]
    span = DaySpan(date(2026, 11, 16), date(2026, 11, 23))
    assert not await house.days.held(CALLER, house.link.point_id, CURVE, span)
