"""Shares of both generations: what may be called, what cannot be shared again, and what its services tell."""

from datetime import UTC, date, datetime, timedelta

from passerelle.simulator.consents import Consent, Consents, State

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
TODAY, LATER = date(2026, 11, 24), date(2026, 12, 1)
PRM = "22516914714270"


def test_what_the_sandbox_holds_can_be_called_and_still_be_shared():
    consents = Consents((PRM,), revoked=())
    assert consents.usable(PRM, NOW) is not None
    assert not consents.shared(PRM, NOW)


def test_an_ordered_grant_is_a_share_from_its_day():
    consents = Consents((), revoked=())
    consents.order(PRM, State.GRANTED, date(2026, 11, 1), TODAY)
    assert consents.find(PRM) == Consent(State.GRANTED, begin=date(2026, 11, 1), given_on=TODAY)
    assert consents.shared(PRM, NOW)


def test_ending_a_share_keeps_its_day_and_its_end():
    consents = Consents((), revoked=())
    until = NOW + timedelta(days=365)
    consents.put(PRM, Consent(State.GRANTED, until=until, given_on=TODAY))
    consents.order(PRM, State.REVOKED, None, LATER)
    assert consents.find(PRM) == Consent(State.REVOKED, until=until, given_on=TODAY)
    assert not consents.shared(PRM, NOW)
    consents.order(PRM, State.GRANTED, None, LATER)
    assert consents.find(PRM) == Consent(State.GRANTED, given_on=LATER)


def test_a_point_that_was_never_shared_has_no_day_to_keep():
    consents = Consents((), revoked=())
    consents.order(PRM, State.REVOKED, None, TODAY)
    assert consents.find(PRM) == Consent(State.REVOKED)


def test_a_share_ends_by_itself():
    consents = Consents((), revoked=())
    consents.put(PRM, Consent(State.GRANTED, until=NOW, given_on=TODAY))
    assert consents.shared(PRM, NOW - timedelta(microseconds=1))
    assert not consents.shared(PRM, NOW)


def test_services_are_seen_from_their_instant_on():
    consents = Consents((), revoked=())
    assert consents.services_visible(PRM, NOW)
    consents.show_services(PRM, NOW)
    assert not consents.services_visible(PRM, NOW - timedelta(microseconds=1))
    assert consents.services_visible(PRM, NOW)
    consents.show_services(PRM, NOW + timedelta(days=1))
    consents.show_services(PRM, None)
    assert consents.services_visible(PRM, NOW)
