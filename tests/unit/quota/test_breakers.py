"""The breakers as a process asks them: what costs a query, and what all processes see."""

import pytest

from passerelle.errors import UpstreamUnavailable
from passerelle.quota.breaker import Breaker
from passerelle.quota.breakers import Breakers
from passerelle.quota.home import away
from passerelle.quota.memory import MemoryRows


class Counted:
    """Rows that count their steps, on one clock moved by hand; `is_away`: they cannot be reached."""

    def __init__(self) -> None:
        self.seconds, self.steps, self.is_away = 1000.0, 0, False
        self._rows = MemoryRows(Breaker(), wall_ns=lambda: int(self.seconds * 10**9), monotonic=self.monotonic)

    def monotonic(self):
        return self.seconds

    async def change(self, key, rule):
        self.steps += 1
        if self.is_away:
            raise away()
        return await self._rows.change(key, rule)


@pytest.fixture
def rows():
    return Counted()


def process(rows):
    return Breakers(rows, monotonic=rows.monotonic)


async def fail(breakers, times=5, api="measures"):
    for _ in range(times):
        await breakers.allow(api)
        await breakers.failed(api)


async def refused(breakers, api="measures"):
    with pytest.raises(UpstreamUnavailable) as caught:
        await breakers.allow(api)
    return caught.value.problem.retry_after


async def test_failures_of_all_processes_add_up_and_all_see_the_pause_within_a_second(rows):
    one, two = process(rows), process(rows)
    await two.allow("measures")
    await fail(one, 4)
    await two.failed("measures")
    assert await refused(two) == 30
    rows.seconds += 1.001
    assert await refused(one) == 29
    await one.allow("contracts")


async def test_a_second_of_healthy_calls_costs_one_query(rows):
    breakers = process(rows)
    for _ in range(10):
        await breakers.allow("measures")
        await breakers.worked("measures")
        rows.seconds += 0.1
    assert rows.steps == 1
    rows.seconds += 0.1
    await breakers.allow("measures")
    assert rows.steps == 2


async def test_refusals_cost_no_query_either(rows):
    breakers = process(rows)
    await fail(breakers)
    steps = rows.steps
    rows.seconds += 0.5
    assert await refused(breakers) == 30
    assert rows.steps == steps


async def test_what_works_forgets_the_failures_of_all(rows):
    one, two = process(rows), process(rows)
    await fail(one, 4)
    await two.allow("measures")
    await two.worked("measures")
    await fail(one, 1)
    rows.seconds += 2
    await one.allow("measures")


async def test_after_the_pause_one_process_tries_and_its_success_lets_all_pass(rows):
    one, two = process(rows), process(rows)
    await fail(one)
    rows.seconds += 30
    await two.allow("measures")
    assert await refused(one) == 60
    await two.worked("measures")
    rows.seconds += 1.001
    await one.allow("measures")


async def test_a_pause_that_ends_within_the_second_of_memory_still_lets_only_one_pass(rows):
    one, two = process(rows), process(rows)
    await fail(one)
    rows.seconds += 29.5
    await refused(one)
    await refused(two)
    rows.seconds += 0.6
    await one.allow("measures")
    await refused(two)


async def test_without_its_rows_calls_pass(rows):
    breakers = process(rows)
    rows.is_away = True
    await fail(breakers, 9)
    await breakers.worked("measures")
