"""The ledger of days and the leases of lanes, in a database or in memory: one suite each."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from passerelle.errors import NotCollected, OperatorActionNeeded, UpstreamRejected
from passerelle.model.customer import CustomerRecord
from passerelle.model.days import DaySpan
from passerelle.model.leases import NO_WISH, Hold, Wish
from passerelle.model.reading import GapReason
from passerelle.model.series import Series
from passerelle.model.usage_point import UsagePointId
from passerelle.plan.ledger import Entry, Known, OpenDay, Refusal
from passerelle.problem import Upstream
from passerelle.store.engine import reading
from passerelle.store.leases import AWAITED, LASTS, LaneLeases
from passerelle.store.ledger import Ledger
from passerelle.store.record_refusals import RecordRefusals
from passerelle.store.tables import lane_wishes
from passerelle.testing.ledger import MemoryLeases, MemoryLedger
from passerelle.testing.records import MemoryRecordRefusals

PRM = UsagePointId("22516914714270")
CURVE, DAILY = Series.CONSUMPTION_LOAD_CURVE, Series.CONSUMPTION_DAILY
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
DAY, NEXT = date(2026, 11, 22), date(2026, 11, 23)
SPAN = DaySpan(date(2026, 11, 1), date(2026, 11, 24))
HOLE = (datetime(2026, 11, 22, 11, tzinfo=UTC), datetime(2026, 11, 22, 11, 30, tzinfo=UTC))
OPEN = OpenDay(GapReason.MISSING, NOW - timedelta(days=1), NOW, NOW + timedelta(hours=23), tries=2)
PART = replace(OPEN, missing=(HOLE,), forced_at=NOW, told=True)
REFUSAL = Refusal(
    GapReason.NOT_COLLECTED,
    NotCollected("off", "éteint", upstream=Upstream(400, "ADAM-ERR0075", "no collection")).problem,
    NOW,
    NOW + timedelta(days=1),
    SPAN.start,
    SPAN.end,
)


@pytest.fixture
async def point(store):
    """A usage point that an account holds."""
    account = await store.account()
    await store.grant(account, PRM)
    return (await store.links.find(account, PRM)).point_id


class LedgerContract:
    """What every ledger promises; `place` is a ledger and a point of an account."""

    async def test_what_is_written_is_known_day_by_day(self, place):
        ledger, point = place
        await ledger.write(point, CURVE, Entry({DAY: PART, NEXT: OPEN}, refusal=REFUSAL))
        assert await ledger.known(point, CURVE, SPAN) == Known(
            {DAY: PART, NEXT: OPEN}, {}, {GapReason.NOT_COLLECTED: REFUSAL}
        )
        assert (await ledger.known(point, CURVE, DaySpan(NEXT, SPAN.end))).days == {NEXT: OPEN}
        assert await ledger.known(point, DAILY, SPAN) == Known()
        assert (await ledger.of_point(point))[CURVE].days == {DAY: PART, NEXT: OPEN}

    async def test_a_day_that_is_whole_leaves_and_the_last_word_counts(self, place):
        ledger, point = place
        await ledger.write(point, CURVE, Entry({DAY: OPEN, NEXT: OPEN}))
        await ledger.write(point, CURVE, Entry({NEXT: PART}, whole=frozenset({DAY})))
        assert (await ledger.known(point, CURVE, SPAN)).days == {NEXT: PART}

    async def test_a_whole_day_that_was_asked_again_is_remembered_for_that_alone(self, place):
        ledger, point = place
        await ledger.write(point, CURVE, Entry({DAY: OPEN}))
        await ledger.write(point, CURVE, Entry(whole=frozenset({DAY}), looked={DAY: NOW}))
        known = await ledger.known(point, CURVE, SPAN)
        assert (known.days, known.looked) == ({}, {DAY: NOW})
        assert not (await ledger.of_point(point))[CURVE].days

    async def test_a_refusal_stays_until_it_is_lifted(self, place):
        ledger, point = place
        await ledger.write(point, CURVE, Entry(refusal=REFUSAL))
        later = replace(REFUSAL, asked_at=NOW + timedelta(days=1), until=None, tries=2)
        await ledger.write(point, CURVE, Entry(refusal=later))
        assert (await ledger.known(point, CURVE, SPAN)).refusals == {GapReason.NOT_COLLECTED: later}
        assert await ledger.refused([point]) == {point: {CURVE}}
        await ledger.write(point, CURVE, Entry(lifted=frozenset({GapReason.NOT_COLLECTED})))
        assert (await ledger.known(point, CURVE, SPAN)).refusals == {}
        assert await ledger.refused([point]) == {}

    async def test_a_failure_is_kept_under_its_code_beside_other_refusals(self, place):
        ledger, point = place
        words = OperatorActionNeeded("no", "non", upstream=Upstream(403, "900908", "no subscription"))
        other = UpstreamRejected("odd", "bizarre")
        told = [replace(REFUSAL, reason=GapReason.UPSTREAM_ERROR, problem=error.problem) for error in (words, other)]
        failed = replace(OPEN, reason=GapReason.UPSTREAM_ERROR, told=True, failure=UpstreamRejected.code)
        await ledger.write(point, CURVE, Entry(refusal=REFUSAL))
        for each in told:
            await ledger.write(point, CURVE, Entry({DAY: failed}, refusal=each))
        assert await ledger.known(point, CURVE, SPAN) == Known(
            {DAY: failed},
            {},
            {"not-collected": REFUSAL, "operator-action-needed": told[0], "upstream-rejected": told[1]},
        )
        assert await ledger.refused([point]) == {point: {CURVE}}
        await ledger.write(point, CURVE, Entry(lifted=frozenset({"operator-action-needed", "not-collected"})))
        assert (await ledger.known(point, CURVE, SPAN)).refusals == {"upstream-rejected": told[1]}
        assert await ledger.refused([point]) == {}, "what failed is not what the point cannot deliver"

    async def test_words_without_a_refusal_of_the_kind_refuse_nothing(self, place):
        ledger, point = place
        await ledger.write(point, CURVE, Entry(refusal=replace(REFUSAL, reason=GapReason.MISSING, until=None)))
        assert await ledger.refused([point]) == {}

    async def test_a_derived_value_covers_open_days(self, place):
        ledger, point = place
        await ledger.write(point, DAILY, Entry({DAY: OPEN, NEXT: OPEN}))
        await ledger.cover(point, DAILY, [DAY])
        assert (await ledger.known(point, DAILY, SPAN)).days == {DAY: replace(OPEN, covered=True), NEXT: OPEN}
        assert (await ledger.of_point(point))[DAILY].days == {NEXT: OPEN}

    async def test_of_a_silent_series_every_day_that_enedis_had_not_waits_as_long(self, place):
        ledger, point = place
        refused = replace(OPEN, reason=GapReason.BEFORE_CONSENT)
        until = OPEN.next_at + timedelta(hours=1)
        later = replace(OPEN, next_at=until + timedelta(days=1))
        days = {SPAN.start: refused, DAY - timedelta(days=1): later, DAY: PART, NEXT: OPEN}
        await ledger.write(point, CURVE, Entry(days))
        await ledger.write(point, DAILY, Entry(days))
        await ledger.write(point, CURVE, Entry(silent_until=until))
        put_off = {DAY: replace(PART, next_at=until), NEXT: replace(OPEN, next_at=until)}
        assert (await ledger.known(point, CURVE, SPAN)).days == days | put_off
        assert (await ledger.known(point, DAILY, SPAN)).days == days

    async def test_what_is_older_than_the_day_that_woke_a_series_is_worth_a_call_at_once(self, place):
        ledger, point = place
        sooner = replace(OPEN, next_at=NOW - timedelta(hours=1))
        refused = replace(OPEN, reason=GapReason.BEFORE_CONSENT)
        days = {SPAN.start: refused, DAY - timedelta(days=2): sooner, DAY - timedelta(days=1): OPEN, DAY: OPEN}
        await ledger.write(point, CURVE, Entry(days))
        await ledger.write(point, DAILY, Entry(days))
        await ledger.write(point, CURVE, Entry(whole=frozenset({NEXT}), awake=(DAY, NOW)))
        woken = {DAY - timedelta(days=1): replace(OPEN, next_at=NOW)}
        assert (await ledger.known(point, CURVE, SPAN)).days == days | woken
        assert (await ledger.known(point, DAILY, SPAN)).days == days


class TestMemory(LedgerContract):
    @pytest.fixture
    def place(self):
        return MemoryLedger(), "point"


class TestStore(LedgerContract):
    @pytest.fixture
    def place(self, store, point):
        return Ledger(store.engine), point

    async def test_a_body_that_may_name_a_person_is_not_kept(self, place):
        ledger, point = place
        said = Upstream(400, "ADAM-ERR0075", "no", "text/html", b"a name", "oauth")
        problem = replace(REFUSAL.problem, upstream=said)
        await ledger.write(point, CURVE, Entry(refusal=replace(REFUSAL, problem=problem)))
        kept = (await ledger.known(point, CURVE, SPAN)).refusals[GapReason.NOT_COLLECTED]
        assert kept.problem.upstream == Upstream(400, "ADAM-ERR0075", "no", "text/html", shape="oauth")

    async def test_what_is_forgotten_takes_its_ledger_along(self, place, store):
        ledger, point = place
        await ledger.write(point, CURVE, Entry({DAY: OPEN}, refusal=REFUSAL))
        ((request, _),) = await store.consents.of_account((await store.accounts.list())[0].id)
        await store.consents.forget(request.account_id, request.id)
        assert await ledger.known(point, CURVE, SPAN) == Known()


class RecordRefusalsContract:
    """What the refusals of records promise; `place` is them, a ledger beside them, and a point of an account."""

    async def test_the_last_word_counts_until_it_is_lifted(self, place):
        refusals, _, point = place
        assert await refusals.refused(point, CustomerRecord.CONTRACT) is None
        await refusals.refuse(point, CustomerRecord.CONTRACT, REFUSAL)
        assert await refusals.refused(point, CustomerRecord.CONTRACT) == REFUSAL
        assert await refusals.refused(point, CustomerRecord.CONTACT) is None
        other = replace(REFUSAL, reason=GapReason.NO_CONSENT, asked_at=NOW - timedelta(days=1))  # by a clock set back
        for refusal in (other, REFUSAL, replace(REFUSAL, tries=2)):
            await refusals.refuse(point, CustomerRecord.CONTRACT, refusal)
            assert await refusals.refused(point, CustomerRecord.CONTRACT) == refusal
        await refusals.lift(point, CustomerRecord.CONTRACT)
        assert await refusals.refused(point, CustomerRecord.CONTRACT) is None

    async def test_the_ledger_of_series_says_nothing_of_them(self, place):
        refusals, ledger, point = place
        await refusals.refuse(point, CustomerRecord.CONTRACT, REFUSAL)
        assert await ledger.of_point(point) == {}
        assert await ledger.refused([point]) == {}


class TestMemoryRecordRefusals(RecordRefusalsContract):
    @pytest.fixture
    def place(self):
        return MemoryRecordRefusals(), MemoryLedger(), "point"


class TestStoreRecordRefusals(RecordRefusalsContract):
    @pytest.fixture
    def place(self, store, point):
        return RecordRefusals(store.engine), Ledger(store.engine), point


class LeasesContract:
    """What leases promise; `pair` is those of two processes, and a point."""

    async def test_one_process_has_it_until_it_lets_go(self, pair):
        one, other, point = pair
        assert (await one.claim(point, CURVE)).ours
        assert not (await other.claim(point, CURVE)).ours
        assert (await other.claim(point, DAILY)).ours
        assert (await other.claim(point, CustomerRecord.CONTRACT)).ours
        assert (await one.claim(point, CURVE)).ours
        await other.release(point, CURVE)
        assert not (await other.claim(point, CURVE)).ours
        await one.release(point, CURVE)
        assert (await other.claim(point, CURVE)).ours
        assert not (await one.claim(point, CURVE)).ours

    async def test_who_has_it_hears_what_those_who_wait_want(self, pair):
        one, other, point = pair
        await one.claim(point, CURVE)
        assert await one.heard(point, CURVE) == ()
        await other.claim(point, CURVE)
        assert await one.heard(point, CURVE) == (NO_WISH,)
        wish = Wish(frozenset({DAY, NEXT, SPAN.start}), frozenset({NEXT}), 1)
        await other.claim(point, CURVE, wish)
        assert await one.heard(point, CURVE) == (wish,)
        assert await one.heard(point, DAILY) == ()
        assert await other.heard(point, CURVE) == ()

    async def test_who_gets_it_or_leaves_wishes_for_nothing_any_more(self, pair):
        one, other, point = pair
        await one.claim(point, CURVE)
        await other.claim(point, CURVE)
        await one.release(point, CURVE)
        await other.claim(point, CURVE)
        assert await one.heard(point, CURVE) == ()
        await one.claim(point, CURVE)
        await one.release(point, CURVE)
        assert await other.heard(point, CURVE) == ()
        assert not (await one.claim(point, CURVE)).ours, "only the wish is gone"

    async def test_those_who_wait_are_told_when_something_was_brought(self, pair):
        one, other, point = pair
        moment = (await one.claim(point, CURVE)).moment
        assert moment > NO_WISH.moment
        assert await other.claim(point, CURVE) == Hold(ours=False, moment=moment)
        await other.landed(point, CURVE)
        assert (await other.claim(point, CURVE)).moment == moment, "who has it says so"
        await one.landed(point, CURVE)
        assert (await other.claim(point, CURVE)).moment == moment + 1
        assert (await one.claim(point, CURVE)).moment == moment + 1
        await one.release(point, CURVE)
        assert await other.claim(point, CURVE) == Hold(ours=True, moment=moment + 1)

    async def test_of_many_at_once_one_gets_it(self, pair):
        one, other, point = pair
        claims = await asyncio.gather(*(leases.claim(point, CURVE) for leases in (one, other) for _ in range(5)))
        assert [claim.ours for claim in claims] in ([True] * 5 + [False] * 5, [False] * 5 + [True] * 5)


class TestMemoryLeases(LeasesContract):
    @pytest.fixture
    def pair(self):
        one = MemoryLeases("one")
        return one, replace(one, holder="other"), "point"


class TestStoreLeases(LeasesContract):
    @pytest.fixture
    def pair(self, store, point):
        self.wall = 1_800_000_000.0
        return *(LaneLeases(store.engine, name, lambda: self.wall) for name in ("one", "other")), point

    async def test_a_dead_process_loses_it_and_what_it_brought_last_is_looked_for(self, pair):
        one, other, point = pair
        moment = (await one.claim(point, CURVE)).moment
        self.wall += LASTS.total_seconds() - 1
        assert not (await other.claim(point, CURVE)).ours
        self.wall += 1
        assert await other.claim(point, CURVE) == Hold(ours=True, moment=moment + 1)
        assert not (await one.claim(point, CURVE)).ours

    async def test_a_process_that_looked_at_its_clock_a_moment_before_takes_nothing(self, pair):
        one, other, point = pair
        assert (await one.claim(point, CURVE)).ours
        self.wall -= 1
        assert not (await other.claim(point, CURVE)).ours

    async def test_a_lease_of_a_clock_that_was_set_back_counts_for_nothing(self, pair):
        one, other, point = pair
        await one.claim(point, CURVE)
        self.wall -= 3600
        assert (await other.claim(point, CURVE)).ours

    async def test_the_wish_of_a_dead_process_is_forgotten(self, pair):
        one, other, point = pair
        await one.claim(point, CURVE)
        await other.claim(point, CURVE, Wish(frozenset({DAY})))
        self.wall += AWAITED.total_seconds()
        assert not await one.heard(point, CURVE)

    async def test_no_wish_is_kept_for_long(self, pair, store):
        one, other, point = pair
        await one.claim(point, CURVE)
        await other.claim(point, CURVE, Wish(frozenset({DAY})))
        self.wall += 3600
        await one.claim(point, CURVE)
        async with reading(store.engine) as connection:
            assert (await connection.execute(select(lane_wishes))).first() is None

    async def test_what_is_forgotten_takes_its_wishes_along(self, pair, store):
        one, other, point = pair
        await one.claim(point, CURVE)
        await other.claim(point, CURVE, Wish(frozenset({DAY})))
        ((request, _),) = await store.consents.of_account((await store.accounts.list())[0].id)
        await store.consents.forget(request.account_id, request.id)
        assert not await one.heard(point, CURVE)
