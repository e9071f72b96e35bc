"""Every body of 2026 is valid under Enedis' own specification, and written in the order of captured ones."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft4Validator

from passerelle.consent.states import ConsentState, Link
from passerelle.gateway.list_points import PointView
from passerelle.model.customer import Address, Contact, Contract, CustomerRecord, Identity, LegalEntity, NaturalPerson
from passerelle.model.paris import midnight
from passerelle.model.reading import IndexReading, Peak, Register
from passerelle.model.series import Series
from passerelle.web.mirror.errors import BEYOND_HISTORY, NOT_COLLECTED, PERIOD_TOO_LONG, WRONG_DIRECTION
from passerelle.web.mirror.routes import MEASURES_2026
from passerelle.web.mirror.v2026 import errors
from passerelle.web.mirror.v2026.subscribed import authorisation_id

pytestmark = pytest.mark.official

PRM = "22516914714270"
SPECIFICATIONS = {
    "mesure_synchrone_auto": "swagger_mesure_synchrone_auto_v2.yaml",
    "situation_contrat_auto": "Situation-contractuelle-sync-auto.yaml",
    "synth_contrat_auto": "Synthese-contractuelle-sync-auto.yaml",
    "comptage_auto": "Situation-comptage-auto.yaml",
    "donnees_generales_auto": "Donnees-generales-sync-auto.yaml",
    "alimentation_auto": "Alimentation-sync-auto.yaml",
    "subscribed_services": "Services-souscrits.yaml",
}
RECORDS = {
    CustomerRecord.CONTRACT: Contract(
        meter_type="AMM",
        segment="C5",
        subscribed_power_text="6 kVA",
        last_activation_date=date(2017, 7, 15),
        distribution_tariff="BTINFMU4",
        offpeak_text="HC (22H50-6H50)",
        contract_type="Contrat GRD-F",
        consumption_connection_power_kva=12.0,
        generation_connection_power_kva=9.0,
        phases=1,
        services_level="Communicant (ouvert aux services)",
        last_subscribed_power_change_date=date(2026, 2, 11),
        generation_last_activation_date=date(2024, 7, 31),
    ),
    CustomerRecord.ADDRESS: Address(
        street="1 rue", locality="Bourg", postal_code="60000", insee_code="60057", city="BEAUVAIS"
    ),
    CustomerRecord.IDENTITY: Identity(
        None, NaturalPerson("M", "Jon", "Doe"), LegalEntity("SARL", "Jon", None, None, "1")
    ),
    CustomerRecord.CONTACT: Contact(None, "0512345678", "jon@example.org"),
}


def specification(official: Path, api: str):
    """The file as read; its keys may be numbers (F§15)."""
    text = (official / "openapi-2026" / SPECIFICATIONS[api]).read_text(encoding="utf-8")
    return yaml.safe_load(text)


def schema_of(whole, path: str, status: int):
    """The schema of one answer, closed: what it does not name is a fault. References stay inside the file."""
    (operation,) = whole["paths"][path].values()
    answers = {str(key): value for key, value in operation["responses"].items()}
    answer = answers[str(status)]
    schema = answer["schema"] if "schema" in answer else answer["content"]["application/json"]["schema"]
    parts = {key: closed(value) for key, value in whole.items() if key in ("definitions", "components")}
    return closed(schema) | parts


def closed(part):
    if isinstance(part, list):
        return [closed(each) for each in part]
    if not isinstance(part, dict):
        return part
    inner = {key: closed(value) for key, value in part.items() if key not in ("example", "description")}
    return inner | {"additionalProperties": False} if isinstance(part.get("properties"), dict) else inner


@pytest.fixture
def valid(official: Path):
    def check(api: str, path: str, body, status: int = 200) -> None:
        Draft4Validator(schema_of(specification(official, api), path, status)).validate(body)

    return check


def test_the_check_finds_faults(valid):
    good = {"idPrm": "1", "periode": {}, "grandeur": [], "contexte": [{"etapeMetier": "BRUT", "grandeur": []}]}
    valid("mesure_synchrone_auto", "/index_consommation", good)
    for fault in ({"idPrm": 1}, {"page": 1}, {"contexte": [{"etape": "BRUT"}]}):
        with pytest.raises(Exception, match=r"is not of type|Additional properties"):
            valid("mesure_synchrone_auto", "/index_consommation", good | fault)


def readings_of(series: Series, day: str, curve_of, energy_of):
    when = date.fromisoformat(day)
    if series in (Series.CONSUMPTION_DAILY, Series.PRODUCTION_DAILY):
        return [energy_of(day, 8263)]
    if series is Series.CONSUMPTION_MAX_POWER:
        return [Peak(when, datetime(when.year, when.month, when.day, 18, 0, 1, tzinfo=UTC), 4680)]
    if series in (Series.CONSUMPTION_INDEX, Series.PRODUCTION_INDEX):
        registers = (Register("HC", 12_000_000, "Heures Creuses"), Register("HP", 23_000_000, "Heures Pleines"))
        return [IndexReading(when, midnight(when), registers, 35_000_000)]
    return curve_of(day)


@pytest.fixture
def read(house, curve_of, energy_of):
    async def ask(path: str, day: str):
        series = MEASURES_2026[path]
        house.enedis.readings = readings_of(series, day, curve_of, energy_of)
        after = date.fromordinal(date.fromisoformat(day).toordinal() + 1).isoformat()
        power = {"mesuresPas": "P1D", "grandeurPhysique": "PMA"} if series is Series.CONSUMPTION_MAX_POWER else {}
        answer = await house.get(path, pointId=PRM, dateDebut=day, dateFin=after, **power)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return ask


@pytest.mark.parametrize("day", ["2026-11-22", "2026-03-29", "2026-10-25"])
@pytest.mark.parametrize("path", MEASURES_2026)
async def test_measures(read, valid, path, day):
    api, _, resource = path.strip("/").split("/")
    valid(api, f"/{resource}", await read(path, day))


@pytest.mark.parametrize(
    "api", [api for api in SPECIFICATIONS if api.endswith("_auto") and api != "mesure_synchrone_auto"]
)
async def test_records(house, valid, api):
    house.enedis.record = RECORDS
    answer = await house.get(f"/{api}/v1/{PRM}")
    assert answer.status_code == 200, answer.text
    valid(api, "/{usage_point_id}", answer.json())


async def test_the_parts_of_a_contract(house, official):
    """Its own schema is empty; the parts that the file defines beside it are held to those (F§10)."""
    house.enedis.record = RECORDS
    ((contract,),) = [(await house.get(f"/situation_contrat_auto/v1/{PRM}")).json()]
    defined = specification(official, "situation_contrat_auto")["definitions"]
    parts = {
        "contact_data": "contact_data",
        "person": "person",
        "organization": "organization",
        "subscribed_power": "power",
    }
    for key, name in parts.items():
        Draft4Validator(closed(defined[name])).validate(contract[key])
    (captured, _) = json.loads(
        (official / "fixtures/2026/situation_contrat_auto_autoconsommation.json").read_text(encoding="utf-8")
    )
    known = [key for key in captured if key in contract]
    assert [key for key in contract if key != "organization"] == known


async def test_services(house, valid):
    now = await house.clock.now()
    link = Link("point", "account", "consent", ConsentState.GRANTED, now, now + timedelta(days=365))
    house.points.views = [PointView(PRM, link, ConsentState.GRANTED, tuple(Series), tuple(CustomerRecord))]
    number = authorisation_id(b"secret", "account", "consent")
    answer = await house.services({"autorisationId": number, "comptage": False})
    assert len(answer.json()["serviceSouscrit"]) == 5
    valid("subscribed_services", "/", answer.json())
    valid("subscribed_services", "/", (await house.services({"autorisationId": number, "comptage": True})).json())


def test_refusals_are_of_the_form_of_their_api(official, valid):
    path = "/consommation_quotidienne"
    for refusal in (errors.SAME_DATES, errors.NOT_HOLDER, errors.NO_MEASURE, errors.OUTSIDE_SPECIFICATION):
        valid("mesure_synchrone_auto", path, json.loads(refusal.body), refusal.status)
    for api, refusal in errors.NOTHING_OF.items():
        valid(api, "/{usage_point_id}", json.loads(refusal.body), refusal.status)
        valid(api, "/{usage_point_id}", json.loads(errors.NOT_AUTHORISED.body), errors.NOT_AUTHORISED.status)
    valid("subscribed_services", "/", json.loads(errors.NO_SUCH_AUTHORISATION.body), 404)


@pytest.mark.parametrize(
    ("name", "refusal"),
    [
        ("2026_403_not_holder", errors.NOT_HOLDER),
        ("2026_404_no_measure", errors.NO_MEASURE),
        ("2026_ADAM-ERR0123", errors.BEFORE_ACTIVATION),
    ],
)
def test_refusals_are_those_captured(official, name, refusal):
    captured = (official / "fixtures" / "errors" / f"{name}.json").read_text(encoding="utf-8")
    assert json.loads(refusal.body) == json.loads(captured)


def test_the_texts_are_those_of_the_known_errors(official):
    rows = json.loads((official / "errors.json").read_text(encoding="utf-8"))
    known = {(row["http_status"], row["message"]) for row in rows if row["generation"] == "2026"}
    own = [
        *(errors.SAME_DATES, errors.NOT_HOLDER, errors.NOT_AUTHORISED, errors.NO_MEASURE, errors.OUTSIDE_SPECIFICATION),
        *(errors.NO_SUCH_AUTHORISATION, *errors.NOTHING_OF.values()),
    ]
    assert {(refusal.status, json.loads(refusal.body)["message"]) for refusal in own} <= known
    # The ADAM codes of both generations have the form of v5 (F§13).
    for refusal in (errors.BEFORE_ACTIVATION, BEYOND_HISTORY, NOT_COLLECTED, PERIOD_TOO_LONG, WRONG_DIRECTION):
        assert json.loads(refusal.body)["error"].startswith("ADAM-ERR")


def keys_in_order(body):
    """Every key of a body by its place, the first element standing for a list."""
    if isinstance(body, dict):
        return [(key, keys_in_order(value)) for key, value in body.items()]
    return keys_in_order(body[0]) if isinstance(body, list) and body else None


def only(found, captured):
    """The captured keys that were found, in the captured order."""
    if not found or not captured:
        return None
    ours = dict(found)
    return [(key, only(ours[key], inner)) for key, inner in captured if key in ours]


@pytest.mark.parametrize("path", MEASURES_2026)
async def test_keys_come_in_the_order_of_captured_answers(read, official, path):
    """Of what is captured, only what no noun of ours holds is left out: `iv`, `ec`, ids of calendars and dials."""
    resource = path.rpartition("/")[2]
    name = f"{resource}_pma" if resource.startswith("puissance") else resource
    captured = json.loads((official / "fixtures" / "2026" / f"{name}.json").read_text(encoding="utf-8"))
    ours = keys_in_order(await read(path, "2026-11-22"))
    assert ours == only(ours, keys_in_order(captured))
