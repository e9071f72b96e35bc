"""Applications written for 2026 and for v5, pointed at a gateway behind which either generation speaks."""

import json
import re
from importlib.resources import files
from pathlib import Path

import pytest

ROWS = {row["id"]: row for row in json.loads((files("passerelle.enedis") / "errors.json").read_bytes())}
PLAIN, PRODUCER, BOTH_WAYS, NO_CURVE = "22516914714270", "24880057139941", "12655648759651", "32320647321714"
PERIODS = {
    "spring": ("2026-03-27", "2026-04-01"),
    "autumn": ("2025-10-22", "2025-10-29"),
    "now": ("2026-11-20", "2026-11-24"),
}
MEASURES = {
    "consommation_quotidienne": ("consumption/daily", "/metering_data_dc/v5/daily_consumption"),
    "courbe_de_charge_consommation": ("consumption/load-curve", "/metering_data_clc/v5/consumption_load_curve"),
    "puissance_conso_max_quotidienne": ("consumption/max-power", "/metering_data_dcmp/v5/daily_consumption_max_power"),
    "production_quotidienne": ("production/daily", "/metering_data_dp/v5/daily_production"),
    "courbe_de_charge_production": ("production/load-curve", "/metering_data_plc/v5/production_load_curve"),
}
CUSTOMERS = (
    "/customers_upc/v5/usage_points/contracts",
    "/customers_upa/v5/usage_points/addresses",
    "/customers_i/v5/identity",
    "/customers_cd/v5/contact_data",
)
RECORDS = (
    "situation_contrat_auto",
    "synth_contrat_auto",
    "comptage_auto",
    "donnees_generales_auto",
    "alimentation_auto",
)
LOST = {"contract_status", "usage_point_status", "last_distribution_tariff_change_date", "geo_points", "customer_id"}
"""What 2026 no longer says (F§14)."""
OF_ONE_SPELLING = {"distribution_tariff", "meter_type", "industry", "business", "country", "locality", "altitude"}
"""What each generation words in its own way (F§8, F§10), or v5 alone has a place for."""
POWER = {"mesuresPas": "P1D", "grandeurPhysique": "PMA"}


class Application:
    """A client of Enedis: an address, an id and a secret are all it knows. It speaks both generations."""

    def __init__(self, http, url, client_id, secret) -> None:
        self.http, self.url, self.credentials = http, url, (client_id, secret)
        self.token = None

    async def sign_in(self):
        form = {"grant_type": "client_credentials"}
        answer = await self.http.post(f"{self.url}/oauth2/v3/token", data=form, auth=self.credentials)
        assert answer.status_code == 200, answer.text
        self.token = answer.json()["access_token"]
        return self

    async def _get(self, path, **query):
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/json"}
        return await self.http.get(f"{self.url}{path}", params=query or None, headers=headers)

    async def measure(self, resource, prm, start, end, **more):
        own = POWER | more if resource.startswith("puissance") else more
        path = f"/mesure_synchrone_auto/v2/{resource}"
        return await self._get(path, pointId=prm, dateDebut=start, dateFin=end, **own)

    async def record(self, api, prm):
        return await self._get(f"/{api}/v1/{prm}")

    async def measure_v5(self, path, prm, start, end):
        return await self._get(path, usage_point_id=prm, start=start, end=end)

    async def record_without_point(self, path):
        return await self._get(f"/{path}", prm=PLAIN)

    async def record_v5(self, path, prm):
        return await self._get(path, usage_point_id=prm)


@pytest.fixture(params=["v5", "2026"])
def behind(request):
    """The generation that Enedis speaks."""
    return request.param


async def at_the_mirror(house):
    return await Application(house.http, f"{house.gateway_url}/enedis", "demo", house.key).sign_in()


async def at_enedis(house):
    return await Application(house.http, house.simulator_url, "simulator", "simulator-secret").sign_in()


def values(body):
    """(stamp, value) of a body of 2026."""
    (quantity,) = body["grandeur"]
    return [(point["d"], int(point["v"])) for point in quantity["points"]]


