"""An installation starts with its own erasure database alone."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from passerelle.errors import StartRefused
from passerelle.store.engine import close_engine, open_engine
from passerelle.store.pairing import give_up_the_old, require_pair
from passerelle.store.shred import ShredKeys


@pytest.fixture
async def another(tmp_path, store):
    """Another erasure database, of nobody yet: a file, or on PostgreSQL's own default the schema that is there."""
    async with AsyncExitStack() as closing:
        engine = open_engine(f"sqlite:///{tmp_path}/another.db")
        closing.push_async_callback(close_engine, engine)
        shred = ShredKeys(engine, store.clock.monotonic)
        await shred.prepare()
        yield shred


async def test_two_that_never_met_belong_together_from_then_on(store, another):
    assert await store.shred.belongs_to() is None
    await require_pair(store.engine, store.shred)
    await require_pair(store.engine, store.shred)
    assert await store.shred.belongs_to() is not None
    with pytest.raises(StartRefused, match="migrate --erasure-lost"):
        await require_pair(store.engine, another)
    assert await another.belongs_to() is None, "a refusal changes nothing"


async def test_an_erasure_database_of_another_installation_is_refused_whatever_the_operator_says(store, another):
    await require_pair(store.engine, store.shred)
    await another.belong_to("f" * 32)
    for attempt in (require_pair, give_up_the_old):
        with pytest.raises(StartRefused, match="another installation"):
            await attempt(store.engine, another)
    assert await another.belongs_to() == "f" * 32


async def test_a_lost_one_is_given_up_in_so_many_words(store, another):
    await require_pair(store.engine, store.shred)
    await give_up_the_old(store.engine, another)
    await require_pair(store.engine, another)
    assert await another.belongs_to() == await store.shred.belongs_to()


async def test_who_is_killed_between_both_finds_the_same_id_again(store):
    told = await store.shred.belong_to("a" * 32)
    await require_pair(store.engine, store.shred)
    assert await store.shred.belongs_to() == told == "a" * 32
    await require_pair(store.engine, store.shred)


async def test_processes_that_start_together_agree_and_one_with_another_erasure_database_is_refused(store, another):
    together = [require_pair(store.engine, store.shred) for _ in range(4)]
    await asyncio.gather(*together)
    outcomes = await asyncio.gather(require_pair(store.engine, another), return_exceptions=True)
    assert [type(each) for each in outcomes] == [StartRefused]
