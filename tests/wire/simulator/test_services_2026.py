"""`subscribed_services`: what is shared, in pages, and not before it is to be seen (F§4, F§10)."""

from typing import Any

import pytest
import yaml
from jsonschema import Draft4Validator

PATH = "/subscribed_services/v1"
HOME, NO_CURVE, ROOF, BOTH = "22516914714270", "32320647321714", "24880057139941", "12655648759651"
THREE = ("64975835695673", "63695879465986", "22315546958763")


async def ask(stage, body: Any, path: str = PATH, **query: str):
    stage.time.advance(1)
    headers = {"Authorization": f"Bearer {await stage.token()}"}
    sent = {"content": body} if isinstance(body, bytes) else {"json": body}
    return await stage.client.post(path, params=query, headers=headers, **sent)


async def grant(stage, *prms: str, **order: str):
    for prm in prms:
        await stage.control("PUT", f"consents/{prm}", {"state": "granted", **order})


async def identify(stage, prm: str) -> int:
    """The authorisation of the point's holder, as the consent page hands it over."""
    form = {"client_id": "simulator", "response_type": "code", "duration": "P1Y", "state": "s"}
    chosen = form | {"usage_point_id": prm, "decision": "approve"}
    await stage.control("PUT", f"consents/{prm}", {"state": "revoked"})
    answer = await stage.client.post("/dataconnect/simulator/v2/decision", data=chosen)
    return int(answer.headers["location"].partition("autorisation_id=")[2].partition("&")[0])


async def everything(stage, authorisation: int, **search: Any) -> list[dict[str, Any]]:
    """Every service, page after page, as a client reads them."""
    found: list[dict[str, Any]] = []
    for page in range(1, 100):
        body = (await ask(stage, {"autorisationId": authorisation, "comptage": False, "page": page, **search})).json()
        found += body.get("serviceSouscrit", [])
        if len(found) >= body["nbTotalServices"]:
            break
    return found


@pytest.mark.official
@pytest.mark.parametrize("prm", [HOME, NO_CURVE, ROOF, BOTH])
async def test_answers_validate(stage, official, prm):
    authorisation = await identify(stage, prm)
    document = yaml.safe_load((official / "openapi-2026" / "Services-souscrits.yaml").read_text(encoding="utf-8"))
    definitions = document["definitions"]
    for schema in definitions.values():
        schema["additionalProperties"] = False
    # F§10: a key that is served and not specified.
    definitions["AutorisationServiceSouscrit"]["properties"]["autorisationStatut"] = {"type": "string"}
    check = Draft4Validator({"$ref": "#/definitions/ServiceSouscritReponsePaginee", "definitions": definitions})
    for page in (1, 2, 3):
        answer = await ask(stage, {"autorisationId": authorisation, "comptage": False, "page": page})
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
        check.validate(answer.json())


async def test_a_home_shares_five_services_for_the_duration(stage):
    authorisation = await identify(stage, HOME)
    found = await everything(stage, authorisation)
    assert [each["mesuresTypeCode"] for each in found] == ["CDC", "PMAX", "IDX", "ENERGIE", "ITC"]
    assert [each["mesuresPas"] for each in found] == ["PT30M", "P1D", "P1D", "P1D", "NA"]
    assert {(each["dateDebut"], each["dateFin"]) for each in found} == {("2026-11-24", "2027-11-24")}
    assert {(each["soutirage"], each["injection"]) for each in found} == {(True, False)}
    assert {(each["pointId"], each["serviceCode"]) for each in found} == {(HOME, "ACCES")}
    assert len({each["id"] for each in found}) == 5
    assert {tuple(each["autorisation"].items()) for each in found} == {
        (
            ("autorisationId", authorisation),
            ("autorisationLibelle", f"DATACONNECT_{HOME}"),
            ("autorisationType", "EXPLICITE"),
            ("autorisationStatut", "ACTIVE"),
        )
    }


async def test_what_the_meter_cannot_give_is_no_service(stage):
    """F§7, F§11: no curve where it is not collected; a roof has no peak of consumption."""
    without = await everything(stage, await identify(stage, NO_CURVE))
    assert [each["mesuresTypeCode"] for each in without] == ["PMAX", "IDX", "ENERGIE", "ITC"]
    roof = await everything(stage, await identify(stage, ROOF))
    assert [each["mesuresTypeCode"] for each in roof] == ["CDC", "IDX", "ENERGIE", "ITC"]
    assert {(each["soutirage"], each["injection"]) for each in roof} == {(False, True)}
    both = await everything(stage, await identify(stage, BOTH))
    assert [each["injection"] for each in both] == [True, False, True, True, True]
    assert all(each["soutirage"] for each in both)


