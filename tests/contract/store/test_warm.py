"""Hot reads: a look tells what the single questions tell, and nothing that was committed since goes unseen."""

import asyncio
import gc
from datetime import date
from functools import partial
from itertools import pairwise
from weakref import ref

import asyncpg
import pytest
from sqlalchemy import bindparam, select, text
from tests.contract.store.test_days import CURVE, DAY, NEXT, SPAN, curve, keep

from passerelle.consent.states import ConsentState
from passerelle.errors import StorageUnavailable
from passerelle.model.series import Direction
from passerelle.model.usage_point import UsagePointId
from passerelle.store.days import Days
from passerelle.store.engine import close_engine, open_engine, reading
from passerelle.store.links import Links
from passerelle.store.sights import Sights
from passerelle.store.tables import points
from passerelle.store.warm import Memory, Prepared, WarmReads

PRM, OTHER = UsagePointId("22516914714270"), UsagePointId("22516914714271")


@pytest.fixture
async def beside(store):
    """Another process on the same database."""
    engine = open_engine(store.engine.url.render_as_string(hide_password=False))
    yield engine
    await close_engine(engine)


async def linked(store):
    caller = await store.caller()
    await store.grant(caller.account_id, PRM)
    return caller, await store.links.find(caller.account_id, PRM)


async def test_a_look_tells_what_the_single_questions_tell(store):
    caller, link = await linked(store)
    await keep(store.days, caller, link.point_id, CURVE, {DAY: curve(DAY), NEXT: curve(NEXT)})
    await store.links.learn_activation(link.point_id, Direction.CONSUMPTION, date(2025, 3, 1))
    sight = await Sights(store.engine, store.secrets, store.days).look(caller, PRM, CURVE, SPAN)
    assert sight.link == link
    assert sight.activated_on == date(2025, 3, 1)
    assert await sight.held(SPAN) == await store.days.held(caller, link.point_id, CURVE, SPAN)
    assert await sight.held(SPAN) != await sight.held(SPAN.intersect(type(SPAN)(DAY, NEXT)))


async def test_what_a_look_saw_is_told_without_asking_again(store):
    caller, link = await linked(store)
    await keep(store.days, caller, link.point_id, CURVE, {DAY: curve(DAY), NEXT: curve(NEXT)})
    sight = await Sights(store.engine, store.secrets, store.days).look(caller, PRM, CURVE, SPAN)
    await keep(store.days, caller, link.point_id, CURVE, {DAY: curve(DAY, 2)})
    assert (await sight.held(SPAN)).days == {DAY: curve(DAY), NEXT: curve(NEXT)}


async def test_a_look_at_no_days_tells_of_the_link_alone(store):
    caller, link = await linked(store)
    await keep(store.days, caller, link.point_id, CURVE, {DAY: curve(DAY)})
    sight = await Sights(store.engine, store.secrets, store.days).look(caller, PRM, CURVE, None)
    assert sight.link == link
    assert (await sight.held(SPAN)).days == {}


async def test_a_look_at_what_is_not_there_finds_nothing(store):
    caller, _ = await linked(store)
    sights = Sights(store.engine, store.secrets, store.days)
    nothing = await sights.look(caller, OTHER, CURVE, SPAN)
    assert (nothing.link, nothing.activated_on, (await nothing.held(SPAN)).days) == (None, None, {})
    made_never = await sights.look(caller, PRM, CURVE, SPAN)
    assert made_never.activated_on is None
    assert (await made_never.held(SPAN)).days == {}


async def test_the_latest_link_is_the_one_that_is_seen(store):
    caller, first = await linked(store)
    await store.grant(caller.account_id, PRM)
    sight = await Sights(store.engine, store.secrets, store.days).look(caller, PRM, CURVE, SPAN)
    assert sight.link == await store.links.find(caller.account_id, PRM)
    assert sight.link.consent_id != first.consent_id


async def test_what_another_process_commits_is_seen_at_once(store, beside):
    caller, link = await linked(store)
    sights = Sights(store.engine, store.secrets, store.days)
    await keep(store.days, caller, link.point_id, CURVE, {DAY: curve(DAY, 1)})
    for _ in range(3):
        sight = await sights.look(caller, PRM, CURVE, SPAN)
        assert (await sight.held(SPAN)).days == {DAY: curve(DAY, 1)}
    other_days = Days(beside, store.secrets, store.shred, store.clock)
    await keep(other_days, caller, link.point_id, CURVE, {DAY: curve(DAY, 2)})
    assert (await (await sights.look(caller, PRM, CURVE, SPAN)).held(SPAN)).days == {DAY: curve(DAY, 2)}
    await Links(beside, store.secrets, store.clock).set_state(link, ConsentState.REVOKED)
    assert (await sights.look(caller, PRM, CURVE, SPAN)).link.state is ConsentState.REVOKED


