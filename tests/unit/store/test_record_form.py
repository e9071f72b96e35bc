"""Customer records as bytes: all of every field comes back, and the length tells little."""

from datetime import date, time

import pytest

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
from passerelle.store.record_form import LENGTHS, kind_of, pack_record, unpack_record

CONTRACT = Contract(
    customer_id="c",
    subscribed_power_kva=9,
    last_activation_date=date(2013, 7, 1),
    offpeak_hours=(OffpeakRange(time(22, 30), time(6, 30)), OffpeakRange(time(12), time(14))),
    consumption_connection_power_kva=12.5,
    phases=3,
)
ADDRESS = Address(street="2 bis rue du Capitaine Flam", city="Bourg-en-Bresse", geo_points=GeoPoint("46.2", "5.2", "0"))
IDENTITY = Identity("c", NaturalPerson("M.", "Zéphyrin", "Quatremère"), LegalEntity(siret_number="1"))
CONTACT = Contact("c", "0102030405", "someone@example.org")
ALL = [CONTRACT, ADDRESS, IDENTITY, CONTACT, Contract(), Address(), Identity(), Contact()]


@pytest.mark.parametrize("found", ALL)
def test_a_record_comes_back_whole(found):
    packed = pack_record(found)
    assert unpack_record(kind_of(found), packed) == found
    assert len(packed) in LENGTHS


def test_each_kind_is_known():
    assert [kind_of(found) for found in ALL[:4]] == list(CustomerRecord)


def test_a_long_name_and_a_short_one_have_one_length():
    names = ("Li", "Wolfeschlegelsteinhausenbergerdorff")
    assert len({len(pack_record(Identity("c", NaturalPerson(lastname=name)))) for name in names}) == 1


def test_a_record_that_is_too_long_is_refused():
    assert len(pack_record(Address(street="x" * 4_000))) == 8_192
    with pytest.raises(ValueError, match="too long"):
        pack_record(Address(street="x" * 9_000))


def test_a_field_of_a_later_version_is_left_out_and_another_version_refused():
    packed = pack_record(CONTACT)
    assert unpack_record(CustomerRecord.CONTACT, packed.replace(b'"phone"', b'"later"')).phone is None
    with pytest.raises(ValueError, match="form"):
        unpack_record(CustomerRecord.CONTACT, packed.replace(b'"version": 1', b'"version": 2'))
