"""The customer data of 2026 validate against Enedis' own files, and say what the truth says (F§10, F§14)."""

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft4Validator

pytestmark = pytest.mark.official
SITUATION, SYNTHESIS, METERING, PLACE, CONNECTION = (
    *("situation_contrat_auto", "synth_contrat_auto", "comptage_auto"),
    *("donnees_generales_auto", "alimentation_auto"),
)
FILES = {
    SITUATION: ("Situation-contractuelle-sync-auto", None),
    SYNTHESIS: ("Synthese-contractuelle-sync-auto", "syntheseContractuelle"),
    METERING: ("Situation-comptage-auto", "situationComptage"),
    PLACE: ("Donnees-generales-sync-auto", "address"),
    CONNECTION: ("Alimentation-sync-auto", "connection"),
}
PRODUCING_ENDINGS = range(68, 72)
SEEDED = tuple(f"301234567890{ending:02d}" for ending in range(0, 100, 3) if ending not in PRODUCING_ENDINGS)
CONSUMERS = ("22516914714270", "11453290002823", "12345678901234", "22315546958763", "12655648759651", *SEEDED)
HOME, ROOF, BOTH = "22516914714270", "24880057139941", "12655648759651"


@cache
def schemas(official: Path, api: str) -> dict[str, Any]:
    """The file's definitions, in which nothing is allowed that they do not name."""
    document = yaml.safe_load((official / "openapi-2026" / f"{FILES[api][0]}.yaml").read_text(encoding="utf-8"))
    found = document["components"]["schemas"] if "components" in document else document["definitions"]
    return dict(closed(found))


def closed(schema: Any) -> Any:
    if isinstance(schema, dict):
        inner = {str(name): closed(value) for name, value in schema.items()}
        return inner | {"additionalProperties": False} if schema.get("type") == "object" else inner
    return [closed(each) for each in schema] if isinstance(schema, list) else schema


def validate(official: Path, api: str, name: str, body: Any) -> None:
    found = schemas(official, api)
    root = {"$ref": f"#/definitions/{name}", "definitions": found, "components": {"schemas": found}}
    Draft4Validator(root).validate(body)