async def test_many_at_once_are_all_answered_and_one_that_is_ended_harms_nobody(store):
    caller, link = await linked(store)
    ended = asyncio.create_task(store.links.find(caller.account_id, PRM))
    await asyncio.wait({ended}, timeout=0)  # it has begun
    ended.cancel()
    found = await asyncio.gather(*(store.links.find(caller.account_id, PRM) for _ in range(64)))
    assert found == [link] * 64
    await asyncio.gather(ended, return_exceptions=True)


OF_ACCOUNT = Prepared(select(points.c.id).where(points.c.account_id == bindparam("account")))


async def test_what_was_made_of_rows_lasts_until_any_process_commits(store, beside):
    caller, link = await linked(store)
    warm = WarmReads(store.engine)
    found = [await warm.made(list, OF_ACCOUNT, account=caller.account_id) for _ in range(100)]
    assert any(one is next_one for one, next_one in pairwise(found)), "others on the same server do not always commit"
    await Links(beside, store.secrets, store.clock).set_state(link, ConsentState.REVOKED)
    assert await warm.made(list, OF_ACCOUNT, account=caller.account_id) is not found[-1]
    await store.grant(caller.account_id, OTHER)
    assert len(await warm.made(list, OF_ACCOUNT, account=caller.account_id)) == 2


async def test_one_that_is_ended_takes_no_look_away_from_the_others(store):
    caller, _ = await linked(store)
    warm = WarmReads(store.engine)
    looks = [asyncio.create_task(warm.made(list, OF_ACCOUNT, account=caller.account_id)) for _ in range(4)]
    await asyncio.wait(looks, timeout=0)  # they have begun
    looks[0].cancel()
    assert [len(found) for found in await asyncio.gather(*looks[1:])] == [1, 1, 1]


async def test_whoever_asks_once_a_look_has_left_waits_for_the_next(on_postgresql, monkeypatch):
    caller, _ = await linked(on_postgresql)
    look = partial(WarmReads(on_postgresql.engine).made, list, OF_ACCOUNT, account=caller.account_id)
    await look()
    fetch, answered, told = asyncpg.Connection.fetch, asyncio.Event(), asyncio.Event()

    async def slow(connection, *asked):
        found = await fetch(connection, *asked)
        answered.set()
        await told.wait()
        return found

    with monkeypatch.context() as patched:
        patched.setattr(asyncpg.Connection, "fetch", slow)
        early = asyncio.create_task(look())
        await answered.wait()
    await on_postgresql.grant(caller.account_id, OTHER)
    late = asyncio.create_task(look())
    await asyncio.wait({late}, timeout=0)  # it has asked
    told.set()
    assert len(await late) == 2
    await early


def test_what_was_read_before_another_version_was_seen_is_not_kept_for_that_one():
    memory = Memory()
    assert memory.known(1, ("key",)) is None
    assert memory.known(2, ("key",)) is None
    memory.keep(1, ("key",), [], "of the first")
    assert memory.known(2, ("key",)) is None


async def test_a_parameter_that_is_left_out_is_no_null(store):
    with pytest.raises(KeyError, match="account"):
        await WarmReads(store.engine).rows(OF_ACCOUNT)


async def test_connections_that_the_server_ended_are_replaced(on_postgresql):
    caller, link = await linked(on_postgresql)
    warm = WarmReads(on_postgresql.engine)
    before = await warm.made(list, OF_ACCOUNT, account=caller.account_id)
    async with reading(on_postgresql.engine) as connection:
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        await connection.execute(text(f"{others} AND pid <> pg_backend_pid()"))
        await connection.execute(text("SELECT pg_sleep(0.1)"))  # long enough for the news to arrive
    after = await warm.made(list, OF_ACCOUNT, account=caller.account_id)
    assert after == before
    assert after is not before  # it might have been another server, with names of its own for what is visible
    assert await on_postgresql.links.find(caller.account_id, PRM) == link


async def test_a_closed_engine_is_let_go(store):
    engine = open_engine(store.engine.url.render_as_string(hide_password=False))
    WarmReads(engine)
    await close_engine(engine)
    known = ref(engine.sync_engine)
    del engine
    gc.collect()
    assert known() is None


async def test_a_closed_engine_opens_nothing_for_a_hot_read(on_postgresql):
    caller, _ = await linked(on_postgresql)
    await close_engine(on_postgresql.engine)
    with pytest.raises(StorageUnavailable):
        await on_postgresql.links.find(caller.account_id, PRM)
