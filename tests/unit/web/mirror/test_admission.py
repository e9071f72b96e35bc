"""Who may call the data APIs, and with which parameters: nothing here is ever asked of Enedis (F§5, F§13)."""

from dataclasses import replace

import pytest

from passerelle.gateway.rooms import MIRROR_TOKEN
from passerelle.model.scopes import ALL_SCOPES, Scope
from passerelle.web.mirror import errors
from passerelle.web.mirror.routes import CUSTOMERS, MEASURES

PRM = "22516914714270"
ASK = {"usage_point_id": PRM, "start": "2026-11-20", "end": "2026-11-22"}
DAILY = "/metering_data_dc/v5/daily_consumption"
ALL_PATHS = [*MEASURES, *CUSTOMERS]


def same(answer, refusal) -> bool:
    return (answer.status_code, answer.content) == (refusal.status, refusal.body)


@pytest.mark.parametrize("path", ALL_PATHS)
@pytest.mark.parametrize(
    ("header", "refusal"),
    [
        ("", errors.MISSING_CREDENTIALS),
        ("Basic ZGVtbzpzZWNyZXQ=", errors.MISSING_CREDENTIALS),
        ("Bearer ", errors.MISSING_CREDENTIALS),
        ("Bearer nobody.knows", errors.INVALID_CREDENTIALS),
        ("Bearer demo.secret", errors.INVALID_CREDENTIALS),  # an API key is no mirror token
        ("Bearer v1.token", errors.INVALID_CREDENTIALS),
        ("Bearer two words", errors.INVALID_CREDENTIALS),
    ],
)
async def test_only_a_token_of_the_mirror_opens_it(house, path, header, refusal):
    answer = await house.get(path, {"Authorization": header})
    assert same(answer, refusal)
    assert "www-authenticate" in answer.headers


@pytest.mark.parametrize(("path", "scope"), [(path, noun.scope) for path, noun in (MEASURES | CUSTOMERS).items()])
async def test_each_path_needs_its_own_scope_before_anything_else(house, path, scope):
    for scopes, refused in ((ALL_SCOPES - {scope}, True), (frozenset({scope}), False)):
        _, caller = house.keys.of["mirror.token"]
        house.keys.of["mirror.token"] = (MIRROR_TOKEN, replace(caller, scopes=scopes))
        assert same(await house.get(path), errors.NOT_SUBSCRIBED) is refused


async def test_a_scope_of_v1_is_no_scope_of_a_series(house):
    _, caller = house.keys.of["mirror.token"]
    house.keys.of["mirror.token"] = (MIRROR_TOKEN, replace(caller, scopes=frozenset({Scope.USAGE_POINTS_READ})))
    assert same(await house.get(DAILY, **ASK), errors.NOT_SUBSCRIBED)


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"usage_point_id": None}, errors.USAGE_POINT_MISSING),
        ({"usage_point_id": ""}, errors.USAGE_POINT_MISSING),
        ({"usage_point_id": "2251691471427"}, errors.USAGE_POINT_NOT_14_DIGITS),
        ({"usage_point_id": "225 169 147 142 70"}, errors.USAGE_POINT_NOT_14_DIGITS),
        ({"usage_point_id": "٢٢٥١٦٩١٤٧١٤٢٧٠"}, errors.USAGE_POINT_NOT_14_DIGITS),
        ({"usage_point_id": f"{PRM}\n"}, errors.USAGE_POINT_NOT_14_DIGITS),
        ({"start": None}, errors.START_MISSING),
        ({"start": ""}, errors.START_MISSING),
        ({"start": "20/11/2026"}, errors.START_MALFORMED),
        ({"start": "20261120"}, errors.START_MALFORMED),
        ({"start": "2026-02-30"}, errors.START_MALFORMED),
        ({"start": "0000-01-01"}, errors.START_MALFORMED),
        ({"end": None}, errors.END_MISSING),
        ({"end": "2026-W47-1"}, errors.END_MALFORMED),
        ({"end": "2026-11-25"}, errors.END_IN_FUTURE),
        ({"end": "9999-12-31"}, errors.END_IN_FUTURE),
        ({"start": "2026-11-26", "end": "2026-11-25"}, errors.END_IN_FUTURE),
        ({"end": "2026-11-20"}, errors.START_NOT_BEFORE_END),
        ({"end": "2026-11-19"}, errors.START_NOT_BEFORE_END),
        ({"step": "30"}, errors.BAD_REQUEST_FORMAT),
        ({"person_id": "12"}, errors.BAD_REQUEST_FORMAT),
        ({"start": ["2026-11-20", "2026-11-20"]}, errors.BAD_REQUEST_FORMAT),
    ],
)
@pytest.mark.parametrize("path", list(MEASURES))
async def test_parameters_are_refused_as_at_enedis(house, path, change, refusal):
    asked = {name: value for name, value in (ASK | change).items() if value is not None}
    assert same(await house.get(path, **asked), refusal)
    assert house.enedis.asked == 0


@pytest.mark.parametrize(
    ("query", "refusal"),
    [
        ({}, errors.USAGE_POINT_MISSING),
        ({"usage_point_id": "1"}, errors.USAGE_POINT_NOT_14_DIGITS),
        ({"usage_point_id": [PRM, PRM]}, errors.BAD_REQUEST_FORMAT),
        ({"usage_point_id": PRM, "start": "2026-11-20"}, errors.BAD_REQUEST_FORMAT),
    ],
)
@pytest.mark.parametrize("path", list(CUSTOMERS))
async def test_so_are_those_of_the_customer_apis(house, path, query, refusal):
    assert same(await house.get(path, **query), refusal)
    assert house.enedis.asked == 0


async def test_a_well_formed_person_and_an_end_of_today_pass(house, energy_of):
    house.enedis.readings = [energy_of("2026-11-23", 5)]
    answer = await house.get(DAILY, **ASK | {"end": "2026-11-24", "person_id": "1358019319"})
    assert answer.status_code == 200
