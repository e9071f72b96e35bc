"""The core of the SDK, driven by hand: no I/O, no waiting."""

from datetime import date, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerelle.client import requests
from passerelle.client.errors import AnswerUnreadable, GatewayProblem
from passerelle.errors import InvalidRequest
from passerelle.model.paris import in_paris, midnight
from passerelle.model.reading import GapReason
from passerelle.model.series import Series, Unit
from passerelle.problem import Actor
from passerelle.schema.problem import ProblemBody
from passerelle.schema.series import IntervalSeries, SeriesGap

PRM = "22516914714270"
START = date(2026, 10, 20)
CALL = requests.intervals(PRM, Series.CONSUMPTION_DAILY, START, date(2026, 10, 30), None)


def gap(first: date, days: int, reason: GapReason = GapReason.PENDING) -> SeriesGap:
    return SeriesGap(
        start=in_paris(midnight(first)), end=in_paris(midnight(first + timedelta(days=days))), reason=reason
    )


def reply(*gaps: SeriesGap, retry_after: int | None = None) -> requests.Reply[IntervalSeries]:
    body = IntervalSeries(
        usage_point_id=PRM,
        series=Series.CONSUMPTION_DAILY,
        unit=Unit.WATT_HOUR,
        start=START,
        end=date(2026, 10, 30),
        readings=[],
        gaps=list(gaps),
        energy_wh=0,
        as_of=datetime.fromisoformat("2026-11-24T08:00:00+01:00"),
    )
    return requests.Reply(body, b"", retry_after)


def problem(code: str, status: int, retry_after: int | None = None) -> ProblemBody:
    return ProblemBody(
        type=f"https://example.test/problems/{code}",
        title="A title",
        status=status,
        detail="A detail.",
        code=code,
        detail_fr="Un détail.",
        who_acts=Actor.CALLER,
        action="An action.",
        action_fr="Une action.",
        retryable=retry_after is not None,
        retry_after=retry_after,
        request_id="req-1",
    )


def test_a_prm_is_accepted_with_spaces_and_a_wrong_one_is_refused_before_anything_is_sent():
    assert requests.contract("22 516 914 714 270").path == f"/v1/usage-points/{PRM}/contract"
    with pytest.raises(InvalidRequest):
        requests.contract("123")


def test_a_consent_id_stays_one_segment_of_the_path():
    assert requests.forget_consent("../../x?y").path == "/v1/consents/..%2F..%2Fx%3Fy"


def test_the_key_and_the_wait_travel_as_headers():
    call = requests.intervals(PRM, Series.PRODUCTION_LOAD_CURVE, START, date(2026, 10, 21), 5)
    headers = call.headers("id.secret")
    assert headers["authorization"] == "Bearer id.secret"
    assert headers["prefer"] == "wait=5"
    assert call.params == (("start", "2026-10-20"), ("end", "2026-10-21"))
    assert "authorization" not in call.headers(None)
    assert call.timeout > 5


def test_asks_again_as_late_as_the_gateway_says_until_nothing_is_pending():
    seen: list[tuple[int, int]] = []
    steps = requests.until_complete(CALL, lambda done, total: seen.append((done, total)))
    assert next(steps).after == 0
    assert steps.send(reply(gap(START, 7), retry_after=3)).after == 3
    assert steps.send(reply(gap(START, 2))).after == requests.DEFAULT_PAUSE
    with pytest.raises(StopIteration):
        steps.send(reply(gap(START, 1, GapReason.UPSTREAM_ERROR), retry_after=60))
    assert seen == [(3, 10), (8, 10), (10, 10)]


def test_waits_out_the_gateways_own_limit_and_passes_on_other_refusals():
    steps = requests.until_complete(CALL)
    next(steps)
    assert steps.throw(GatewayProblem(problem("too-many-requests", 429, 4))).after == 4
    with pytest.raises(GatewayProblem):
        steps.throw(GatewayProblem(problem("quota-exhausted", 503, 1800)))


@given(
    first=st.dates(date(2025, 1, 1), date(2026, 12, 1)),
    days=st.integers(1, 40),
    other=st.sampled_from([reason for reason in GapReason if reason is not GapReason.PENDING]),
)
def test_pending_days_are_civil_days_whatever_the_hour_does(first: date, days: int, other: GapReason):
    answer = reply(gap(first, days), gap(first + timedelta(days=days), 3, other)).body
    assert requests.pending_days(answer) == days


def test_a_day_that_is_pending_in_part_counts():
    start = in_paris(midnight(START) + timedelta(hours=5))
    part = SeriesGap(start=start, end=start + timedelta(hours=1), reason=GapReason.PENDING)
    assert requests.pending_days(reply(part).body) == 1


def test_a_problem_becomes_an_error_that_carries_it():
    body = msgspec.json.encode(problem("consent-revoked", 403))
    with pytest.raises(GatewayProblem) as caught:
        requests.read_reply(CALL, 403, {"content-type": "application/problem+json; charset=utf-8"}, body)
    assert caught.value.problem.code == "consent-revoked"
    assert caught.value.problem.who_acts is Actor.CALLER
    assert "req-1" in str(caught.value)


@pytest.mark.parametrize(
    ("status", "media_type", "content"),
    [
        (200, "text/html", b"<html>a proxy</html>"),
        (200, "application/json", b"{}"),
        (200, "application/json", b'{"usage_point_id": "\xff"}'),
        (302, "text/html", b""),
        (502, "text/html", b"<html>Bad gateway</html>"),
        (500, "application/problem+json", b'{"title": "not ours"}'),
    ],
)
def test_what_no_gateway_would_say_is_one_error_that_does_not_repeat_it(status: int, media_type: str, content: bytes):
    with pytest.raises(AnswerUnreadable) as caught:
        requests.read_reply(CALL, status, {"content-type": media_type}, content)
    assert str(status) in caught.value.problem.detail
    assert "html" not in caught.value.problem.detail


def test_an_answer_without_content_is_none():
    assert requests.read_reply(requests.forget_consent("c"), 204, {}, b"").body is None


@pytest.mark.parametrize(("text", "seconds"), [("7", 7), ("", None), ("Wed, 21 Oct 2026 07:28:00 GMT", None)])
def test_retry_after_is_read_where_it_is_a_number(text: str, seconds: int | None):
    assert requests.retry_after({"retry-after": text}) == seconds
