"""Work without a caller: one call a claim, resumable, and nothing asked that is not worth it."""

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from passerelle.consent.requests import LinkedPoint
from passerelle.consent.states import ConsentState, Link
from passerelle.errors import (
    BeforeConsent,
    InternalError,
    NoData,
    NotCollected,
    OperatorActionNeeded,
    QuotaExhausted,
    StorageUnavailable,
    UpstreamBroken,
    UpstreamRejected,
    UpstreamUnavailable,
    UsagePointUnknown,
    WrongDirection,
)
from passerelle.gateway.alone import FetchAlone
from passerelle.gateway.upkeep import ALIVE_EVERY, GATEWAY, IDLE_SECONDS, WORKER, Upkeep
from passerelle.model.days import DaySpan, one_day
from passerelle.model.priority import Priority
from passerelle.model.reading import GapReason
from passerelle.model.series import Direction, Series
from passerelle.model.usage_point import UsagePointId
from passerelle.plan.upkeep import IMPORT_TRIES, ImportState, Missing, Work
from passerelle.quota.memory import MemoryHome
from passerelle.quota.permits import QuotaPermits
from passerelle.quota.settings import Limits
from passerelle.testing.clock import FakeClock
from passerelle.testing.enedis import ScriptedEnedis
from passerelle.testing.links import MemoryLinks
from passerelle.testing.reading import PRM, READER, ReadingHouse
from passerelle.testing.upkeep import MemoryBook, ScriptedFetching

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
CURVE, DAILY = Series.CONSUMPTION_LOAD_CURVE, Series.CONSUMPTION_DAILY


def linked_point(number, account="alice"):
    link = Link(f"point-{number}", account, "consent", ConsentState.GRANTED, NOW, None)
    return LinkedPoint(UsagePointId(f"{number:014}"), link)


class House:
    def __init__(self, points, kind=WORKER, chores=()) -> None:
        self.clock = FakeClock(NOW)
        self.book = MemoryBook({each.link.point_id: each for each in points})
        self.fetching = ScriptedFetching()
        self.upkeep = self.process(kind, chores)

    def process(self, kind=WORKER, chores=()):
        return Upkeep(
            book=self.book,
            fetching=self.fetching,
            links=MemoryLinks(),
            clock=self.clock,
            kind=kind,
            covers=self.covers,
            chores=chores,
        )

    async def covers(self, link):
        assert link.state is ConsentState.GRANTED
        return {Direction.CONSUMPTION}

    async def consent(self, *points):
        self.book.granted.extend(each.link for each in points)
        await self.upkeep.begin_imports()

    async def until_idle(self):
        while await self.upkeep.work():
            pass

    async def for_hours(self, hours):
        running = asyncio.ensure_future(self.upkeep.run())
        await self.clock.sleep(hours * 3600)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


@pytest.fixture
def point():
    return linked_point(1)


@pytest.fixture
def house(point):
    return House([point])


async def test_a_read_series_is_refreshed_in_one_call_each_morning_and_no_past_is_asked(house, point):
    await house.upkeep.wanted(point.link, CURVE)
    await house.for_hours(75)
    assert [(call.span, call.priority) for call in house.fetching.calls] == [
        (one_day(date(2026, 11, 24 + days)), Priority.REFRESH) for days in range(3)
    ]


async def test_reading_is_written_down_once_a_day(house, point):
    await house.upkeep.wanted(point.link, CURVE)
    house.book.rows.clear()
    await house.upkeep.wanted(point.link, CURVE)
    assert not house.book.rows
    house.clock.advance(86_400)
    await house.upkeep.wanted(point.link, CURVE)
    assert len(house.book.rows) == 1


async def test_while_nothing_can_be_written_readers_do_not_try_one_after_the_other(house, point):
    want, tries = house.book.want, []

    async def full(*_):
        tries.append(house.clock.monotonic())
        raise StorageUnavailable("full", "plein")

    house.book.want = full
    for series in (CURVE, CURVE, DAILY):
        await house.upkeep.wanted(point.link, series)
    assert tries == [0]
    house.clock.advance(IDLE_SECONDS)
    await house.upkeep.wanted(point.link, CURVE)
    assert len(tries) == 2
    house.book.want = want
    house.clock.advance(IDLE_SECONDS)
    await house.upkeep.wanted(point.link, CURVE)
    assert len(house.book.rows) == 1


async def test_what_nobody_has_read_for_a_month_is_kept_fresh_all_the_same(house, point):
    await house.upkeep.wanted(point.link, CURVE)
    for _ in range(40):
        house.clock.advance(86_400)
        await house.until_idle()
    assert len(house.book.rows) == 1
    assert len(house.fetching.calls) == 40


