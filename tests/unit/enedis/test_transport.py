import asyncio
import logging
from base64 import b64decode
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from passerelle.enedis.transport import MOST_BYTES
from passerelle.errors import (
    BeforeActivation,
    OperatorActionNeeded,
    QuotaExhausted,
    TokenRejected,
    UpstreamBroken,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from passerelle.model.priority import Priority
from passerelle.problem import PasserelleError
from passerelle.testing.permits import CountedPermits, Hold

PRM = "22516914714270"
ASKED = {"usage_point_id": PRM, "start": "2026-11-01", "end": "2026-11-02"}


class Errand:
    account_id = "account-1"
    priority = Priority.REFRESH


async def ask(transport: Any) -> bytes:
    answer = await transport.get("metering_data_dc", "/metering_data_dc/v5/daily_consumption", ASKED, Errand())
    return bytes(answer.body)


async def test_a_call_carries_the_token_and_the_question(scene, answer):
    scene.data = [answer(200, {"a": 1}, "application/octet-stream")]
    assert await ask(scene.transport()) == b'{"a": 1}'
    token, data = scene.requests
    assert token.content == b"grant_type=client_credentials"
    assert token.headers["content-type"] == "application/x-www-form-urlencoded"
    assert b64decode(token.headers["authorization"].removeprefix("Basic ")) == b"the-client:the-secret"
    assert data.headers["authorization"] == "Bearer token-1"
    assert data.headers["accept"] == "application/json"
    assert dict(data.url.params) == ASKED


async def test_each_request_takes_a_permit_of_its_own_errand(scene, answer):
    scene.data = [answer(503, b""), answer(200, {"a": 1})]
    await ask(scene.transport())
    assert scene.permits.departed == 3
    assert scene.permits.turns == [
        ("v5", "passerelle", Priority.INTERACTIVE),
        ("v5", "account-1", Priority.REFRESH),
        ("v5", "account-1", Priority.REFRESH),
    ]


async def test_what_may_pass_is_tried_twice_more_with_growing_pauses(scene, answer):
    scene.data = [answer(503, b"")] * 3
    with pytest.raises(UpstreamUnavailable):
        await ask(scene.transport())
    assert len(scene.data_requests) == 3
    assert scene.clock.sleeps == [0.5, 1.0]


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (httpx2.ConnectError("no"), UpstreamUnavailable),
        (httpx2.RemoteProtocolError("gone"), UpstreamUnavailable),
        (httpx2.ReadError("reset"), UpstreamUnavailable),
        (httpx2.ReadTimeout("late"), UpstreamTimeout),
        (httpx2.ConnectTimeout("late"), UpstreamTimeout),
        (httpx2.PoolTimeout("late"), UpstreamTimeout),
    ],
)
async def test_a_lost_connection_is_translated_and_tried_again(scene, failure, kind):
    scene.data = [failure] * 3
    with pytest.raises(kind) as raised:
        await ask(scene.transport())
    assert len(scene.data_requests) == 3
    assert raised.value.problem.retry_after == 60
    assert raised.value.__cause__ is failure


@pytest.mark.parametrize(
    "code",
    ["ADAM-ERR0069", "ADAM-ERR0123", "ADAM-ERR0125", "ADAM-ERR0126", "ADAM-DC-0007", "ADAM-DC-0008", "ADAM-DC-0009"],
)
@pytest.mark.parametrize("status", [400, 403, 500])
async def test_what_never_passes_is_never_tried_again(scene, answer, code, status):
    """F§13: whatever the status that comes with it."""
    scene.data = [answer(status, {"error": code})]
    with pytest.raises(PasserelleError):
        await ask(scene.transport())
    assert len(scene.data_requests) == 1


@pytest.mark.parametrize("status", [400, 403, 404, 418])
async def test_an_unknown_refusal_is_not_tried_again(scene, answer, status):
    scene.data = [answer(status, {"error": "brand_new"})]
    with pytest.raises(PasserelleError):
        await ask(scene.transport())
    assert len(scene.data_requests) == 1


@pytest.mark.parametrize("body", [b"", b"  ", b"<html>maintenance</html>", b"{}", b"{ }"])
async def test_a_200_without_data_is_an_error(scene, answer, body):
    scene.data = [answer(200, body)]
    with pytest.raises(UpstreamBroken):
        await ask(scene.transport())
    assert len(scene.data_requests) == 1


