"""The token API with an API key as client credentials (F§2, INTERFACE section 4)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from passerelle.gateway.rooms import KEY, MIRROR_TOKEN
from passerelle.model.scopes import Scope
from passerelle.web.mirror import errors

TOKEN, REVOKE = "/enedis/oauth2/v3/token", "/enedis/oauth2/v3/revoke"
GRANT = {"grant_type": "client_credentials"}
OWN = {"client_id": "demo", "client_secret": "demo.secret"}


def same(answer, refusal) -> bool:
    return (answer.status_code, answer.content) == (refusal.status, refusal.body)


@pytest.mark.parametrize("basic", [True, False])
async def test_both_ways_of_giving_the_credentials_work(house, basic):
    form, auth = (GRANT, tuple(OWN.values())) if basic else (GRANT | OWN, None)
    answer = await house.client.post(TOKEN, data=form, auth=auth)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    token = body.pop("access_token")
    assert body == {"token_type": "Bearer", "expires_in": 12600, "scope": "am_application_scope default"}
    assert house.keys.issued == [(MIRROR_TOKEN, timedelta(hours=3, minutes=30))]
    data = await house.get("/customers_i/v5/identity", {"Authorization": f"Bearer {token}"})
    assert same(data, errors.USAGE_POINT_MISSING)  # it opens


async def test_the_token_has_the_rights_of_its_key(house):
    kind, caller = house.keys.of["demo.secret"]
    house.keys.of["demo.secret"] = (kind, replace(caller, scopes=frozenset({Scope.CONTACT})))
    token = (await house.client.post(TOKEN, data=GRANT | OWN)).json()["access_token"]
    assert house.keys.of[token][1].scopes == {Scope.CONTACT}


@pytest.mark.parametrize("path", [TOKEN, REVOKE])
@pytest.mark.parametrize(
    ("form", "auth", "refusal"),
    [
        ({"client_id": "demo", "client_secret": "wrong"}, None, errors.TOKEN_INVALID_CLIENT),
        ({"client_id": "other", "client_secret": "demo.secret"}, None, errors.TOKEN_INVALID_CLIENT),
        ({"client_id": "demo"}, None, errors.TOKEN_INVALID_CLIENT),
        ({"client_secret": "demo.secret"}, None, errors.TOKEN_INVALID_CLIENT),
        ({"client_id": "demo", "client_secret": "v1.token"}, None, errors.TOKEN_INVALID_CLIENT),
        ({}, ("demo", "wrong"), errors.TOKEN_INVALID_CLIENT),
        ({}, None, errors.TOKEN_UNAUTHORIZED),
        (OWN, ("demo", "demo.secret"), errors.TOKEN_INVALID_REQUEST),
        ({**OWN, "token": ["a", "b"]}, None, errors.TOKEN_INVALID_REQUEST),
    ],
)
async def test_wrong_credentials(house, path, form, auth, refusal):
    assert same(await house.client.post(path, data=GRANT | form, auth=auth), refusal)


@pytest.mark.parametrize(
    ("form", "refusal"),
    [
        ({}, errors.TOKEN_INVALID_REQUEST),
        ({"grant_type": "authorization_code", "code": "x"}, errors.TOKEN_UNSUPPORTED_GRANT),
        ({"grant_type": ""}, errors.TOKEN_UNSUPPORTED_GRANT),
        (GRANT | {"scope": "default"}, errors.TOKEN_INVALID_SCOPE),
    ],
)
async def test_wrong_grants(house, form, refusal):
    assert same(await house.client.post(TOKEN, data=OWN | form), refusal)
    assert house.keys.issued == []


async def test_secrets_in_the_address_are_not_read(house):
    assert same(await house.client.post(TOKEN, params=OWN, data=GRANT), errors.TOKEN_UNAUTHORIZED)


async def test_a_key_revoked_in_between_is_wrong_too(house):
    house.keys.revoked_since = True
    assert same(await house.client.post(TOKEN, data=GRANT | OWN), errors.TOKEN_INVALID_CLIENT)


@pytest.mark.parametrize("path", [TOKEN, REVOKE])
async def test_only_forms_are_read(house, path):
    answer = await house.client.post(path, json=GRANT | OWN)
    assert same(answer, errors.TOKEN_CONTENT_TYPE)
    assert answer.headers["content-type"].startswith("text/html")


async def test_a_revoked_token_opens_nothing(house):
    for basic in (True, False):
        token = (await house.client.post(TOKEN, data=GRANT | OWN)).json()["access_token"]
        form = {"token": token, "token_type_hint": "access_token"} | ({} if basic else OWN)
        answer = await house.client.post(REVOKE, data=form, auth=tuple(OWN.values()) if basic else None)
        assert (answer.status_code, answer.content) == (200, b"")
        assert token not in house.keys.of


@pytest.mark.parametrize("token", ["unknown.token", "demo.secret", "v1.token", "mirror.other"])
async def test_what_is_no_mirror_token_of_the_account_is_left_alone(house, token):
    """F§2: 200 also for a token that does not exist. An API key pasted there survives."""
    house.keys.of["mirror.other"] = (MIRROR_TOKEN, house.keys.of["other.secret"][1])
    before = dict(house.keys.of)
    assert (await house.client.post(REVOKE, data=OWN | {"token": token})).status_code == 200
    assert house.keys.of == before
    assert house.keys.of["demo.secret"][0] == KEY


@pytest.mark.parametrize(
    ("form", "refusal"),
    [
        ({}, errors.TOKEN_INVALID_REQUEST),
        ({"token": ""}, errors.TOKEN_INVALID_REQUEST),
        ({"token": "mirror.token", "token_type_hint": "refresh_token"}, errors.TOKEN_UNSUPPORTED_TYPE),
    ],
)
async def test_wrong_revocations(house, form, refusal):
    assert same(await house.client.post(REVOKE, data=OWN | form), refusal)
    assert "mirror.token" in house.keys.of
