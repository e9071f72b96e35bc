"""The token API as its specification has it (F§2, 02-token.json)."""

import base64

import pytest

PATH = "/metering_data_dc/v5/daily_consumption"
ASKED = {"usage_point_id": "22516914714270", "start": "2026-11-20", "end": "2026-11-21"}
OURS = {"client_id": "simulator", "client_secret": "simulator-secret"}
GRANT = {"grant_type": "client_credentials"}


def basic(credentials: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(credentials.encode()).decode()}


async def test_both_ways_to_give_credentials_give_a_token_that_works(stage):
    by_header = await stage.ask_token()
    stage.time.advance(1)
    by_body = await stage.client.post("/oauth2/v3/token", data=GRANT | OURS)
    for answer in (by_header, by_body):
        assert answer.status_code == 200
        body = answer.json()
        assert body.keys() == {"access_token", "token_type", "expires_in", "scope"}
        assert (body["token_type"], body["expires_in"], body["scope"]) == (
            "Bearer",
            12600,
            "am_application_scope default",
        )
        assert body["access_token"].count(".") == 2
        assert (await stage.get(PATH, token=body["access_token"], **ASKED)).status_code == 200


@pytest.mark.parametrize(
    ("form", "headers", "status", "code"),
    [
        (GRANT | OURS, basic("simulator:simulator-secret"), 400, "invalid_request"),
        (GRANT | {"client_id": "simulator"}, basic("simulator:simulator-secret"), 400, "invalid_request"),
        (GRANT | OURS | {"client_secret": "wrong"}, {}, 400, "invalid_client"),
        (GRANT | {"client_id": "simulator"}, {}, 400, "invalid_client"),
        (GRANT, basic("other:simulator-secret"), 400, "invalid_client"),
        (GRANT, basic("no-colon"), 400, "invalid_client"),
        (GRANT, {"Authorization": "Basic %%%"}, 400, "invalid_client"),
        (GRANT, {"Authorization": "Digest x"}, 401, "Unauthorized"),
        (GRANT, {}, 401, "Unauthorized"),
        (OURS, {}, 400, "invalid_request"),
        (OURS | {"grant_type": "authorization_code", "code": "x"}, {}, 400, "unsupported_grant_type"),
        (OURS | GRANT | {"scope": "x"}, {}, 400, "invalid_scope"),
    ],
)
async def test_token_refusals(stage, form, headers, status, code):
    answer = await stage.client.post("/oauth2/v3/token", data=form, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (status, code)
    assert answer.headers["content-type"] == "text/html"


async def test_a_form_is_needed(stage):
    answer = await stage.client.post("/oauth2/v3/token", json=GRANT | OURS)
    assert (answer.status_code, answer.headers["content-type"]) == (415, "text/html")


async def test_a_repeated_parameter_is_an_invalid_request(stage):
    answer = await stage.client.post(
        "/oauth2/v3/token",
        content="grant_type=client_credentials&grant_type=client_credentials",
        headers={"Content-Type": "application/x-www-form-urlencoded"} | basic("simulator:simulator-secret"),
    )
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_credentials_in_the_query_string_are_not_read_and_not_kept(stage):
    """F§2: they ended in logs; the journal must not keep the secret either."""
    answer = await stage.client.post("/oauth2/v3/token", params=OURS, data=GRANT)
    assert answer.status_code == 401
    assert "simulator-secret" not in (await stage.control("GET", "calls")).text


async def test_a_token_ages_by_real_time_only(stage):
    token = await stage.token()
    await stage.control("PUT", "clock", {"now": "2026-12-24T10:00:00+01:00"})
    assert (await stage.get(PATH, token=token, **ASKED)).status_code == 200
    stage.time.advance(12_600)
    late = await stage.get(PATH, token=token, **ASKED)
    assert (late.status_code, late.json()["code"]) == (401, "900903")


async def test_revoking_works_also_for_an_unknown_token(stage):
    token = await stage.token()
    for revoked in ("never-issued", token):
        stage.time.advance(1)
        form = {"token": revoked, "token_type_hint": "access_token"} | OURS
        assert (await stage.client.post("/oauth2/v3/revoke", data=form)).status_code == 200
    inactive = await stage.get(PATH, token=token, **ASKED)
    assert (inactive.status_code, inactive.json()["code"]) == (401, "900904")
    assert (await stage.get(PATH, token="never-issued", **ASKED)).json()["fault"]["code"] == 900901


@pytest.mark.parametrize(
    ("form", "code"),
    [
        (OURS, "invalid_request"),
        (OURS | {"token": "x", "token_type_hint": "refresh_token"}, "unsupported_token_type"),
        ({"token": "x", "client_id": "simulator", "client_secret": "no"}, "invalid_client"),
    ],
)
async def test_revoke_refusals(stage, form, code):
    answer = await stage.client.post("/oauth2/v3/revoke", data=form)
    assert (answer.status_code, answer.json()["error"]) == (400, code)


@pytest.mark.official
async def test_a_refused_secret_is_worded_as_in_the_specification(stage, official):
    answer = await stage.client.post("/oauth2/v3/token", data=GRANT | OURS | {"client_secret": "no"})
    assert f'"{answer.json()["error_description"]}"' in (official / "openapi-v5" / "02-token.json").read_text()
