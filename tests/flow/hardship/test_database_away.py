"""PostgreSQL is away, or hangs: every request ends soon with a problem, nothing leaves, and all goes on afterwards."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs
from tests.flow.conftest import installed
from tests.flow.hardship.conftest import COLD, CURVE, CURVES, PRM, WEEK, Stopwatch
from tests.flow.homes import POSTGRESQL, REDIS, at_home
from tests.postmaster import FULL, RECOVERING, STARTING, STOPPING, End, Ending, door_to

from passerelle.gateway.adopt import Adoption, adopt
from passerelle.gateway.lane_run import AT_ONCE
from passerelle.model.usage_point import UsagePointId
from passerelle.wiring import open_worker

pytestmark = pytest.mark.postgres
OTHER = "30001112223334"
YEAR = ("2025-11-24", "2026-11-24")
SECONDS = 12
"""The longest that anybody waits for an answer: connecting, a statement, and a place among the connections."""


@pytest.fixture(params=[POSTGRESQL, pytest.param(REDIS, marks=pytest.mark.redis)])
async def wired(request, tmp_path, cables):
    """A home whose PostgreSQL is reached by a cable, for one gateway."""
    async with at_home(request.param) as home:
        cable, url = await cables(home.settings["DATABASE_URL"])
        yield cable, replace(home, settings={**home.settings, "DATABASE_URL": url}, gateways=1)


@pytest.fixture(params=[POSTGRESQL, pytest.param(REDIS, marks=pytest.mark.redis)])
async def doored(request):
    """A home whose PostgreSQL is behind a door, for one gateway."""
    async with at_home(request.param) as home, door_to(home.settings["DATABASE_URL"]) as (door, url):
        yield door, replace(home, settings={**home.settings, "DATABASE_URL": url}, gateways=1)


async def every_kind_of_request(house):
    watch = Stopwatch()
    form = {"grant_type": "client_credentials", "client_id": "demo", "client_secret": house.key}
    mirror = f"{house.gateway_url}/enedis"
    answers = await asyncio.gather(
        watch(house.series(PRM, CURVE, *WEEK)),
        watch(house.series(PRM, CURVE, *COLD)),
        watch(house.get(f"/v1/usage-points/{PRM}/contract")),
        watch(house.get("/v1/usage-points")),
        watch(house.get(f"/v1/usage-points/{PRM}/gaps")),
        watch(house.http.post(f"{house.gateway_url}/v1/consents", json={"duration": "P1Y"}, headers=key(house))),
        watch(house.http.post(f"{mirror}/oauth2/v3/token", data=form)),
    )
    assert watch.slowest < SECONDS
    return answers


def key(house):
    return {"Authorization": f"Bearer {house.key}"}


async def works(house):
    assert {answer.status_code for answer in await every_kind_of_request(house)} <= {200, 201}
    assert (await house.series(PRM, CURVE, *WEEK)).headers["cache-status"] == "passerelle; hit"


async def says_that_it_is_away(house):
    (*ours, token), ready, metrics = await asyncio.gather(
        every_kind_of_request(house),
        house.http.get(f"{house.gateway_url}/health/ready"),
        house.http.get(f"{house.gateway_url}/metrics"),
    )
    assert {(answer.status_code, answer.json()["code"]) for answer in ours} == {(503, "storage-unavailable")}
    assert all(int(answer.headers["retry-after"]) > 0 for answer in (*ours, token))
    assert token.status_code == 503
    assert (ready.status_code, ready.json()["trouble"]) == (503, ["database"])
    assert 'passerelle_up{part="database"} 0.0' in metrics.text
    assert (await house.http.get(f"{house.gateway_url}/health/live")).status_code == 200


async def test_a_database_that_is_cut_off_is_told_and_found_again(tmp_path, wired):
    cable, home = wired
    async with installed(tmp_path, home=home) as house:
        await house.series(PRM, CURVE, *WEEK)
        before = await house.calls()
        await cable.cut()
        await says_that_it_is_away(house)
        assert await house.calls() == before
        await cable.mend()
        await works(house)


async def test_a_database_that_was_started_again_fails_nobody(tmp_path, wired):
    """The connections that were kept are closed, and known to be."""
    cable, home = wired
    async with installed(tmp_path, home=home) as house:
        await works(house)
        await cable.cut()
        await cable.mend()
        await works(house)


@pytest.mark.timeout(90)
@pytest.mark.parametrize("wired", [POSTGRESQL], indirect=True)
async def test_a_database_that_does_not_answer_keeps_nobody_waiting(tmp_path, wired):
    cable, home = wired
    async with installed(tmp_path, home=home) as house:
        await house.series(PRM, CURVE, *WEEK)
        before = await house.calls()
        cable.hang()
        await says_that_it_is_away(house)
        assert await house.calls() == before
        await cable.mend()
        await works(house)


async def mirror_token(house):
    form = {"grant_type": "client_credentials", "client_id": "demo", "client_secret": house.key}
    return (await house.http.post(f"{house.gateway_url}/enedis/oauth2/v3/token", data=form)).json()["access_token"]


async def more_requests(house, token):
    """A token of our own, and a read of the mirror by who has one of its."""
    days = dict(zip(("start", "end"), WEEK, strict=True))
    return await asyncio.gather(
        house.http.post(
            f"{house.gateway_url}/oauth/token", data={"grant_type": "client_credentials"}, auth=("demo", house.key)
        ),
        house.http.get(
            f"{house.gateway_url}/enedis/{CURVES}/v5/consumption_load_curve",
            params={"usage_point_id": PRM, **days},
            headers={"Authorization": f"Bearer {token}"},
        ),
    )


@pytest.mark.parametrize("error", [STARTING, STOPPING, RECOVERING, FULL], ids=lambda error: error[1])
async def test_a_database_that_takes_nobody_is_told_and_found_again(tmp_path, doored, error):
    door, home = doored
    async with installed(tmp_path, home=home) as house:
        token = await mirror_token(house)
        await works(house)
        assert {answer.status_code for answer in await more_requests(house, token)} == {200}
        before = await house.calls()
        door.refuse(error)
        with capture_logs() as logs:
            await says_that_it_is_away(house)
            ours, theirs = await more_requests(house, token)
        assert (ours.status_code, ours.headers["retry-after"]) == (503, "5")
        assert (theirs.status_code, theirs.headers["retry-after"]) == (503, "5")
        assert "accident" not in {line["event"] for line in logs}
        assert await house.calls() == before
        door.open()
        await works(house)
        assert {answer.status_code for answer in await more_requests(house, token)} == {200}


@pytest.mark.parametrize("ending", Ending)
async def test_a_database_that_goes_at_any_moment_is_no_accident(tmp_path, doored, ending):
    door, home = doored
    async with installed(tmp_path, home=home) as house:
        token = await mirror_token(house)
        with capture_logs() as logs:
            for answers in (1, 2, 4, 7, 11, 16):
                door.end(End(answers, ending))
                met = [*await every_kind_of_request(house), *await more_requests(house, token)]
                assert all("retry-after" in answer.headers for answer in met if not answer.is_success)
                assert {answer.status_code for answer in met} <= {200, 201, 503}
        assert [line for line in logs if line["log_level"] == "error"] == []
        door.open()
        door.cut()  # who has said goodbye hangs up in the end
        await works(house)


@pytest.mark.timeout(90)
async def test_what_cannot_be_kept_is_not_asked_for_and_work_goes_on_by_itself(tmp_path, wired):
    """An import with a caller and one of the worker, under way when the database goes."""
    cable, home = wired
    async with installed(tmp_path, home=home, QUOTA_PER_SECOND="20") as house, open_worker(house.settings) as upkeep:
        await consented(house, OTHER)
        working = asyncio.create_task(upkeep.run())
        asked = asyncio.create_task(house.series(PRM, CURVE, *YEAR, headers={"Prefer": "wait=60"}))
        await arrived(house, 12)
        await cable.cut()
        answer = await asked
        assert (answer.status_code, answer.json()["code"]) == (503, "storage-unavailable")
        left = len(await house.calls(CURVES))
        assert (await house.series(PRM, CURVE, *COLD)).status_code == 503
        assert len(await house.calls(CURVES)) == left
        await cable.mend()
        again = await house.series(PRM, CURVE, *YEAR, headers={"Prefer": "wait=60"})
        assert again.json()["readings"] == await house.truth(PRM, CURVE, *YEAR)
        await arrived(house, len(await house.calls(CURVES)) + 3)  # of the worker, which nobody has started again
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        spans = Counter((call["usage_point_id"], call["query"]["start"]) for call in await house.calls(CURVES))
        assert spans.total() - len(spans) <= 2 * AT_ONCE


async def consented(house, prm):
    """A household that consents now, as after a customer's journey."""
    await house.control("PUT", f"consents/{prm}", {"state": "granted"})
    stores = house.opened.stores
    now, account = await stores.clock.now(), await stores.accounts.find("demo")
    await adopt(
        stores.consents, Adoption(account.id, [UsagePointId(prm)], "P1Y", now + timedelta(days=365), "journey"), now
    )


async def arrived(house, count):
    async with asyncio.timeout(30):
        while len(await house.calls(CURVES)) < count:
            pass
