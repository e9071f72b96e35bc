import json
from dataclasses import fields
from datetime import date, time

import pytest

from passerelle.enedis.v2026.records import (
    read_address,
    read_contact,
    read_contract,
    read_identity,
    with_metering,
    with_supply,
    with_synthesis,
)
from passerelle.errors import NoData, UpstreamBroken
from passerelle.model.customer import Address, Contact, Contract, Identity, LegalEntity, NaturalPerson, OffpeakRange
from passerelle.model.usage_point import UsagePointId

PRM = UsagePointId("22516914714270")
OTHER = "11453290002823"
WITHDRAWAL = {"usage_point_id": PRM, "segment": "C5", "contract_type": "Contrat GRD-F"}
INJECTION = {"usage_point_id": PRM, "segment": "P4", "contract_type": "Contrat GRD-A"}


def body(content: object) -> bytes:
    return json.dumps(content).encode()


def contract(*items: dict[str, object]) -> Contract:
    return read_contract(body(list(items)), PRM)


@pytest.mark.parametrize("items", [[WITHDRAWAL, INJECTION], [INJECTION, WITHDRAWAL]])
def test_of_two_contracts_the_withdrawal_is_taken(items):
    """F§10: a self-consumption point carries two."""
    assert contract(*items) == Contract(segment="C5", contract_type="Contrat GRD-F")


def test_a_point_that_only_produces_has_its_own_contract():
    assert contract(INJECTION) == Contract(segment="P4", contract_type="Contrat GRD-A")
    assert contract(INJECTION, {"contract_type": "of no segment"}).contract_type == "of no segment"


def test_one_object_is_a_list_of_one():
    """F§10."""
    assert read_contract(body(WITHDRAWAL), PRM) == contract(WITHDRAWAL)


@pytest.mark.parametrize(
    ("segment", "text"),
    [
        ("C5", "C5"),
        (["P4", "C5"], "C5"),
        (["P4"], "P4"),
        ([{"segment": "P4"}, {"segment": "C2"}], "C2"),
        ({"segment": "C1"}, "C1"),
        ([], None),
        (None, None),
    ],
)
def test_the_forms_of_a_segment(segment, text):
    """F§10."""
    assert contract({"contract_type": "x", "segment": segment}).segment == text


@pytest.mark.parametrize(
    ("power", "kva", "text"),
    [
        ({"unit": "kVA", "value": "12"}, 12, "12 kVA"),
        ({"unit": "kVA", "value": 12.0}, 12, "12 kVA"),
        ("6 kVA", 6, "6 kVA"),
        ({"unit": "kW", "value": "850"}, None, "850 kW"),
        ({"value": "9"}, 9, "9"),
        ({}, None, None),
        (None, None, None),
    ],
)
def test_the_forms_of_a_power(power, kva, text):
    """F§10; written as v5 writes it (F§14)."""
    found = contract({"segment": "C5", "subscribed_power": power})
    assert (found.subscribed_power_kva, found.subscribed_power_text) == (kva, text)


@pytest.mark.parametrize(
    "content", [[], {}, [{}], [{"usage_point_id": OTHER, "segment": "C5"}], {"code": "x"}, "x", [1]]
)
@pytest.mark.parametrize("read", [read_contract, read_identity, read_contact])
def test_a_body_without_a_contract_of_the_point(content, read):
    with pytest.raises(UpstreamBroken) as raised:
        read(body(content), PRM)
    assert OTHER not in str(raised.value)


DATES = {
    "consumption_last_activation_date": "2018-08-31T00:00:00+0200",
    "generation_last_activation_date": "2024-07-31T00:00:00+0200",
    "last_subscribed_power_change_date": "2026-02-11T00:00:00+0100",
    "services_level": "Communicant (ouvert aux services)",
}


