"""Redis is away: no call leaves, what is held is served, and it is told. Redis forgets: no call too many."""

import asyncio
import time

import pytest
from tests.flow.conftest import KEY, installed
from tests.flow.hardship.conftest import COLD, CURVE, PRM, WEEK, Stopwatch
from tests.flow.homes import REDIS, Home

from passerelle.cli import doctor
from passerelle.quota.bucket import LEAD_US, SECOND_US, WIDEST_WINDOW_US
from passerelle.quota.redis import open_redis

pytestmark = pytest.mark.redis
SECONDS = 6


@pytest.fixture
async def house(tmp_path, own_redis):
    """Two gateways on SQLite and a Redis that the test may stop."""
    async with installed(tmp_path, home=Home(REDIS, {"REDIS_URL": own_redis.url}, gateways=2)) as running:
        yield running


async def cold(house):
    """A read that needs one call: of each gateway in turn."""
    return await house.series(PRM, CURVE, *COLD)


async def used(house):
    state, _ = await house.opened.stores.quota_home.read("v5")
    return sum(count.calls for count in state.hours)


async def ready(house):
    answer = await house.http.get(f"{house.gateway_url}/health/ready")
    return answer.status_code, answer.json()["status"], answer.json()["trouble"]


async def quota_up(house):
    metrics = await house.http.get(f"{house.gateway_url}/metrics")
    return 'passerelle_up{part="quota"} 1.0' in metrics.text


async def doctors_word(house):
    settings = house.settings
    told = await doctor.examine(
        {
            "PASSERELLE_LISTEN": f"127.0.0.1:{settings.listen.port}",
            "PASSERELLE_SIMULATOR_LISTEN": f"127.0.0.1:{settings.simulator_listen.port}",
            "PASSERELLE_DATA_DIR": str(settings.data_dir),
            "PASSERELLE_REDIS_URL": settings.redis_url,
        },
        offline=True,
    )
    return [each for each in told if each.check == "quota"]


@pytest.mark.timeout(60)
async def test_without_redis_nothing_leaves_and_what_is_held_is_served(house, own_redis):
    await house.series(PRM, CURVE, *WEEK)
    assert await ready(house) == (200, "ok", [])
    assert await quota_up(house)
    before = await house.calls()
    await own_redis.stop()
    watch = Stopwatch()
    refused = await asyncio.gather(*(watch(cold(house)) for _ in range(4)))
    assert {(answer.status_code, answer.json()["code"]) for answer in refused} == {(503, "quota-exhausted")}
    assert {answer.json()["who_acts"] for answer in refused} == {"operator"}
    assert all(int(answer.headers["retry-after"]) > 0 for answer in refused)
    for _ in (house.opened, *house.others):
        held = await watch(house.series(PRM, CURVE, *WEEK))
        assert (held.status_code, held.headers["cache-status"]) == (200, "passerelle; hit")
    form = {"grant_type": "client_credentials", "client_id": "demo", "client_secret": KEY}
    token = (await house.http.post(f"{house.gateway_url}/enedis/oauth2/v3/token", data=form)).json()["access_token"]
    mirrored = await house.http.get(
        f"{house.gateway_url}/enedis/metering_data_clc/v5/consumption_load_curve",
        params={"usage_point_id": PRM, "start": COLD[0], "end": COLD[1]},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert (mirrored.status_code, mirrored.json()["code"]) == (429, "900804")
    assert await ready(house) == (200, "limited", ["quota"])
    assert not await quota_up(house)
    (word,) = await doctors_word(house)
    assert "cannot be kept now" in word.said[0]
    assert await house.calls() == before
    assert watch.slowest < SECONDS
    await own_redis.start()
    assert (await cold(house)).status_code == 200
    assert await ready(house) == (200, "ok", [])


@pytest.mark.timeout(60)
async def test_a_flushed_redis_counts_on_from_no_less_than_the_truth(house, own_redis):
    for day in range(10, 16):
        await house.series(PRM, CURVE, f"2026-10-{day}", f"2026-10-{day + 1}")
    truth = len(await house.calls())
    assert await used(house) == truth > 6
    async with open_redis(own_redis.url) as client:
        await client.flushall()
    lost = time.monotonic()
    assert (await house.series(PRM, CURVE, *WEEK)).status_code == 200
    assert time.monotonic() - lost >= (LEAD_US + WIDEST_WINDOW_US) / SECOND_US  # every slot that was given is over
    assert truth < await used(house) <= house.settings.limits.per_hour