@pytest.mark.parametrize("prm", [PRODUCER, BOTH_WAYS])
async def test_measures_equal_those_of_enedis_whatever_is_behind(install, behind, prm):
    async with install(GENERATION=behind) as house:
        mirror, direct = await at_the_mirror(house), await at_enedis(house)
        for resource in MEASURES:
            for start, end in PERIODS.values():
                theirs = await direct.measure(resource, prm, start, end)
                for _ in range(2):  # asked of Enedis, then from the store
                    ours = await mirror.measure(resource, prm, start, end)
                    assert ours.status_code == theirs.status_code, (resource, start, ours.text, theirs.text)
                    if ours.status_code == 200:
                        assert values(ours.json()) == values(theirs.json()), (resource, start)
                        parts = {"idPrm", "etapeMetier", "periode", "typeValeur", "modeCalcul", "pas", "contexte"}
                        for part in parts - {"modeCalcul"}:
                            assert ours.json().get(part) == theirs.json().get(part), part


async def test_an_application_of_v5_reads_the_same_whatever_is_behind(install, tmp_path_factory):
    """mirror(v5 asked, 2026 behind) equals mirror(v5 asked, v5 behind) for every field that 2026 has."""
    found = {}
    for generation in ("v5", "2026"):
        async with install(GENERATION=generation, DATA_DIR=str(tmp_path_factory.mktemp(generation))) as house:
            mirror = await at_the_mirror(house)
            for prm in (PLAIN, PRODUCER, BOTH_WAYS, NO_CURVE):
                for _, path in MEASURES.values():
                    for start, end in PERIODS.values() if prm == BOTH_WAYS else (PERIODS["now"],):
                        answer = await mirror.measure_v5(path, prm, start, end)
                        assert answer.headers["deprecation"] == "@1790553600"
                        found[generation, prm, path, start] = (answer.status_code, answer.json())
            for path in CUSTOMERS:
                answer = await mirror.record_v5(path, PLAIN)
                found[generation, PLAIN, path, ""] = (answer.status_code, answer.json())
    for (generation, *key), told in found.items():
        if generation == "v5":
            status, body = found["2026", *key]
            assert status == told[0], (key, body)
            if status == 200:
                assert common(body, told[1]) == common(told[1], body), key


def common(body, other):
    """What both bodies have a place for, and word alike."""
    if isinstance(body, dict) and isinstance(other, dict):
        names = (body.keys() & other.keys()) - LOST - OF_ONE_SPELLING
        return {name: common(body[name], other[name]) for name in sorted(names)}
    if isinstance(body, list) and isinstance(other, list):
        assert len(body) == len(other)
        return [common(*pair) for pair in zip(body, other, strict=True)]
    return body


async def test_indexes_are_404_over_v5_and_enedis_own_over_2026(install, behind):
    async with install(GENERATION=behind) as house:
        mirror, direct = await at_the_mirror(house), await at_enedis(house)
        await house.control("DELETE", "calls")
        for resource, prm in (("index_consommation", PLAIN), ("index_production", BOTH_WAYS)):
            ours = await mirror.measure(resource, prm, *PERIODS["now"])
            if behind == "v5":
                assert (ours.status_code, ours.json()["message"]) == (404, "Pas de mesure trouvée pour ce point")
                continue
            theirs = await direct.measure(resource, prm, *PERIODS["now"])
            assert ours.status_code == theirs.status_code == 200, (ours.text, theirs.text)
            assert registers(ours.json()) == registers(theirs.json())
        if behind == "v5":
            assert await house.calls() == []


def registers(body):
    """By class and for the total, (stamp, value)."""
    found = {}
    for context in body["contexte"]:
        for quantity in context["grandeur"]:
            for calendar in quantity["calendrier"]:
                for each in calendar["classeTemporelle"]:
                    found[each["idClasseTemporelle"]] = [(value["d"], value["v"]) for value in each["valeur"]]
            total = quantity.get("cadranTotalisateur", {}).get("valeur", [])
            found["total"] = [(value["d"], value["v"]) for value in total]
    return found


async def test_records_say_what_enedis_says_as_far_as_it_is_known(install, behind):
    async with install(GENERATION=behind) as house:
        mirror, direct = await at_the_mirror(house), await at_enedis(house)
        for api in RECORDS:
            ours, theirs = await mirror.record(api, PLAIN), await direct.record(api, PLAIN)
            assert theirs.status_code == 200
            if behind == "v5" and api == "alimentation_auto":
                assert (ours.status_code, ours.json()["message"]) == (404, "Situation alimentation ou PRM non existant")
                continue
            assert ours.status_code == 200, (api, ours.text)
            alike(ours.json(), theirs.json(), api)


