"""The transport tells of each request that left, however it ended, and of none that did not leave."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

import httpx2
import pytest

from passerelle.enedis.seen import Seen
from passerelle.enedis.transport import MOST_BYTES, Transport
from passerelle.model.priority import Priority
from passerelle.problem import PasserelleError
from passerelle.testing.permits import CountedPermits

API = "metering_data_dc"


class Errand:
    account_id = "account-1"
    priority = Priority.REFRESH


async def watched(scene) -> list[Seen]:
    """What is told of one question to a data API, its token left out."""
    seen: list[Seen] = []
    own = scene.transport()
    transport = Transport(
        scene.settings, scene.permits, scene.clock, client=own._client, chance=lambda: 0.0, watch=seen.append
    )
    with suppress(PasserelleError):
        await transport.get(API, "/metering_data_dc/v5/daily_consumption", {}, Errand())
    return [each for each in seen if each.api != "oauth2"]


@pytest.mark.parametrize(
    ("failure", "outcome"),
    [
        (httpx2.ReadTimeout("late"), "timeout"),
        (httpx2.ConnectError("no"), "lost"),
        (httpx2.ReadError("reset"), "lost"),
        (httpx2.DecodingError("bad"), "damaged"),
    ],
)
async def test_each_try_is_told_with_what_came_of_it(scene, answer, failure, outcome):
    scene.data = [failure, answer(503, b""), answer(200, {"a": 1}, date="Tue, 24 Nov 2026 08:00:00 GMT")]
    date = datetime(2026, 11, 24, 8, tzinfo=UTC)
    assert await watched(scene) == [Seen(API, outcome), Seen(API, "503"), Seen(API, "200", date)]


async def test_a_429_and_a_refusal_are_told_by_their_status(scene, answer):
    scene.data = [answer(429, {"error": "Quota Q3 reached"}), answer(403, {"error": "ADAM-DC-0008"})]
    assert await watched(scene) == [Seen(API, "429"), Seen(API, "403")]


async def test_a_body_without_end_is_damaged(scene, answer):
    scene.data = [answer(200, b"[" + b" " * MOST_BYTES)]
    assert await watched(scene) == [Seen(API, "damaged")]


async def test_what_does_not_leave_is_not_told(scene):
    scene.permits = CountedPermits(refuse_after=1)
    assert await watched(scene) == []
    scene.settings = replace(scene.settings, client_secret=None)
    assert await watched(scene) == []


async def test_the_token_can_be_fetched_alone_and_serves_what_follows(scene, answer):
    scene.data = [answer(200, {"a": 1})]
    transport = scene.transport()
    await transport.ensure_token()
    await transport.get(API, "/metering_data_dc/v5/daily_consumption", {}, Errand())
    assert len(scene.token_requests) == 1
