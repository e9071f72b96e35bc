"""Whatever the address of a callback says, it is understood as one thing, and an error as nothing else (F§3, F§4)."""

from hypothesis import given
from hypothesis import strategies as st

from passerelle.consent.callback import Authorised, Failed, Refused, Shared, parse_callback

NAMES = ("code", "state", "error", "error_description", "usage_point_id", "autorisation_id")
TEXTS = st.one_of(
    st.text(max_size=30),
    st.integers(-5, 2**64).map(str),
    st.sampled_from(["22516914714270", "22516914714270;11453290002823", "access_denied", "demande_non_aboutie", "500"]),
)
QUERIES = st.dictionaries(st.sampled_from(NAMES), TEXTS)


@given(QUERIES)
def test_every_callback_is_understood(query):
    outcome = parse_callback(query)
    assert isinstance(outcome, Shared | Authorised | Refused | Failed)
    if query.get("error", "").strip():
        assert isinstance(outcome, Refused | Failed)
    elif query.get("autorisation_id", "").strip():
        assert isinstance(outcome, Authorised | Failed)


@given(st.integers(1, 2**63 - 1), QUERIES)
def test_every_id_that_enedis_can_give_is_kept_as_it_is(number, query):
    told = query | {"autorisation_id": str(number), "error": ""}
    assert parse_callback(told) == Authorised(number)


@given(st.one_of(st.integers(max_value=0), st.integers(min_value=2**63)), st.sampled_from(["", "0", "+", "0x"]))
def test_no_other_number_is_one(number, prefix):
    outcome = parse_callback({"autorisation_id": f"{prefix}{number}"})
    assert outcome == Failed("autorisation-malformed")
