"""Weeks of a curve that an earlier version wrote: read as they are, moved into today's chunks by the next writer."""

from datetime import date, timedelta

import pytest
from sqlalchemy import insert, select

from passerelle.model.days import DaySpan
from passerelle.model.paris import day_bounds
from passerelle.model.reading import Reading
from passerelle.model.series import Kind, Series
from passerelle.model.usage_point import UsagePointId
from passerelle.store.chunks import bound_to
from passerelle.store.engine import reading, writing
from passerelle.store.forms import pack
from passerelle.store.inbox import Letter, bits, post
from passerelle.store.periods import STRETCH, Period, period_of
from passerelle.store.tables import chunks

PRM = UsagePointId("22516914714270")
CURVE = Series.CONSUMPTION_LOAD_CURVE
MONDAYS = [date(2026, 9, 7) + timedelta(days=7 * at) for at in range(6)]
"""Their weeks begin, end and lie across the edges of stretches of nineteen days."""

SPAN = DaySpan(MONDAYS[0], MONDAYS[-1] + timedelta(days=7))


def curve(day: date, value: int) -> tuple[Reading, ...]:
    start, _ = day_bounds(day)
    return (Reading(start, start + timedelta(minutes=30), value),)


def week_of(monday: date) -> dict[date, tuple[Reading, ...]]:
    """Six days: the Monday is not held."""
    return {monday + timedelta(days=at): curve(monday + timedelta(days=at), 100 + at) for at in range(1, 7)}


def packed_as_before(monday: date) -> bytes:
    today = pack(Kind.CURVE, Period(monday, 7), week_of(monday))
    return b"\x01" + today[1:3] + today[4:]


@pytest.fixture
async def house(store):
    """A caller and a point of which six weeks are held as they were written before, each with a mark of its own."""
    caller = await store.caller()
    await store.grant(caller.account_id, PRM)
    point = (await store.links.find(caller.account_id, PRM)).point_id
    await store.days.keep(None, caller.account_id, point, CURVE, {date(2020, 1, 1): curve(date(2020, 1, 1), 1)})
    await store.days.held(caller, point, CURVE, SPAN)
    cell = await store.days._cells.find(caller, point, CURVE.scope)
    for number, monday in enumerate(MONDAYS):
        marks = b"\0\0" + bytes([number + 1, 0]) * 6
        sealed = cell.seal.close(packed_as_before(monday), bound_to(cell, CURVE, monday, marks))
        row = {"cell": cell.pair.number, "start": monday, "era": cell.era, "marks": marks, "sealed": sealed}
        async with writing(store.engine) as connection:
            await connection.execute(insert(chunks).values(**row))
    return caller, point


KEPT = {day: readings for monday in MONDAYS for day, readings in week_of(monday).items()}


async def starts(store) -> list[date]:
    async with reading(store.engine) as connection:
        found = (await connection.execute(select(chunks.c.start).order_by(chunks.c.start))).scalars()
        return [start for start in found if start.year > 2020]


async def test_they_are_read_as_they_are(store, house):
    caller, point = house
    found = await store.days.held(caller, point, CURVE, SPAN)
    assert dict(found.days) == KEPT
    assert await store.days.present(caller.account_id, point, CURVE, SPAN) == set(KEPT)
    for day, readings in KEPT.items():
        alone = DaySpan(day, day + timedelta(days=1))
        assert dict((await store.days.held(caller, point, CURVE, alone)).days) == {day: readings}


@pytest.mark.parametrize("at", [0, 13, 14, 22, 41])
async def test_writing_to_one_day_moves_the_days_around_it_with_their_marks(store, house, at):
    caller, point = house
    before = await store.days.held(caller, point, CURVE, SPAN)
    day = SPAN.start + timedelta(days=at)
    fresh = {day: curve(day, 9_999)}
    assert await store.days.keep(caller, caller.account_id, point, CURVE, fresh) == {day}
    after = await store.days.held(caller, point, CURVE, SPAN)
    assert dict(after.days) == KEPT | fresh
    assert {each: mark for each, mark in after.versions.items() if each != day} == {
        each: mark for each, mark in before.versions.items() if each != day
    }
    stretch = period_of(Kind.CURVE, day)
    touched = [start for start in await starts(store) if stretch.start - timedelta(days=6) <= start]
    touched = [start for start in touched if start < stretch.start + timedelta(days=STRETCH)]
    assert touched == [stretch.start], "no week of before is left where the day's stretch is"


async def test_one_write_after_another_loses_nothing_that_moved_before(store, house):
    caller, point = house
    kept = dict(KEPT)
    for day in (SPAN.start, SPAN.end - timedelta(days=1), SPAN.start + timedelta(days=20)):
        kept[day] = curve(day, 9_999)
        await store.days.keep(caller, caller.account_id, point, CURVE, {day: kept[day]})
        assert dict((await store.days.held(caller, point, CURVE, SPAN)).days) == kept


async def test_everything_moves_once_everything_is_written(store, house):
    caller, point = house
    fresh = {day: curve(day, 7) for day in SPAN}
    await store.days.keep(caller, caller.account_id, point, CURVE, fresh)
    assert dict((await store.days.held(caller, point, CURVE, SPAN)).days) == fresh
    assert all(period_of(Kind.CURVE, start).start == start for start in await starts(store))


async def test_a_letter_of_before_is_merged_where_its_days_belong(store, house):
    caller, point = house
    monday = MONDAYS[-1] + timedelta(days=7)
    cell = await store.days._cells.find(caller, point, CURVE.scope)
    told = bits(list(range(1, 7)), 7)
    letter = Letter(CURVE.value, monday, told, packed_as_before(monday), store.clock.at)
    async with writing(store.engine) as connection:
        await post(connection, store.secrets, cell, letter)
    span = DaySpan(monday, monday + timedelta(days=7))
    assert await store.days.present(caller.account_id, point, CURVE, span) == set(week_of(monday))
    assert dict((await store.days.held(caller, point, CURVE, span)).days) == week_of(monday)
