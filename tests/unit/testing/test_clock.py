import asyncio
from datetime import UTC, datetime

from passerelle.testing.clock import FakeClock


async def test_sleepers_wake_in_the_order_of_their_ends():
    clock = FakeClock(datetime(2026, 1, 1, tzinfo=UTC))
    woken: list[tuple[str, float]] = []

    async def sleeper(name: str, *pauses: float) -> None:
        for pause in pauses:
            await clock.sleep(pause)
            woken.append((name, clock.monotonic()))

    await asyncio.gather(sleeper("a", 3, 1), sleeper("b", 1, 3), sleeper("c", 0))
    assert woken == [("c", 0), ("b", 1), ("a", 3), ("b", 4), ("a", 4)]
    assert await clock.now() == datetime(2026, 1, 1, 0, 0, 4, tzinfo=UTC)


async def test_one_who_gave_up_does_not_move_time():
    clock = FakeClock()
    task = asyncio.create_task(clock.sleep(100))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    await clock.sleep(2)
    assert clock.monotonic() == 2


async def test_time_may_be_moved_by_hand():
    clock = FakeClock()
    task = asyncio.create_task(clock.sleep(100))
    await asyncio.sleep(0)
    clock.advance(100)
    await task
    assert clock.monotonic() == 100
