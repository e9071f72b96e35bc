"""A database that can be read and not written to, as when its disk is full: what is held is still read."""

from contextlib import asynccontextmanager
from datetime import date, timedelta

import pytest
from sqlalchemy import event, func, select

from passerelle.errors import StorageUnavailable
from passerelle.model.customer import Contact, CustomerRecord
from passerelle.model.days import DaySpan
from passerelle.model.paris import ONE_DAY, day_bounds
from passerelle.model.reading import Quality, Reading
from passerelle.model.series import Series
from passerelle.model.usage_point import UsagePointId
from passerelle.store.engine import reading
from passerelle.store.tables import inbox, pairs

PRM = UsagePointId("22516914714270")
CURVE = Series.CONSUMPTION_LOAD_CURVE
DAY = date(2026, 11, 20)
BEFORE = DAY - 14 * ONE_DAY
SPAN = DaySpan(date(2026, 11, 1), date(2026, 11, 24))
CONTACT = Contact(phone="0102030405")


def curve(day, first, quality=Quality.RAW):
    start, _ = day_bounds(day)
    half_hour = timedelta(minutes=30)
    return tuple(Reading(start + half_hour * at, start + half_hour * (at + 1), first + at, quality) for at in range(48))


@asynccontextmanager
async def nothing_written(store):
    """Until the end of the block every statement that writes fails."""
    sqlite = store.engine.dialect.name == "sqlite"

    def begun(connection):
        connection.exec_driver_sql("PRAGMA query_only = ON" if sqlite else "SET TRANSACTION READ ONLY")

    event.listen(store.engine.sync_engine, "begin", begun)
    try:
        yield
    finally:
        event.remove(store.engine.sync_engine, "begin", begun)
        await store.engine.dispose()  # with the connections that were told


async def waiting(store):
    async with reading(store.engine) as connection:
        return await connection.scalar(select(func.count()).select_from(inbox))


@pytest.fixture
async def caller(store):
    caller = await store.caller()
    await store.grant(caller.account_id, PRM)
    return caller


@pytest.fixture
async def point(store, caller):
    return (await store.links.find(caller.account_id, PRM)).point_id


async def test_what_waits_in_the_inbox_reads_as_it_will_once_it_is_merged(store, caller, point):
    await store.days.keep(caller, caller.account_id, point, CURVE, {DAY: curve(DAY, 100), BEFORE: curve(BEFORE, 1)})
    store.clock.at += timedelta(hours=1)
    await store.days.keep(
        None, caller.account_id, point, CURVE, {DAY: curve(DAY, 200), DAY + ONE_DAY: curve(DAY + ONE_DAY, 300)}
    )
    await store.days.keep(
        None, caller.account_id, point, CURVE, {DAY: curve(DAY, 400), date(2025, 1, 6): curve(date(2025, 1, 6), 7)}
    )
    async with nothing_written(store):
        found = await store.days.held(caller, point, CURVE, SPAN)
        assert await store.days.present(caller.account_id, point, CURVE, SPAN) == found.days.keys()
    assert await waiting(store) == 3
    merged = await store.days.held(caller, point, CURVE, SPAN)
    assert await waiting(store) == 0
    assert found == merged
    assert [each.value for each in found.days[DAY]][:2] == [400, 401]
    assert found.revised_at is not None


async def test_a_cell_that_was_made_without_a_caller_opens(store, caller, point):
    await store.days.keep(None, caller.account_id, point, CURVE, {DAY: curve(DAY, 100)})
    async with nothing_written(store):
        found = await store.days.held(caller, point, CURVE, SPAN)
    assert list(found.days[DAY]) == list(curve(DAY, 100))
    async with reading(store.engine) as connection:
        unfolded = await connection.scalar(
            select(func.count()).select_from(pairs).where(pairs.c.folded_private.is_(None))
        )
    assert unfolded


async def test_a_record_that_waits_in_the_inbox_is_read(store, caller, point):
    await store.records.keep(caller, caller.account_id, point, Contact(phone="0000000000"))
    await store.records.keep(None, caller.account_id, point, CONTACT)
    kept_at = store.clock.at
    store.clock.at += timedelta(hours=1)
    async with nothing_written(store):
        assert await store.records.held(caller, point, CustomerRecord.CONTACT) == (CONTACT, kept_at)
    assert await waiting(store) == 1
    assert await store.records.held(caller, point, CustomerRecord.CONTACT) == (CONTACT, kept_at)


async def test_what_cannot_be_kept_says_when_to_come_back(store, caller, point):
    async with nothing_written(store):
        with pytest.raises(StorageUnavailable) as caught:
            await store.days.keep(caller, caller.account_id, point, CURVE, {DAY: curve(DAY, 1)})
    assert caught.value.problem.retry_after is not None
