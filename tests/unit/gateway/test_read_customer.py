"""Customer records: kept for a day, stale rather than nothing, refusals remembered."""

import asyncio
from dataclasses import replace
from datetime import UTC, timedelta

import pytest

from passerelle.errors import (
    ConsentMissing,
    NoData,
    OperatorActionNeeded,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from passerelle.gateway.read_customer import ReadCustomer
from passerelle.gateway.read_series import CacheUse
from passerelle.gateway.record_asks import RecordAsks
from passerelle.model.customer import CustomerRecord
from passerelle.problem import Upstream
from passerelle.testing.clock import FakeClock
from passerelle.testing.enedis import ScriptedEnedis
from passerelle.testing.ledger import MemoryLeases
from passerelle.testing.links import MemoryLinks
from passerelle.testing.reading import NOW, PRM, READER
from passerelle.testing.records import MemoryRecordRefusals, MemoryRecords

CONTACT, CONTRACT = CustomerRecord.CONTACT, CustomerRecord.CONTRACT
HOUR = 3600


class House:
    """A process; one that stands `beside` another is a second one on its database."""

    def __init__(self, beside: "House | None" = None, holder: str = "one", forced: object = None) -> None:
        self.refusal = None
        if beside is None:
            self.clock = FakeClock(NOW.astimezone(UTC))
            self.links = MemoryLinks()
            self.links.link("account", PRM, since=NOW - timedelta(days=60))
            self.enedis = ScriptedEnedis(record_trouble=lambda _record: self.refusal)
            self.records, self.refusals = MemoryRecords(self.clock), MemoryRecordRefusals()
            self.leases = MemoryLeases(holder)
        else:
            self.clock, self.links, self.enedis = beside.clock, beside.links, beside.enedis
            self.records, self.refusals = beside.records, beside.refusals
            self.leases = replace(beside.leases, holder=holder)
        asks = RecordAsks(
            links=self.links,
            records=self.records,
            refusals=self.refusals,
            enedis=self.enedis,
            leases=self.leases,
            clock=self.clock,
        )
        self.read = ReadCustomer(links=self.links, asks=asks, clock=self.clock, forced=forced)

    async def ask(self, record: CustomerRecord = CONTACT, *, fresh: bool = False, wait: float = 5):
        return await self.read.answer(READER, PRM, record, wait, fresh=fresh)

    @property
    def calls(self) -> int:
        return len(self.enedis.calls)


async def test_a_record_is_asked_once_a_day():
    house = House()
    first = await house.ask()
    house.clock.advance(24 * HOUR - 1)
    assert (await house.ask(), house.calls) == (type(first)(first.record, CacheUse.HIT), 1)
    house.clock.advance(1)
    assert ((await house.ask()).cache, house.calls) == (CacheUse.MISS, 2)


async def test_no_cache_asks_again_once_in_ten_minutes():
    house = House()
    await house.ask()
    assert ((await house.ask(fresh=True)).cache, house.calls) == (CacheUse.MISS, 2)
    assert ((await house.ask(fresh=True)).cache, house.calls) == (CacheUse.HIT, 2)
    house.clock.advance(600)
    await house.ask(fresh=True)
    assert house.calls == 3


async def test_a_no_cache_that_the_account_may_not_force_does_not_use_up_the_ten_minutes():
    spent = [True]

    class Allowance:
        async def take(self, *_: object) -> bool:
            return not spent[0]

    house = House(forced=Allowance())
    await house.ask()
    assert ((await house.ask(fresh=True)).cache, house.calls) == (CacheUse.HIT, 1)
    spent[0] = False
    assert ((await house.ask(fresh=True)).cache, house.calls) == (CacheUse.MISS, 2)
    assert ((await house.ask(fresh=True)).cache, house.calls) == (CacheUse.HIT, 2)


async def test_under_a_new_consent_a_record_may_be_another_customer_s():
    house = House()
    await house.ask()
    house.clock.advance(60)
    house.links.link("account", PRM, since=NOW + timedelta(seconds=30))
    assert ((await house.ask()).cache, house.calls) == (CacheUse.MISS, 2)


async def test_under_a_new_consent_an_older_record_is_not_served_even_while_enedis_is_away():
    house = House()
    await house.ask()
    house.clock.advance(60)
    house.links.link("account", PRM, since=NOW + timedelta(seconds=30))
    house.refusal = UpstreamUnavailable("away", "absent")
    with pytest.raises(UpstreamUnavailable):
        await house.ask()


async def test_a_contract_in_part_is_asked_again_after_ten_minutes():
    house = House()
    house.enedis.contract_in_part = True
    assert (await house.ask(CONTRACT)).record.partial
    house.enedis.contract_in_part = False
    house.clock.advance(599)
    assert ((await house.ask(CONTRACT)).record.partial, house.calls) == (True, 1)
    house.clock.advance(1)
    assert ((await house.ask(CONTRACT)).record.partial, house.calls) == (False, 2)
    house.clock.advance(599)
    assert ((await house.ask(CONTRACT)).cache, house.calls) == (CacheUse.HIT, 2)


async def test_a_contract_in_part_takes_the_place_of_a_whole_one_only_after_a_week():
    house = House()
    whole = await house.ask(CONTRACT)
    house.enedis.contract_in_part = True
    house.clock.advance(25 * HOUR)
    for _ in range(3):
        again = await house.ask(CONTRACT)
        assert (again.record, again.cache) == (whole.record, CacheUse.STALE)
    assert house.calls == 2, "not asked again for ten minutes either"
    house.clock.advance(7 * 24 * HOUR)
    assert (await house.ask(CONTRACT)).record.partial


async def test_while_enedis_is_away_the_last_good_one_is_served():
    house = House()
    first = await house.ask()
    house.clock.advance(25 * HOUR)
    house.refusal = UpstreamUnavailable("away", "absent")
    stale = await house.ask()
    assert (stale.record, stale.cache, stale.unrenewed) == (first.record, CacheUse.STALE, house.refusal)
    house.refusal = None
    house.enedis.gate.clear()
    assert (await house.ask(wait=0)).cache is CacheUse.STALE


async def test_nothing_held_and_enedis_away_is_the_error():
    house = House()
    house.enedis.gate.clear()
    with pytest.raises(UpstreamTimeout):
        await house.ask(wait=0)
    house.enedis.gate.set()


@pytest.mark.parametrize(("error", "seconds"), [(NoData, HOUR), (ConsentMissing, 600)])
async def test_a_refusal_is_remembered(error, seconds):
    house = House()
    house.links.link("account", PRM, since=NOW)
    house.refusal = error("no", "non")
    for _ in range(5):
        with pytest.raises(error):
            await house.ask()
    assert house.calls == 1
    house.clock.advance(seconds)
    house.refusal = None
    await house.ask()
    assert house.calls == 2


@pytest.mark.parametrize(("error", "calls"), [(OperatorActionNeeded, 9), (UpstreamRejected, 1)])
async def test_a_failure_asked_every_quarter_of_an_hour_for_a_day_is_few_calls_and_says_when_to_come_back(error, calls):
    """As for a series: after 10, 20, 40, 80, 160, 320 minutes, then every six hours; a rejection after a day."""
    house = House()
    house.refusal = error("no", "non", upstream=Upstream(403, "900908", "no subscription"))
    other = House(house, "other")
    for quarter in range(96):
        before = house.calls
        with pytest.raises(error) as raised:
            await (other if quarter % 2 else house).ask()
        assert (raised.value.problem.retry_after is None) is (house.calls > before)
        house.clock.advance(15 * 60)
    assert house.calls == calls
    house.refusal = None
    assert (await house.ask(fresh=True)).cache is CacheUse.MISS, "who insists need not wait"


async def test_a_refusal_under_an_older_consent_says_nothing():
    house = House()
    house.refusal = NoData("no", "non")
    with pytest.raises(NoData):
        await house.ask()
    house.refusal = None
    house.clock.advance(1)
    house.links.link("account", PRM, since=NOW + timedelta(seconds=1))
    await house.ask()
    assert house.calls == 2


async def test_a_record_that_another_process_kept_a_moment_later_is_young():
    house = House()
    await house.ask()
    house.clock.advance(-0.1)
    assert ((await house.ask()).cache, house.calls) == (CacheUse.HIT, 1)


async def test_what_is_under_way_lands_before_a_gateway_closes():
    house = House()
    house.enedis.gate.clear()
    waiting = asyncio.create_task(house.ask(wait=0.01))
    await house.enedis.until_called(1)
    draining = asyncio.create_task(house.read.drain(1))
    with pytest.raises(UpstreamTimeout):
        await waiting
    assert not draining.done()
    house.enedis.gate.set()
    await draining
    assert ((await house.ask()).cache, house.calls) == (CacheUse.HIT, 1)


async def test_of_two_processes_that_ask_at_once_one_asks_enedis():
    one = House()
    two = House(one, "two")
    first, second = await asyncio.gather(one.ask(), two.ask())
    assert (first.record, one.calls) == (second.record, 1)
    assert not one.leases.taken
    assert not any(one.leases.wishes.values())
    again = await asyncio.gather(one.ask(fresh=True), two.ask(fresh=True))
    assert ([answer.cache for answer in again], one.calls) == ([CacheUse.MISS] * 2, 2)


async def test_who_looked_before_another_process_kept_it_does_not_ask_again():
    one = House()
    two = House(one, "two")
    await one.ask()
    one.clock.advance(25 * HOUR)
    held, looked, going_on = one.records.held, asyncio.Event(), asyncio.Event()

    async def slowly(*place: object):
        seen = await held(*place)
        looked.set()
        await going_on.wait()
        return seen

    one.records.held = slowly
    late = asyncio.create_task(two.ask())
    await looked.wait()
    one.records.held = held
    await one.ask()
    going_on.set()
    await late
    assert one.calls == 2


@pytest.mark.parametrize("error", [NoData, ConsentMissing])
async def test_what_one_process_was_refused_counts_for_all_and_after_a_restart(error):
    one = House()
    one.links.link("account", PRM, since=NOW)
    one.refusal = error("no", "non", upstream=Upstream(404, "code", "words", body=b"a name"))
    two = House(one, "two")
    asked = await asyncio.gather(one.ask(), two.ask(), return_exceptions=True)
    asked += await asyncio.gather(House(one, "three").ask(), return_exceptions=True)
    assert [type(told) for told in asked] == [error] * 3
    assert one.calls == 1
    assert asked[2].problem == replace(one.refusal.problem, upstream=Upstream(404, "code", "words"))


async def test_a_refusal_that_is_over_is_not_what_another_process_was_told():
    house = House()
    house.refusal = NoData("no", "non")
    with pytest.raises(NoData):
        await house.ask()
    house.clock.advance(HOUR)
    house.refusal = None
    assert (await house.ask()).cache is CacheUse.MISS
    assert not house.refusals.kept


async def test_a_refusal_of_a_clock_that_was_set_back_says_nothing():
    house = House()
    house.refusal = NoData("no", "non")
    with pytest.raises(NoData):
        await house.ask()
    house.clock.advance(-HOUR)
    house.refusal = None
    await house.ask()
    assert house.calls == 2


async def test_a_process_that_dies_at_it_leaves_it_to_another():
    one = House()
    one.enedis.gate.clear()
    dying = asyncio.create_task(one.ask())
    await one.enedis.until_called(1)
    two = House(one, "two")
    waiting = asyncio.create_task(two.ask())
    await one.clock.sleep(1)
    assert one.calls == 1
    one.leases.taken.clear()
    one.enedis.gate = asyncio.Event()
    one.enedis.gate.set()
    assert ((await waiting).cache, one.calls) == (CacheUse.MISS, 2)
    dying.cancel()
