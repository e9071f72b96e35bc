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


async def test_a_request_that_needs_more_than_is_left_is_not_had_and_costs_nothing(store):
    account, forced = await store.account("alice"), ForcedCalls(store.engine, 100)
    taken = {calls: await forced.take(account, calls, store.clock.at) for calls in (101, 99, 105, 2, 1)}
    assert taken == {101: False, 99: True, 105: False, 2: False, 1: True}
    assert not await forced.take(account, 1, store.clock.at)
    later = store.clock.at + timedelta(hours=1)
    assert [await forced.take(account, calls, later) for calls in (101, 100)] == [False, True]


async def test_requests_of_many_calls_at_once_spend_no_more_than_the_hour(store):
    account = await store.account("alice")
    one, two = ForcedCalls(store.engine, 100), ForcedCalls(store.engine, 100)
    taken = await asyncio.gather(*(each.take(account, 30, store.clock.at) for each in (one, two) * 4))
    assert taken.count(True) == 3


async def test_what_cannot_be_counted_is_not_allowed(store):
    assert not await ForcedCalls(store.engine, 3).take("nobody", 1, store.clock.at)
