"""The store of days, sealed in a database or in memory: one suite."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import update

from passerelle.access.caller import Caller
from passerelle.errors import InternalError
from passerelle.model.days import DaySpan
from passerelle.model.paris import day_bounds
from passerelle.model.reading import Peak, Quality, Reading
from passerelle.model.scopes import ALL_SCOPES
from passerelle.model.series import Series
from passerelle.model.usage_point import UsagePointId
from passerelle.store import tables
from passerelle.store.engine import writing
from passerelle.testing.days import MemoryDays, MemoryKeyring

PRM = UsagePointId("22516914714270")
CURVE, PEAKS = Series.CONSUMPTION_LOAD_CURVE, Series.CONSUMPTION_MAX_POWER
DAILY = Series.CONSUMPTION_DAILY
DAY, NEXT = date(2026, 10, 24), date(2026, 10, 25)
SPAN = DaySpan(date(2026, 10, 1), date(2026, 11, 1))


def curve(day: date, first: int = 500) -> tuple[Reading, ...]:
    start, end = day_bounds(day)
    half_hour = timedelta(minutes=30)
    return tuple(
        Reading(start + half_hour * at, start + half_hour * (at + 1), first + at, Quality.RAW)
        for at in range((end - start) // half_hour)
    )


def energy(day: date, wh: int = 9000, quality: Quality = Quality.RAW) -> tuple[Reading, ...]:
    return (Reading(*day_bounds(day), wh, quality),)


async def held(days, caller, point, series=CURVE, span=SPAN):
    found = await days.held(caller, point, series, span)
    assert list(found.days) == list(found.versions) == sorted(found.days)
    return dict(found.days)


async def keep(days, caller, point, series, kept):
    return await days.keep(caller, caller.account_id, point, series, kept)


class DaysContract:
    """What every store of days promises; `place`: a store, a caller and a point of its account; `stranger`: another."""

    async def test_what_is_kept_is_held_day_by_day(self, place):
        days, caller, point = place
        kept = {DAY: curve(DAY), NEXT: curve(NEXT)}
        assert await keep(days, caller, point, CURVE, kept) == {DAY, NEXT}
        assert await held(days, caller, point) == kept
        assert len(kept[NEXT]) == 50
        assert await held(days, caller, point, span=DaySpan(NEXT, SPAN.end)) == {NEXT: kept[NEXT]}
        assert await held(days, caller, point, span=DaySpan(SPAN.start, DAY)) == {}
        assert await days.present(caller.account_id, point, CURVE, DaySpan(DAY, NEXT)) == {DAY}

    async def test_peaks_are_kept_like_readings(self, place):
        days, caller, point = place
        kept = {DAY: (Peak(DAY, datetime(2026, 10, 24, 17, 31, 7, tzinfo=UTC), 5670, Quality.CORRECTED),)}
        await keep(days, caller, point, PEAKS, kept)
        assert await held(days, caller, point, PEAKS) == kept
        assert await held(days, caller, point) == {}

    async def test_a_span_over_many_periods_is_one(self, place):
        days, caller, point = place
        span = DaySpan(date(2025, 12, 20), date(2026, 1, 20))
        for series, made in ((CURVE, curve), (DAILY, energy)):
            kept = {day: made(day, at) for at, day in enumerate(span)}
            await keep(days, caller, point, series, kept)
            assert await held(days, caller, point, series, span) == kept
            assert await days.present(caller.account_id, point, series, span) == set(span)

    async def test_keeping_again_replaces_and_tells_what_changed(self, place):
        days, caller, point = place
        await keep(days, caller, point, CURVE, {DAY: curve(DAY, 1), NEXT: curve(NEXT, 1)})
        before = await days.held(caller, point, CURVE, SPAN)
        assert before.revised_at is None
        assert await keep(days, caller, point, CURVE, {DAY: curve(DAY, 2), NEXT: curve(NEXT, 1)}) == {DAY}
        after = await days.held(caller, point, CURVE, SPAN)
        assert dict(after.days) == {DAY: curve(DAY, 2), NEXT: curve(NEXT, 1)}
        assert after.versions[DAY] != before.versions[DAY]
        assert after.versions[NEXT] == before.versions[NEXT]
        assert after.tag != before.tag
        assert after.revised_at is not None
        assert (await days.held(caller, point, CURVE, DaySpan(NEXT, SPAN.end))).revised_at is None

    async def test_keeping_the_same_again_changes_nothing(self, place):
        days, caller, point = place
        await keep(days, caller, point, CURVE, {DAY: curve(DAY)})
        before = await days.held(caller, point, CURVE, SPAN)
        assert await keep(days, caller, point, CURVE, {DAY: curve(DAY)}) == frozenset()
        assert await days.held(caller, point, CURVE, SPAN) == before

    async def test_a_day_grows_and_loses_nothing(self, place):
        days, caller, point = place
        whole = curve(DAY)
        await keep(days, caller, point, CURVE, {DAY: whole[:20]})
        assert await keep(days, caller, point, CURVE, {DAY: whole[10:30]}) == {DAY}
        found = await days.held(caller, point, CURVE, SPAN)
        assert dict(found.days) == {DAY: whole[:30]}
        assert found.revised_at is None, "more readings revise nothing"

    async def test_a_zero_is_a_value(self, place):
        days, caller, point = place
        nothing_used = tuple(replace(each, value=0) for each in curve(DAY))
        await keep(days, caller, point, CURVE, {DAY: nothing_used})
        assert await held(days, caller, point) == {DAY: nothing_used}

    async def test_derived_energy_waits_for_enedis_own_and_never_replaces_it(self, place):
        days, caller, point = place
        assert await keep(days, caller, point, DAILY, {DAY: energy(DAY, 9000, Quality.DERIVED)}) == {DAY}
        derived = await days.held(caller, point, DAILY, SPAN)
        assert derived.derived == {DAY}
        assert await keep(days, caller, point, DAILY, {DAY: energy(DAY, 9000)}) == {DAY}
        own = await days.held(caller, point, DAILY, SPAN)
        assert (dict(own.days), own.derived) == ({DAY: energy(DAY, 9000)}, frozenset())
        assert own.tag != derived.tag
        assert await keep(days, caller, point, DAILY, {DAY: energy(DAY, 1, Quality.DERIVED)}) == frozenset()
        assert await held(days, caller, point, DAILY) == {DAY: energy(DAY, 9000)}

    async def test_keeping_nothing_is_nothing(self, place):
        days, caller, point = place
        assert await keep(days, caller, point, CURVE, {}) == frozenset()
        assert await held(days, caller, point) == {}

    async def test_what_came_without_a_caller_is_there_for_the_next(self, place):
        days, caller, point = place
        account = caller.account_id
        await keep(days, caller, point, CURVE, {DAY: curve(DAY, 1)})
        assert await days.keep(None, account, point, CURVE, {DAY: curve(DAY, 2), NEXT: curve(NEXT, 2)}) == {DAY, NEXT}
        assert await days.keep(None, account, point, CURVE, {NEXT: curve(NEXT, 3)}) == {NEXT}
        assert await days.present(account, point, CURVE, SPAN) == {DAY, NEXT}
        for _ in range(2):
            assert await held(days, caller, point) == {DAY: curve(DAY, 2), NEXT: curve(NEXT, 3)}
        assert (await days.held(caller, point, CURVE, SPAN)).revised_at is not None

    async def test_another_key_is_an_error_not_a_miss(self, place, stranger):
        days, caller, point = place
        await keep(days, caller, point, CURVE, {DAY: curve(DAY)})
        with pytest.raises(InternalError):
            await days.held(replace(stranger, account_id=caller.account_id), point, CURVE, SPAN)

    async def test_another_account_holds_nothing_here(self, place, stranger):
        days, caller, point = place
        await keep(days, caller, point, CURVE, {DAY: curve(DAY)})
        assert await held(days, stranger, point) == {}


class TestMemory(DaysContract):
    @pytest.fixture
    def place(self):
        return MemoryDays(), Caller("a" * 32, "c" * 32, ALL_SCOPES, MemoryKeyring("a" * 32)), "p" * 32

    @pytest.fixture
    def stranger(self):
        return Caller("b" * 32, "d" * 32, ALL_SCOPES, MemoryKeyring("b" * 32))


class TestStore(DaysContract):
    @pytest.fixture
    async def place(self, store):
        caller = await store.caller()
        await store.grant(caller.account_id, PRM)
        link = await store.links.find(caller.account_id, PRM)
        return store.days, caller, link.point_id

    @pytest.fixture
    async def stranger(self, store):
        return await store.caller("stranger")

    @pytest.mark.parametrize("change", [{"start": date(2026, 10, 12)}, {"marks": b"\1\0" * 7}])
    async def test_a_chunk_altered_in_clear_does_not_open(self, place, store, change):
        days, caller, point = place
        usual = date(2026, 10, 7)
        await keep(days, caller, point, CURVE, {usual: curve(usual)})
        async with writing(store.engine) as connection:
            await connection.execute(update(tables.chunks).values(**change))
        with pytest.raises(InternalError):
            await held(days, caller, point)

    async def test_a_day_that_the_form_cannot_hold_is_said(self, place):
        days, caller, point = place
        for spoilt in ({"value": -1}, {"end": curve(DAY)[0].end + timedelta(seconds=1)}):
            with pytest.raises(InternalError):
                await keep(days, caller, point, CURVE, {DAY: (replace(curve(DAY)[0], **spoilt),)})

    async def test_what_arrives_after_the_point_was_forgotten_is_not_kept(self, place, store):
        days, caller, point = place
        [(request, _)] = await store.consents.of_account(caller.account_id)
        await store.consents.forget(caller.account_id, request.id)
        assert await keep(days, caller, point, CURVE, {DAY: curve(DAY)}) == frozenset()
        assert await days.keep(None, caller.account_id, point, CURVE, {DAY: curve(DAY)}) == frozenset()
        assert await held(days, caller, point) == {}

    async def test_a_new_first_key_after_all_were_revoked_erases_what_no_key_opens(self, place, store):
        days, caller, point = place
        await keep(days, caller, point, CURVE, {DAY: curve(DAY)})
        await store.accounts.revoke_key(caller.account_id, caller.credential_id, store.clock.at)
        _, text = await store.accounts.create_first_key(caller.account_id, ALL_SCOPES, "again", store.clock.at)
        again = await store.accounts.authenticate(text, store.clock.at)
        assert await days.present(again.account_id, point, CURVE, SPAN) == frozenset()
        assert await held(days, again, point) == {}
        await keep(days, again, point, CURVE, {DAY: curve(DAY)})
        assert await held(days, again, point) == {DAY: curve(DAY)}

    async def test_without_any_key_nothing_is_kept(self, store):
        account = await store.account("keyless")
        await store.grant(account, PRM)
        point = (await store.links.find(account, PRM)).point_id
        assert await store.days.keep(None, account, point, CURVE, {DAY: curve(DAY)}) == frozenset()

    async def test_many_writers_of_one_week_lose_nothing(self, place):
        days, caller, point = place
        week = [date(2026, 10, 19) + timedelta(days=at) for at in range(7)]
        await asyncio.gather(*(keep(days, caller, point, CURVE, {day: curve(day)}) for day in week))
        assert await held(days, caller, point) == {day: curve(day) for day in week}

    async def test_readers_meet_a_full_inbox_at_once(self, place):
        days, caller, point = place
        for at in range(3):
            await days.keep(None, caller.account_id, point, CURVE, {DAY: curve(DAY, at)})
        found = await asyncio.gather(*(held(days, caller, point) for _ in range(4)))
        assert found == [{DAY: curve(DAY, 2)}] * 4
