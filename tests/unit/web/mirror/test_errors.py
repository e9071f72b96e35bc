"""The mirror's table of refusals is Enedis' own: catalogue, specification and captured answers (F§13)."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from passerelle.web.mirror import errors
from passerelle.web.mirror.errors import Refusal

pytestmark = pytest.mark.official

ROWS = {
    "technical-error-500": errors.TECHNICAL_ERROR,
    "authorize-v1-503": errors.UNAVAILABLE,
    "wso2-900901-invalid-credentials": errors.INVALID_CREDENTIALS,
    "wso2-900902-missing-credentials": errors.MISSING_CREDENTIALS,
    "wso2-900906-unknown-path": errors.UNKNOWN_PATH,
    "wso2-900908-not-subscribed": errors.NOT_SUBSCRIBED,
    "v5-bad-request-format": errors.BAD_REQUEST_FORMAT,
    "v5-usage-point-id-missing": errors.USAGE_POINT_MISSING,
    "v5-usage-point-id-not-14-digits": errors.USAGE_POINT_NOT_14_DIGITS,
    "v5-start-missing": errors.START_MISSING,
    "v5-start-malformed": errors.START_MALFORMED,
    "v5-end-missing": errors.END_MISSING,
    "v5-end-malformed": errors.END_MALFORMED,
    "v5-end-in-future": errors.END_IN_FUTURE,
    "v5-start-not-before-end": errors.START_NOT_BEFORE_END,
    "adam-dc-0008-403": errors.NO_CONSENT,
    "adam-dc-0009-403": errors.BEFORE_CONSENT,
    "adam-err0069-400": errors.WRONG_DIRECTION,
    "adam-err0075-400": errors.NOT_COLLECTED,
    "adam-err0123-400": errors.BEFORE_ACTIVATION,
    "adam-err0125-400": errors.BEYOND_HISTORY,
    "adam-err0126-400": errors.PERIOD_TOO_LONG,
    "v5-no-data-found-404": errors.NO_DATA,
}
OF_TOKENS = {
    "token-invalid-request": errors.TOKEN_INVALID_REQUEST,
    "token-invalid-client": errors.TOKEN_INVALID_CLIENT,
    "token-invalid-scope": errors.TOKEN_INVALID_SCOPE,
    "token-unsupported-grant-type": errors.TOKEN_UNSUPPORTED_GRANT,
    "revoke-unsupported-token-type": errors.TOKEN_UNSUPPORTED_TYPE,
    "token-unauthorized-401": errors.TOKEN_UNAUTHORIZED,
}
CAPTURED = {
    "gateway_401_900901.json": errors.INVALID_CREDENTIALS,
    "2026_900908_subscription.json": errors.NOT_SUBSCRIBED,
    "v5_403_ADAM-DC-0008.json": errors.NO_CONSENT,
    "v5_400_ADAM-ERR0126.json": errors.PERIOD_TOO_LONG,
    "v5_404_no_data_found.json": errors.NO_DATA,
    "token_400_invalid_client.json": errors.TOKEN_INVALID_CLIENT,
    "gateway_429_900804.json": errors.throttled(datetime(2026, 7, 17, 4, 59, 0, tzinfo=UTC), 60),
}


@pytest.fixture(scope="module")
def catalogue(official: Path):
    return {row["id"]: row for row in json.loads((official / "errors.json").read_text(encoding="utf-8"))}


def told(refusal: Refusal, shape: str) -> tuple[str, str]:
    """The code and the text of a body of this shape."""
    body = json.loads(refusal.body)
    if shape == "oauth":
        return body["error"], body["error_description"]
    if shape == "fault":
        return str(body["fault"]["code"]), body["fault"]["description"]
    more = f" / {body['description']}" if "description" in body else ""
    return body["code"], body["message"].strip() + more


def test_every_refusal_is_compared():
    compared = [*ROWS.values(), *OF_TOKENS.values(), errors.TOKEN_CONTENT_TYPE]
    table = [value for value in vars(errors).values() if isinstance(value, Refusal)]
    assert sorted(map(repr, table)) == sorted(map(repr, compared))


@pytest.mark.parametrize("row_id", ROWS)
def test_a_refusal_says_what_the_catalogue_says(catalogue, row_id):
    row, refusal = catalogue[row_id], ROWS[row_id]
    assert refusal.status == row["http_status"]
    assert refusal.media_type == row["content_type"]
    assert told(refusal, row["shape"]) == (row["code"], row["message"])


@pytest.mark.parametrize("row_id", OF_TOKENS)
def test_a_refusal_of_the_token_api_says_what_its_specification_says(official, catalogue, row_id):
    """The catalogue abridges these sentences, and their announced content type is to be ignored (F§2)."""
    row, refusal = catalogue[row_id], OF_TOKENS[row_id]
    text = (official / "openapi-v5" / "02-token.json").read_text(encoding="utf-8")
    code, sentence = told(refusal, row["shape"])
    assert (refusal.status, code) == (row["http_status"], row["code"])
    assert f'"{sentence}"' in text
    assert sentence[:25] == row["message"][:25]


def test_the_page_of_a_wrong_content_type_says_so(catalogue):
    row = catalogue["token-content-type-415"]
    assert errors.TOKEN_CONTENT_TYPE.status == row["http_status"]
    assert row["message"] in errors.TOKEN_CONTENT_TYPE.body.decode()
    assert errors.TOKEN_CONTENT_TYPE.media_type.startswith(row["content_type"])


@pytest.mark.parametrize("name", CAPTURED)
def test_a_refusal_looks_as_it_was_captured(official, name):
    captured = json.loads((official / "fixtures" / "errors" / name).read_text(encoding="utf-8"))
    assert json.loads(CAPTURED[name].body) == captured
    assert list(json.loads(CAPTURED[name].body)) == list(captured)
