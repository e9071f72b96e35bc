import pytest

from passerelle.cli.language import WORDS, Language, language_of, say
from passerelle.model.reading import GapReason, Quality
from passerelle.schema.consents import CONSENT_STATES
from passerelle.schema.customer import AddressBody, ContactBody, ContractBody, IdentityBody


@pytest.mark.parametrize(
    ("text", "language"),
    [("fr", "fr"), ("FR", "fr"), ("fr_FR.UTF-8", "fr"), ("en_GB.UTF-8", "en"), ("C.UTF-8", "en"), ("", "en")],
)
def test_the_locale_names_the_language(text: str, language: str):
    assert language_of(text) == language


def test_every_value_and_field_that_a_table_can_show_has_words():
    values = {*GapReason, *Quality, *CONSENT_STATES}
    records = (ContractBody, AddressBody, IdentityBody, ContactBody)
    nested = {"geo_points", "natural_person", "legal_entity"}
    fields = {field for record in records for field in record.__struct_fields__} - nested
    assert (values | fields) - WORDS.keys() == set()


def test_what_has_no_words_is_shown_as_it_is_named():
    assert say("some_new_field", Language.FRENCH) == "some new field"