async def test_services_come_in_pages_of_three(stage):
    authorisation = await identify(stage, HOME)
    sizes, ids = [], []
    for page in (None, 1, 2, 3):
        wanted = {"autorisationId": authorisation, "comptage": False} | ({"page": page} if page else {})
        body = (await ask(stage, wanted)).json()
        assert body["nbTotalServices"] == 5
        sizes.append(len(body.get("serviceSouscrit", [])))
        ids.append([each["id"] for each in body.get("serviceSouscrit", [])])
    assert sizes == [3, 3, 2, 0]
    assert ids[0] == ids[1]
    assert not set(ids[1]) & set(ids[2])


async def test_counting_counts_only(stage):
    authorisation = await identify(stage, HOME)
    for path in (PATH, f"{PATH}/"):
        answer = await ask(stage, {"autorisationId": authorisation, "comptage": True}, path)
        assert answer.json() == {"nbTotalServices": 5}


async def test_the_points_of_one_holder_share_an_authorisation(stage):
    authorisation = await identify(stage, THREE[0])
    assert {each["pointId"] for each in await everything(stage, authorisation)} == {THREE[0]}
    await grant(stage, *THREE[1:])
    assert {each["pointId"] for each in await everything(stage, authorisation)} == set(THREE)
    assert await identify(stage, HOME) != authorisation


async def test_services_are_not_seen_before_their_hour(stage):
    authorisation = await identify(stage, HOME)
    order = await stage.control("PUT", f"services/{HOME}", {"visible_at": "2026-11-24T09:30:00Z"})
    assert order.json() == {"usage_point_id": HOME, "visible_at": "2026-11-24T10:30:00+01:00"}
    search = {"autorisationId": authorisation, "comptage": False}
    assert (await ask(stage, search)).json() == {"nbTotalServices": 0}
    await stage.control("PUT", "clock", {"now": "2026-11-24T10:29:50+01:00", "frozen": True})
    assert (await ask(stage, search)).json() == {"nbTotalServices": 0}
    await stage.control("PUT", "clock", {"now": "2026-11-24T10:30:00+01:00", "frozen": True})
    assert (await ask(stage, search)).json()["nbTotalServices"] == 5
    await stage.control("PUT", f"services/{HOME}", {"visible_at": "2099-01-01T00:00:00Z"})
    await stage.control("PUT", f"services/{HOME}", {"visible_at": None})
    assert (await ask(stage, search)).json()["nbTotalServices"] == 5


async def test_the_curve_is_only_asked_for_on_the_day_of_the_grant(stage):
    """F§4: both states are read; hence a day on which both occur."""
    authorisation = await identify(stage, HOME)
    assert [each["etatCode"] for each in await everything(stage, authorisation)] == ["DEMANDE"] + ["ACTIF"] * 4
    assert len(await everything(stage, authorisation, etatCode=["ACTIF"])) == 4
    await stage.control("PUT", "clock", {"now": "2026-11-25T00:00:00+01:00"})
    assert {each["etatCode"] for each in await everything(stage, authorisation)} == {"ACTIF"}


@pytest.mark.parametrize(("state", "code"), [("revoked", "SUPPRIME"), ("expired", "TERMINE")])
async def test_ended_services_are_listed_to_who_asks_for_them(stage, state, code):
    authorisation = await identify(stage, HOME)
    await stage.control("PUT", "clock", {"now": "2026-12-01T12:00:00+01:00"})
    await stage.control("PUT", f"consents/{HOME}", {"state": state})
    assert await everything(stage, authorisation) == []
    ended = await everything(stage, authorisation, etatCode=[code])
    assert {(each["etatCode"], each["dateDebut"]) for each in ended} == {(code, "2026-11-24")}
    assert {each["autorisation"]["autorisationStatut"] for each in ended} == {"INACTIVE"}
    await grant(stage, HOME)
    assert {each["dateDebut"] for each in await everything(stage, authorisation)} == {"2026-12-01"}


async def test_services_end_with_the_consent(stage):
    authorisation = await identify(stage, HOME)
    await stage.control("PUT", "clock", {"now": "2027-11-24T09:59:00+01:00"})
    assert len(await everything(stage, authorisation)) == 5
    await stage.control("PUT", "clock", {"now": "2027-11-24T10:01:00+01:00"})
    assert len(await everything(stage, authorisation)) == 0
    assert len(await everything(stage, authorisation, etatCode=["TERMINE"])) == 5


