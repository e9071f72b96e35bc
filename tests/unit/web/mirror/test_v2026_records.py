"""The five ITC APIs of 2026, from what either generation knows (F§10, F§14)."""

from dataclasses import replace
from datetime import date, time

import pytest

from passerelle.errors import ConsentMissing, NoData
from passerelle.gateway.rooms import MIRROR_TOKEN
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
from passerelle.model.scopes import ALL_SCOPES, Scope
from passerelle.problem import Upstream
from passerelle.web.mirror import errors as shared
from passerelle.web.mirror.v2026 import errors
from passerelle.web.mirror.v2026.records import RECORDS

PRM = "22516914714270"
OF_V5 = Contract(
    customer_id="1",
    usage_point_status="com",
    meter_type="LINKY",
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
    last_distribution_tariff_change_text="2024-05-11+02:00",
)
OF_2026 = replace(
    OF_V5,
    meter_type="AMM",
    consumption_connection_power_kva=12.0,
    generation_connection_power_kva=9.0,
    phases=1,
    phases_text="2",
    services_level="Communicant (ouvert aux services)",
    last_subscribed_power_change_date=date(2026, 2, 11),
    generation_last_activation_date=date(2024, 7, 31),
)
ALL = {
    CustomerRecord.CONTRACT: OF_2026,
    CustomerRecord.ADDRESS: Address(
        street="1 rue",
        locality="Bourg",
        postal_code="60000",
        insee_code="60057",
        city="BEAUVAIS",
        geo_points=GeoPoint("1", "2"),
    ),
    CustomerRecord.IDENTITY: Identity("1", natural_person=NaturalPerson("M", "Jon", "Doe")),
    CustomerRecord.CONTACT: Contact("1", "0512345678", "jon@example.org"),
}


def same(answer, refusal) -> bool:
    return (answer.status_code, answer.content) == (refusal.status, refusal.body)


async def asked(house, api: str):
    return await house.get(f"/{api}/v1/{PRM}")


async def test_the_contract_is_a_list_with_its_holder(house):
    house.enedis.record = ALL
    answer = await asked(house, "situation_contrat_auto")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == [
        {
            "usage_point_id": PRM,
            "contract_type": "Contrat GRD-F",
            "distribution_tariff": "BTINFMU4",
            "subscribed_power": {"unit": "kVA", "value": "6"},
            "segment": "C5",
            "contact_data": {"email": "jon@example.org", "phone": "0512345678"},
            "person": {"title": "M", "lastname": "Doe", "firstname": "Jon"},
        }
    ]


async def test_a_company_is_an_organization(house):
    house.enedis.record = ALL | {
        CustomerRecord.IDENTITY: Identity(legal_entity=LegalEntity("SARL", "Chez Jon", siret_number="1" * 14)),
        CustomerRecord.CONTACT: Contact(),
    }
    (contract,) = (await asked(house, "situation_contrat_auto")).json()
    assert contract["organization"] == {"name": "SARL", "commercial_name": "Chez Jon", "siret_number": "1" * 14}
    assert {"person", "contact_data"}.isdisjoint(contract)


async def test_a_holder_that_the_key_may_not_read_is_left_out_and_not_asked_for(house):
    house.enedis.record = ALL
    _, caller = house.keys.of["mirror.token"]
    house.keys.of["mirror.token"] = (MIRROR_TOKEN, replace(caller, scopes=frozenset({Scope.CONTRACT})))
    (contract,) = (await asked(house, "situation_contrat_auto")).json()
    assert {"person", "organization", "contact_data"}.isdisjoint(contract)
    assert house.enedis.asked == 1


async def test_a_holder_that_enedis_does_not_know_is_left_out(house):
    house.enedis.record = ALL | {CustomerRecord.CONTACT: NoData("", "")}
    (contract,) = (await asked(house, "situation_contrat_auto")).json()
    assert "contact_data" not in contract


async def test_a_holder_that_enedis_refuses_fails_the_call(house):
    house.enedis.record = ALL | {CustomerRecord.CONTACT: ConsentMissing("", "")}
    assert same(await asked(house, "situation_contrat_auto"), errors.NOT_AUTHORISED)


@pytest.mark.parametrize(
    ("text", "kva", "power"),
    [
        ("12 kVA", 12, {"unit": "kVA", "value": "12"}),
        ("850 kW", None, {"unit": "kW", "value": "850"}),
        (None, 9, {"unit": "kVA", "value": "9"}),
        ("beaucoup", None, None),
        (None, None, None),
    ],
)
async def test_a_power_is_a_value_and_a_unit(house, text, kva, power):
    contract = replace(OF_V5, subscribed_power_text=text, subscribed_power_kva=kva)
    house.enedis.record = ALL | {CustomerRecord.CONTRACT: contract}
    (found,) = (await asked(house, "situation_contrat_auto")).json()
    assert found.get("subscribed_power") == power