async def test_a_late_day_is_asked_again_when_it_is_worth_it_not_before(house, point):
    house.fetching.late = {date(2026, 11, 24)}
    await house.upkeep.wanted(point.link, CURVE)
    await house.for_hours(27)
    assert [call.span for call in house.fetching.calls] == [one_day(date(2026, 11, 24))]
    house.fetching.worth_at = await house.clock.now() + timedelta(hours=2)
    (row,) = house.book.rows.values()
    row.due_at = await house.clock.now()
    await house.for_hours(1.9)
    assert len(house.fetching.calls) == 1
    house.fetching.late.clear()
    await house.for_hours(0.5)
    assert [call.span for call in house.fetching.calls[1:]] == [one_day(date(2026, 11, 24))]


async def test_a_first_import_brings_two_years_of_curve_then_the_daily_values(house, point):
    await house.consent(point)
    await house.until_idle()
    imported = [call for call in house.fetching.calls if call.priority is Priority.IMPORT]
    curve = [call.span for call in imported if call.series is CURVE]
    assert len(curve) == 105
    assert min(span.start for span in curve) == date(2024, 11, 24)
    assert len(house.fetching.whole["point-1", CURVE]) == 730
    assert min(call.span.start for call in imported if call.series is DAILY) == date(2023, 11, 24)
    assert [(each.series, each.ended_at is not None) for each in await house.book.imports_of("point-1")] == [
        (DAILY, True),
        (CURVE, True),
    ]


async def test_an_import_that_was_stopped_goes_on_where_it_was(house, point):
    await house.consent(point)
    for _ in range(10):
        await house.upkeep.work()
    before = list(house.fetching.calls)
    other = house.process()
    while await other.work():
        pass
    spans = [(call.series, day) for call in house.fetching.calls for day in call.span]
    assert len(spans) == len(set(spans))
    assert len(before) < len(house.fetching.calls)


async def test_a_quota_that_is_used_up_is_waited_for(house, point):
    house.fetching.errors = [
        QuotaExhausted("used up", "épuisé", retry_after=120),
        OperatorActionNeeded("not subscribed", "non souscrite"),
    ]
    await house.book.start_import("alice", "point-1", [(CURVE, date(2024, 11, 24))], NOW)
    await house.until_idle()
    assert len(house.fetching.calls) == 1
    await house.for_hours(0.1)
    assert len(house.fetching.calls) == 2
    await house.for_hours(0.2)
    assert len(house.fetching.calls) > 3


async def test_a_refusal_ends_an_import(house, point):
    await house.book.start_import("alice", "point-1", [(CURVE, date(2024, 11, 24))], NOW)
    house.fetching.errors = [WrongDirection("no", "non")]

    async def nothing(*_, **__):
        return Missing() if house.fetching.calls else Missing(frozenset({date(2026, 11, 23)}))

    house.fetching.missing = nothing
    await house.until_idle()
    done = next(each for each in await house.book.imports_of("point-1") if each.series is CURVE)
    assert done.ended_at is not None
    assert len(house.fetching.calls) == 1


