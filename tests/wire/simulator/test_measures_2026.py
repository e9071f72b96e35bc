"""What the measures of 2026 refuse, and what is special to them (F§9, F§13)."""

import pytest

API = "/mesure_synchrone_auto/v2"
DAILY, CURVE = f"{API}/consommation_quotidienne", f"{API}/courbe_de_charge_consommation"
GIVEN, GIVEN_CURVE = f"{API}/production_quotidienne", f"{API}/courbe_de_charge_production"
PEAKS, INDEX, GIVEN_INDEX = (
    f"{API}/puissance_conso_max_quotidienne",
    f"{API}/index_consommation",
    f"{API}/index_production",
)
PRM, ROOF = "22516914714270", "24880057139941"
ASKED = {"pointId": PRM, "dateDebut": "2026-11-20", "dateFin": "2026-11-21"}
POWER = {"mesuresPas": "P1D", "grandeurPhysique": "PMA"}
CORE = {"code": "SGT500", "message": "Problème technique dans l'interrogation du SI coeur"}


def without(query, name):
    return {key: value for key, value in query.items() if key != name}


@pytest.mark.parametrize(
    "query",
    [
        {},
        without(ASKED, "pointId"),
        without(ASKED, "dateDebut"),
        without(ASKED, "dateFin"),
        ASKED | {"pointId": ""},
        ASKED | {"pointId": PRM[:-1]},
        ASKED | {"pointId": f"{PRM} "},
        ASKED | {"pointId": "٢٢٥١٦٩١٤٧١٤٢٧٠"},
        ASKED | {"dateDebut": "20261120"},
        ASKED | {"dateFin": "2026-02-30"},
        ASKED | {"dateFin": "2026-11-21T00:00:00"},
        ASKED | {"more": "1"},
        ASKED | {"usage_point_id": PRM},
        {"usage_point_id": PRM, "start": "2026-11-20", "end": "2026-11-21"},
    ],
)
@pytest.mark.parametrize("path", [DAILY, CURVE, PEAKS, INDEX])
async def test_what_is_outside_the_specification_is_a_500(stage, path, query):
    """F§13: not the 400 that the specification documents."""
    answer = await stage.get(path, **query, **(POWER if path == PEAKS else {}))
    assert (answer.status_code, answer.json()) == (500, CORE)
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "query",
    [
        {},
        without(POWER, "mesuresPas"),
        without(POWER, "grandeurPhysique"),
        POWER | {"mesuresPas": "PT30M"},
        POWER | {"grandeurPhysique": "PMA1"},
        POWER | {"grandeurPhysique": "pma"},
    ],
)
async def test_the_powers_need_a_step_and_a_quantity(stage, query):
    assert (await stage.get(PEAKS, **ASKED, **query)).status_code == 500
    assert (await stage.get(PEAKS, **ASKED, **POWER)).status_code == 200


@pytest.mark.parametrize("path", [DAILY, CURVE, INDEX])
async def test_nothing_else_takes_the_parameters_of_the_powers(stage, path):
    assert (await stage.get(path, **ASKED)).status_code == 200
    assert (await stage.get(path, **ASKED, **POWER)).status_code == 500


