"""Which addresses exist under `/enedis`, and that none of them ever answers in our own words."""

import pytest

from passerelle.model.catalogue import CATALOGUE
from passerelle.model.generation import Generation
from passerelle.web.mirror import errors
from passerelle.web.mirror.routes import CUSTOMERS, MEASURES

TOKEN = "/oauth2/v3/token"


def test_the_nine_data_paths_are_those_of_the_catalogue():
    rows = {row.path: row.scope for row in CATALOGUE if row.generation is Generation.V5 and row.scope is not None}
    rows.pop("/dataconnect/v1/oauth2/authorize")
    assert {path: noun.scope for path, noun in (MEASURES | CUSTOMERS).items()} == rows
    assert len(rows) == 9


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("GET", "/"),
        ("GET", "/nothing/here"),
        ("GET", "/metering_data_dc/v5/daily_consumption/"),
        ("GET", "/metering_data_dc/v4/daily_consumption"),
        ("GET", TOKEN),
        ("PUT", TOKEN),
        *(("POST", path) for path in (MEASURES | CUSTOMERS)),
        ("DELETE", "/customers_i/v5/identity"),
        ("PROPFIND", "/nothing/here"),
    ],
)
async def test_what_does_not_exist_is_said_in_enedis_words(house, method, path):
    answer = await house.client.request(method, f"/enedis{path}")
    assert (answer.status_code, answer.content) == (404, errors.UNKNOWN_PATH.body)
    assert answer.headers["content-type"] == "application/json"


async def test_the_rest_of_the_house_keeps_its_own_words(house):
    answer = await house.client.get("/enediss")
    assert answer.headers["content-type"] == "application/problem+json"
