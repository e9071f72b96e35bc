import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

import pytest

from passerelle.enedis.auto import EnedisAuto
from passerelle.enedis.generations import BUCKETS_2026, speaker
from passerelle.errors import (
    NoData,
    OperatorActionNeeded,
    QuotaExhausted,
    UpstreamBroken,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from passerelle.model.customer import Contact, CustomerRecord
from passerelle.model.days import DaySpan
from passerelle.model.generation import Generation, Speaking
from passerelle.model.priority import Priority
from passerelle.model.series import MEASURES, Series
from passerelle.model.usage_point import UsagePointId
from passerelle.problem import PasserelleError, Upstream
from passerelle.testing.clock import FakeClock
from passerelle.testing.standings import MemoryStandings

PRM = UsagePointId("22516914714270")
SPAN = DaySpan(date(2026, 11, 1), date(2026, 11, 3))
NEW, OLD = Generation.V2026, Generation.V5


class Errand:
    account_id = "account-1"
    priority = Priority.INTERACTIVE


def unsubscribed() -> PasserelleError:
    return OperatorActionNeeded("x", "x", upstream=Upstream(403, "900908"))


def gone() -> PasserelleError:
    return UpstreamBroken("x", "x", upstream=Upstream(404))


def no_data() -> PasserelleError:
    return NoData("x", "x")


def quota() -> PasserelleError:
    return QuotaExhausted("x", "x", retry_after=60)


def late() -> PasserelleError:
    return UpstreamTimeout("x", "x", retry_after=60)


def down() -> PasserelleError:
    return UpstreamUnavailable("x", "x", upstream=Upstream(500))


@dataclass
class Pretender:
    """One generation, which answers its own name, or with `trouble` if that gives an error."""

    name: Generation
    calls: list[Generation]
    trouble: Callable[[], PasserelleError] | None = None
    pause: float = 0.0
    clock: FakeClock = field(default_factory=FakeClock)

    def serves(self, series: Series) -> bool:
        return self.name is NEW or series in MEASURES

    async def in_use(self):
        return dict.fromkeys(BUCKETS_2026 if self.name is NEW else ["metering_data_dc"], self.name)

    async def answer(self):
        self.calls.append(self.name)
        if self.pause:
            await self.clock.sleep(self.pause)
        if self.trouble is not None:
            raise self.trouble()

    async def fetch_measure(self, point, series, span, errand):
        assert (point, span, errand.account_id) == (PRM, SPAN, "account-1")
        await self.answer()
        return (self.name, series)

    async def fetch_record(self, point, record, errand):
        assert (point, errand.account_id) == (PRM, "account-1")
        await self.answer()
        return Contact(email=self.name.value) if record is CustomerRecord.CONTACT else record

    async def shared_services(self, authorisation_id, errand):
        await self.answer()
        return (self.name, authorisation_id, errand.account_id)


class Pair:
    """A process; one that stands `beside` another shares its standings, and asks the same Enedis."""

    def __init__(self, beside: "Pair | None" = None) -> None:
        self.calls: list[Generation] = beside.calls if beside else []
        self.clock = beside.clock if beside else FakeClock()
        self.new = beside.new if beside else Pretender(NEW, self.calls, clock=self.clock)
        self.old = beside.old if beside else Pretender(OLD, self.calls, clock=self.clock)
        self.standings = beside.standings if beside else MemoryStandings(self.clock.monotonic)
        self.auto = EnedisAuto(self.new, self.old, self.standings)

    async def ask(self, series: Series = Series.CONSUMPTION_DAILY) -> list[Generation]:
        """Whom one request asked, if all went well."""
        before = len(self.calls)
        got = await self.auto.fetch_measure(PRM, series, SPAN, Errand())
        assert got == (self.calls[-1], series)
        return self.calls[before:]

    async def fails(self, kind: type[PasserelleError]) -> list[Generation]:
        before = len(self.calls)
        with pytest.raises(kind):
            await self.auto.fetch_measure(PRM, Series.CONSUMPTION_DAILY, SPAN, Errand())
        return self.calls[before:]


@pytest.fixture
def pair() -> Pair:
    return Pair()


async def test_2026_alone_while_it_answers(pair):
    assert [await pair.ask(series) for series in MEASURES] == [[NEW]] * 5


async def test_v5_for_ten_minutes_where_2026_is_not_subscribed(pair):
    pair.new.trouble = unsubscribed
    assert await pair.ask() == [NEW, OLD]
    assert (await pair.auto.in_use())["mesure_synchrone_auto"] is OLD
    pair.clock.advance(599)
    assert await pair.ask() == [OLD]
    pair.clock.advance(2)
    assert await pair.ask() == [NEW, OLD]
    pair.new.trouble = None
    pair.clock.advance(601)
    assert [await pair.ask(), await pair.ask()] == [[NEW], [NEW]]
    assert (await pair.auto.in_use())["mesure_synchrone_auto"] is NEW


@pytest.mark.parametrize("trouble", [no_data, quota, gone])
async def test_no_fall_back_where_it_does_not_help(pair, trouble):
    """F§12, F§13."""
    pair.new.trouble = trouble
    assert await pair.fails(PasserelleError) == [NEW]
    assert set((await pair.auto.in_use()).values()) == {NEW}


@pytest.mark.parametrize("trouble", [late, down, unsubscribed])
async def test_a_fall_back_where_it_may(pair, trouble):
    pair.new.trouble = trouble
    assert await pair.ask() == [NEW, OLD]


async def test_once_in_ten_minutes(pair):
    pair.new.trouble = down
    pair.old.trouble = gone
    assert await pair.fails(UpstreamUnavailable) == [NEW, OLD]
    assert [await pair.fails(UpstreamUnavailable) for _ in range(3)] == [[NEW]] * 3
    pair.clock.advance(601)
    assert await pair.fails(UpstreamUnavailable) == [NEW, OLD]


async def test_what_v5_says_instead_is_what_counts_if_it_is_an_answer(pair):
    pair.new.trouble, pair.old.trouble = unsubscribed, no_data
    assert await pair.fails(NoData) == [NEW, OLD]
    assert await pair.fails(NoData) == [OLD]
    pair.old.trouble = quota
    assert await pair.fails(QuotaExhausted) == [OLD]


async def test_2026_at_once_when_v5_has_stopped(pair):
    pair.new.trouble = unsubscribed
    await pair.ask()
    pair.new.trouble, pair.old.trouble = None, gone
    assert [await pair.ask(), await pair.ask()] == [[OLD, NEW], [NEW]]


async def test_the_error_of_2026_stands_when_neither_helps(pair):
    pair.new.trouble = unsubscribed
    await pair.ask()
    pair.old.trouble = gone
    assert await pair.fails(OperatorActionNeeded) == [OLD, NEW]
    assert await pair.fails(OperatorActionNeeded) == [NEW]


async def test_many_at_once_lose_nothing_when_a_generation_goes(pair):
    """As in an import, while 2026 is not subscribed yet, then is, and v5 stops."""
    pair.new.trouble, pair.new.pause, pair.old.pause = unsubscribed, 1.0, 2.0
    await asyncio.gather(*(pair.ask() for _ in range(20)))
    del pair.calls[:]
    calls = [
        asyncio.create_task(pair.auto.fetch_measure(PRM, Series.CONSUMPTION_DAILY, SPAN, Errand())) for _ in "20" * 10
    ]
    await asyncio.sleep(0)
    pair.new.trouble, pair.old.trouble = None, gone
    await asyncio.gather(*calls)
    assert sorted(pair.calls) == [NEW] * 20 + [OLD] * 20
    del pair.calls[:]
    await asyncio.gather(*(pair.ask() for _ in range(5)))
    assert pair.calls == [NEW] * 5


async def test_one_of_many_probes_2026(pair):
    pair.new.trouble, pair.new.pause = unsubscribed, 5.0
    await pair.ask()
    pair.clock.advance(601)
    del pair.calls[:]
    await asyncio.gather(*(pair.ask() for _ in range(20)))
    assert sorted(pair.calls) == [NEW] + [OLD] * 20


async def test_a_probe_that_a_quota_refuses_leaves_v5_in_use(pair):
    pair.new.trouble = unsubscribed
    await pair.ask()
    pair.clock.advance(601)
    pair.new.trouble = quota
    assert await pair.fails(QuotaExhausted) == [NEW]
    assert await pair.ask() == [OLD]


async def test_each_api_stands_for_itself(pair):
    pair.new.trouble = unsubscribed
    await pair.ask()
    pair.new.trouble = None
    contact = await pair.auto.fetch_record(PRM, CustomerRecord.CONTACT, Errand())
    assert contact == Contact(email="2026")
    assert (await pair.auto.in_use()) == dict.fromkeys(BUCKETS_2026, NEW) | {"mesure_synchrone_auto": OLD}
    pair.new.trouble = unsubscribed
    assert await pair.auto.fetch_record(PRM, CustomerRecord.CONTACT, Errand()) == Contact(email="v5")
    del pair.calls[:]
    await pair.auto.fetch_record(PRM, CustomerRecord.IDENTITY, Errand())
    assert pair.calls == [OLD]
    await pair.auto.fetch_record(PRM, CustomerRecord.ADDRESS, Errand())
    assert pair.calls == [OLD, NEW, OLD]
    assert {api for api, generation in (await pair.auto.in_use()).items() if generation is NEW} == {
        "subscribed_services"
    }


@pytest.mark.parametrize("series", [series for series in Series if series not in MEASURES])
async def test_what_2026_alone_has_is_asked_of_it_alone(pair, series):
    pair.new.trouble = unsubscribed
    assert pair.auto.serves(series)
    with pytest.raises(OperatorActionNeeded):
        await pair.ask(series)
    with pytest.raises(OperatorActionNeeded):
        await pair.auto.shared_services(11, Errand())
    assert pair.calls == [NEW, NEW]
    pair.new.trouble = None
    assert await pair.auto.shared_services(11, Errand()) == (NEW, 11, "account-1")


INDEX = Series.CONSUMPTION_INDEX


async def test_what_2026_alone_has_is_not_asked_for_ten_minutes_where_it_is_not_subscribed(pair):
    pair.new.trouble = unsubscribed
    told = []
    for process in (pair, Pair(pair), pair):
        with pytest.raises(OperatorActionNeeded) as refused:
            await process.ask(INDEX)
        told.append(refused.value.problem)
    assert pair.calls == [NEW]
    assert [problem.upstream for problem in told[1:]] == [
        Upstream(403, "900908", "Resource forbidden", shape="wso2")
    ] * 2
    pair.new.trouble = None
    pair.clock.advance(599)
    with pytest.raises(OperatorActionNeeded):
        await pair.ask(INDEX)
    pair.clock.advance(1)
    assert await pair.ask(INDEX) == [NEW]


async def test_what_was_learnt_of_the_subscription_counts_for_every_series(pair):
    pair.new.trouble = unsubscribed
    assert await pair.ask() == [NEW, OLD]
    with pytest.raises(OperatorActionNeeded):
        await pair.ask(INDEX)
    assert pair.calls == [NEW, OLD]
    pair.clock.advance(601)
    pair.new.trouble = None
    assert [await pair.ask(), await pair.ask(INDEX), await pair.ask(INDEX)] == [[NEW]] * 3


async def test_a_failure_that_says_nothing_of_the_subscription_lets_2026_be_asked_again(pair):
    for trouble in (down, no_data):
        pair.new.trouble = trouble
        for _ in range(2):
            with pytest.raises(PasserelleError):
                await pair.ask(INDEX)
    assert pair.calls == [NEW] * 4


@pytest.mark.parametrize("code", ["900907", "900909", "900910"])
async def test_what_is_told_from_memory_is_what_enedis_said(pair, code: str):
    """Blocked for a while, inactive, or outside the token is something else than not subscribed."""
    pair.new.trouble = lambda: OperatorActionNeeded("x", "x", upstream=Upstream(403, code))
    for _ in range(2):
        with pytest.raises(OperatorActionNeeded) as refused:
            await pair.ask(INDEX)
        assert refused.value.problem.upstream.code == code


async def test_what_one_process_learns_counts_for_all(pair):
    other, third = Pair(pair), Pair(pair)
    await other.ask()
    del pair.calls[:]
    pair.new.trouble = unsubscribed
    assert await pair.ask() == [NEW, OLD]
    assert [await other.ask(), await third.ask()] == [[OLD], [OLD]]
    assert (await Pair(pair).auto.in_use())["mesure_synchrone_auto"] is OLD
    pair.clock.advance(601)
    assert [await other.ask(), await third.ask(), await pair.ask()] == [[NEW, OLD], [OLD], [OLD]]
    pair.clock.advance(601)
    pair.new.trouble = None
    assert [await third.ask(), await other.ask(), await pair.ask()] == [[NEW]] * 3


async def test_of_many_processes_one_probes_2026(pair):
    pair.new.trouble, pair.new.pause = unsubscribed, 5.0
    await pair.ask()
    pair.clock.advance(601)
    del pair.calls[:]
    await asyncio.gather(*(process.ask() for process in (pair, *(Pair(pair) for _ in range(3))) for _ in range(5)))
    assert sorted(pair.calls) == [NEW] + [OLD] * 20


async def test_a_process_that_asked_2026_when_another_fell_back_follows_it(pair):
    other = Pair(pair)
    pair.new.trouble, pair.new.pause = unsubscribed, 1.0
    await asyncio.gather(pair.ask(), other.ask())
    assert sorted(pair.calls) == [NEW, NEW, OLD, OLD]
    assert pair.standings.kept["mesure_synchrone_auto"].fell_back_at == 1.0


async def test_while_the_standings_are_away_the_generation_last_seen_is_asked_and_nothing_changes(pair):
    pair.new.trouble = unsubscribed
    await pair.ask()
    kept = dict(pair.standings.kept)
    pair.standings.away = True
    pair.clock.advance(601)
    assert await pair.ask() == [OLD], "no probe that others do not know of"
    pair.old.trouble = gone
    assert await pair.fails(UpstreamBroken) == [OLD]
    assert (await pair.auto.in_use())["mesure_synchrone_auto"] is OLD
    with pytest.raises(OperatorActionNeeded):
        await pair.ask(INDEX)
    assert pair.standings.kept == kept
    fresh = Pair(pair)
    assert await fresh.fails(OperatorActionNeeded) == [NEW], "no fall back that others do not know of"
    pair.standings.away = False
    assert await pair.fails(OperatorActionNeeded) == [NEW, OLD]


async def test_a_clock_that_is_set_back_holds_nothing_up(pair):
    pair.new.trouble = unsubscribed
    pair.clock.advance(7200)
    await pair.ask()
    pair.clock.advance(-3600)
    assert await pair.ask() == [NEW, OLD]
    pair.new.trouble = None
    pair.clock.advance(-1800)
    assert await pair.ask(INDEX) == [NEW]


async def test_through_the_transport(scene, answer):
    """A 403 900908 of 2026, then v5's own answer, each in its bucket."""
    points = [{"value": "5", "date": "2026-11-01"}]
    scene.data = [
        answer(403, {"code": "900908", "message": "Resource forbidden "}),
        answer(200, {"meter_reading": {"usage_point_id": PRM, "interval_reading": points}}),
    ]
    auto = speaker(Speaking.AUTO, scene.transport(), scene.clock, MemoryStandings(scene.clock.monotonic))
    (reading,) = await auto.fetch_measure(PRM, Series.CONSUMPTION_DAILY, SPAN, Errand())
    assert reading.value == 5
    assert [request.url.path for request in scene.data_requests] == [
        "/mesure_synchrone_auto/v2/consommation_quotidienne",
        "/metering_data_dc/v5/daily_consumption",
    ]
    assert [bucket for bucket, _, _ in scene.permits.turns] == ["v5", "mesure_synchrone_auto", "v5"]
