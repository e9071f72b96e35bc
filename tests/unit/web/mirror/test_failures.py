"""What the mirror says when Enedis, the quota or the gateway fails (INTERFACE section 4)."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest

from passerelle.consent.states import ConsentState
from passerelle.errors import (
    ConsentMissing,
    InternalError,
    NoData,
    OperatorActionNeeded,
    QuotaExhausted,
    TokenRejected,
    UpstreamBroken,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnavailable,
    UpstreamUnknown,
    UsagePointUnknown,
)
from passerelle.gateway.read_series import CacheUse, SeriesAnswer
from passerelle.model.days import DaySpan
from passerelle.model.paris import day_bounds
from passerelle.model.reading import Gap, GapReason
from passerelle.model.series import Series
from passerelle.problem import Upstream
from passerelle.web.mirror import errors
from passerelle.web.mirror.errors import Refused
from passerelle.web.mirror.measures import measure_body

PRM = "22516914714270"
DAYS = ("2026-11-20", "2026-11-22")
IDENTITY = "/customers_i/v5/identity"


def said(status: int, body: bytes, content_type: str | None = "application/json") -> Upstream:
    return Upstream(status=status, content_type=content_type, body=body)


async def both(house, error):
    """The answers of a measure and of a customer API to the same trouble."""
    house.enedis.refusal, link = error, house.links.link
    measure = await house.daily(*DAYS)
    house.links.link = link  # a refusal of the consent ends it
    return [measure, await house.get(IDENTITY, usage_point_id=PRM)]


@pytest.mark.parametrize(
    "error",
    [
        UpstreamUnavailable("Away.", "Absent.", retry_after=7),
        UpstreamTimeout("Late.", "Tard.", retry_after=7),
        UpstreamBroken("Broken.", "Illisible.", retry_after=7, upstream=said(502, b"<html>", "text/html")),
        UpstreamBroken("Broken.", "Illisible.", retry_after=7, upstream=said(200, b'{"meter_rea')),
        UpstreamBroken("Broken.", "Illisible.", retry_after=7, upstream=said(200, b'{"error":"no error at all"}')),
        UpstreamUnknown("Odd.", "Étrange.", retry_after=7, upstream=said(404, b'{"code": "SGT404"}')),
        UpstreamUnavailable("Away.", "Absent.", retry_after=7, upstream=said(503, b"", None)),
        UpstreamRejected("Token.", "Jeton.", retry_after=7, upstream=said(400, b'{"error": "invalid_request"}')),
        UpstreamUnknown("Deep.", "Profond.", retry_after=7, upstream=said(400, b'{"more":' + b"[" * 100_000)),
    ],
)
async def test_enedis_away_is_503(house, error):
    for answer in await both(house, error):
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "7"
        assert answer.headers["content-type"] == "application/json"
        assert answer.json()["error"] == "Service Unavailable"


@pytest.mark.parametrize("kind", [TokenRejected, OperatorActionNeeded])
async def test_the_gateways_own_standing_at_enedis_is_not_the_callers(house, kind):
    body = b'{"error": "unauthorized_user", "error_description": "user is not authorized to access this resource"}'
    for answer in await both(house, kind("Ours.", "À nous.", upstream=said(403, body))):
        assert (answer.status_code, answer.json()["error"]) == (503, "Service Unavailable")


@pytest.mark.parametrize(
    ("kind", "status", "body"),
    [
        (UpstreamRejected, 400, b'{"error":"Invalid_request","error_description":"A new rule."}'),
        (UpstreamUnavailable, 500, b'{ "error": "ADAM-DC-0500", "error_description": "Technical Exception" }'),
        (UpstreamUnknown, 418, b'{"error":"ADAM-ERR9999"}'),
        (UsagePointUnknown, 404, b'{"error":"STM-ERR-0000019","error_description":"Unknown or unauthorized user."}'),
        (NoData, 404, b'{"error":"STM-ERR-0000014"}'),
        (ConsentMissing, 400, '{"error":"ADAM-DC-0007","error_description":"Le client n\'est pas…"}'.encode()),
    ],
)
async def test_enedis_own_refusal_is_passed_on_byte_for_byte(house, kind, status, body):
    error = kind("It said so.", "Il l'a dit.", upstream=said(status, body))
    for answer in await both(house, error):
        assert (answer.status_code, answer.content) == (status, body)


@pytest.mark.parametrize(
    ("kind", "status", "body"),
    [
        (UpstreamRejected, 400, b'{"error":"Invalid_request","error_description":"A new rule."}'),
        (UpstreamRejected, 400, b'{"error":"invalid_request","error_description":"Of the token API."}'),
        (UpstreamRejected, 400, b'{"error":"ADAM-DC-0015","error_description":"Odd."}'),
        (UsagePointUnknown, 404, b'{"error":"STM-ERR-0000019","error_description":"Unknown or unauthorized user."}'),
        (UpstreamUnknown, 418, b'{"error":"ADAM-ERR9999","error_description":"Odd."}'),
        (UpstreamUnknown, 404, b'{"code":"SGT404","message":"Of another generation."}'),
        (UpstreamUnknown, 400, b'{"code":"Invalid_request","message":"Of another generation."}'),
        (OperatorActionNeeded, 403, b'{"code":"900908","message":"Resource forbidden"}'),
        (TokenRejected, 401, b'{"code":"900901","message":"Invalid Credentials"}'),
        (UpstreamBroken, 200, b"<html>"),
    ],
)
async def test_a_refusal_that_is_remembered_is_told_in_the_same_words(house, kind, status, body):
    for ask in (partial(house.daily, *DAYS), partial(house.get, IDENTITY, usage_point_id=PRM)):
        first, again = await house.refused(ask, kind, status, body)
        assert (again.status_code, again.headers["content-type"]) == (first.status_code, first.headers["content-type"])
        assert again.content == first.content
        if first.status_code == 503:
            assert 0 < int(again.headers["retry-after"]) <= 86_401


async def test_a_body_of_another_generation_is_said_in_v5(house):
    upstream = said(404, '{"code": "SGT404", "message": "Pas de mesure trouvée pour ce point"}'.encode())
    for answer in await both(house, NoData("Nothing.", "Rien.", upstream=upstream)):
        assert (answer.status_code, answer.json()["error"]) == (404, "no_data_found")


async def test_a_used_up_quota_says_when_to_come_back(house):
    house.clock.instant = datetime(2026, 7, 17, 4, 46, 39, 500_000, tzinfo=UTC)
    house.links.link = replace(house.links.link, granted_at=house.clock.instant - timedelta(days=9))
    house.enedis.refusal = QuotaExhausted("Used up.", "Épuisé.", retry_after=800)
    for answer in (
        await house.daily("2026-07-10", "2026-07-12"),
        await house.get(IDENTITY, usage_point_id=PRM),
    ):
        assert answer.status_code == 429
        assert answer.headers["retry-after"] == "800"
        assert answer.json() == {
            "code": "900804",
            "message": "Message throttled out",
            "description": "You have exceeded your quota .You can access API after 2026-Jul-17 05:00:00+0000 UTC",
            "nextAccessTime": "2026-Jul-17 05:00:00+0000 UTC",
        }


async def test_enedis_own_429_is_said_as_a_quota_too(house):
    upstream = said(429, b'{"error":"Quota Q3 reached","error_description":"Call threshold allowed on 10:00:00"}')
    for answer in await both(house, QuotaExhausted("Used up.", "Épuisé.", upstream=upstream)):
        assert answer.json()["nextAccessTime"] == "2026-Nov-24 10:00:00+0000 UTC"  # unknown: the next round hour


async def test_our_own_failure_is_a_technical_error(house):
    for answer in await both(house, InternalError("Oh.", "Oh.")):
        assert (answer.status_code, answer.json()["error"]) == (500, "technical_error")


async def test_an_accident_is_a_technical_error_too(house):
    house.links.link = "no link at all"
    answer = await house.daily(*DAYS)
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/json")
    assert answer.json() == {"error": "technical_error", "error_description": "Technical error. Please try later."}


async def test_who_does_not_want_to_wait_hears_503(house):
    house.enedis.silent = True
    for answer in (
        await house.daily(*DAYS, Prefer="wait=0"),
        await house.get(IDENTITY, {"Prefer": "wait=0"}, usage_point_id=PRM),
    ):
        assert (answer.status_code, answer.json()["error"]) == (503, "Service Unavailable")
        assert answer.headers["retry-after"] == "5"


async def test_what_is_refused_already_is_said_before_what_is_still_fetched(house):
    """Older days are still on their way when newer ones are refused."""
    span = DaySpan(date(2026, 11, 20), date(2026, 11, 22))
    first, middle = day_bounds(span.start)
    last = span.instants[1]
    gaps = (Gap(first, middle, GapReason.PENDING), Gap(middle, last, GapReason.WRONG_DIRECTION))
    answer = SeriesAnswer(PRM, Series.PRODUCTION_DAILY, span, (), gaps, house.clock.instant, CacheUse.MISS)
    with pytest.raises(Refused) as raised:
        await measure_body(answer, house.clock)
    assert raised.value.refusal is errors.WRONG_DIRECTION


async def test_no_answer_holds_the_usage_point_of_a_refused_call(house):
    house.links.link = None
    answer = await house.daily(*DAYS)
    assert PRM not in answer.text
    assert json.loads(answer.text) == {
        "error": "ADAM-DC-0008",
        "error_description": "No consent can be found for this customer and this usage point.",
    }


@pytest.mark.parametrize("state", [ConsentState.REVOKED, ConsentState.REFUSED, ConsentState.DISPUTED])
async def test_a_consent_that_ended_is_refused_before_enedis_is_asked(house, state):
    house.links.link = replace(house.links.link, state=state)
    for answer in await both(house, None):
        assert (answer.status_code, answer.json()["error"]) == (403, "ADAM-DC-0008")
    assert house.enedis.asked == 0


async def test_an_expired_consent_too(house):
    house.links.link = replace(house.links.link, expires_at=house.clock.instant)
    for answer in await both(house, None):
        assert (answer.status_code, answer.json()["error"]) == (403, "ADAM-DC-0008")
