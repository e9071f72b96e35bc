"""Calls before their time, on every database: an account has its own hour, whichever process counts."""

import asyncio
from datetime import timedelta

from passerelle.store.forced import ForcedCalls


async def test_an_account_has_so_many_calls_in_an_hour_over_all_processes(store):
    account, other = await store.account("alice"), await store.account("bob")
    one, two = ForcedCalls(store.engine, 3), ForcedCalls(store.engine, 3)
    taken = await asyncio.gather(*(each.take(account, 1, store.clock.at) for each in (one, two) * 4))
    assert taken.count(True) == 3
    assert await two.take(other, 1, store.clock.at)
    assert await two.take(account, 1, store.clock.at + timedelta(hours=1))


async def test_the_request_that_spends_the_hour_is_had_whole(store):
    account, forced = await store.account("alice"), ForcedCalls(store.engine, 3)
    assert [await forced.take(account, calls, store.clock.at) for calls in (2, 50, 1)] == [True, True, False]


async def test_what_cannot_be_counted_is_not_allowed(store):
    assert not await ForcedCalls(store.engine, 3).take("nobody", 1, store.clock.at)
