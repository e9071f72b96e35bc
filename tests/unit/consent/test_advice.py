"""Whatever became of a consent, it is told what to do next, in both languages."""

import pytest

from passerelle.consent.advice import advice
from passerelle.consent.requests import SERVICES_NOT_LISTED, SHARE_OLDER
from passerelle.consent.states import ConsentState


@pytest.mark.parametrize("state", ConsentState)
def test_every_state_says_what_to_do_next(state):
    told = advice(state, (), None)
    assert told.english.endswith((".", ")."))
    assert told.french.endswith((".", ")."))
    assert told.english != told.french


def test_each_advice_is_its_own():
    assert len({advice(state, (), None) for state in ConsentState}) == len(ConsentState)


@pytest.mark.parametrize(
    ("state", "reason"),
    [(ConsentState.REQUESTED, None), (ConsentState.LAPSED, None), (ConsentState.FAILED, SHARE_OLDER)],
)
def test_where_a_live_share_may_be_in_the_way_its_end_or_deletion_is_named(state, reason):
    """F§4: a point that is shared already fails on Enedis' page, which never comes back."""
    told = advice(state, (), reason)
    assert "lets that share end" in told.english
    assert "deletes it in the Enedis account" in told.english
    assert "attend d'abord la fin de ce partage, ou le supprime dans son espace Enedis" in told.french


def test_a_reason_of_ours_changes_what_to_do_and_enedis_words_do_not():
    lapsed = advice(ConsentState.LAPSED, (), SERVICES_NOT_LISTED)
    assert lapsed != advice(ConsentState.LAPSED, (), None)
    assert advice(ConsentState.REFUSED, (), "demande_non_aboutie") == advice(ConsentState.REFUSED, (), None)


def test_a_granted_request_of_which_nothing_can_be_read_goes_by_its_points():
    granted, revoked, disputed = ConsentState.GRANTED, ConsentState.REVOKED, ConsentState.DISPUTED
    assert advice(granted, (revoked,), None) == advice(revoked, (), None)
    assert advice(granted, (disputed, revoked), None) == advice(disputed, (), None)
    assert advice(granted, (revoked, granted), None) == advice(granted, (), None)
    assert advice(ConsentState.FORGOTTEN, (revoked,), None) == advice(ConsentState.FORGOTTEN, (), None)