def alike(ours, theirs, where):
    """Every field of ours is one of theirs, and equal unless each generation words it in its own way."""
    if isinstance(ours, dict):
        for name, value in ours.items():
            if name not in OF_ONE_SPELLING | {"phase_count"}:
                assert name in theirs, (where, name)
                alike(value, theirs[name], (where, name))
    elif isinstance(ours, list):
        for mine, one in zip(ours, theirs, strict=False):
            alike(mine, one, where)
    else:
        assert ours == theirs, where


async def test_refusals_that_cost_no_call(install, behind):
    async with install(GENERATION=behind) as house:
        mirror = await at_the_mirror(house)
        await house.control("DELETE", "calls")
        daily, curve = "consommation_quotidienne", "courbe_de_charge_consommation"
        answers = {
            (500, "SGT500"): await mirror.measure(daily, "1234", "2026-11-22", "2026-11-23"),
            (400, "SGT400"): await mirror.measure(daily, PLAIN, "2026-11-22", "2026-11-22"),
            (403, "SGT403"): await mirror.measure(daily, "99999999999999", "2026-11-22", "2026-11-23"),
            (400, "ADAM-ERR0126"): await mirror.measure(curve, PLAIN, "2026-11-16", "2026-11-24"),
            (400, "ADAM-ERR0125"): await mirror.measure(curve, PLAIN, "2024-10-01", "2024-10-03"),
            (404, "SGT404"): await mirror.measure(
                "puissance_conso_max_quotidienne", PLAIN, "2026-10-01", "2026-11-01", mesuresPas="P1M"
            ),
        }
        for (status, code), answer in answers.items():
            body = answer.json()
            assert (answer.status_code, body.get("code", body.get("error"))) == (status, code)
        assert await house.calls() == []


# What docs/mirror.md promises of the errors of 2026.


