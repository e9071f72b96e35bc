"""How long a request waits, and that the end of the gateway cuts it short. On the loop's own time, without delays."""

import asyncio

from passerelle.gateway.patience import Patience


async def endless() -> None:
    await asyncio.Event().wait()


async def test_work_that_is_done_in_time_is_waited_for():
    task = asyncio.create_task(asyncio.wait_for(asyncio.Event().wait(), 0.01))
    assert await Patience().wait([task], 60)
    assert isinstance(task.exception(), TimeoutError)


async def test_no_work_is_no_wait():
    assert await Patience().wait([], 60)


async def test_a_caller_stops_waiting_and_ends_nothing():
    task = asyncio.create_task(endless())
    assert not await Patience().wait([task], 0)
    assert not task.done()
    task.cancel()


async def test_once_it_has_run_out_nobody_waits_longer_than_a_moment():
    patience, task = Patience(last_seconds=0.01), asyncio.create_task(endless())
    waiting = asyncio.create_task(patience.wait([task], 300))
    patience.run_out()
    async with asyncio.timeout(60):
        assert not await waiting
    assert not task.done()
    task.cancel()


async def test_work_that_ends_in_the_last_moment_is_still_taken():
    patience, release = Patience(), asyncio.Event()
    task = asyncio.create_task(release.wait())
    patience.run_out()
    waiting = asyncio.create_task(patience.wait([task], 300))
    release.set()
    assert await waiting


async def test_a_caller_who_leaves_leaves_nothing_behind():
    task = asyncio.create_task(endless())
    before = asyncio.all_tasks()
    waiting = asyncio.create_task(Patience().wait([task], 300))
    await asyncio.wait([waiting], timeout=0)
    assert len(asyncio.all_tasks()) > len(before)
    waiting.cancel()
    await asyncio.wait([waiting])
    left = asyncio.all_tasks() - before
    assert all(each.cancelling() for each in left)
    assert not task.cancelling()
    task.cancel()