async def get(stage, api, prm):
    answer = await stage.get(f"/{api}/v1/{prm}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/octet-stream"
    return answer.json()


async def truth(stage, prm, record):
    answer = await stage.control("GET", f"truth/{prm}/{record}")
    assert answer.status_code == 200
    return answer.json()


@pytest.fixture
async def shared(stage):
    for prm in SEEDED:
        await stage.control("PUT", f"consents/{prm}", {"state": "granted"})
    return stage


@pytest.mark.parametrize("api", [SYNTHESIS, METERING, PLACE, CONNECTION])
async def test_each_answer_validates(shared, official, api):
    for prm in (*CONSUMERS, ROOF):
        validate(official, api, str(FILES[api][1]), await get(shared, api, prm))


async def test_the_parts_of_a_contract_validate(shared, official):
    """The specification leaves the list itself empty, and defines what it is made of."""
    seen = set()
    for prm in (*CONSUMERS, ROOF):
        for contract in await get(shared, SITUATION, prm):
            seen |= set(contract)
            validate(official, SITUATION, "date", contract["contract_start"])
            validate(official, SITUATION, "address", contract["customer"]["customer"]["adress"])
            for part in {"contact_data", "person", "organization"} & set(contract):
                validate(official, SITUATION, part, contract[part])
            if "subscribed_power" in contract:
                validate(official, SITUATION, "power", contract["subscribed_power"])
    assert seen == {
        *("usage_point_id", "contract_start", "contract_type", "contractor", "distribution_tariff"),
        *("subscribed_power", "segment", "customer", "contact_data", "person", "organization"),
    }


async def test_contracts_say_what_v5_says(shared):
    for prm in CONSUMERS:
        known = await truth(shared, prm, "contract")
        contract = (await get(shared, SITUATION, prm))[0]
        assert contract["usage_point_id"] == prm
        assert contract["segment"] == known["segment"]
        assert contract["contract_type"] == known["contract_type"] == "Contrat GRD-F"
        assert contract["subscribed_power"] == {"unit": "kVA", "value": str(known["subscribed_power_kva"])}
        assert contract["distribution_tariff"].startswith("Tarif BT")
        summary = await get(shared, SYNTHESIS, prm)
        assert summary["consumption_last_activation_date"][:19] == f"{known['last_activation_date']}T00:00:00"
        assert {"segment": known["segment"]} in summary["segments"]
        assert ("generation_last_activation_date" in summary) is ({"segment": "P4"} in summary["segments"])
        metering = await get(shared, METERING, prm)
        assert read_ranges(metering) == known.get("offpeak_hours")
        kind = metering["dispositifComptage"]["typeComptage"]["code"]
        assert kind == {"LINKY": "AMM"}.get(known["meter_type"], known["meter_type"])


def read_ranges(metering: dict[str, Any]) -> list[dict[str, str]] | None:
    if "relais" not in metering:
        return None
    spans = metering["relais"]["plageHeuresCreuses"][4:-1].upper().split(";")
    return [
        dict(zip(("start", "end"), (f"{text:0>5}".replace("H", ":") for text in span.split("-")), strict=True))
        for span in spans
    ]


async def test_off_peak_hours_are_spelt_as_in_v5(shared):
    spelt = set()
    for prm in CONSUMERS:
        body = (await shared.get("/customers_upc/v5/usage_points/contracts", usage_point_id=prm)).json()
        (entry,) = body["customer"]["usage_points"]
        text = entry["contracts"].get("offpeak_hours")
        assert (await get(shared, METERING, prm)).get("relais", {}).get("plageHeuresCreuses") == text
        spelt.add(text)
    assert len(spelt) == 4


async def test_addresses_names_and_numbers_are_those_of_v5(shared):
    numbers = set()
    for prm in CONSUMERS:
        place, lines = await truth(shared, prm, "address"), (await get(shared, PLACE, prm))["address"]
        assert lines["number_street_name"] == place["street"]
        assert lines["postal_code_city"] == f"{place['postal_code']} {place['city']}"
        assert (lines["insee_code"], lines.get("locality")) == (place["insee_code"], place.get("locality"))
        who, contact = await truth(shared, prm, "identity"), await truth(shared, prm, "contact")
        for contract in await get(shared, SITUATION, prm):
            assert contract.get("person") == who.get("natural_person")
            firm, known = contract.get("organization", {}), who.get("legal_entity", {})
            assert firm.get("siret_number") == known.get("siret_number")
            assert (firm.get("name"), firm.get("commercial_name")) == (known.get("name"), known.get("trading_name"))
            reach = dict(contract["contact_data"])
            assert reach.pop("email") == contact["email"]
            assert list(reach.values()) == [contact[name] for name in ("phone",) if name in contact]
            numbers |= set(reach)
            own = contract["customer"]["customer"]["adress"]
            assert (own["line4"], own["line6"]) == (lines["number_street_name"], lines["postal_code_city"])
    assert numbers == {"phone", "landline"}


async def test_self_consumption_carries_two_contracts(shared):
    """F§10: withdrawal C5 with a power, and injection P4 without power, contractor or tariff."""
    drawn, given = await get(shared, SITUATION, BOTH)
    assert (drawn["segment"], drawn["contract_type"]) == ("C5", "Contrat GRD-F")
    assert (given["segment"], given["contract_type"]) == ("P4", "Contrat GRD-A")
    assert not {"subscribed_power", "contractor", "distribution_tariff"} & set(given)
    summary = await get(shared, SYNTHESIS, BOTH)
    assert summary["segments"] == [{"segment": "C5"}, {"segment": "P4"}]
    assert summary["generation_last_activation_date"] == summary["consumption_last_activation_date"]
    assert (await get(shared, CONNECTION, BOTH))["generation_connection_power"] == {"value": 6.0, "unit": "kVA"}


async def test_a_production_point_has_its_injection_contract_alone(shared):
    (only,) = await get(shared, SITUATION, ROOF)
    assert only["segment"] == "P4"
    summary, connection = await get(shared, SYNTHESIS, ROOF), await get(shared, CONNECTION, ROOF)
    assert summary["segments"] == [{"segment": "P4"}]
    assert "consumption_last_activation_date" not in summary
    assert "consumption_connection_power" not in connection
    assert "relais" not in await get(shared, METERING, ROOF)


async def test_what_2026_lost_is_not_there(shared):
    """F§10: no status, no date of the last change of tariff, no coordinates, no number of the customer."""
    texts = [str([await get(shared, api, prm) for api in FILES]) for prm in CONSUMERS]
    for lost in ("contract_status", "last_distribution_tariff", "usage_point_status", "latitude", "customer_id"):
        assert not any(lost in text for text in texts)


async def test_connections_carry_the_subscribed_power(shared):
    phases = set()
    for prm in CONSUMERS:
        connection, known = await get(shared, CONNECTION, prm), await truth(shared, prm, "contract")
        assert connection["consumption_connection_power"]["value"] >= known["subscribed_power_kva"]
        single = connection["phase_count"] == "2"
        assert connection["nominal_service_voltage"] == {"value": 230.0 if single else 400.0, "unit": "V"}
        phases.add(connection["phase_count"])
    assert phases == {"2", "4"}


async def test_dates_have_the_offset_of_their_day_without_a_colon(shared):
    starts = [(await get(shared, SITUATION, prm))[0]["contract_start"] for prm in CONSUMERS]
    assert {text[-5:] for text in starts} == {"+0100", "+0200"}
    for text in starts:
        read = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z")
        assert (read.hour, text[10]) == (0, "T")


async def test_the_same_seed_tells_the_same(enter):
    one, other, another = enter(seed=7), enter(seed=7), enter(seed=8)
    bodies = [[await get(stage, api, HOME) for api in FILES] for stage in (one, other, another)]
    assert bodies[0] == bodies[1]
    assert bodies[0] != bodies[2]