class TestSynthesis:
    def read(self, segment: str, **content: object) -> Contract:
        return with_synthesis(Contract(segment=segment), body(content))

    def test_all_of_it(self):
        assert self.read("C5", **DATES) == Contract(
            segment="C5",
            last_activation_date=date(2018, 8, 31),
            last_activation_text="2018-08-31+02:00",
            services_level="Communicant (ouvert aux services)",
            last_subscribed_power_change_date=date(2026, 2, 11),
            generation_last_activation_date=date(2024, 7, 31),
        )

    def test_of_a_producer_the_activation_is_that_of_generation(self):
        assert self.read("P4", **DATES).last_activation_date == date(2024, 7, 31)

    @pytest.mark.parametrize(
        ("text", "day", "as_v5"),
        [
            ("2018-08-31T00:00:00+0200", date(2018, 8, 31), "2018-08-31+02:00"),
            ("2018-08-31T00:00:00+02:00", date(2018, 8, 31), "2018-08-31+02:00"),
            ("2018-01-31T00:00:00.000Z", date(2018, 1, 31), "2018-01-31Z"),
            ("2018-08-31", date(2018, 8, 31), "2018-08-31"),
            ("someday", None, "someday"),
            ("", None, None),
            (None, None, None),
        ],
    )
    def test_dates_are_the_day_written_in_the_form_of_v5(self, text, day, as_v5):
        """F§8, F§14."""
        found = self.read("C5", consumption_last_activation_date=text)
        assert (found.last_activation_date, found.last_activation_text) == (day, as_v5)


@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        ("HC (22H38-6H38)", [((22, 38), (6, 38))]),
        ("HC (1H06-7H06;15H06-17H06)", [((1, 6), (7, 6)), ((15, 6), (17, 6))]),
        ("23h00-7h30", [((23, 0), (7, 30))]),
        ("22:50-06:50", [((22, 50), (6, 50))]),
        ("HC 1H36-8H06, 12H36-14H06", [((1, 36), (8, 6)), ((12, 36), (14, 6))]),
        ("(22H-6H)", [((22, 0), (6, 0))]),
        ("22H38", None),
        ("la nuit", None),
    ],
)
def test_offpeak_hours_keep_the_original(text, ranges):
    """F§16.4: no spelling of 2026 is published."""
    found = with_metering(Contract(segment="C5"), body({"relais": {"plageHeuresCreuses": text}}))
    meant = ranges and tuple(OffpeakRange(time(*start), time(*end)) for start, end in ranges)
    assert (found.segment, found.offpeak_hours, found.offpeak_text) == ("C5", meant, text)


def test_the_meter_type_is_its_code():
    device = {"dispositifComptage": {"typeComptage": {"code": "AMM", "libelle": "Compteur Linky"}}}
    assert with_metering(Contract(), body(device)) == Contract(meter_type="AMM")
    assert with_metering(Contract(), body({"dispositifComptage": {}, "relais": {}})) == Contract()


@pytest.mark.parametrize(
    ("count", "phases"), [("2", 1), ("4", 3), ("1", 1), ("3", 3), (4.0, 3), ("x", None), (None, None)]
)
def test_wires_tell_the_phases(count, phases):
    """The mirror says the count as Enedis did; ours are phases."""
    found = with_supply(Contract(), body({"phase_count": count}))
    assert (found.phases, found.phases_text) == (phases, None if count is None else str(count).removesuffix(".0"))


def test_each_connection_power_is_what_its_key_says_in_its_own_unit():
    """F§10: the descriptions of the two are swapped in the specification."""
    powers = {
        "consumption_connection_power": {"value": 12.0, "unit": "kVA"},
        "generation_connection_power": {"value": "3.5", "unit": "kVA"},
    }
    assert with_supply(Contract(), body(powers)) == Contract(
        consumption_connection_power_kva=12.0, generation_connection_power_kva=3.5
    )
    in_kw = {
        "consumption_connection_power": {"value": 1100.0, "unit": "kW"},
        "generation_connection_power": {"value": 1000.0, "unit": "kW"},
    }
    assert with_supply(Contract(), body(in_kw)) == Contract(
        consumption_connection_power_kw=1100.0, generation_connection_power_kw=1000.0
    )
    in_words = {"consumption_connection_power": "12 kVA", "generation_connection_power": "1000,5 kW"}
    assert with_supply(Contract(), body(in_words)) == Contract(
        consumption_connection_power_kva=12.0, generation_connection_power_kw=1000.5
    )
    assert with_supply(Contract(), body({"consumption_connection_power": 12})) == Contract()  # of what?
    in_volts = {"consumption_connection_power": {"value": 1100.0, "unit": "V"}}
    assert with_supply(Contract(), body(in_volts)) == Contract()
    for value in ("x", None, "nan", "-1", "1e300"):
        spoilt = {"consumption_connection_power": {"value": value, "unit": "kVA"}}
        assert with_supply(Contract(), body(spoilt)) == Contract()


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_an_address_however_deep(depth):
    """F§10."""
    content: dict[str, object] = {
        "number_street_name": "1 rue du Test",
        "locality": "Le Bourg",
        "postal_code_city": "60000 BEAUVAIS",
        "insee_code": "60057",
    }
    for _ in range(depth):
        content = {"address": content}
    assert read_address(body(content)) == Address(
        street="1 rue du Test", locality="Le Bourg", postal_code="60000", city="BEAUVAIS", insee_code="60057"
    )