async def test_a_repeated_parameter_is_a_500_and_the_journal_names_the_point(stage):
    token = await stage.token()
    query = f"pointId={PRM}&pointId={PRM}&dateDebut=2026-11-20&dateFin=2026-11-21"
    answer = await stage.client.get(f"{DAILY}?{query}", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 500
    (call,) = [call for call in (await stage.control("GET", "calls")).json() if call["api"] != "oauth2"]
    assert (call["api"], call["path"], call["usage_point_id"]) == ("mesure_synchrone_auto", DAILY, PRM)


@pytest.mark.parametrize("start", ["2026-11-20", "2026-11-21"])
async def test_the_end_must_follow_the_start(stage, start):
    answer = await stage.get(DAILY, pointId=PRM, dateDebut=start, dateFin="2026-11-20")
    assert (answer.status_code, answer.json()["code"]) == (400, "SGT400")
    assert answer.json()["message"] == "La date de fin ne peut être égale à la date de début"


async def test_days_to_come_have_no_data_yet(stage):
    answer = await stage.get(DAILY, pointId=PRM, dateDebut="2026-11-22", dateFin="2026-11-30")
    assert [point["d"] for point in answer.json()["grandeur"][0]["points"]] == ["2026-11-22", "2026-11-23"]
    assert (await stage.get(DAILY, pointId=PRM, dateDebut="2026-11-24", dateFin="2026-11-30")).status_code == 404
    assert (await stage.get(INDEX, pointId=PRM, dateDebut="2026-11-24", dateFin="2026-11-30")).status_code == 404


HOLDER, NO_DATA = "Le client n'est pas titulaire du point demandé", "Pas de mesure trouvée pour ce point"


@pytest.mark.parametrize(
    ("path", "prm", "start", "end", "status", "code"),
    [
        # F§9: eight days of curve, and seven; no limit elsewhere.
        (CURVE, PRM, "2026-11-10", "2026-11-18", 400, "ADAM-ERR0126"),
        (CURVE, PRM, "2026-11-11", "2026-11-18", 200, None),
        (GIVEN_CURVE, ROOF, "2026-11-10", "2026-11-18", 400, "ADAM-ERR0126"),
        (INDEX, PRM, "2026-11-01", "2026-11-24", 200, None),
        # F§9: 24 or 36 months and 15 days before 24 November 2026.
        (CURVE, PRM, "2024-11-08", "2024-11-10", 400, "ADAM-ERR0125"),
        (CURVE, PRM, "2024-11-09", "2024-11-10", 200, None),
        (DAILY, PRM, "2023-11-08", "2023-11-10", 400, "ADAM-ERR0125"),
        (DAILY, PRM, "2023-11-09", "2023-11-12", 200, None),
        (INDEX, PRM, "2023-11-08", "2023-11-10", 400, "ADAM-ERR0125"),
        # F§11, digit 1: activated on 2019-08-27.
        (DAILY, "11453290002823", "2019-08-26", "2019-08-28", 400, "ADAM-ERR0123"),
        # F§11: the wrong direction.
        (DAILY, ROOF, "2026-11-20", "2026-11-21", 400, "ADAM-ERR0069"),
        (GIVEN, PRM, "2026-11-20", "2026-11-21", 400, "ADAM-ERR0069"),
        (INDEX, ROOF, "2026-11-20", "2026-11-21", 400, "ADAM-ERR0069"),
        (GIVEN_INDEX, PRM, "2026-11-20", "2026-11-21", 400, "ADAM-ERR0069"),
        # F§7, F§11 digit 2: the curve is off, the rest is not.
        (CURVE, "32320647321714", "2026-11-20", "2026-11-21", 404, "SGT404"),
        (INDEX, "32320647321714", "2026-11-20", "2026-11-21", 200, None),
        # F§11, digit 4: Tuesday 17 and Wednesday 18 November 2026.
        (DAILY, "42900589957123", "2026-11-17", "2026-11-19", 404, "SGT404"),
        (CURVE, "42900589957123", "2026-11-17", "2026-11-19", 404, "SGT404"),
        (INDEX, "42900589957123", "2026-11-17", "2026-11-19", 404, "SGT404"),
        (INDEX, "42900589957123", "2026-11-17", "2026-11-20", 200, None),
        # F§11, digit 8, and a PRM that nobody named.
        (DAILY, "26584978546985", "2026-11-20", "2026-11-21", 403, "SGT403"),
        (INDEX, "99999999999999", "2026-11-20", "2026-11-21", 403, "SGT403"),
    ],
)
async def test_what_the_point_and_its_history_allow(stage, path, prm, start, end, status, code):
    answer = await stage.get(path, pointId=prm, dateDebut=start, dateFin=end)
    body = answer.json()
    assert (answer.status_code, body.get("error", body.get("code"))) == (status, code)
    if code is not None and code.startswith("SGT"):
        assert body["message"] == {"SGT403": HOLDER, "SGT404": NO_DATA}[code]


async def test_before_the_activation_the_refusal_is_french(stage):
    body = (await stage.get(DAILY, pointId="11453290002823", dateDebut="2019-08-01", dateFin="2026-11-01")).json()
    assert set(body) == {"error", "error_description"}
    assert body["error_description"].endswith(
        "la période demandée est antérieure à la date de dernière mise en service du point."
    )


async def test_an_objection_and_a_consent_that_begins_later(stage):
    objected = "30000000000064"
    await stage.control("PUT", f"consents/{objected}", {"state": "granted", "begin": "2026-11-20"})
    asked = {"pointId": objected, "dateFin": "2026-11-21"}
    refused = await stage.get(CURVE, dateDebut="2026-11-20", **asked)
    assert (refused.status_code, refused.json()["error"]) == (400, "ADAM-ERR0075")
    early = await stage.get(DAILY, dateDebut="2026-11-19", **asked)
    assert (early.status_code, early.json()["error"]) == (403, "ADAM-DC-0009")
    assert (await stage.get(DAILY, dateDebut="2026-11-20", **asked)).status_code == 200


async def test_a_consent_of_v1_is_good_for_2026_until_it_ends(stage):
    """F§4: consents given before keep working on the new measures."""
    page = {"client_id": "simulator", "response_type": "code", "duration": "P2D", "state": "s4"}
    await stage.client.get("/dataconnect/v1/oauth2/authorize", params=page)
    assert (await stage.get(DAILY, **ASKED)).status_code == 200
    for state in ("revoked", "expired"):
        await stage.control("PUT", f"consents/{PRM}", {"state": state})
        assert (await stage.get(DAILY, **ASKED)).json()["message"] == HOLDER
        assert (await stage.get(INDEX, **ASKED)).json()["message"] == HOLDER


async def test_an_api_that_is_not_subscribed_not_served_or_asked_without_a_good_token(stage):
    order = {"api": "mesure_synchrone_auto"}
    await stage.control("PUT", "apis", order | {"subscribed": False})
    refused = await stage.get(INDEX, **ASKED)
    assert (refused.status_code, refused.json()["code"]) == (403, "900908")
    assert (await stage.get("/alimentation_auto/v1/" + PRM)).status_code == 200
    bad = await stage.get(DAILY, token="nobody", **ASKED)
    assert (bad.status_code, bad.json()["fault"]["code"]) == (401, 900901)
    await stage.control("PUT", "apis", order | {"subscribed": True, "served": False})
    gone = await stage.get(DAILY, **ASKED)
    assert (gone.status_code, gone.json()["code"]) == (404, "900906")
    await stage.control("PUT", "apis", order | {"served": True})
    assert (await stage.get(DAILY, **ASKED)).status_code == 200
    assert (await stage.get(f"{API}/index_consumption", **ASKED)).json()["code"] == "900906"


async def test_a_fault_can_be_ordered_for_a_2026_api(stage):
    await stage.control("PUT", "faults", {"api": "mesure_synchrone_auto", "count": 1, "error": "v2026-schema-500"})
    assert (await stage.get("/metering_data_dc/v5/daily_consumption", usage_point_id=PRM)).status_code == 400
    assert (await stage.get(DAILY, **ASKED)).json() == CORE
    assert (await stage.get(DAILY, **ASKED)).status_code == 200


async def powers(stage, prm, **query):
    asked = {"pointId": prm, "dateDebut": "2026-09-20", "dateFin": "2026-11-24"}
    body = (await stage.get(PEAKS, **asked, **query)).json()
    return body["pas"], {entry["grandeurPhysique"]: entry["points"] for entry in body["grandeur"]}


async def test_a_month_shows_its_highest_day(stage):
    step, days = await powers(stage, PRM, **POWER)
    monthly, months = await powers(stage, PRM, mesuresPas="P1M", grandeurPhysique="PMA")
    assert (step, monthly) == ("P1D", "P1M")
    highest = [
        max((point for point in days["PMA"] if point["d"].startswith(month)), key=lambda point: int(point["v"]))
        for month in ("2026-09", "2026-10", "2026-11")
    ]
    assert months == {"PMA": highest}


async def test_three_phases_are_shown_beside_the_whole_in_no_fixed_order(stage):
    """F§9: `TOUT` gives PMA and PMA1 to PMA3 on a meter of three phases, PMA alone on one of a single phase."""
    firsts, names = set(), set()
    for prm in (PRM, *(f"3000000000{number:02d}90" for number in range(5))):
        await stage.control("PUT", f"consents/{prm}", {"state": "granted"})
        phases = (await stage.control("GET", f"truth/{prm}/contract", generation="2026")).json()["phases"]
        _, alone = await powers(stage, prm, **POWER)
        _, found = await powers(stage, prm, mesuresPas="P1D", grandeurPhysique="TOUT")
        assert found["PMA"] == alone["PMA"]
        names.add((phases, frozenset(found)))
        if phases == 3:
            firsts.add(next(iter(found)))
            for whole, *each in zip(found["PMA"], found["PMA1"], found["PMA2"], found["PMA3"], strict=True):
                assert {point["d"] for point in each} == {whole["d"]}
                assert max(int(point["v"]) for point in each) <= int(whole["v"])
                assert sum(int(point["v"]) for point in each) >= int(whole["v"])
    assert names == {(1, frozenset({"PMA"})), (3, frozenset({"PMA", "PMA1", "PMA2", "PMA3"}))}
    assert len(firsts) > 1


async def index(stage, start, end, prm=PRM):
    return await stage.truth(prm, "index/consumption", start, end)


async def test_registers_follow_a_value_that_was_put_and_not_one_left_alone(stage):
    before = await index(stage, "2026-11-20", "2026-11-23")
    gone = before[1]["total"] - before[0]["total"]
    order = {"series": "consumption/daily", "day": "2026-11-20", "value": gone + 6000}
    await stage.control("PUT", f"values/{PRM}", order | {"alone": True})
    assert await index(stage, "2026-11-20", "2026-11-23") == before
    await stage.control("PUT", f"values/{PRM}", order)
    after = await index(stage, "2026-11-20", "2026-11-23")
    assert [two["total"] - one["total"] for one, two in zip(before, after, strict=True)] == [0, 6000, 6000]
    assert [reading["total"] for reading in await index(stage, "2026-11-22", "2026-11-23")] == [after[2]["total"]]
    for reading in after:
        assert sum(register["value"] for register in reading["registers"]) == reading["total"]


async def test_a_value_of_long_ago_moves_the_registers_after_it_alone(stage):
    days = ("2025-11-20", "2025-11-21", "2025-11-22", "2026-11-20")
    before = [(await index(stage, day, "2026-11-23"))[0]["total"] for day in days]
    gone = before[1] - before[0]
    await stage.control("PUT", f"values/{PRM}", {"series": "consumption/daily", "day": days[0], "value": gone + 6000})
    after = [(await index(stage, day, "2026-11-23"))[0]["total"] for day in days]
    assert [two - one for one, two in zip(before, after, strict=True)] == [0, 6000, 6000, 6000]


async def test_registers_are_missing_with_their_day_and_went_on_counting(stage):
    before = await index(stage, "2026-11-20", "2026-11-23")
    absent = {"series": "consumption/daily", "day": "2026-11-21", "absent": True}
    await stage.control("PUT", f"values/{PRM}", absent)
    assert await index(stage, "2026-11-20", "2026-11-23") == [before[0], before[2]]
    body = (await stage.get(INDEX, pointId=PRM, dateDebut="2026-11-20", dateFin="2026-11-23")).json()
    total = body["contexte"][0]["grandeur"][0]["cadranTotalisateur"]["valeur"]
    assert [value["d"] for value in total] == ["2026-11-20 00:00:00", "2026-11-22 00:00:00"]


async def test_the_truth_of_an_index_is_of_2026_alone(stage):
    asked = {"series": "index/consumption", "start": "2026-11-20", "end": "2026-11-21"}
    (reading,) = (await stage.control("GET", f"truth/{PRM}", **asked)).json()["readings"]
    assert list(reading) == ["day", "at", "registers", "total", "quality"]
    assert (reading["day"], reading["at"]) == ("2026-11-20", "2026-11-20T00:00:00+01:00")
    assert (await stage.control("GET", f"truth/{PRM}", generation="v5", **asked)).json() == {"readings": []}
    assert (await stage.control("GET", f"truth/{ROOF}", **asked)).json() == {"readings": []}
    assert (await stage.control("GET", f"truth/{PRM}", generation="2027", **asked)).json()["field"] == "generation"


async def test_the_contract_that_each_generation_tells(stage):
    v5 = (await stage.control("GET", f"truth/{PRM}/contract", generation="v5")).json()
    assert v5 == (await stage.control("GET", f"truth/{PRM}/contract")).json()
    told = (await stage.control("GET", f"truth/{PRM}/contract", generation="2026")).json()
    lost = {"customer_id", "usage_point_status", "contract_status", "last_distribution_tariff_change_date"}
    assert not lost & set(told)
    assert {"phases", "services_level", "consumption_connection_power_kva"} <= set(told) - set(v5)
    same = ("segment", "subscribed_power_kva", "offpeak_hours", "contract_type", "last_activation_date")
    assert [told.get(name) for name in same] == [v5.get(name) for name in same]
    roof = (await stage.control("GET", f"truth/{ROOF}/contract", generation="2026")).json()
    assert (roof["segment"], "subscribed_power_kva" in roof) == ("P4", False)
    place = (await stage.control("GET", f"truth/{PRM}/address", generation="2026")).json()
    assert "street" in place
    assert not {"country", "geo_points"} & set(place)
