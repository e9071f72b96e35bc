import json
from datetime import date, time
from pathlib import Path

import pytest

from passerelle.enedis.v5.records import record
from passerelle.errors import UpstreamBroken
from passerelle.model.customer import (
    Address,
    Contact,
    Contract,
    CustomerRecord,
    GeoPoint,
    Identity,
    LegalEntity,
    NaturalPerson,
    OffpeakRange,
)
from passerelle.model.usage_point import UsagePointId

PRM = UsagePointId("22516914714270")
OTHER = "11453290002823"


def contract(**fields: object) -> Contract:
    entry = {"usage_point": {"usage_point_id": PRM}, "contracts": fields}
    body = {"customer": {"customer_id": "1", "usage_points": [entry]}}
    found = record(json.dumps(body).encode(), PRM, CustomerRecord.CONTRACT)
    assert isinstance(found, Contract)
    return found


@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        ("HC (22H50-6H50)", (OffpeakRange(time(22, 50), time(6, 50)),)),
        ("HC (1H06-7H06;15H06-17H06)", (OffpeakRange(time(1, 6), time(7, 6)), OffpeakRange(time(15, 6), time(17, 6)))),
        ("HC (23h00-7h30)", (OffpeakRange(time(23, 0), time(7, 30)),)),
        ("HC (22H00-24H00)", (OffpeakRange(time(22, 0), time(0, 0)),)),
        ("HC (25H00-7H30)", None),
        ("HC (7H30-7H30)", None),
        ("HC (1H06-7H06;?)", None),
        ("heures creuses la nuit", None),
        ("", None),
        (None, None),
    ],
)
def test_offpeak_hours(text, ranges):
    found = contract(offpeak_hours=text)
    assert found.offpeak_hours == ranges
    assert found.offpeak_text == (text or None)


@pytest.mark.parametrize(
    ("text", "kva"), [("6 kVA", 6), ("36kVA", 36), ("9.0 kVA", 9), ("12", 12), (12, 12), ("250 kW", None), (None, None)]
)
def test_subscribed_power(text, kva):
    found = contract(subscribed_power=text)
    assert (found.subscribed_power_kva, found.subscribed_power_text) == (kva, None if text is None else str(text))


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2017-07-15+02:00", date(2017, 7, 15)),
        ("2017-07-15", date(2017, 7, 15)),
        ("2017-07-15Z", date(2017, 7, 15)),
        ("2024-10-12T00:00:00+0200", date(2024, 10, 12)),
        ("2017-02-30+02:00", None),
        ("15/07/2017", None),
        (None, None),
    ],
)
def test_dates_are_the_day_written(text, day):
    found = contract(last_activation_date=text, last_distribution_tariff_change_date=text)
    assert (found.last_activation_date, found.last_activation_text) == (day, text)
    assert found.last_distribution_tariff_change_date == day


def test_the_asked_usage_point_is_chosen_among_several():
    entries = [
        {"usage_point": {"usage_point_id": prm}, "contracts": {"segment": segment}, "new_key": 1}
        for prm, segment in ((OTHER, "C4"), (PRM, "C5"))
    ]
    body = json.dumps({"customer": {"usage_points": entries}}).encode()
    found = record(body, PRM, CustomerRecord.CONTRACT)
    assert found == Contract(segment="C5")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"customer": {}},
        {"customer": {"usage_points": [{"usage_point": {"usage_point_id": OTHER}}]}},
        [],
        {"customer": 3},
    ],
)
@pytest.mark.parametrize("kind", [CustomerRecord.CONTRACT, CustomerRecord.ADDRESS])
def test_a_body_without_the_asked_usage_point(body, kind):
    with pytest.raises(UpstreamBroken) as raised:
        record(json.dumps(body).encode(), PRM, kind)
    assert OTHER not in str(raised.value)


def test_the_address_with_coordinates():
    point = {
        "usage_point_id": PRM,
        "usage_point_addresses": {"city": "Maulichères", "geo_points": {"latitude": 43.5, "longitude": "-0.1"}},
    }
    body = json.dumps({"customer": {"usage_points": [{"usage_point": point}]}}).encode()
    assert record(body, PRM, CustomerRecord.ADDRESS) == Address(city="Maulichères", geo_points=GeoPoint("43.5", "-0.1"))


def test_an_identity_may_hold_both_persons():
    body = json.dumps(
        {
            "customer_id": 12,
            "identity": {"natural_person": {"lastname": "Doe", "title": ""}, "legal_entity": {"name": "Doe SARL"}},
        }
    ).encode()
    assert record(body, PRM, CustomerRecord.IDENTITY) == Identity(
        "12", NaturalPerson(lastname="Doe"), LegalEntity(name="Doe SARL")
    )


@pytest.mark.parametrize("key", ["contact", "contact_data"])
def test_contact_under_either_key(key):
    body = json.dumps({"customer_id": "1", key: {"phone": "0512345678", "email": "a@b.fr"}}).encode()
    assert record(body, PRM, CustomerRecord.CONTACT) == Contact("1", "0512345678", "a@b.fr")


@pytest.mark.parametrize("kind", [CustomerRecord.IDENTITY, CustomerRecord.CONTACT])
@pytest.mark.parametrize("body", [b'{"customer_id": "1"}', b"[]", b"not json", b"\xff\xfe"])
def test_bodies_without_what_was_asked(kind, body):
    with pytest.raises(UpstreamBroken):
        record(body, PRM, kind)


@pytest.mark.official
@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        (
            "usage_points_contracts.json",
            CustomerRecord.CONTRACT,
            Contract(
                customer_id="XXXX",
                usage_point_status="com",
                meter_type="AMM",
                segment="C5",
                subscribed_power_kva=6,
                subscribed_power_text="6 kVA",
                last_activation_date=date(2017, 7, 15),
                last_activation_text="2017-07-15+02:00",
                distribution_tariff="BTINFMU4",
                offpeak_hours=(OffpeakRange(time(22, 50), time(6, 50)),),
                offpeak_text="HC (22H50-6H50)",
                contract_type="Contrat GRD-F",
                contract_status="SERVC",
                last_distribution_tariff_change_date=date(2024, 5, 11),
                last_distribution_tariff_change_text="2024-05-11+02:00",
            ),
        ),
        (
            "usage_points_addresses.json",
            CustomerRecord.ADDRESS,
            Address(
                customer_id="XXXX",
                usage_point_status="no com",
                meter_type="PMEI",
                street="1 rue de l'homologation",
                postal_code="60000",
                insee_code="60057",
                city="BEAUVAIS",
                country="France",
            ),
        ),
        ("identity.json", CustomerRecord.IDENTITY, Identity("XXXX", NaturalPerson("M", "Jon", "Doe"))),
        ("contact_data.json", CustomerRecord.CONTACT, Contact("XXXX", "0512345678", "mailtest@gmail.com")),
    ],
)
def test_captured_records(official: Path, name, kind, expected):
    body = (official / "fixtures/v5" / name).read_bytes()
    assert record(body, UsagePointId("24115050000000"), kind) == expected