def promises():
    """Row by row, the answers (asked in 2026, asked in v5) that the second table of docs/mirror.md has."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "mirror.md").read_text(encoding="utf-8")
    table = page.split("## When Enedis fails in 2026")[1]
    found = {}
    for new, old, rows in re.findall(
        r"^\| \*\*([^*]+)\*\*[^|]* \| \*\*([^*]+)\*\*[^|]* \| (.+) \|$", table, re.MULTILINE
    ):
        for row in re.findall(r"`([^`]+)`", rows):
            assert row not in found, row
            found[row] = (new, old)
    return found


PROMISED = promises()
CALLS_OF = {
    "mesure_synchrone_auto v2": ("mesure_synchrone_auto",),
    "2026 APIs": ("mesure_synchrone_auto", "situation_contrat_auto", "donnees_generales_auto"),
    "situation_contrat_auto v1": ("situation_contrat_auto",),
    "donnees_generales_auto v1": ("donnees_generales_auto",),
}
ENRICHMENTS = {"synth_contrat_auto v1", "comptage_auto v1", "alimentation_auto v1"}


def calls_that_meet(row):
    return CALLS_OF.get(row["api"]) or (
        ("situation_contrat_auto", "donnees_generales_auto") if row["api"].startswith("ITC") else ()
    )


def test_the_page_tells_the_answer_to_each_row_of_2026_that_a_call_can_meet():
    met = {
        name
        for name, row in ROWS.items()
        if row["generation"] == "2026" and calls_that_meet(row) and name != "v2026-octet-stream-200"
    }
    assert PROMISED.keys() == met
    rest = {row["api"] for name, row in ROWS.items() if row["generation"] == "2026"} - {
        ROWS[name]["api"] for name in met
    }
    assert {api for api in rest if not api.startswith(("authorize", "subscribed_services", "any GET"))} == ENRICHMENTS


ASKS = {
    "mesure_synchrone_auto": (
        lambda app: app.measure("consommation_quotidienne", PLAIN, "2026-11-20", "2026-11-22"),
        lambda app: app.measure_v5("/metering_data_dc/v5/daily_consumption", PLAIN, "2026-11-18", "2026-11-20"),
    ),
    "situation_contrat_auto": (
        lambda app: app.record("situation_contrat_auto", PLAIN),
        lambda app: app.record_v5(CUSTOMERS[0], PLAIN),
    ),
    "donnees_generales_auto": (
        lambda app: app.record("donnees_generales_auto", PLAIN),
        lambda app: app.record_v5(CUSTOMERS[1], PLAIN),
    ),
}


@pytest.mark.parametrize("name", PROMISED)
async def test_an_error_of_2026_at_both_doors(install, name):
    new, old = PROMISED[name]
    async with install(GENERATION="2026") as house:
        mirror = await at_the_mirror(house)
        for number, api in enumerate(calls_that_meet(ROWS[name])):
            hour = 9 + number  # a quota of the hour is then over
            await house.set_clock(f"2026-11-24T{hour:02}:10:00+01:00")
            await mirror.sign_in()
            direct = await at_enedis(house)
            in_2026, in_v5 = ASKS[api]
            await house.control("PUT", "faults", {"api": api, "count": None, "error": name})
            sent = await in_2026(direct)
            said(await in_2026(mirror), new, sent, api)
            said(await in_v5(mirror), old, sent, api)
            await house.control("DELETE", "faults")


def said(answer, promised, sent, api):
    body = answer.json()
    code = body.get("code", body.get("error"))
    if promised == "as Enedis said it":
        assert (answer.status_code, answer.content) == (sent.status_code, sent.content)
    elif promised == "429":
        assert (answer.status_code, code) == (429, "900804")
        assert "retry-after" in answer.headers
    elif promised == "503":
        assert answer.status_code == 503
        assert body in (
            {"code": "SGT503", "message": "Service indisponible"},
            {
                "error": "Service Unavailable",
                "error_description": "Service unavailable for the moment. Please try later.",
            },
        )
    elif promised == "404":
        assert answer.status_code == 404
        expected = {"situation_contrat_auto": "Situation contractuelle", "donnees_generales_auto": "Données générales"}
        assert code == "no_data_found" or body["message"] == f"{expected[api]} ou PRM non existant"
    else:
        assert (answer.status_code, code) == (403, "ADAM-DC-0008")


@pytest.mark.parametrize("api", ["synth_contrat_auto", "comptage_auto", "alimentation_auto"])
async def test_what_a_minor_api_refuses_is_left_out(install, api):
    async with install(GENERATION="2026") as house:
        mirror = await at_the_mirror(house)
        (name,) = [name for name, row in ROWS.items() if row["api"] == f"{api} v1"]
        await house.control("PUT", "faults", {"api": api, "count": None, "error": name})
        answer = await mirror.record(api, PLAIN)
        if api == "synth_contrat_auto":  # the segment comes with the contract
            assert answer.json() == {"segments": [{"segment": "C5"}]}
        else:
            assert (answer.status_code, answer.json()["message"]) == (404, ROWS[name]["message"])
        assert (await mirror.record("situation_contrat_auto", PLAIN)).status_code == 200


@pytest.mark.parametrize("api", ["synth_contrat_auto", "comptage_auto", "alimentation_auto"])
async def test_a_minor_api_that_fails_fails_what_tells_of_it_and_nothing_is_kept_for_long(install, api):
    async with install(GENERATION="2026") as house:
        mirror = await at_the_mirror(house)
        await house.control("PUT", "faults", {"api": api, "count": None, "error": "html-503"})
        answer = await mirror.record(api, PLAIN)
        assert (answer.status_code, answer.json()["code"]) == (503, "SGT503")
        assert int(answer.headers["Retry-After"]) > 0
        assert (await mirror.record_v5(CUSTOMERS[0], PLAIN)).status_code == 503
        assert (await mirror.record("situation_contrat_auto", PLAIN)).status_code == 200
        assert (await house.get(f"/v1/usage-points/{PLAIN}/contract")).json()["segment"] == "C5"


async def test_the_three_records_of_a_contract_are_one_call(install):
    async with install(GENERATION="2026") as house:
        mirror = await at_the_mirror(house)
        await house.control("PUT", "faults", {"api": "situation_contrat_auto", "count": 1, "delay_ms": 300})
        body = (await mirror.record("situation_contrat_auto", PLAIN)).json()[0]
        assert {"segment", "person", "contact_data"} <= body.keys()
        assert len(await house.calls("situation_contrat_auto")) == 1


@pytest.mark.parametrize("slash", ["", "/"])
async def test_customer_data_without_their_point_are_outside_the_specification(install, slash):
    """F§13: a usage point in the query is a 500, as at Enedis."""
    async with install(GENERATION="2026") as house:
        for api in RECORDS:
            at = [await each.record_without_point(f"{api}/v1{slash}") for each in await both(house)]
            assert [(answer.status_code, answer.json()) for answer in at] == [
                (500, {"code": "SGT500", "message": "Problème technique dans l'interrogation du SI coeur"})
            ] * 2


async def both(house):
    return await at_the_mirror(house), await at_enedis(house)
