"""Every body of the mirror is valid under Enedis' own specification and written in the order of captured ones."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from jsonschema import Draft4Validator

from passerelle.model.customer import Address, Contact, Contract, GeoPoint, Identity, NaturalPerson
from passerelle.model.reading import Peak

pytestmark = pytest.mark.official

PRM = "22516914714270"
DAILY, CURVE = "/metering_data_dc/v5/daily_consumption", "/metering_data_clc/v5/consumption_load_curve"
POWER = "/metering_data_dcmp/v5/daily_consumption_max_power"
# F§5: files 06 and 07 are copies of 03 and 04; the true paths are the mirror's.
CURVES = {CURVE: "04", "/metering_data_plc/v5/production_load_curve": "07"}
DAILIES = {DAILY: "03", "/metering_data_dp/v5/daily_production": "06"}
RECORDS = {
    "/customers_upc/v5/usage_points/contracts": (
        "08",
        Contract(
            customer_id="1",
            usage_point_status="com",
            meter_type="AMM",
            segment="C5",
            subscribed_power_text="6 kVA",
            last_activation_text="2017-07-15+02:00",
            distribution_tariff="BTINFMU4",
            offpeak_text="HC (22H50-6H50)",
            contract_type="Contrat GRD-F",
            contract_status="SERVC",
            last_distribution_tariff_change_text="2024-05-11+02:00",
        ),
    ),
    "/customers_upa/v5/usage_points/addresses": (
        "09",
        Address(
            customer_id="1",
            usage_point_status="no_com",
            meter_type="LINKY",
            street="1 rue",
            postal_code="60000",
            insee_code="60057",
            city="BEAUVAIS",
            country="France",
            geo_points=GeoPoint("49.4", "2.1"),
        ),
    ),
    "/customers_i/v5/identity": ("10", Identity("1", natural_person=NaturalPerson("M", "Jon", "Doe"))),
    "/customers_cd/v5/contact_data": ("11", Contact("1", "0512345678", "jon@example.org")),
}
DAYS = ["2026-11-22", "2026-03-29", "2026-10-25"]  # an ordinary day and both changes of hour


def without_captions(schema):
    """F§15: the enums hold their own captions; the wire value stands before the colon."""
    if isinstance(schema, dict):
        return {
            key: [each.split(" : ")[0] for each in value] if key == "enum" else without_captions(value)
            for key, value in schema.items()
        }
    return [without_captions(each) for each in schema] if isinstance(schema, list) else schema


@pytest.fixture
def valid(official: Path):
    def check(number: str, body) -> None:
        (path,) = (official / "openapi-v5").glob(f"{number}-*.json")
        ((_, operations),) = json.loads(path.read_text(encoding="utf-8"))["paths"].items()
        schema = without_captions(operations["get"]["responses"]["200"]["schema"])
        Draft4Validator(schema).validate(body)

    return check


def next_day(day: str) -> str:
    return date.fromordinal(date.fromisoformat(day).toordinal() + 1).isoformat()


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("path", CURVES)
@pytest.mark.parametrize("minutes", [10, 15, 30, 60])
async def test_curves(house, valid, curve_of, path, day, minutes):
    house.enedis.readings = curve_of(day, minutes)
    answer = await house.get(path, usage_point_id=PRM, start=day, end=next_day(day))
    assert answer.status_code == 200
    valid(CURVES[path], answer.json())


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("path", DAILIES)
async def test_dailies(house, valid, energy_of, path, day):
    house.enedis.readings = [energy_of(day, 8263)]
    answer = await house.get(path, usage_point_id=PRM, start=day, end=next_day(day))
    assert answer.status_code == 200
    valid(DAILIES[path], answer.json())


async def test_peaks(house, valid):
    house.enedis.readings = [Peak(date(2026, 11, 22), datetime(2026, 11, 22, 18, 0, 1, tzinfo=UTC), 4680)]
    answer = await house.get(POWER, usage_point_id=PRM, start="2026-11-22", end="2026-11-23")
    assert answer.status_code == 200
    valid("05", answer.json())


@pytest.mark.parametrize("path", RECORDS)
async def test_records(house, valid, path):
    number, house.enedis.record = RECORDS[path]
    answer = await house.get(path, usage_point_id=PRM)
    assert answer.status_code == 200
    valid(number, answer.json())


def keys_in_order(body):
    """Every key of a body by its place, the first element standing for a list."""
    if isinstance(body, dict):
        return [(key, keys_in_order(value)) for key, value in body.items()]
    return keys_in_order(body[0]) if isinstance(body, list) else None


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (CURVE, "consumption_load_curve"),
        (DAILY, "daily_consumption"),
        (POWER, "daily_consumption_max_power"),
        ("/customers_upc/v5/usage_points/contracts", "usage_points_contracts"),
        ("/customers_i/v5/identity", "identity"),
    ],
)
async def test_keys_come_in_the_order_of_captured_answers(house, official, curve_of, energy_of, path, name):
    readings = {
        CURVE: curve_of("2026-11-22"),
        DAILY: [energy_of("2026-11-22", 1)],
        POWER: [Peak(date(2026, 11, 22), datetime(2026, 11, 22, 18, tzinfo=UTC), 1)],
    }
    house.enedis.readings = readings.get(path, [])
    house.enedis.record = RECORDS.get(path, (None, None))[1]
    period = {"start": "2026-11-22", "end": "2026-11-23"} if path in readings else {}
    answer = await house.get(path, usage_point_id=PRM, **period)
    captured = json.loads((official / "fixtures" / "v5" / f"{name}.json").read_text(encoding="utf-8"))
    assert keys_in_order(answer.json()) == keys_in_order(captured)


async def test_the_token_looks_as_captured(house, official):
    form = {"grant_type": "client_credentials", "client_id": "demo", "client_secret": "demo.secret"}
    answer = (await house.client.post("/enedis/oauth2/v3/token", data=form)).json()
    captured = json.loads((official / "fixtures" / "v5" / "token.json").read_text(encoding="utf-8"))
    assert list(answer) == list(captured)
    assert answer | {"access_token": ""} == captured | {"access_token": ""}