async def test_no_redirect_is_followed(scene, answer):
    scene.data = [answer(302, b"", location="https://elsewhere.example/")]
    with pytest.raises(UpstreamBroken):
        await ask(scene.transport())
    assert len(scene.data_requests) == 1


async def test_a_body_without_end_is_cut(scene, answer):
    scene.data = [answer(200, b"[" + b" " * MOST_BYTES)]
    with pytest.raises(UpstreamBroken):
        await ask(scene.transport())
    assert len(scene.data_requests) == 1


class TestTokens:
    async def test_a_rejected_token_is_renewed_once(self, scene, answer):
        scene.tokens = [
            answer(200, {"access_token": "old", "expires_in": "12600"}),
            answer(200, {"access_token": "new"}),
        ]
        scene.data = [answer(401, {"fault": {"code": 900901, "message": "x"}}), answer(200, {"a": 1})]
        await ask(scene.transport())
        assert [request.headers["authorization"] for request in scene.data_requests] == ["Bearer old", "Bearer new"]

    async def test_a_second_rejection_is_told(self, scene, answer):
        scene.data = [answer(401, {"error": "brand_new"})] * 2
        with pytest.raises(TokenRejected):
            await ask(scene.transport())
        assert len(scene.token_requests) == 2

    async def test_callers_who_are_rejected_together_renew_once(self, scene, answer):
        scene.tokens = [answer(200, {"access_token": "old"}), answer(200, {"access_token": "new"})]
        scene.data = [answer(401, {"code": "900903"})] * 3 + [answer(200, {"a": 1})] * 3
        transport = scene.transport()
        await asyncio.gather(*(ask(transport) for _ in range(3)))
        assert len(scene.token_requests) == 2

    async def test_without_credentials_nothing_leaves(self, scene):
        scene.settings = replace(scene.settings, client_secret=None)
        with pytest.raises(OperatorActionNeeded):
            await ask(scene.transport())
        assert scene.requests == []

    @pytest.mark.parametrize(("status", "error"), [(400, "invalid_client"), (401, "Unauthorized")])
    async def test_wrong_credentials_are_the_operator_s(self, scene, answer, status, error):
        scene.tokens = [answer(status, {"error": error}, "text/html")]
        with pytest.raises(OperatorActionNeeded):
            await ask(scene.transport())
        assert len(scene.requests) == 1


class TestThrottling:
    async def test_the_hour_is_held_and_told(self, scene, answer):
        scene.data = [answer(429, {"code": "900804", "nextAccessTime": "2026-Nov-24 09:00:00+0000 UTC"})]
        with pytest.raises(QuotaExhausted) as raised:
            await ask(scene.transport())
        assert raised.value.problem.retry_after == 3600
        assert scene.permits.holds == [Hold("v5", datetime(2026, 11, 24, 9, tzinfo=UTC), spacing=False)]
        assert len(scene.data_requests) == 1

    async def test_the_second_is_slowed_and_tried_once(self, scene, answer):
        scene.data = [answer(429, {"error": "Quota Q3 reached"}), answer(200, {"a": 1})]
        await ask(scene.transport())
        assert scene.permits.holds == [Hold("v5", None, spacing=True)]

    async def test_a_second_429_is_told(self, scene, answer):
        scene.data = [answer(429, {"error": "Quota Q3 reached"})] * 2
        with pytest.raises(QuotaExhausted) as raised:
            await ask(scene.transport())
        assert raised.value.problem.retry_after == 1
        assert len(scene.data_requests) == 2

    async def test_the_quota_s_own_refusal_is_told_as_it_is(self, scene):
        scene.permits = CountedPermits(refuse_after=1)
        with pytest.raises(QuotaExhausted) as raised:
            await ask(scene.transport())
        assert raised.value.problem.retry_after == 120
        assert len(scene.permits.turns) == 2
        assert scene.data_requests == []
        assert scene.permits.holds == []


async def test_nothing_personal_is_logged(scene, answer, caplog, capsys):
    caplog.set_level(logging.DEBUG)
    scene.data = [answer(503, b""), answer(400, {"error": "ADAM-ERR0123", "error_description": f"for {PRM}"})]
    with pytest.raises(BeforeActivation):
        await ask(scene.transport())
    written = caplog.text + "".join(capsys.readouterr())
    assert PRM not in written
    assert "token-1" not in written
    assert "enedis_retry" in written
