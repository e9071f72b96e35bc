"""The four customer APIs: Enedis' own spelling, what is not known absent (F§8)."""

import pytest

from passerelle.model.customer import Address, Contact, Contract, GeoPoint, Identity, LegalEntity, NaturalPerson

PRM = "22516914714270"
CONTRACTS = "/customers_upc/v5/usage_points/contracts"
ADDRESSES = "/customers_upa/v5/usage_points/addresses"
IDENTITY = "/customers_i/v5/identity"
CONTACT = "/customers_cd/v5/contact_data"


async def body(house, path, record):
    house.enedis.record = record
    answer = await house.get(path, usage_point_id=PRM)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()


async def test_a_contract_is_spelled_as_enedis_spelled_it(house):
    record = Contract(
        customer_id="1358019319",
        usage_point_status="com",
        meter_type="AMM",
        segment="C5",
        subscribed_power_kva=6,
        subscribed_power_text="6 kVA",
        last_activation_text="2017-07-15+02:00",
        distribution_tariff="BTINFMU4",
        offpeak_text="HC (1H06-7H06;15H06-17H06)",
        contract_type="Contrat GRD-F",
        contract_status="SERVC",
        last_distribution_tariff_change_text="2024-05-11+02:00",
    )
    found = await body(house, CONTRACTS, record)
    assert found == {
        "customer": {
            "customer_id": "1358019319",
            "usage_points": [
                {
                    "usage_point": {"usage_point_id": PRM, "usage_point_status": "com", "meter_type": "AMM"},
                    "contracts": {
                        "segment": "C5",
                        "subscribed_power": "6 kVA",
                        "last_activation_date": "2017-07-15+02:00",
                        "distribution_tariff": "BTINFMU4",
                        "offpeak_hours": "HC (1H06-7H06;15H06-17H06)",
                        "contract_type": "Contrat GRD-F",
                        "contract_status": "SERVC",
                        "last_distribution_tariff_change_date": "2024-05-11+02:00",
                    },
                }
            ],
        }
    }
    assert list(found["customer"]) == ["customer_id", "usage_points"]


async def test_what_a_contract_does_not_say_is_absent(house):
    found = await body(house, CONTRACTS, Contract(segment="C5"))
    assert found == {
        "customer": {"usage_points": [{"usage_point": {"usage_point_id": PRM}, "contracts": {"segment": "C5"}}]}
    }


async def test_an_address(house):
    record = Address(
        customer_id="1",
        usage_point_status="no_com",
        meter_type="PMEI",
        street="2 bis rue du capitaine Flam",
        locality="lieudit Tourtouze",
        postal_code="32400",
        insee_code="32244",
        city="MAULICHERES",
        country="France",
        geo_points=GeoPoint("43.687253", "-0.087957", "148"),
    )
    assert await body(house, ADDRESSES, record) == {
        "customer": {
            "customer_id": "1",
            "usage_points": [
                {
                    "usage_point": {
                        "usage_point_id": PRM,
                        "usage_point_status": "no_com",
                        "meter_type": "PMEI",
                        "usage_point_addresses": {
                            "street": "2 bis rue du capitaine Flam",
                            "locality": "lieudit Tourtouze",
                            "postal_code": "32400",
                            "insee_code": "32244",
                            "city": "MAULICHERES",
                            "country": "France",
                            "geo_points": {"latitude": "43.687253", "longitude": "-0.087957", "altitude": "148"},
                        },
                    }
                }
            ],
        }
    }


@pytest.mark.parametrize(
    ("record", "identity"),
    [
        (
            Identity("1", natural_person=NaturalPerson("M", "Jon", "Doe")),
            {"natural_person": {"title": "M", "firstname": "Jon", "lastname": "Doe"}},
        ),
        (
            Identity("1", legal_entity=LegalEntity(name="Boulangerie", siret_number="12345678901234")),
            {"legal_entity": {"name": "Boulangerie", "siret_number": "12345678901234"}},
        ),
    ],
)
async def test_an_identity(house, record, identity):
    assert await body(house, IDENTITY, record) == {"customer_id": "1", "identity": identity}


async def test_a_contact(house):
    record = Contact("1", phone="0512345678")
    assert await body(house, CONTACT, record) == {"customer_id": "1", "contact": {"phone": "0512345678"}}