async def test_the_synthesis_has_dates_with_an_offset_without_colon(house):
    house.enedis.record = OF_2026
    assert (await asked(house, "synth_contrat_auto")).json() == {
        "segments": [{"segment": "C5"}],
        "generation_last_activation_date": "2024-07-31T00:00:00+0200",
        "consumption_last_activation_date": "2017-07-15T00:00:00+0200",
        "last_subscribed_power_change_date": "2026-02-11T00:00:00+0100",
        "services_level": "Communicant (ouvert aux services)",
    }
    house.enedis.record = OF_V5
    assert (await asked(house, "synth_contrat_auto")).json() == {
        "segments": [{"segment": "C5"}],
        "consumption_last_activation_date": "2017-07-15T00:00:00+0200",
    }


async def test_the_activation_of_a_producer_is_none_of_consumption(house):
    house.enedis.record = replace(OF_2026, segment="P4", last_activation_date=date(2024, 7, 31))
    body = (await asked(house, "synth_contrat_auto")).json()
    assert "consumption_last_activation_date" not in body
    assert body["generation_last_activation_date"] == "2024-07-31T00:00:00+0200"


@pytest.mark.parametrize(
    ("of_v5", "code"), [("LINKY", "AMM"), ("AMM", "AMM"), ("LINKYPRO", "LINKYPRO"), ("ELECTRONIC", None)]
)
async def test_the_meter_has_a_code_that_2026_knows(house, of_v5, code):
    house.enedis.record = replace(OF_V5, meter_type=of_v5)
    body = (await asked(house, "comptage_auto")).json()
    assert body["relais"] == {"plageHeuresCreuses": "HC (22H50-6H50)"}
    assert body.get("dispositifComptage") == (code and {"typeComptage": {"code": code}})


async def test_the_address_has_code_and_city_in_one_text(house):
    house.enedis.record = ALL
    assert (await asked(house, "donnees_generales_auto")).json() == {
        "address": {
            "number_street_name": "1 rue",
            "locality": "Bourg",
            "postal_code_city": "60000 BEAUVAIS",
            "insee_code": "60057",
        }
    }


async def test_the_connection_is_known_to_2026_only(house):
    house.enedis.record = OF_2026
    assert (await asked(house, "alimentation_auto")).json() == {
        "phase_count": "2",
        "consumption_connection_power": {"value": 12.0, "unit": "kVA"},
        "generation_connection_power": {"value": 9.0, "unit": "kVA"},
    }
    house.enedis.record = OF_V5
    assert same(await asked(house, "alimentation_auto"), errors.NOTHING_OF["alimentation_auto"])


async def test_a_power_keeps_its_unit(house):
    house.enedis.record = Contract(consumption_connection_power_kw=1100.0, generation_connection_power_kw=1000.0)
    assert (await asked(house, "alimentation_auto")).json() == {
        "consumption_connection_power": {"value": 1100.0, "unit": "kW"},
        "generation_connection_power": {"value": 1000.0, "unit": "kW"},
    }


@pytest.mark.parametrize(
    ("contact", "told"),
    [
        (Contact(None, "06", None, "01"), {"phone": "06", "landline": "01"}),
        (Contact(landline="01"), {"landline": "01"}),
        (Contact(None, "06"), {"phone": "06"}),
    ],
)
async def test_a_landline_is_not_called_a_mobile_number(house, contact, told):
    house.enedis.record = ALL | {CustomerRecord.CONTACT: contact}
    ((item),) = (await asked(house, "situation_contrat_auto")).json()
    assert item["contact_data"] == told


@pytest.mark.parametrize("api", ["synth_contrat_auto", "comptage_auto", "donnees_generales_auto", "alimentation_auto"])
async def test_of_what_nothing_is_known_is_404_in_the_words_of_its_api(house, api):
    house.enedis.record = {CustomerRecord.CONTRACT: Contract(), CustomerRecord.ADDRESS: Address()}
    assert same(await asked(house, api), errors.NOTHING_OF[api])


@pytest.mark.parametrize("api", RECORDS)
async def test_no_api_tells_of_another(house, api):
    body = b'{"code":"SGT404","message":"Une autre situation ou PRM non existant"}'
    other = Upstream(status=404, content_type="application/json", body=body)
    house.enedis.refusal = NoData("", "", upstream=other)
    assert same(await asked(house, api), errors.NOTHING_OF[api])


@pytest.mark.parametrize("api", RECORDS)
async def test_the_point_stands_in_the_path_and_nowhere_else(house, api):
    house.enedis.record = ALL
    for path, query in (("1234", {}), (PRM, {"pointId": PRM}), ("225%20169%20147%20142%2070", {})):
        assert same(await house.get(f"/{api}/v1/{path}", **query), errors.OUTSIDE_SPECIFICATION)
    house.links.link = None
    assert same(await asked(house, api), errors.NOT_AUTHORISED)


@pytest.mark.parametrize("api", RECORDS)
async def test_each_api_needs_its_scope(house, api):
    _, caller = house.keys.of["mirror.token"]
    house.keys.of["mirror.token"] = (MIRROR_TOKEN, replace(caller, scopes=ALL_SCOPES - {RECORDS[api].scope}))
    assert same(await asked(house, api), shared.NOT_SUBSCRIBED)