class RealFetching:
    """The work against a scripted Enedis, with the ledger between both."""

    def __init__(self) -> None:
        self.enedis = ScriptedEnedis()
        self.house = house = ReadingHouse(self.enedis)
        self.book = MemoryBook({house.link.point_id: LinkedPoint(PRM, house.link)})
        self.upkeep = Upkeep(
            book=self.book,
            fetching=FetchAlone(
                links=house.links, days=house.days, ledger=house.ledger, bring=house.bring, clock=house.clock
            ),
            links=house.links,
            clock=house.clock,
            kind=WORKER,
            covers=self.nothing,
        )
        self.off = {CURVE}
        self.enedis.trouble = lambda series, _: NotCollected("off", "éteint") if series in self.off else None

    async def nothing(self, _):
        return ()

    async def import_curve(self):
        await self.book.start_import(
            "account", self.house.link.point_id, [(CURVE, date(2026, 10, 24))], await self.house.clock.now()
        )

    def process(self, holder):
        """Another process on the same database."""
        return Upkeep(
            book=replace(self.book, holder=holder),
            fetching=self.upkeep._fetching,
            links=self.house.links,
            clock=self.house.clock,
            kind=WORKER,
            covers=self.nothing,
        )

    async def until(self, at, every=300):
        """The work until this instant, looked for every five minutes."""
        while await self.house.clock.now() < datetime.fromisoformat(at):
            while await self.upkeep.work():
                pass
            self.house.clock.advance(every)

    async def days_pass(self, days, every=3600):
        """The work of so many days, looked for every hour, or so many seconds."""
        for _ in range(86_400 * days // every):
            while await self.upkeep.work():
                pass
            self.house.clock.advance(every)

    def calls(self, series):
        return [call for call in self.enedis.calls if call.series is series]

    async def ended(self, series):
        imports = await self.book.imports_of(self.house.link.point_id)
        return next(each.ended_at for each in imports if each.series is series)


async def test_a_curve_that_is_not_collected_is_tried_daily_for_a_week_while_daily_values_come_at_once():
    work = RealFetching()
    await work.import_curve()
    await work.days_pass(1)
    assert len(work.calls(CURVE)) == 1
    brought = len(work.calls(DAILY))
    assert await work.ended(DAILY) is not None
    assert await work.ended(CURVE) is None
    await work.days_pass(5)
    assert await work.ended(CURVE) is None
    await work.days_pass(14)
    assert await work.ended(CURVE) is not None
    assert 6 <= len(work.calls(CURVE)) <= IMPORT_TRIES
    imported = [call for call in work.calls(DAILY) if call.priority is Priority.IMPORT]
    assert len(imported) == brought, "begun once, not with each try"


async def test_a_curve_that_is_switched_on_after_three_days_is_imported():
    work = RealFetching()
    await work.import_curve()
    await work.days_pass(3)
    work.off.clear()
    await work.days_pass(2)
    assert await work.ended(CURVE) is not None
    history = DaySpan(date(2026, 1, 1), date(2027, 1, 1))
    assert len(await work.house.days.present("account", work.house.link.point_id, CURVE, history)) >= 31


async def test_an_import_waits_for_what_the_operator_has_to_repair_with_few_calls():
    work = RealFetching()
    work.enedis.trouble = lambda series, _: OperatorActionNeeded("no", "non") if series in work.off else None
    await work.import_curve()
    await work.days_pass(12)
    assert await work.ended(CURVE) is None
    assert len(work.calls(CURVE)) <= 12 * 4 + 6
    work.off.clear()
    await work.days_pass(1)
    assert await work.ended(CURVE) is not None
    assert await work.ended(DAILY) is not None


@pytest.mark.parametrize("error", [UpstreamRejected, UpstreamBroken])
async def test_days_that_fail_stand_in_nobodys_way_and_are_waited_for_some_days(error):
    bad = date(2026, 11, 3)
    work = RealFetching()
    work.enedis.trouble = lambda series, span: error("no", "non") if series is CURVE and bad in span else None
    await work.import_curve()
    await work.days_pass(1, every=300)
    point = work.house.link.point_id
    held = await work.house.days.present("account", point, CURVE, DaySpan(date(2026, 10, 24), date(2026, 11, 24)))
    assert len(held) >= 24, "all but one call"
    assert await work.ended(DAILY) is not None
    assert await work.ended(CURVE) is None
    await work.days_pass(3)
    work.enedis.trouble = lambda _s, _d: None
    await work.days_pass(2)
    assert await work.ended(CURVE) is not None
    assert bad in await work.house.days.present("account", point, CURVE, DaySpan(bad, date(2026, 11, 4)))


async def test_a_meter_that_enedis_does_not_know_ends_its_import_after_a_week():
    work = RealFetching()
    work.enedis.trouble = lambda _s, _d: UsagePointUnknown("no", "non")
    await work.import_curve()
    await work.days_pass(5)
    assert await work.ended(CURVE) is None
    await work.days_pass(4)
    assert await work.ended(CURVE) is not None
    assert len(work.calls(CURVE)) <= IMPORT_TRIES + 1


async def test_an_import_begun_under_a_newer_consent_hands_on_anew():
    work = RealFetching()
    work.off.clear()
    await work.import_curve()
    await work.days_pass(1)
    work.house.clock.advance(30 * 86_400)
    began = await work.house.clock.now()
    await work.import_curve()
    await work.days_pass(1)
    imports = await work.book.imports_of(work.house.link.point_id)
    assert all(began <= each.began_at <= each.ended_at for each in imports)
    assert len(imports) == 2


async def test_a_single_call_that_is_refused_does_not_end_its_import():
    work = RealFetching()
    await work.book.start_import(
        "account", work.house.link.point_id, [(CURVE, date(2026, 11, 20))], await work.house.clock.now()
    )
    await work.days_pass(2)
    assert await work.ended(CURVE) is None


async def test_after_a_worker_was_away_for_a_month_the_days_in_between_come_by_themselves():
    work = RealFetching()
    work.off.clear()
    await work.upkeep.wanted(work.house.link, CURVE)
    await work.days_pass(1)
    work.house.clock.advance(29 * 86_400)
    await work.upkeep.wanted(work.house.link, CURVE)
    before = len(work.calls(CURVE))
    await work.days_pass(1)
    away = [day for call in work.calls(CURVE)[before:] for day in call.span]
    assert (min(away), len(away), len(set(away))) == (date(2026, 11, 24), 30, 30)
    assert len(work.calls(CURVE)) - before <= 6


async def test_a_gateway_rests_while_a_worker_lives(point):
    house = House([point], kind=GATEWAY)
    await house.upkeep.wanted(point.link, CURVE)
    house.book.worker = True
    await house.for_hours(27)
    assert not house.fetching.calls
    house.book.worker = False
    await house.for_hours(1)
    assert house.fetching.calls
    assert house.book.left


async def test_chores_are_done_once_a_minute_whatever_is_due(point):
    done = []

    async def chore(now):
        done.append(now)

    house = House([point], chores=[chore])
    await house.for_hours(1)
    assert 55 <= len(done) <= 61


async def test_what_a_failed_round_had_in_hand_is_taken_up_again(house, point):
    """The database went away between a call and its end: the process is the same, and holds the claim itself."""
    settle = house.book.settle

    async def away(*_):
        house.book.settle = settle
        raise StorageUnavailable("away", "partie", retry_after=5)

    house.book.settle = away
    await house.upkeep.wanted(point.link, CURVE)
    await house.for_hours(27)
    (row,) = house.book.rows.values()
    assert not row.held
    assert row.due_at > NOW + timedelta(hours=24)


async def test_one_failure_that_nobody_foresaw_does_not_end_all_work(point):
    failed = []

    async def chore(now):
        failed.append(now)
        raise ValueError

    house = House([point], chores=(chore,))
    house.book.granted.append(point.link)
    await house.for_hours(0.1)
    assert failed
    assert house.fetching.calls


async def test_a_call_that_takes_long_is_no_sign_of_death(house, point):
    signs, alive, bring = [], house.book.alive, house.fetching.bring

    async def sign(kind):
        signs.append(house.clock.monotonic())
        await alive(kind)

    async def slow(*asked):
        await house.clock.sleep(100)
        return await bring(*asked)

    house.book.alive, house.fetching.bring = sign, slow
    await house.consent(point)
    working = asyncio.ensure_future(house.upkeep.work())
    await house.clock.sleep(99)
    assert len(signs) >= 99 // ALIVE_EVERY - 1
    working.cancel()
    await asyncio.wait([working])


async def test_a_process_that_ends_gives_no_sign_of_life_once_it_has_left(house, point):
    signs, leave = [], house.book.leave

    async def sign(_):
        if not signs:
            signs.append("alive")  # before the work begins
            return
        try:
            await house.clock.sleep(3600)
        finally:
            await house.clock.sleep(1)  # a database takes its time to give up what it was doing
            signs.append("the sign was ended")

    async def left():
        signs.append("left")
        await leave()

    await house.consent(point)
    house.book.alive, house.book.leave = sign, left
    house.fetching.bring = lambda *_: house.clock.sleep(3600)
    running = asyncio.ensure_future(house.upkeep.run())
    await house.clock.sleep(ALIVE_EVERY + 1)
    running.cancel()
    await asyncio.wait([running])
    assert signs == ["alive", "the sign was ended", "left"]


async def test_many_points_of_one_account_do_not_stand_before_another(point):
    points = [linked_point(number, "big") for number in range(1, 50)]
    small = linked_point(99, "small")
    house = House([*points, small])
    await house.consent(*points)
    await house.upkeep.work()
    await house.book.start_import("small", "point-99", [(CURVE, date(2024, 11, 24))], NOW)
    house.book.rows = {key: row for key, row in house.book.rows.items() if key[2] is Work.IMPORT}
    tasks = await house.book.claim(NOW, 2)
    assert "small" in {task.linked.link.account_id for task in tasks}


async def test_a_consent_that_covers_nothing_holds_up_nobody_and_is_looked_at_again_the_next_day(house, point):
    other = linked_point(2, "bob")
    house.book.points[other.link.point_id] = other
    looked, covered = [], set()

    async def covers(link):
        looked.append(link.point_id)
        return covered if link.point_id == "point-1" else {Direction.CONSUMPTION}

    house.upkeep._covers = covers
    house.book.granted.extend([point.link, other.link])
    await house.for_hours(0.5)
    assert {call.point_id for call in house.fetching.calls} == {"point-2"}
    assert looked.count("point-1") == 1
    covered.add(Direction.CONSUMPTION)
    await house.for_hours(24)
    assert looked.count("point-1") == 2
    assert "point-1" in {call.point_id for call in house.fetching.calls}


async def test_a_consent_that_cannot_be_read_holds_up_nobody(house, point):
    other = linked_point(2, "bob")
    house.book.points[other.link.point_id] = other

    async def covers(link):
        if link.point_id == "point-1":
            raise InternalError("does not open", "ne s'ouvre pas")
        return {Direction.CONSUMPTION}

    house.upkeep._covers = covers
    house.book.granted.extend([point.link, other.link])
    await house.for_hours(0.1)
    assert {call.point_id for call in house.fetching.calls} == {"point-2"}
    assert house.book.later == {"point-1": house.book.later["point-1"]}
    house.upkeep._covers = house.covers
    await house.for_hours(0.2)
    assert "point-1" in {call.point_id for call in house.fetching.calls}


@pytest.mark.parametrize("error", [InternalError("swapped", "échangée"), ValueError()])
async def test_work_that_always_fails_comes_back_later_and_stands_before_nobody(error):
    points = [linked_point(number) for number in range(1, 9)]
    house = House(points)
    missing, broken, tried = house.fetching.missing, {f"point-{number}" for number in range(5, 9)}, []

    async def look(linked, *asked, **how):
        if linked.link.point_id in broken:
            tried.append(linked.link.point_id)
            raise error
        return await missing(linked, *asked, **how)

    house.fetching.missing = look
    for number, each in enumerate(points):  # what is wanted last goes first: the broken ones
        began = NOW + timedelta(microseconds=number)
        await house.book.start_import("alice", each.link.point_id, [(DAILY, date(2026, 10, 1))], began)
    await house.for_hours(0.1)
    assert {call.point_id for call in house.fetching.calls} == {f"point-{number}" for number in range(1, 5)}
    assert sorted(tried) == sorted(broken)
    house.fetching.missing = missing
    await house.for_hours(0.2)
    assert broken < {call.point_id for call in house.fetching.calls}


class Departing(ScriptedFetching):
    """Each call takes a slot of the real quota, and an answer's time after that."""

    def __init__(self, house, permits, left) -> None:
        super().__init__()
        self.house, self.permits, self.left = house, permits, left

    async def bring(self, linked, series, span, priority):
        try:
            async with self.permits.turn("v5", linked.link.account_id, priority) as turn:
                await turn.depart()
        except QuotaExhausted as error:
            return error
        self.left.append((self.house.clock.monotonic(), linked.link.account_id))
        await self.house.clock.sleep(0.3)
        return await super().bring(linked, series, span, priority)


class Fleet:
    """Several processes on one book and one quota, busy with the imports of one account."""

    def __init__(self, processes, limits, points=60) -> None:
        self.small = linked_point(999, "small")
        self.points = [linked_point(number, "big") for number in range(1, points)]
        self.house = House([*self.points, self.small])
        self.left = []
        home = MemoryHome(wall_ns=self.wall_ns, monotonic=self.house.clock.monotonic)
        self.workers = [self.worker(home, limits, f"process {number}") for number in range(processes)]

    def wall_ns(self):
        return round((NOW.timestamp() + self.house.clock.monotonic()) * 1e9)

    def worker(self, home, limits, holder):
        permits = QuotaPermits(
            home, {"v5": limits}, self.house.clock, wall_ns=self.wall_ns, watch=lambda each, _: upkeep.departed(each)
        )
        upkeep = Upkeep(
            book=replace(self.house.book, holder=holder),
            fetching=Departing(self.house, permits, self.left),
            links=MemoryLinks(),
            clock=self.house.clock,
            kind=WORKER,
            covers=self.house.covers,
        )
        return upkeep

    @asynccontextmanager
    async def at_work(self):
        for each in self.points:
            await self.house.book.start_import("big", each.link.point_id, [(CURVE, date(2024, 11, 24))], NOW)
        running = [asyncio.ensure_future(each.run()) for each in self.workers]
        yield self.house.clock
        for each in running:
            each.cancel()
        await asyncio.gather(*running, return_exceptions=True)


@pytest.mark.parametrize("processes", [1, 2, 4])
@pytest.mark.parametrize("after", [5.0, 5.05, 5.1, 5.15, 5.2])
async def test_a_newcomer_gets_one_of_the_next_two_slots_of_all_processes_together(processes, after):
    fleet = Fleet(processes, Limits(5, 10_000))
    async with fleet.at_work() as clock:
        await clock.sleep(after)
        before = len(fleet.left)
        await fleet.house.book.start_import("small", "point-999", [(CURVE, date(2024, 11, 24))], await clock.now())
        await clock.sleep(5)
    assert "small" in [account for _, account in fleet.left[before:]][:2]


@pytest.mark.parametrize(("processes", "per_hour"), [(1, 1_000), (4, 1_000), (1, 10_000), (4, 10_000)])
async def test_an_hour_is_used_up_while_imports_wait(processes, per_hour):
    fleet = Fleet(processes, Limits(5, per_hour), points=120)
    async with fleet.at_work() as clock:
        await clock.sleep(3600)
    assert 0.99 * per_hour <= len(fleet.left) <= per_hour


async def test_a_refused_import_says_so_and_a_finished_one_counts_the_days_since_the_activation():
    work = RealFetching()
    work.enedis.trouble = lambda series, _: WrongDirection("no", "non") if series is CURVE else None
    await work.import_curve()
    await work.book.start_import(
        "account", work.house.link.point_id, [(DAILY, date(2023, 11, 24))], await work.house.clock.now()
    )
    work.enedis.activated_on = date(2026, 11, 4)
    await work.days_pass(1)
    found = {each.series: each for each in await work.upkeep.imports(READER, PRM)}
    refused, done = found[CURVE], found[DAILY]
    assert (refused.state, refused.progress.whole, refused.progress.days) == (ImportState.REFUSED, 0, 20)
    assert refused.progress.refusal.reason is GapReason.WRONG_DIRECTION
    assert (done.state, done.progress.whole, done.progress.days) == (ImportState.DONE, 20, 20)


async def test_a_finished_import_stays_so_when_the_series_is_refused_later():
    work = RealFetching()
    work.off.clear()
    await work.import_curve()
    await work.days_pass(1)
    work.off.add(CURVE)
    await work.upkeep.wanted(work.house.link, CURVE)
    await work.days_pass(3)
    found = {each.series: each.state for each in await work.upkeep.imports(READER, PRM)}
    assert found[CURVE] is ImportState.DONE


async def test_a_hole_older_than_two_weeks_is_looked_for_weekly_as_far_as_the_history_reaches():
    work = RealFetching()
    work.off.clear()
    hole = date(2026, 11, 5)
    work.enedis.absent = frozenset({hole})
    await work.house.ask("2026-11-01", "2026-11-08")
    await work.upkeep.wanted(work.house.link, CURVE)
    asked = []
    for _ in range(4):
        before = len(work.calls(CURVE))
        await work.days_pass(7)
        asked.append(sum(hole in call.span for call in work.calls(CURVE)[before:]))
    assert asked == [1, 1, 1, 1]
    work.enedis.absent = frozenset()
    await work.days_pass(7)
    assert not (await work.house.ledger.of_point(work.house.link.point_id))[CURVE].days
    before = len(work.calls(CURVE))
    await work.days_pass(14)
    assert not any(hole in call.span for call in work.calls(CURVE)[before:])


async def test_days_that_enedis_refused_are_not_looked_for_again_beside_the_holes():
    work = RealFetching()
    work.enedis.trouble = lambda _, span: BeforeConsent("no", "non") if span.end <= date(2026, 11, 1) else None
    await work.house.ask("2026-10-01", "2026-10-08")
    await work.upkeep.wanted(work.house.link, CURVE)
    before = len(work.calls(CURVE))
    await work.days_pass(5)
    assert all(call.span.start > date(2026, 11, 1) for call in work.calls(CURVE)[before:])


@pytest.fixture
def both():
    """A point of which curve and daily energy are kept fresh; nothing is refused. Its own turn is at 09:44."""
    work = RealFetching()
    work.off.clear()
    return work


@pytest.mark.parametrize("order", [(CURVE, DAILY), (DAILY, CURVE)])
async def test_daily_energy_that_the_curve_tells_is_not_asked(both, order):
    """A whole curve tells it (F§6), whichever of the two was wanted first."""
    for series in order:
        await both.upkeep.wanted(both.house.link, series)
        both.house.clock.advance(7)
    await both.until("2026-11-30T20:00+01:00")
    assert [call.span for call in both.calls(CURVE)] == [one_day(date(2026, 11, 24 + days)) for days in range(6)]
    assert both.calls(DAILY) == []
    held = await both.house.days.present("account", "point-4270", DAILY, DaySpan(date(2026, 11, 1), date(2026, 12, 1)))
    assert len(held) == 6


async def test_daily_energy_waits_while_another_process_has_the_curve_in_hand(both):
    await both.upkeep.wanted(both.house.link, CURVE)
    both.house.clock.advance(7)
    await both.upkeep.wanted(both.house.link, DAILY)
    both.house.pass_time("2026-11-25T10:30+01:00")
    both.enedis.gate.clear()
    other = both.process("other")
    working = asyncio.ensure_future(both.upkeep.work(1))
    await both.enedis.until_called(1)
    both.upkeep.departed(Priority.REFRESH)
    await both.house.clock.sleep(3)
    assert await other.work() == 0
    both.enedis.gate.set()
    await working
    await other.work()
    assert [(call.series, call.span) for call in both.enedis.calls] == [(CURVE, one_day(date(2026, 11, 24)))]


async def test_after_a_downtime_daily_energy_waits_for_every_call_of_the_curve(both):
    for series in (CURVE, DAILY):
        await both.upkeep.wanted(both.house.link, series)
    both.house.pass_time("2026-12-14T12:30+01:00")
    await both.upkeep.wanted(both.house.link, DAILY)
    await both.until("2026-12-14T13:00+01:00")
    assert len(both.calls(CURVE)) == 3
    assert both.calls(DAILY) == []


async def test_daily_energy_that_a_reader_made_due_waits_for_the_curves_own_turn_of_the_morning(both):
    await both.upkeep.wanted(both.house.link, CURVE)
    await both.until("2026-11-25T07:20+01:00")
    await both.house.ask("2026-11-20", "2026-11-25", series=DAILY)
    await both.upkeep.wanted(both.house.link, DAILY)
    read = len(both.calls(DAILY))
    await both.until("2026-11-25T20:00+01:00")
    assert len(both.calls(CURVE)) == 1
    assert len(both.calls(DAILY)) == read


async def test_daily_energy_waits_for_a_curve_that_was_wanted_just_after_it(both):
    link = replace(both.house.link, point_id="point-2")  # its own turn is at 08:01, before the first looks
    both.book.points["point-2"] = LinkedPoint(PRM, link)
    both.house.pass_time("2026-11-25T07:25+01:00")
    await both.upkeep.wanted(link, DAILY)
    both.house.clock.advance(600)
    await both.upkeep.wanted(link, CURVE)
    await both.until("2026-11-25T20:00+01:00")
    assert len(both.calls(CURVE)) == 1
    assert both.calls(DAILY) == []


async def test_older_daily_energy_that_no_curve_brings_is_asked_without_waiting(both):
    hole = date(2026, 11, 20)
    both.enedis.absent = frozenset({hole})
    await both.house.ask("2026-11-18", "2026-11-23", series=DAILY)
    for series in (CURVE, DAILY):
        await both.upkeep.wanted(both.house.link, series)
    both.enedis.absent = frozenset()
    await both.until("2026-11-25T09:00+01:00")
    assert [call.span for call in both.calls(DAILY)[1:]] == [one_day(hole)]
    await both.until("2026-11-25T20:00+01:00")
    assert len(both.calls(DAILY)) == 2
    assert len(both.calls(CURVE)) == 1


@pytest.mark.parametrize("error", [NoData, NotCollected, UpstreamRejected, UpstreamBroken, UpstreamUnavailable])
@pytest.mark.parametrize("wanted_at", ["2026-11-24T09:00+01:00", "2026-11-25T07:00+01:00"])
async def test_daily_energy_is_asked_the_same_morning_where_the_curve_is_refused_late_or_broken(both, error, wanted_at):
    both.enedis.trouble = lambda series, _: error("no", "non") if series is CURVE else None
    both.house.pass_time(wanted_at)
    for series in (CURVE, DAILY):
        await both.upkeep.wanted(both.house.link, series)
    await both.until("2026-11-25T10:30+01:00")
    assert [call.span for call in both.calls(DAILY)] == [one_day(date(2026, 11, 24))]
    assert both.calls(CURVE)
    await both.until("2026-11-26T10:30+01:00")
    assert [call.span for call in both.calls(DAILY)[1:]] == [one_day(date(2026, 11, 25))]


async def test_production_waits_for_no_consumption(both):
    await both.upkeep.wanted(both.house.link, CURVE)
    await both.upkeep.wanted(both.house.link, Series.PRODUCTION_DAILY)
    await both.until("2026-11-25T20:00+01:00")
    assert len(both.calls(CURVE)) == len(both.calls(Series.PRODUCTION_DAILY)) == 1


@pytest.fixture
def silent():
    """A point whose curve is not collected, which Enedis says without a word (F§7: 404 `no_data_found`)."""
    work = RealFetching()
    work.enedis.trouble = lambda series, _: NoData("nothing", "rien") if series in work.off else None
    return work


async def calls_of_each_day(work, days, every=1800):
    """How many calls each of so many days costs."""
    counted = []
    for _ in range(days):
        before = len(work.calls(CURVE))
        await work.days_pass(1, every=every)
        counted.append(len(work.calls(CURVE)) - before)
    return counted


async def test_a_silent_series_costs_a_call_a_day_then_one_a_week_however_many_days_were_asked(silent):
    await silent.house.ask("2026-09-24", "2026-11-24")
    await silent.upkeep.wanted(silent.house.link, CURVE)
    first = await calls_of_each_day(silent, 2)
    assert sum(first) <= 3
    assert await calls_of_each_day(silent, 11) == [1] * 11
    await silent.days_pass(2)
    assert sum(await calls_of_each_day(silent, 70)) == 10
    newest = [call.span for call in silent.calls(CURVE)][-1]
    assert len(newest) == 7


async def test_a_series_that_fell_silent_costs_a_call_a_day_once_a_week_was_empty_and_is_found_when_it_comes_back(
    silent,
):
    silent.off.clear()
    await silent.upkeep.wanted(silent.house.link, CURVE)
    assert await calls_of_each_day(silent, 5) == [0, 1, 1, 1, 1]
    silent.off.add(CURVE)
    await silent.days_pass(9)
    assert await calls_of_each_day(silent, 5) == [1] * 5
    silent.off.clear()
    await silent.days_pass(2)
    held = await silent.house.days.present(
        "account", "point-4270", CURVE, DaySpan(date(2026, 11, 24), date(2026, 12, 14))
    )
    assert len(held) == 20, "the older days were worth asking at once"
    assert await calls_of_each_day(silent, 5) == [1] * 5


async def test_a_series_that_begins_to_be_collected_is_there_the_day_it_is_published_be_it_two_hours_late(silent):
    """Consent, import and switched on (F§7): all that was asked is empty, the first day comes at 09:50."""
    await silent.house.ask("2026-10-01", "2026-11-24")
    await silent.upkeep.wanted(silent.house.link, CURVE)
    since, published = date(2026, 11, 27), datetime.fromisoformat("2026-11-28T09:50+01:00")

    def nothing_yet(series, span):
        there = span.end > since and silent.house.clock.monotonic() >= (published - NOW).total_seconds() + 3600
        return None if there else NoData("nothing", "rien")

    silent.enedis.trouble = nothing_yet
    silent.enedis.absent = frozenset(DaySpan(date(2026, 9, 1), since))
    await silent.until("2026-11-28T09:30+01:00")
    assert not await silent.house.days.present("account", "point-4270", CURVE, one_day(since))
    await silent.until("2026-11-28T10:30+01:00")
    assert await silent.house.days.present("account", "point-4270", CURVE, one_day(since))


async def test_a_new_consent_wakes_a_silent_series_at_once(silent):
    await silent.house.ask("2026-10-01", "2026-11-24")
    await silent.upkeep.wanted(silent.house.link, CURVE)
    await silent.until("2026-12-20T18:00+01:00", every=3600)
    silent.off.clear()
    now = await silent.house.clock.now()
    silent.house.link = replace(silent.house.link, granted_at=now)
    silent.book.points["point-4270"] = LinkedPoint(PRM, silent.house.link)
    row = silent.book.rows["point-4270", CURVE, Work.REFRESH]
    row.task = replace(row.task, linked=silent.book.points["point-4270"])
    await silent.until("2026-12-21T10:30+01:00")
    asked = DaySpan(date(2026, 10, 1), date(2026, 12, 21))
    held = await silent.house.days.present("account", "point-4270", CURVE, asked)
    assert len(held) == len(asked), "and the older days with it"


async def test_the_next_call_of_a_silent_series_is_made_when_the_ledger_says_so(silent):
    await silent.house.ask("2026-10-01", "2026-11-24")
    await silent.upkeep.wanted(silent.house.link, CURVE)
    await silent.until("2026-11-26T12:00+01:00")
    for _ in range(30):
        made = len(silent.calls(CURVE))
        told = {row.next_at for row in (await silent.house.ledger.of_point("point-4270"))[CURVE].days.values()}
        at = min(told)
        await silent.until((at - timedelta(minutes=5)).isoformat())
        assert len(silent.calls(CURVE)) == made
        await silent.until((at + timedelta(minutes=10)).isoformat())
        assert len(silent.calls(CURVE)) == made + 1


async def test_readers_of_a_silent_series_cost_no_more_than_a_call_a_day(silent):
    await silent.house.ask("2026-10-01", "2026-11-24")
    for day in range(24, 30):
        before = len(silent.calls(CURVE))
        for hour in (11, 15, 19):
            silent.house.pass_time(f"2026-11-{day}T{hour}:00+01:00")
            await silent.house.ask("2026-11-01", f"2026-11-{day}")
        assert len(silent.calls(CURVE)) - before == 1


async def test_a_reader_who_finds_a_silent_series_awake_has_the_older_days_asked_at_once(silent):
    await silent.house.ask("2026-10-01", "2026-11-24")
    await silent.upkeep.wanted(silent.house.link, CURVE)
    await silent.until("2026-12-20T18:00+01:00", every=3600)
    silent.off.clear()
    await silent.house.ask("2026-12-13", "2026-12-20")
    (told,) = {row.next_at for row in (await silent.house.ledger.of_point("point-4270"))[CURVE].days.values()}
    assert told - await silent.house.clock.now() < timedelta(minutes=2)
    await silent.until("2026-12-21T11:00+01:00")
    asked = DaySpan(date(2026, 10, 1), date(2026, 12, 21))
    held = await silent.house.days.present("account", "point-4270", CURVE, asked)
    assert len(held) == len(asked)


async def test_a_silent_curve_keeps_no_daily_energy_waiting(silent):
    await silent.house.ask("2026-10-01", "2026-11-24")
    for series in (CURVE, DAILY):
        await silent.upkeep.wanted(silent.house.link, series)
    await silent.until("2026-11-25T12:00+01:00")
    for day in range(25, 29):
        made = len(silent.calls(CURVE))
        await silent.until(f"2026-11-{day + 1}T09:50+01:00")
        assert silent.calls(DAILY)[-1].span == one_day(date(2026, 11, day)), "at the point's own turn"
        await silent.until(f"2026-11-{day + 1}T12:00+01:00")
        assert len(silent.calls(CURVE)) == made + 1
    assert len(silent.calls(DAILY)) == 5


async def test_daily_energy_is_asked_the_same_day_where_the_first_look_for_its_curve_brought_nothing(both):
    link = replace(both.house.link, point_id="point-2")
    both.book.points["point-2"] = LinkedPoint(PRM, link)
    both.enedis.trouble = lambda series, _: NoData("no", "non") if series is CURVE else None
    both.house.pass_time("2026-11-25T07:25+01:00")
    await both.upkeep.wanted(link, DAILY)
    both.house.clock.advance(600)
    await both.upkeep.wanted(link, CURVE)
    await both.until("2026-11-25T09:00+01:00")
    assert len(both.calls(CURVE)) == len(both.calls(DAILY)) == 1