async def test_the_sandbox_consents_but_shares_nothing_by_itself(stage):
    """F§11: it holds the consents of its customers without any journey."""
    authorisation = await identify(stage, THREE[0])
    assert {each["pointId"] for each in await everything(stage, authorisation)} == {THREE[0]}
    assert (await stage.get(f"/alimentation_auto/v1/{THREE[1]}")).status_code == 200


@pytest.mark.parametrize(
    ("search", "count"),
    [
        ({"mesureTypeCode": ["CDC", "ITC"]}, 2),
        ({"pointId": [HOME]}, 5),
        ({"pointId": [BOTH]}, 0),
        ({"soutirage": True}, 5),
        ({"injection": True}, 0),
        ({"serviceType": "ACCES"}, 5),
        ({"serviceType": "CCDC"}, 0),
        ({"autorisation": True}, 5),
        ({"autorisation": False}, 0),
        ({"dateDebut": "2026-11-24"}, 5),
        ({"dateDebut": "2026-11-25"}, 0),
        ({"dateFin": "2027-11-24"}, 5),
        ({"dateFin": "2027-11-25"}, 0),
        ({"siren": ["123456789"]}, 0),
        ({"etatCode": []}, 0),
    ],
)
async def test_searching(stage, search, count):
    authorisation = await identify(stage, HOME)
    body = (await ask(stage, {"autorisationId": authorisation, "comptage": True, **search})).json()
    assert body == {"nbTotalServices": count}


async def test_a_company_is_found_by_its_siren(stage):
    await grant(stage, "40000000000090", "40000000000091")
    (contract,) = (await stage.get("/situation_contrat_auto/v1/40000000000090")).json()
    body = (await ask(stage, {"siren": [contract["organization"]["siren_number"]], "comptage": False})).json()
    assert {each["pointId"] for each in body["serviceSouscrit"]} == {"40000000000090"}


async def test_an_authorisation_that_nobody_gave_is_unknown(stage):
    answer = await ask(stage, {"autorisationId": 987654321, "comptage": False})
    assert (answer.status_code, answer.json()) == (404, {"code": "SGT404", "message": "PRM non existant"})


@pytest.mark.parametrize(
    "search",
    [
        {"autorisationId": 1},
        {"comptage": False},
        {"autorisationId": "1", "comptage": False},
        {"autorisationId": 1, "comptage": "false"},
        {"autorisationId": 1, "comptage": False, "page": 0},
        {"autorisationId": 1, "comptage": False, "page": "1"},
        {"autorisationId": 1, "comptage": False, "etatCode": "ACTIF"},
        {"autorisationId": 1, "comptage": False, "etatCode": ["ACTIVE"]},
        {"autorisationId": 1, "comptage": False, "serviceType": ["ACCES"]},
        {"autorisationId": 1, "comptage": False, "mesureTypeCode": ["XYZ"]},
        {"autorisationId": 1, "comptage": False, "dateDebut": "24/11/2026"},
        {"autorisationId": 1, "comptage": False, "personneId": 1},
        ["autorisationId"],
    ],
)
async def test_outside_the_specification_is_a_500(stage, search):
    answer = await ask(stage, search)
    expected = {"code": "SGT500", "message": "Problème technique dans l'interrogation du SI coeur"}
    assert (answer.status_code, answer.json()) == (500, expected)


async def test_a_query_is_outside_the_specification_too(stage):
    assert (await ask(stage, {"autorisationId": 1, "comptage": False}, page="1")).status_code == 500


@pytest.mark.parametrize(
    "body", [b"", b"autorisationId=1&comptage=false", b'{"comptage": false', b'{"siren": ["\xff"]}']
)
async def test_what_is_no_json_is_bad_syntax(stage, body):
    answer = await ask(stage, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "SGT400")


async def test_reading_by_get_and_without_a_token(stage):
    assert (await stage.get(PATH)).json()["code"] == "900906"
    missing = await stage.client.post(PATH, json={"autorisationId": 1, "comptage": False})
    assert (missing.status_code, missing.json()["code"]) == (401, "900902")


@pytest.mark.parametrize(
    ("prm", "body", "field"),
    [
        ("123", {"visible_at": None}, "prm"),
        (HOME, {"visible_at": "2026-11-24T10:00:00"}, "visible_at"),
        (HOME, {"visible_at": "tomorrow"}, "visible_at"),
        (HOME, {}, "visible_at"),
        (HOME, {"visible_at": None, "until": None}, "until"),
    ],
)
async def test_the_control_names_the_field_it_cannot_use(stage, prm, body, field):
    answer = await stage.control("PUT", f"services/{prm}", body)
    assert (answer.status_code, answer.json()["field"]) == (400, field)
