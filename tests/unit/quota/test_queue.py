import asyncio

import pytest

from passerelle.model.priority import Priority
from passerelle.quota.queue import FairQueue


async def settle():
    for _ in range(10):
        await asyncio.sleep(0)


class Line:
    """A queue whose calls are let in by name, in the order seen here."""

    def __init__(self) -> None:
        self.queue = FairQueue()
        self.inside = []
        self.tasks = {}

    async def join(self, name: str, account: str, priority: Priority):
        async def wait() -> None:
            await self.queue.enter(account, priority)
            self.inside.append(name)

        self.tasks[name] = asyncio.create_task(wait())
        await settle()

    async def leave(self, priority: Priority):
        self.queue.leave(priority)
        await settle()


async def test_two_calls_are_let_in_and_only_one_of_them_in_the_background():
    line = Line()
    for name in ("import 1", "import 2", "interactive 1", "interactive 2"):
        await line.join(name, "a", Priority.IMPORT if "import" in name else Priority.INTERACTIVE)
    assert line.inside == ["import 1", "interactive 1"]
    await line.leave(Priority.IMPORT)
    assert line.inside[2:] == ["interactive 2"]
    await line.leave(Priority.INTERACTIVE)
    assert line.inside[3:] == ["import 2"]


async def test_classes_go_in_order_whoever_came_first():
    line = Line()
    await line.join("first", "a", Priority.IMPORT)
    await line.join("import", "a", Priority.IMPORT)
    await line.join("refresh", "b", Priority.REFRESH)
    await line.leave(Priority.IMPORT)
    await line.leave(Priority.REFRESH)
    assert line.inside == ["first", "refresh", "import"]


async def test_accounts_take_turns_so_that_a_newcomer_is_next_before_ten_thousand():
    line = Line()
    waiting = [asyncio.create_task(line.queue.enter("busy", Priority.IMPORT)) for _ in range(10_000)]
    await settle()
    await line.join("newcomer", "new", Priority.IMPORT)
    await line.join("another", "other", Priority.IMPORT)
    await line.leave(Priority.IMPORT)
    assert line.inside == ["newcomer"]
    await line.leave(Priority.IMPORT)
    assert line.inside == ["newcomer", "another"]
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_nobody_is_overtaken_twice_by_accounts_that_ask_one_call_at_a_time():
    line = Line()
    for name, account in (("holder", "x"), ("full 1", "full"), ("full 2", "full"), ("full 3", "full"), ("a 1", "a")):
        await line.join(name, account, Priority.IMPORT)
    for turn in range(2, 6):
        await line.leave(Priority.IMPORT)
        await line.join(f"a {turn}", "a", Priority.IMPORT)
        await line.join(f"b {turn}", "b", Priority.IMPORT)
    assert [name.split()[0] for name in line.inside] == ["holder", "full", "a", "b", "full"]


async def test_a_call_given_up_while_it_waits_takes_no_place_and_no_turn():
    line = Line()
    for name, account in (("1", "c"), ("2", "a"), ("3", "a"), ("4", "b")):
        await line.join(name, account, Priority.REFRESH)
    line.tasks["2"].cancel()
    await settle()
    await line.leave(Priority.REFRESH)
    await line.leave(Priority.REFRESH)
    assert line.inside == ["1", "3", "4"]


async def test_a_place_given_to_a_call_that_is_given_up_at_that_moment_goes_on_to_the_next():
    line = Line()
    for name in ("1", "2", "3"):
        await line.join(name, "a", Priority.REFRESH)
    line.queue.leave(Priority.REFRESH)
    line.tasks["2"].cancel()
    with pytest.raises(asyncio.CancelledError):
        await line.tasks["2"]
    await settle()
    assert line.inside == ["1", "3"]
