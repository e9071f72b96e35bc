import json
from pathlib import Path

import pytest

from passerelle.enedis.catalogue import APIS_2026, ROWS, Row, classify
from passerelle.enedis.generations import BUCKETS_2026
from passerelle.errors import (
    PROBLEMS,
    NoData,
    QuotaExhausted,
    TokenRejected,
    UpstreamBroken,
    UpstreamUnavailable,
    UpstreamUnknown,
)

ITC = ("situation_contrat_auto", "synth_contrat_auto", "donnees_generales_auto", "alimentation_auto", "comptage_auto")


def apis_of(row: Row) -> list[str]:
    """Every API whose answer may be this row."""
    if row.api.startswith(("authorize", "consent page")):
        return []  # they come through the browser
    if row.api.startswith("oauth2"):
        return ["oauth2"]
    if row.generation == "v5":
        return ["metering_data_clc"]
    if row.generation == "both":
        return ["metering_data_clc", *sorted(APIS_2026)]
    if row.api.startswith("2026 APIs"):
        return sorted(APIS_2026)
    return [*ITC, "subscribed_services"] if row.api.startswith("ITC 2026") else [row.api.split()[0]]


CASES = [(row, api) for row in ROWS for api in apis_of(row)]


def render(row: Row, code: object) -> bytes:
    """The body of this row, written from what F§13 says of shapes."""
    shapes: dict[str | None, object] = {
        "oauth": {"error": code, "error_description": row.message},
        "wso2": {"code": code, "message": row.message},
        "fault": {
            "fault": {"code": int(row.code or 0) if (row.code or "").isdigit() else code, "message": row.message}
        },
        "list": [{"code": code, "message": row.message}],
        "ok-empty": {},
    }
    if row.shape == "empty":
        return b""
    if row.shape == "html":
        return f"<html><body>{row.message}</body></html>".encode()
    return json.dumps(shapes[row.shape], ensure_ascii=False).encode()


@pytest.mark.parametrize(("row", "api"), CASES, ids=[f"{row.id} {api}" for row, api in CASES])
@pytest.mark.parametrize(
    "spell", [str, str.lower, lambda code: code.upper().replace("-", "_")], ids=["as is", "lower", "underscore"]
)
def test_each_row_is_read_as_its_problem(row: Row, api: str, spell):
    status = row.http_status or 503
    code = spell(row.code) if row.code else None
    error = classify(api, status, row.content_type, render(row, code))
    problem = error.problem
    assert problem.code == row.problem
    assert row.status in (None, problem.status)
    assert problem.who_acts is row.who_acts_for_our_caller
    assert problem.retryable is row.retryable
    # Two rows spell one code in two ways: either's words do.
    twins = [twin for twin in ROWS if (twin.message, twin.http_status) == (row.message, row.http_status)]
    assert (problem.detail, problem.detail_fr) in [(twin.meaning_en, twin.meaning_fr) for twin in twins]
    assert (problem.action, problem.action_fr) in [(twin.action_en, twin.action_fr) for twin in twins]
    if row.generation == "2026":
        assert (problem.detail, problem.action) == (row.meaning_en, row.action_en)
    assert problem.upstream
    assert problem.upstream.status == status


def test_no_row_of_a_call_is_left_out():
    assert {row.id for row, _ in CASES} == {row.id for row in ROWS if not row.api.startswith(("auth", "consent"))}
    assert {api for row, api in CASES if row.generation == "2026"} == APIS_2026
    assert set(BUCKETS_2026) == APIS_2026


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.generation == "2026" and row.code is None], ids=lambda r: r.id
)
@pytest.mark.parametrize("code", ["SGT999", "Bad request"])
def test_a_message_of_2026_counts_under_any_code_of_its_own(row: Row, code: str):
    """F§16.6: the codes of 2026 are not published."""
    for api in apis_of(row):
        if row.shape == "wso2":
            listed = json.dumps([{"code": code, "message": row.message}]).encode()
            for body in (render(row, code), listed):
                assert classify(api, row.http_status or 0, None, body).problem.code == row.problem


@pytest.mark.parametrize("api", sorted(APIS_2026))
def test_a_403_of_2026_is_the_customer_s_unless_the_gateway_in_front_says_so(api: str):
    """F§13."""
    unknown = b'{"code": "SGT403", "message": "words never seen"}'
    assert classify(api, 403, None, unknown).problem.code == "consent-missing"
    assert classify(api, 403, None, b'[{"code": "SGT403", "message": "x"}]').problem.code == "consent-missing"
    assert classify(api, 403, None, b'{"message": "words never seen"}').problem.code == "consent-missing"
    assert classify(api, 403, None, b'{"code": "900908", "message": "x"}').problem.code == "operator-action-needed"
    assert classify(api, 403, None, b'{"code": "900999", "message": "x"}').problem.code == "upstream-unknown"
    assert classify(api, 404, None, b"<html></html>").problem.code == "upstream-broken"


@pytest.mark.parametrize("api", sorted(APIS_2026))
def test_the_codes_adam_mean_the_same_in_2026(api: str):
    for row in ROWS:
        if row.code and row.code.upper().startswith("ADAM") and row.generation == "v5":
            error = classify(api, row.http_status or 0, None, render(row, row.code.lower().replace("-", "_")))
            assert error.problem.code == row.problem


