"""The contract of `/v1`: what each generation knows of it, and nothing else."""

from datetime import date

import msgspec

from passerelle.model.customer import Contact, Contract
from passerelle.web.render.customer import customer_body

PRM = "22516914714270"
OF_2026 = {
    "consumption_connection_power_kva": 12.0,
    "generation_connection_power_kva": 9.5,
    "consumption_connection_power_kw": 1100.0,
    "generation_connection_power_kw": 1000.0,
    "phases": 3,
    "services_level": "Communicant (ouvert aux services)",
    "last_subscribed_power_change_date": date(2026, 2, 11),
    "generation_last_activation_date": date(2024, 7, 31),
}


def body_of(contract: Contract) -> dict[str, object]:
    body = customer_body(PRM, contract)
    return msgspec.json.decode(msgspec.json.encode(body))


def test_what_2026_knows_is_told():
    assert body_of(Contract(segment="C5", **OF_2026)) == {
        "usage_point_id": PRM,
        "segment": "C5",
        **OF_2026,
        "last_subscribed_power_change_date": "2026-02-11",
        "generation_last_activation_date": "2024-07-31",
    }


def test_a_power_in_kw_is_told_as_kw():
    assert body_of(Contract(subscribed_power_kw=850.0)) == {"usage_point_id": PRM, "subscribed_power_kw": 850.0}


def test_of_two_numbers_the_mobile_one_is_the_phone_and_a_lone_landline_is_both():
    """v5 has one number (F§14)."""
    both = msgspec.json.decode(msgspec.json.encode(customer_body(PRM, Contact(None, "06", None, "01"))))
    alone = msgspec.json.decode(msgspec.json.encode(customer_body(PRM, Contact(landline="01"))))
    assert both == {"usage_point_id": PRM, "phone": "06", "landline": "01"}
    assert alone == {"usage_point_id": PRM, "phone": "01", "landline": "01"}


def test_what_v5_does_not_know_is_absent():
    assert body_of(Contract(segment="C5")) == {"usage_point_id": PRM, "segment": "C5"}
