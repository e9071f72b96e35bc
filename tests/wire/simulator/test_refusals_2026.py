"""What the customer APIs of 2026 refuse, and how (F§10, F§13)."""

import json

import pytest

HOME = "22516914714270"
NOWHERE = "99999999999999"
ABSENT = {
    "situation_contrat_auto": "Situation contractuelle ou PRM non existant",
    "synth_contrat_auto": "Synthèse contractuelle ou PRM non existant",
    "comptage_auto": "Situation comptage ou PRM non existant",
    "donnees_generales_auto": "Données générales ou PRM non existant",
    "alimentation_auto": "Situation alimentation ou PRM non existant",
}
OUTSIDE = {"code": "SGT500", "message": "Problème technique dans l'interrogation du SI coeur"}
apis = pytest.mark.parametrize("api", ABSENT)


@apis
async def test_an_unknown_point_is_absent_in_the_words_of_its_api(stage, api):
    answer = await stage.get(f"/{api}/v1/{NOWHERE}")
    assert (answer.status_code, answer.json()) == (404, {"code": "SGT404", "message": ABSENT[api]})
    assert answer.headers["content-type"] == "application/json"


@apis
async def test_outside_the_specification_is_a_500(stage, api):
    """F§13, as observed: the PRM in the query, no PRM; and what is no PRM, or more than it."""
    answers = [
        await stage.get(f"/{api}/v1", usage_point_id=HOME),
        await stage.get(f"/{api}/v1/"),
        await stage.get(f"/{api}/v1/2251691471427"),
        await stage.get(f"/{api}/v1/{HOME}", usage_point_id=HOME),
    ]
    assert [(each.status_code, each.json()) for each in answers] == [(500, OUTSIDE)] * 4


@apis
async def test_how_a_consent_ended_says_how_it_is_refused(stage, api):
    prm = "40000000000001"
    for state, status, code in (
        ("granted", 200, None),
        ("revoked", 403, "SGT403"),
        ("granted", 200, None),
        ("expired", 400, "Bad request"),
    ):
        await stage.control("PUT", f"consents/{prm}", {"state": state})
        answer = await stage.get(f"/{api}/v1/{prm}")
        body = answer.json()
        assert answer.status_code == status
        assert code is None or body["code"] == code


async def test_the_sentences_of_a_consent_that_ended(stage):
    prm = "40000000000001"
    await stage.control("PUT", f"consents/{prm}", {"state": "revoked"})
    forbidden = await stage.get(f"/comptage_auto/v1/{prm}")
    assert forbidden.json()["message"] == "Le client n'est pas autorisé pour le point demandé"
    await stage.control("PUT", f"consents/{prm}", {"state": "expired"})
    stopped = await stage.get(f"/comptage_auto/v1/{prm}")
    assert stopped.json()["message"] == "Pas de services souscrits, le flux est stoppé."


async def test_before_its_services_are_there_a_point_has_none(stage):
    await stage.control("PUT", f"services/{HOME}", {"visible_at": "2026-11-24T11:00:00+01:00"})
    early = await stage.get(f"/alimentation_auto/v1/{HOME}")
    assert (early.status_code, early.json()["code"]) == (400, "Bad request")
    await stage.control("PUT", "clock", {"now": "2026-11-24T11:00:00+01:00"})
    assert (await stage.get(f"/alimentation_auto/v1/{HOME}")).status_code == 200


@apis
async def test_without_a_good_token(stage, api):
    missing = await stage.client.get(f"/{api}/v1/{HOME}")
    assert (missing.status_code, missing.json()["code"]) == (401, "900902")
    unknown = await stage.get(f"/{api}/v1/{HOME}", token="no-such-token")
    assert (unknown.status_code, unknown.json()["fault"]["code"]) == (401, 900901)


@pytest.mark.official
@pytest.mark.parametrize("api", [*ABSENT, "subscribed_services"])
async def test_an_api_that_is_not_subscribed(stage, official, api):
    await stage.control("PUT", "apis", {"api": api, "subscribed": False})
    captured = json.loads((official / "fixtures" / "errors" / "2026_900908_subscription.json").read_bytes())
    if api == "subscribed_services":
        token = await stage.token()
        answer = await stage.client.post(f"/{api}/v1", content=b"nothing", headers={"Authorization": f"Bearer {token}"})
    else:
        answer = await stage.get(f"/{api}/v1/{HOME}")
    assert answer.status_code == 403
    told = answer.json()
    assert (told["code"], told["description"]) == (captured["code"], captured["description"])
    assert told["message"].strip() == captured["message"].strip()


@apis
async def test_an_api_that_is_gone_and_another_method(stage, api):
    posted = await stage.client.post(f"/{api}/v1/{HOME}", headers={"Authorization": f"Bearer {await stage.token()}"})
    await stage.control("PUT", "apis", {"api": api, "served": False})
    gone = await stage.get(f"/{api}/v1/{HOME}")
    assert {(each.status_code, each.json()["code"]) for each in (posted, gone)} == {(404, "900906")}
