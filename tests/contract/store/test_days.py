"""The store of days, sealed in a database or in memory: one suite."""

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
from passerelle.testing.days import MemoryDays

PRM = UsagePointId("22516914714270")
CURVE, PEAKS = Series.CONSUMPTION_LOAD_CURVE, Series.CONSUMPTION_MAX_POWER
DAY, NEXT = date(2026, 10, 24), date(2026, 10, 25)
SPAN = DaySpan(date(2026, 10, 1), date(2026, 11, 1))


def curve(day: date, first: int = 500) -> tuple[Reading, ...]:
    start, end = day_bounds(day)
    half_hour = timedelta(minutes=30)
    return tuple(
        Reading(start + half_hour * at, start + half_hour * (at + 1), first + at, Quality.RAW)
        for at in range((end - start) // half_hour)
    )


class DaysContract:
    """What every store of days promises; `place` is a store, a caller and a point of its account."""

    async def test_what_is_kept_is_held_day_by_day(self, place):
        days, caller, point = place
        kept = {DAY: curve(DAY), NEXT: curve(NEXT)}
        await days.keep(caller, point, CURVE, kept)
        assert dict(await days.held(caller, point, CURVE, SPAN)) == kept
        assert len(kept[NEXT]) == 50
        assert dict(await days.held(caller, point, CURVE, DaySpan(NEXT, SPAN.end))) == {NEXT: kept[NEXT]}
        assert dict(await days.held(caller, point, CURVE, DaySpan(SPAN.start, DAY))) == {}

    async def test_peaks_are_kept_like_readings(self, place):
        days, caller, point = place
        kept = {DAY: (Peak(DAY, datetime(2026, 10, 24, 17, 31, 7, tzinfo=UTC), 5670, Quality.CORRECTED),)}
        await days.keep(caller, point, PEAKS, kept)
        assert dict(await days.held(caller, point, PEAKS, SPAN)) == kept
        assert dict(await days.held(caller, point, CURVE, SPAN)) == {}

    async def test_keeping_again_replaces(self, place):
        days, caller, point = place
        await days.keep(caller, point, CURVE, {DAY: curve(DAY, 1), NEXT: curve(NEXT, 1)})
        await days.keep(caller, point, CURVE, {DAY: curve(DAY, 2)})
        assert dict(await days.held(caller, point, CURVE, SPAN)) == {DAY: curve(DAY, 2), NEXT: curve(NEXT, 1)}

    async def test_keeping_nothing_is_nothing(self, place):
        days, caller, point = place
        await days.keep(caller, point, CURVE, {})
        assert dict(await days.held(caller, point, CURVE, SPAN)) == {}

    async def test_another_content_key_is_an_error_not_a_miss(self, place):
        days, caller, point = place
        await days.keep(caller, point, CURVE, {DAY: curve(DAY)})
        with pytest.raises(InternalError):
            await days.held(replace(caller, content_key=b"w" * 32), point, CURVE, SPAN)

    async def test_another_account_holds_nothing_here(self, place):
        days, caller, point = place
        await days.keep(caller, point, CURVE, {DAY: curve(DAY)})
        assert dict(await days.held(replace(caller, account_id="b" * 32), point, CURVE, SPAN)) == {}


class TestMemory(DaysContract):
    @pytest.fixture
    def place(self):
        return MemoryDays(), Caller("a" * 32, "c" * 32, ALL_SCOPES, b"k" * 32), "p" * 32


class TestStore(DaysContract):
    @pytest.fixture
    async def place(self, store):
        caller = await store.caller()
        await store.grant(caller.account_id, PRM)
        link = await store.links.find(caller.account_id, PRM)
        return store.days, caller, link.point_id

    async def test_a_day_moved_to_another_place_does_not_open(self, place, store):
        days, caller, point = place
        await days.keep(caller, point, CURVE, {DAY: curve(DAY)})
        async with writing(store.engine) as connection:
            await connection.execute(update(tables.days).values(day=NEXT))
        with pytest.raises(InternalError):
            await days.held(caller, point, CURVE, SPAN)

    async def test_a_day_that_the_form_cannot_hold_is_said(self, place):
        days, caller, point = place
        with pytest.raises(InternalError):
            await days.keep(caller, point, CURVE, {DAY: (replace(curve(DAY)[0], value=-1),)})

    async def test_what_arrives_after_the_point_was_forgotten_is_not_kept(self, place, store):
        days, caller, point = place
        [(request, _)] = await store.consents.of_account(caller.account_id)
        await store.consents.forget(caller.account_id, request.id)
        await days.keep(caller, point, CURVE, {DAY: curve(DAY)})
        assert dict(await days.held(caller, point, CURVE, SPAN)) == {}

    async def test_a_new_first_key_after_all_were_revoked_erases_what_no_key_opens(self, place, store):
        days, caller, point = place
        await days.keep(caller, point, CURVE, {DAY: curve(DAY)})
        await store.accounts.revoke_key(caller.account_id, caller.credential_id, store.clock.at)
        _, text = await store.accounts.create_first_key(caller.account_id, ALL_SCOPES, "again", store.clock.at)
        again = await store.accounts.authenticate(text, store.clock.at)
        assert again.content_key != caller.content_key
        assert dict(await days.held(again, point, CURVE, SPAN)) == {}
