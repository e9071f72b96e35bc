"""Each API of 2026 has its own second and its own hour; v5 has one of each for everything (F§12)."""

import json
from datetime import UTC, datetime

import pytest

PRM = "22516914714270"
MEASURE, PLACE = "/mesure_synchrone_auto/v2/consommation_quotidienne", f"/donnees_generales_auto/v1/{PRM}"
INDEX = "/mesure_synchrone_auto/v2/index_consommation"
V5 = "/customers_i/v5/identity"
ASKED = {"pointId": PRM, "dateDebut": "2026-07-10", "dateFin": "2026-07-11"}


async def statuses(stage, path, count, **query):
    return [(await stage.get(path, hurry=True, **query)).status_code for _ in range(count)]


async def test_each_api_has_five_calls_a_second_of_its_own(stage):
    await stage.token()
    stage.time.advance(5)
    assert await statuses(stage, MEASURE, 3, **ASKED) == [200] * 3
    assert await statuses(stage, INDEX, 3, **ASKED) == [200, 200, 429]
    assert await statuses(stage, PLACE, 5) == [200] * 5
    assert await statuses(stage, V5, 5, usage_point_id=PRM) == [200] * 5
    assert (await stage.ask_token()).status_code == 200
    stage.time.advance(0.5)
    refused = await stage.get(PLACE, hurry=True)
    assert refused.status_code == 200
    await statuses(stage, PLACE, 4)
    refused = await stage.get(PLACE, hurry=True)
    assert (refused.status_code, refused.json()["code"]) == (429, "900807")


@pytest.mark.official
async def test_the_hour_of_one_api_is_not_that_of_another_and_its_body_is_the_observed_one(enter, official):
    stage = enter(quota_per_hour=4, quota_per_hour_2026=2, now=datetime(2026, 7, 17, 4, 10, tzinfo=UTC))
    found = [(await stage.get(MEASURE, **ASKED)).status_code for _ in range(3)]
    assert found == [200, 200, 429]
    refused = await stage.get(INDEX, **ASKED)
    captured = json.loads((official / "fixtures" / "errors" / "gateway_429_900804.json").read_bytes())
    assert (refused.status_code, refused.json()) == (429, captured)
    assert [(await stage.get(PLACE)).status_code for _ in range(3)] == [200, 200, 429]
    assert [(await stage.get(V5, usage_point_id=PRM)).status_code for _ in range(5)] == [200] * 4 + [429]
    await stage.control("PUT", "clock", {"now": "2026-07-17T05:00:00Z"})
    assert (await stage.get(MEASURE, **ASKED)).status_code == 200


async def test_the_journal_finds_the_point_wherever_it_is(stage):
    await stage.get(PLACE)
    await stage.get(MEASURE, **ASKED)
    await stage.get(V5, usage_point_id=PRM)
    await stage.get("/donnees_generales_auto/v1/123")
    await stage.get("/donnees_generales_auto/v1/", pointId=PRM)
    calls = [call for call in (await stage.control("GET", "calls")).json() if call["api"] != "oauth2"]
    assert [(call["api"], call["path"], call["usage_point_id"]) for call in calls] == [
        ("donnees_generales_auto", PLACE, PRM),
        ("mesure_synchrone_auto", MEASURE, PRM),
        ("customers_i", V5, PRM),
        ("donnees_generales_auto", "/donnees_generales_auto/v1/123", "123"),
        ("donnees_generales_auto", "/donnees_generales_auto/v1/", None),
    ]


async def test_every_api_of_2026_has_its_switches(stage):
    apis = (
        *("mesure_synchrone_auto", "situation_contrat_auto", "synth_contrat_auto", "comptage_auto"),
        *("donnees_generales_auto", "alimentation_auto", "subscribed_services"),
    )
    for api in apis:
        answer = await stage.control("PUT", "apis", {"api": api, "subscribed": False})
        assert answer.json() == {"api": api, "served": True, "subscribed": False}
        assert (await stage.control("PUT", "faults", {"api": api, "drop": True})).status_code == 200
