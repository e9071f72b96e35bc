"""Lanes that are ended: whoever is in one is let go, and the next one finds it open."""

import asyncio
from datetime import date

import pytest

from passerelle.errors import InternalError
from passerelle.gateway.flights import Flights, LaneWork, Order, Want
from passerelle.testing.links import MemoryLinks
from passerelle.testing.reading import CURVE, NOW, PRM, READER

DAYS = frozenset({date(2026, 11, 20)})


class House:
    """A usage point whose work never ends by itself; `at_work` is set while it is done."""

    def __init__(self) -> None:
        self.flights = Flights()
        self.link = MemoryLinks().link("account", PRM, since=NOW)
        self.at_work = asyncio.Event()

    def join(self) -> Want:
        want = Want(Order(READER, PRM, self.link, CURVE), self.look, set(DAYS), looked_at=0)
        self.flights.join(want, self.work)
        return want

    async def look(self) -> frozenset[date]:
        return DAYS

    async def work(self, _: LaneWork) -> None:
        self.at_work.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.at_work.clear()

    async def end(self, how: str) -> None:
        if how == "abandon":
            await self.flights.abandon("account", [self.link.point_id])
        else:
            await self.flights.drain(0)


@pytest.mark.parametrize("how", ["abandon", "drain"])
async def test_who_is_in_a_lane_that_is_ended_is_let_go(how: str):
    house = House()
    want = house.join()
    await house.at_work.wait()
    await house.end(how)
    assert want.done.done()
    assert isinstance(want.told[0].error, InternalError)
    assert not house.at_work.is_set()


async def test_a_lane_that_is_ended_before_its_work_begins_is_no_trap():
    house = House()
    want = house.join()
    await house.end("abandon")
    assert want.done.done()
    again = house.join()
    await house.at_work.wait()
    assert not again.done.done()
    await house.end("drain")
