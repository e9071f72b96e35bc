"""Several workers: each call is made once, what a dead one held returns, and a crowd stands before nobody."""

import asyncio
from collections import Counter
from datetime import date, timedelta

import pytest
from tests.flow.hardship.conftest import CURVE, CURVES
from tests.flow.homes import POSTGRESQL, SQLITE

from passerelle.gateway.adopt import Adoption, adopt
from passerelle.model.usage_point import UsagePointId
from passerelle.wiring import open_worker

OTHER, NEWCOMER = "30001112223334", "30999900000001"
CROWD = 110
"""More than a process begins to import in two rounds."""


async def consented(house, *prms, account="demo"):
    """Households that consent now, as after a customer's journey."""
    stores = house.opened.stores
    now = await stores.clock.now()
    for prm in prms:
        await house.control("PUT", f"consents/{prm}", {"state": "granted"})
    found = await stores.accounts.find(account) or await stores.accounts.create(account, now)
    points = [UsagePointId(prm) for prm in prms]
    await adopt(stores.consents, Adoption(found.id, points, "P1Y", now + timedelta(days=365), "journey"), now)


async def until_idle(worker):
    await worker.begin_imports()
    while await worker.work():
        pass


async def imported(house, prm=OTHER):
    found = (await house.get(f"/v1/usage-points/{prm}/imports")).json()["imports"]
    return {each["series"]: each["state"] for each in found}


@pytest.mark.timeout(90)
@pytest.mark.postgres
@pytest.mark.parametrize("home", [POSTGRESQL], indirect=True)  # where two may claim at the same moment
async def test_two_workers_and_a_reader_of_one_usage_point_make_each_call_once(house):
    await consented(house, OTHER)
    async with open_worker(house.settings) as one, open_worker(house.settings) as two:
        reading = asyncio.create_task(house.series(OTHER, CURVE, "2025-11-24", "2026-11-24"))
        await asyncio.gather(until_idle(one), until_idle(two))
        await until_idle(one)
        answer = await reading
    assert answer.json()["readings"] == await house.truth(OTHER, CURVE, "2025-11-24", "2026-11-24")
    states = await imported(house)
    assert {name: state for name, state in states.items() if name.startswith("consumption")} == {
        "consumption/load-curve": "done",
        "consumption/daily": "done",
    }
    assert "running" not in states.values()
    calls = [call["query"] for call in await house.calls(CURVES) if call["status"] == 200]
    days = Counter(day for each in calls for day in days_of(each))
    assert len(days) == 730
    assert set(days.values()) == {1}


def days_of(query):
    first, end = (date.fromisoformat(query[name]).toordinal() for name in ("start", "end"))
    return range(first, end)


@pytest.mark.timeout(90)
@pytest.mark.parametrize("home", [SQLITE], indirect=True)
async def test_a_crowd_of_waiting_imports_lets_another_account_in_within_two_calls(install):
    """What ten thousand waiting imports of one account would do, with as many as show it."""
    async with install(QUOTA_PER_SECOND="5") as house, open_worker(house.settings) as worker:
        crowd = [f"{30_000_000_000_000 + 100 * number + number % 40}" for number in range(CROWD)]
        await consented(house, *crowd)
        await worker.begin_imports()
        await worker.work()
        await house.set_clock("2026-11-24T09:05:00+01:00", frozen=False)
        worker._clock.forget()
        await consented(house, NEWCOMER, account="small")
        await house.control("DELETE", "calls")
        await worker.begin_imports()
        await worker.work()
        first = [call["usage_point_id"] for call in await house.calls(CURVES)][:2]
        assert NEWCOMER in first
