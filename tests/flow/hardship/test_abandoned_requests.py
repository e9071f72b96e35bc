"""Consent requests that nobody follows do not pile up: whoever looks after usage points deletes them in time."""

import asyncio

from passerelle.wiring import open_worker


async def requests_of(house):
    return {each["id"] for each in (await house.get("/v1/consents")).json()["consents"] if each["state"] != "granted"}


async def ask(house):
    headers = {"Authorization": f"Bearer {house.key}"}
    answer = await house.http.post(f"{house.gateway_url}/v1/consents", json={"duration": "P1Y"}, headers=headers)
    return answer.json()["id"]


async def test_a_request_that_gave_nothing_is_gone_a_month_after_its_end_and_no_sooner(house):
    before = await requests_of(house)
    old = await ask(house)
    await house.set_clock("2026-12-20T09:00:00+01:00")
    recent = await ask(house)
    assert await requests_of(house) == before | {old, recent}
    await house.set_clock("2026-12-26T09:00:00+01:00")
    async with open_worker(house.settings) as worker:
        working = asyncio.create_task(worker.run())
        async with asyncio.timeout(20):
            while old in await requests_of(house):
                pass
        working.cancel()
        await asyncio.wait([working])
    assert await requests_of(house) >= {recent}
    assert len((await house.get("/v1/usage-points")).json()["usage_points"]) > 0
