"""Which addresses exist under `/enedis`, and that none of them ever answers in our own words."""

import pytest

from passerelle.model.catalogue import CATALOGUE
from passerelle.model.generation import Generation
from passerelle.model.scopes import Scope
from passerelle.web.mirror import errors
from passerelle.web.mirror.routes import CUSTOMERS, CUSTOMERS_2026, MEASURES, MEASURES_2026, SERVICES_2026
from passerelle.web.mirror.v2026.records import RECORDS

TOKEN = "/oauth2/v3/token"


def test_the_nine_data_paths_are_those_of_the_catalogue():
    rows = {row.path: row.scope for row in CATALOGUE if row.generation is Generation.V5 and row.scope is not None}
    rows.pop("/dataconnect/v1/oauth2/authorize")
    assert {path: noun.scope for path, noun in (MEASURES | CUSTOMERS).items()} == rows
    assert len(rows) == 9


def test_the_thirteen_data_paths_of_2026_are_those_of_the_catalogue():
    rows = {row.path: row.scope for row in CATALOGUE if row.generation is Generation.V2026}
    rows.pop("/dataconnect/v2/oauth2/authorize")
    served = {path: series.scope for path, series in MEASURES_2026.items()}
    served |= {path: RECORDS[api].scope for path, api in CUSTOMERS_2026.items()}
    assert served | {SERVICES_2026[0]: Scope.USAGE_POINTS_READ} == rows
    assert len(rows) == 13


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
        *(("POST", path) for path in MEASURES_2026),
        ("GET", "/mesure_synchrone_auto/v1/consommation_quotidienne"),
        ("GET", "/mesure_synchrone_auto/v2/index_consumption"),
        ("GET", "/subscribed_services/v1"),
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


async def test_a_wrong_method_of_v5_is_deprecated_as_the_right_one_is(house):
    for path in MEASURES | CUSTOMERS:
        answers = [await house.client.request(method, f"/enedis{path}") for method in ("GET", "POST")]
        assert {answer.headers["deprecation"] for answer in answers} == {"@1790553600"}
    for path in MEASURES_2026:
        answers = [await house.client.request(method, f"/enedis{path}") for method in ("GET", "POST")]
        assert not any("deprecation" in answer.headers for answer in answers)
