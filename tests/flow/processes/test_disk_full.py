"""A disk without room under SQLite: what is held is served, nothing leaves that cannot be counted, and it recovers."""

import asyncio
import resource
from typing import Any

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")

READ, IMPORTED = "22516914714270", "12345678901234"
SERIES = "consumption/load-curve"
WEEK = ("2026-11-17", "2026-11-24")
COLD = ("2026-10-06", "2026-10-13")
UNLIMITED = resource.RLIM_INFINITY


def give_room(server: Any, longest: int) -> None:
    """No file of the process may be written to beyond so many bytes: as good as a full disk, for it alone."""
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (longest, UNLIMITED))


async def read(made: Any, span: tuple[str, str], point: str = READ) -> Any:
    path = f"/v1/usage-points/{point}/{SERIES}"
    return await made.get(path, params={"start": span[0], "end": span[1]}, headers={"Prefer": "wait=20"})


async def truth(made: Any, span: tuple[str, str], point: str = READ) -> Any:
    params = {"series": SERIES, "start": span[0], "end": span[1]}
    return (await made.control("GET", f"truth/{point}", params=params))["readings"]


async def imported_by_a_worker(made: Any) -> None:
    """A worker brings the newest weeks of a new consent, which nobody has opened yet when it ends."""
    (worker,) = made.workers
    await worker.start()
    async with asyncio.timeout(30):
        while sum(call["api"] == "metering_data_clc" for call in await made.calls()) < 4:
            pass
    await worker.end()


@pytest.mark.timeout(120)
async def test_without_room_what_is_held_is_served_and_nothing_leaves_uncounted(estate: Any):
    made = estate(workers=1, QUOTA_PER_SECOND="20", REFRESH="off")
    (gateway,) = made.gateways
    await made.simulator.start()
    await made.furnish([READ], journeys=[IMPORTED])
    await gateway.start()
    assert (await read(made, WEEK)).status_code == 200
    await imported_by_a_worker(made)
    before = await made.calls()

    give_room(gateway, 1)
    for point in (READ, IMPORTED):  # the second one's days wait in an inbox that cannot be emptied
        held = await read(made, WEEK, point)
        assert (held.status_code, held.headers["Cache-Status"]) == (200, "passerelle; hit")
        assert held.json()["readings"] == await truth(made, WEEK, point)
    cold = await read(made, COLD)
    assert (cold.status_code, cold.json()["code"]) == (503, "storage-unavailable")
    assert int(cold.headers["Retry-After"]) > 0
    part = await read(made, ("2026-11-10", "2026-11-24"))
    assert part.status_code == 200
    assert [gap["reason"] for gap in part.json()["gaps"]] == ["upstream-error"]
    assert len(part.json()["readings"]) == 7 * 48
    assert await made.calls() == before

    give_room(gateway, UNLIMITED)
    for point in (READ, IMPORTED):
        answer = await read(made, COLD, point)
        assert answer.json()["readings"] == await truth(made, COLD, point)
    counted = sum(hour.calls for hour in (await made.counted()).hours)
    assert counted >= len(await made.calls())