@pytest.mark.parametrize(
    ("text", "postal_code", "city"),
    [
        ("35207 RENNES CEDEX 7", "35207", "RENNES CEDEX 7"),
        ("750XX", "750XX", None),
        ("75001", "75001", None),
        ("6000 BEAUVAIS", "6000 BEAUVAIS", None),
        ("BEAUVAIS", None, "BEAUVAIS"),
        (" ", None, None),
        (None, None, None),
    ],
)
def test_postal_code_and_city_are_split_only_where_that_is_sure(text, postal_code, city):
    found = read_address(body({"address": {"postal_code_city": text}}))
    assert (found.postal_code, found.city) == (postal_code, city)


@pytest.mark.parametrize("content", [{}, {"address": None}, [], "x"])
def test_a_body_without_an_address(content):
    with pytest.raises(UpstreamBroken):
        read_address(body(content))


def test_the_holder_is_a_person_an_organization_or_both():
    person = {"title": "M", "firstname": "Jon", "lastname": "Doe"}
    firm = {"name": "Doe SARL", "commercial_name": "Doe", "siret_number": "1", "business_code": "0000Z"}
    both = [INJECTION | {"person": {"lastname": "Other"}}, WITHDRAWAL | {"person": person, "organization": firm}]
    natural, legal = NaturalPerson("M", "Jon", "Doe"), LegalEntity("Doe SARL", "Doe", siret_number="1")
    assert read_identity(body(both), PRM) == Identity(None, natural, legal)
    assert read_identity(body([WITHDRAWAL, INJECTION | {"person": person}]), PRM) == Identity(natural_person=natural)
    with pytest.raises(NoData):
        read_identity(body([WITHDRAWAL]), PRM)


@pytest.mark.parametrize(
    ("data", "contact"),
    [
        ({"phone": "06", "landline": "01", "email": "a@b.fr"}, Contact(None, "06", "a@b.fr", "01")),
        ({"landline": "01"}, Contact(landline="01")),
        ({"phone": " ", "landline": "01"}, Contact(landline="01")),
        ({"email": "a@b.fr"}, Contact(None, None, "a@b.fr")),
    ],
)
def test_contact(data, contact):
    """F§14."""
    assert read_contact(body([INJECTION, WITHDRAWAL | {"contact_data": data}]), PRM) == contact


@pytest.mark.parametrize("data", [None, {}, {"phone": "", "email": None}])
def test_without_contact_data_there_is_none(data):
    with pytest.raises(NoData):
        read_contact(body([WITHDRAWAL | {"contact_data": data}]), PRM)


def test_what_2026_lost_is_never_invented():
    """F§14."""
    everything = with_supply(
        with_metering(with_synthesis(contract(WITHDRAWAL), body({"services_level": "x"})), body({})), body({})
    )
    lost = ("customer_id", "usage_point_status", "contract_status", "last_distribution_tariff_change_date")
    assert [getattr(everything, name) for name in lost] == [None] * 4
    address = read_address(body({"address": {"insee_code": "60057"}}))
    assert [each.name for each in fields(address) if getattr(address, each.name) is not None] == ["insee_code"]
