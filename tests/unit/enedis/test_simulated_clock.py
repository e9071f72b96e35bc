import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from passerelle.enedis.simulated_clock import SimulatedClock
from passerelle.enedis.transport import ControlPort
from passerelle.testing.clock import FakeClock

MACHINE = datetime(2026, 11, 24, 8, tzinfo=UTC)
TOLD = datetime(2027, 3, 28, 0, 59, tzinfo=UTC)


class Simulator:
    def __init__(self) -> None:
        self.asked: list[str] = []
        self.frozen = False
        self.away = False
        self.now = "2027-03-28T01:59:00+01:00"

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(str(request.url))
        if self.away:
            raise httpx2.ConnectError("no")
        return httpx2.Response(200, content=json.dumps({"now": self.now, "frozen": self.frozen}))


@pytest.fixture
def simulator() -> Simulator:
    return Simulator()


@pytest.fixture
def machine() -> FakeClock:
    return FakeClock(MACHINE)


@pytest.fixture
def clock(simulator: Callable[[httpx2.Request], httpx2.Response], machine: FakeClock) -> SimulatedClock:
    client = httpx2.AsyncClient(transport=httpx2.MockTransport(simulator))
    return SimulatedClock("http://127.0.0.1:8421/path", port=ControlPort(client), machine=machine)


async def test_it_tells_the_simulator_s_time(simulator, clock):
    assert await clock.now() == TOLD
    assert simulator.asked == ["http://127.0.0.1:8421/_control/clock"]


async def test_those_who_come_together_share_one_reading(simulator, clock):
    assert set(await asyncio.gather(*(clock.now() for _ in range(10)))) == {TOLD}
    assert len(simulator.asked) == 1


async def test_it_runs_on_and_asks_again_after_200_ms(simulator, clock, machine):
    await clock.now()
    machine.advance(0.199)
    assert await clock.now() == TOLD + timedelta(seconds=0.199)
    assert len(simulator.asked) == 1
    machine.advance(0.001)
    assert await clock.now() == TOLD
    assert len(simulator.asked) == 2


async def test_it_stands_still_while_frozen(simulator, clock, machine):
    simulator.frozen = True
    await clock.now()
    machine.advance(0.1)
    assert await clock.now() == TOLD
    assert clock.frozen


async def test_it_runs_on_while_the_simulator_is_away(simulator, clock, machine):
    await clock.now()
    simulator.away = True
    machine.advance(10)
    assert await clock.now() == TOLD + timedelta(seconds=10)
    assert await clock.now() == TOLD + timedelta(seconds=10)
    assert len(simulator.asked) == 2


async def test_before_any_reading_it_is_the_machine_s(simulator, clock, machine):
    simulator.away = True
    machine.advance(5)
    assert await clock.now() == MACHINE + timedelta(seconds=5)


async def test_what_cannot_be_read_is_as_no_answer(simulator, clock):
    simulator.now = "noon"
    assert await clock.now() == MACHINE


async def test_spacing_and_ages_are_the_machine_s(clock, machine):
    machine.advance(3)
    assert clock.monotonic() == 3
    await clock.sleep(2)
    assert machine.monotonic() == 5