def test_a_measure_without_a_shared_service_is_the_customer_s_too():
    (row,) = (row for row in ROWS if row.id == "v2026-itc-no-subscribed-service-400")
    assert classify("mesure_synchrone_auto", 400, None, render(row, row.code)).problem.code == "consent-missing"


def test_v5_never_reads_the_rows_of_2026():
    for row in ROWS:
        if row.generation == "2026" and row.shape == "wso2" and row.http_status:
            problem = classify("metering_data_dc", row.http_status, None, render(row, row.code or "SGT1")).problem
            assert problem.detail != row.meaning_en


def test_the_rows_name_problems_that_exist_with_their_status():
    for row in ROWS:
        assert row.problem in PROBLEMS
        assert row.status in (None, PROBLEMS[row.problem].status), row.id


@pytest.mark.official
def test_the_catalogue_is_the_official_one(official: Path):
    ours = Path(__file__).parents[3] / "src" / "passerelle" / "enedis" / "errors.json"
    assert ours.read_bytes() == (official / "errors.json").read_bytes()


@pytest.mark.official
@pytest.mark.parametrize(
    ("name", "status", "problem"),
    [
        ("gateway_401_900901.json", 401, "token-rejected"),
        ("gateway_429_900804.json", 429, "quota-exhausted"),
        ("html_503.html", 503, "upstream-broken"),
        ("v5_400_ADAM-DC-0007.json", 400, "consent-missing"),
        ("v5_400_ADAM-ERR0069.json", 400, "wrong-direction"),
        ("v5_400_ADAM-ERR0126.json", 400, "upstream-rejected"),
        ("v5_403_ADAM-DC-0008.json", 403, "consent-missing"),
        ("v5_404_no_data_found.json", 404, "no-data"),
        ("2026_404_no_measure.json", 404, "no-data"),
        ("2026_403_not_holder.json", 403, "consent-missing"),
        ("2026_ADAM-ERR0123.json", 400, "before-activation"),
        ("2026_900908_subscription.json", 403, "operator-action-needed"),
        ("2026_429_sla.json", 429, "quota-exhausted"),
    ],
)
def test_captured_errors(official: Path, name: str, status: int, problem: str):
    body = (official / "fixtures" / "errors" / name).read_bytes()
    api = "mesure_synchrone_auto" if name.startswith("2026") else "metering_data_dc"
    assert classify(api, status, "text/plain", body).problem.code == problem


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, b'{"error": "brand_new"}', TokenRejected),
        (429, b"", QuotaExhausted),
        (429, b"<html>slow down</html>", QuotaExhausted),
        (502, b'{"error": "brand_new"}', UpstreamUnavailable),
        (504, b"", UpstreamUnavailable),
        (418, b'{"error": "brand_new", "error_description": "teapot"}', UpstreamUnknown),
        (404, b"<html>nothing here</html>", UpstreamBroken),
        (400, b"plain words", UpstreamUnknown),
        (302, b"", UpstreamBroken),
        (200, b'{"meter_reading": {"inter', UpstreamBroken),
        (400, b"[" * 100_000, UpstreamUnknown),
    ],
)
def test_what_is_not_in_the_catalogue(status: int, body: bytes, kind: type):
    error = classify("metering_data_dc", status, None, body)
    assert type(error) is kind
    assert error.problem.upstream
    assert error.problem.upstream.body == body


def test_an_unknown_error_keeps_the_original():
    upstream = classify(
        "customers_i", 418, "a/b", b'{"error": "brand_new", "error_description": "teapot"}'
    ).problem.upstream
    assert upstream
    assert (upstream.status, upstream.code, upstream.message, upstream.content_type) == (
        418,
        "brand_new",
        "teapot",
        "a/b",
    )


def test_the_status_tells_apart_the_rows_of_one_code():
    """ADAM-DC-0007: 403 in English, then 400 in French (F§13)."""
    details = {
        classify("metering_data_dc", status, None, b'{"error": "ADAM_DC_0007"}').problem.detail for status in (400, 403)
    }
    known = {row.meaning_en for row in ROWS if row.code == "ADAM-DC-0007"}
    assert details == known


def test_a_known_code_under_another_status_keeps_its_meaning():
    assert isinstance(classify("metering_data_dc", 200, None, b'{"error": "no_data_found"}'), NoData)


def test_an_empty_500_is_the_token_s_own_when_the_token_call_gave_it():
    assert classify("oauth2", 500, None, b"").problem.code == "upstream-unavailable"
    assert classify("metering_data_dc", 500, None, b"").problem.code == "upstream-broken"


def test_no_prm_and_no_address_in_what_is_shown():
    body = b'{"error": "x_22516914714270", "error_description": "PRM22516914714270 of jon.doe@example.org"}'
    error = classify("metering_data_dc", 400, None, body)
    assert "22516914714270" not in repr(error.problem) + str(error)
    assert "jon.doe" not in repr(error.problem) + str(error)


def test_those_of_503_say_when_to_come_back():
    assert classify("metering_data_dc", 503, None, b"").problem.retry_after == 60
    assert classify("metering_data_dc", 503, None, b"", retry_after=7).problem.retry_after == 7
    assert classify("metering_data_dc", 400, None, b'{"error": "ADAM-ERR0123"}').problem.retry_after is None
