"""Kept fresh and imported without being asked: a worker beside gateways that only read."""

from collections import Counter

import pytest

from passerelle.consent.duration import end_of
from passerelle.gateway.adopt import Adoption, adopt
from passerelle.model.usage_point import UsagePointId
from passerelle.wiring import open_worker

PRM = "30001112223334"
CURVE, DAILY = "consumption/load-curve", "consumption/daily"
CURVES = "metering_data_clc"


async def consented(house, prm=PRM):
    """A household that consents now, as after a customer's journey."""
    await house.control("PUT", f"consents/{prm}", {"state": "granted"})
    now = await house.opened.stores.clock.now()
    account = await house.opened.stores.accounts.find("demo")
    adoption = Adoption(account.id, [UsagePointId(prm)], "P1Y", end_of("P1Y", now), "journey")
    await adopt(house.opened.stores.consents, adoption, now)


async def until_idle(worker):
    await worker.begin_imports()
    while await worker.work():
        pass


@pytest.fixture
async def worker(house):
    async with open_worker(house.settings) as upkeep:
        yield upkeep


async def imports(house, prm=PRM):
    return (await house.get(f"/v1/usage-points/{prm}/imports")).json()["imports"]


async def test_the_past_of_a_new_consent_is_imported_and_then_read_without_a_call(house, worker):
    await consented(house)
    assert await imports(house) == []
    await worker.begin_imports()
    for _ in range(5):
        await worker.work()
    running = {each["series"]: each for each in await imports(house)}
    assert running[CURVE]["state"] == "running"
    assert 0 < running[CURVE]["days_held"] < running[CURVE]["days"] == 730
    await until_idle(worker)
    done = {each["series"]: each for each in await imports(house)}
    assert (done[CURVE]["state"], done[DAILY]["state"]) == ("done", "done")
    assert done[CURVE]["days_held"] == 730
    refused = done["production/load-curve"]
    assert (refused["state"], refused["days_held"], refused["reason"]) == ("refused", 0, "wrong-direction")
    assert refused["problem"]["code"] == "wrong-direction"
    assert "ended_at" in refused
    calls = [call for call in await house.calls(CURVES) if call["status"] == 200]
    assert len(calls) == 105
    starts = Counter(call["query"]["start"] for call in calls)
    assert set(starts.values()) == {1}
    assert len([call for call in await house.calls("metering_data_dc") if call["status"] == 200]) <= 2
    before = len(await house.calls())
    answer = await house.series(PRM, CURVE, "2024-11-24", "2026-11-24", headers={"Prefer": "wait=60"})
    assert answer.headers["cache-status"] == "passerelle; hit"
    assert answer.json()["readings"] == await house.truth(PRM, CURVE, "2024-11-24", "2026-11-24")
    daily = (await house.series(PRM, DAILY, "2024-11-24", "2026-11-24")).json()
    assert {each["quality"] for each in daily["readings"]} == {"derived"}
    truth = await house.truth(PRM, DAILY, "2024-11-24", "2026-11-24")
    assert [each["value"] for each in daily["readings"]] == [each["value"] for each in truth]
    assert len(await house.calls()) == before


async def test_what_was_read_is_there_the_next_noon_before_anybody_asks(house, worker):
    plain = "22516914714270"
    await house.series(plain, CURVE, "2026-11-17", "2026-11-24")
    assert len(await house.calls(CURVES)) == 1
    await until_idle(worker)
    assert len(await house.calls(CURVES)) == 1
    await house.set_clock("2026-11-25T12:30:00+01:00")
    worker._clock.forget()
    await until_idle(worker)
    calls = await house.calls(CURVES)
    assert [call["query"]["start"] for call in calls[1:]] == ["2026-11-24"]
    answer = await house.series(plain, CURVE, "2026-11-18", "2026-11-25")
    assert answer.headers["cache-status"] == "passerelle; hit"
    assert answer.json()["readings"] == await house.truth(plain, CURVE, "2026-11-18", "2026-11-25")


async def test_an_import_waits_while_enedis_does_not_know_the_new_consent_yet(house, worker):
    await consented(house)
    await house.control("PUT", f"consents/{PRM}", {"state": "revoked"})
    await until_idle(worker)
    assert {each["state"] for each in await imports(house)} == {"running"}
    asked = len(await house.calls(CURVES))
    await until_idle(worker)
    assert len(await house.calls(CURVES)) == asked
    await house.control("PUT", f"consents/{PRM}", {"state": "granted"})
    await house.set_clock("2026-11-24T10:30:00+01:00")
    worker._clock.forget()
    await until_idle(worker)
    assert {each["series"]: each["days_held"] for each in await imports(house)}[CURVE] == 730


async def test_an_adopted_consent_is_not_imported(house, worker):
    await until_idle(worker)
    assert [call for call in await house.calls() if call["api"] != "oauth2"] == []


async def test_a_gateway_alone_does_it_by_itself(install):
    async with install(REFRESH="auto") as house:
        await consented(house)
        while not await imports(house):
            pass
        while len(await house.calls(CURVES)) < 3:
            pass
        answer = await house.series(PRM, CURVE, "2026-11-17", "2026-11-24")
        assert answer.json()["readings"] == await house.truth(PRM, CURVE, "2026-11-17", "2026-11-24")
