"""Consents, links and claims: who holds a usage point, and what forgetting leaves."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import update

from passerelle.consent.requests import ApplicationJourney, Claim, ConsentRequest
from passerelle.consent.states import ConsentState
from passerelle.errors import InternalError
from passerelle.model.days import one_day
from passerelle.model.reading import GapReason, Peak
from passerelle.model.series import Direction, Series
from passerelle.model.usage_point import UsagePointId
from passerelle.plan.ledger import Entry, OpenDay
from passerelle.store.consents import KEPT_AFTER_ITS_END
from passerelle.store.engine import writing
from passerelle.store.ledger import Ledger
from passerelle.store.tables import consents
from passerelle.store.vault import Secrets

PRM = UsagePointId("22516914714270")
OTHER = UsagePointId("11453290002823")
GRANTED, DISPUTED, FORGOTTEN = ConsentState.GRANTED, ConsentState.DISPUTED, ConsentState.FORGOTTEN
REVOKED = ConsentState.REVOKED
DAY = date(2026, 11, 20)
PEAKS = Series.CONSUMPTION_MAX_POWER


async def state_of(store, account, point=PRM):
    link = await store.links.find(account, point)
    return None if link is None else link.state


async def consent_state(store, consent_id):
    return (await store.consents.get(consent_id)).state


async def test_a_request_is_read_as_it_was_written(store):
    account = await store.account()
    request = await store.request(account, b"ticket", "https://app.example/back?user=7")
    assert await store.consents.get(request.id) == request
    assert await store.consents.get("0" * 32) is None
    assert await store.consents.of_account(account) == [(request, [])]


async def test_a_nonce_is_used_once_in_time_and_by_its_browser(store):
    request = await store.request(await store.account(), b"ticket")
    now = store.clock.at
    assert await store.consents.start(b"no ticket", b"browser", b"nonce", now) is None
    assert await store.consents.start(b"ticket", b"browser", b"nonce", request.request_ends_at) is None
    assert await store.consents.start(b"ticket", b"browser", b"nonce", now) == request
    assert await store.consents.take(b"nonce", b"another browser", now) is None
    assert await store.consents.take(b"another nonce", b"browser", now) is None
    assert await store.consents.take(b"nonce", b"browser", request.request_ends_at) is None
    assert await store.consents.take(b"nonce", b"browser", now) == request
    assert await store.consents.take(b"nonce", b"browser", now) is None


async def test_a_journey_that_failed_begins_anew_while_it_is_in_time(store):
    """F§3: Enedis fails now and then."""
    request = await store.request(await store.account(), b"ticket")
    now = store.clock.at
    await store.consents.start(b"ticket", b"browser", b"nonce", now)
    await store.consents.take(b"nonce", b"browser", now)
    # While the callback is being worked on, nothing begins.
    assert await store.consents.start(b"ticket", b"other", b"again", now) is None
    await store.consents.close(request.id, ConsentState.FAILED, "server_error")
    assert await store.consents.start(b"ticket", b"other", b"again", request.request_ends_at) is None
    assert await store.consents.start(b"ticket", b"other", b"again", now) == request
    assert await store.consents.take(b"nonce", b"browser", now) is None
    assert await store.consents.take(b"again", b"other", now) == request


@pytest.mark.parametrize("ended", ["refused", "granted"])
async def test_a_journey_that_was_answered_begins_no_more(store, ended):
    request = await store.request(await store.account(), b"ticket")
    if ended == "refused":
        await store.consents.close(request.id, ConsentState.REFUSED, "access_denied")
    else:
        await store.consents.grant(request.id, [PRM], store.clock.at, None)
    assert await store.consents.start(b"ticket", b"browser", b"nonce", store.clock.at) is None


async def test_the_application_that_began_a_journey_is_kept_until_it_is_forgotten(store):
    account, at = await store.account(), store.clock.at
    journey = ApplicationJourney("key", "their état")
    request = ConsentRequest("c" * 32, account, ConsentState.REQUESTED, "P1Y", at, at, None, journey)
    await store.consents.create(request)
    assert await store.consents.get(request.id) == request
    await store.consents.forget(account, request.id)
    assert (await store.consents.get(request.id)).journey is None


async def test_of_two_callbacks_with_one_nonce_one_is_taken(store):
    request = await store.request(await store.account(), b"ticket")
    await store.consents.start(b"ticket", b"browser", b"nonce", store.clock.at)
    taken = await asyncio.gather(*(store.consents.take(b"nonce", b"browser", store.clock.at) for _ in range(8)))
    assert [found for found in taken if found is not None] == [request]


async def test_a_closed_request_says_why_and_links_nothing(store):
    account = await store.account()
    request = await store.request(account)
    await store.consents.close(request.id, ConsentState.REFUSED, "access_denied")
    closed = await store.consents.get(request.id)
    assert (closed.state, closed.reason) == (ConsentState.REFUSED, "access_denied")
    assert await store.consents.grant(request.id, [PRM], store.clock.at, None) == []
    assert await state_of(store, account) is None


async def test_a_grant_links_every_point_once_in_order(store):
    account = await store.account()
    consent, claims = await store.grant(account, PRM, OTHER, PRM)
    assert claims == [Claim(PRM, GRANTED), Claim(OTHER, GRANTED)]
    held = await store.links.of_account(account)
    assert [linked.usage_point_id for linked in held] == [OTHER, PRM]
    [(request, covered)] = await store.consents.of_account(account)
    assert (request.state, request.granted_at) == (GRANTED, store.clock.at)
    assert request.expires_at == store.clock.at + timedelta(days=365)
    assert {linked.usage_point_id for linked in covered} == {PRM, OTHER}
    assert {linked.link.consent_id for linked in covered} == {consent}


async def test_a_consent_that_gave_something_cannot_be_closed(store):
    consent, _ = await store.grant(await store.account(), PRM)
    await store.consents.close(consent, ConsentState.FAILED, "late")
    assert await consent_state(store, consent) is GRANTED


async def test_a_point_that_another_account_holds_is_disputed(store):
    alice, bob = await store.account("alice"), await store.account("bob")
    await store.grant(alice, PRM)
    consent, claims = await store.grant(bob, PRM)
    assert claims == [Claim(PRM, DISPUTED)]
    assert (await state_of(store, alice), await state_of(store, bob)) == (GRANTED, DISPUTED)
    assert await consent_state(store, consent) is DISPUTED


async def test_of_callbacks_racing_for_one_point_one_is_linked(store):
    accounts = [await store.account(f"account {number}") for number in range(6)]
    outcomes = await asyncio.gather(*(store.grant(account, PRM, OTHER) for account in accounts))
    for point in (PRM, OTHER):
        states = [claim.state for _, claims in outcomes for claim in claims if claim.usage_point_id == point]
        assert sorted(states) == [DISPUTED] * 5 + [GRANTED]


async def test_in_the_sandbox_everybody_holds_the_fictitious_customers(store):
    """F§11: the application holds the consent of all of them."""
    alice, bob = await store.account("alice"), await store.account("bob")
    await store.grant(alice, PRM, exclusive=False)
    _, claims = await store.grant(bob, PRM, exclusive=False)
    assert claims == [Claim(PRM, GRANTED)]


@pytest.mark.parametrize("over", ["expired", "revoked"])
async def test_a_holder_whose_consent_is_over_holds_no_more(store, over):
    alice, bob = await store.account("alice"), await store.account("bob")
    await store.grant(alice, PRM)
    if over == "expired":
        store.clock.at += timedelta(days=365)
    else:
        await store.links.set_state(await store.links.find(alice, PRM), REVOKED)
    _, claims = await store.grant(bob, PRM)
    assert claims == [Claim(PRM, GRANTED)]


async def test_the_operator_decides_a_dispute(store):
    alice, bob = await store.account("alice"), await store.account("bob")
    await store.grant(alice, PRM)
    consent, _ = await store.grant(bob, PRM)
    claims = await store.consents.grant(consent, [PRM], store.clock.at, None, take_over=True)
    assert claims == [Claim(PRM, GRANTED)]
    assert (await state_of(store, alice), await state_of(store, bob)) == (REVOKED, GRANTED)
    assert await consent_state(store, consent) is GRANTED


async def test_once_a_point_is_its_account_s_no_dispute_of_it_waits(store):
    """Else forgetting the consent that the operator adopted would turn the old dispute into a link."""
    alice, bob = await store.account("alice"), await store.account("bob")
    await store.grant(alice, PRM)
    disputed, _ = await store.grant(bob, PRM)
    adopted, _ = await store.grant(bob, PRM, take_over=True)
    assert await consent_state(store, disputed) is GRANTED
    await store.consents.forget(bob, disputed)
    await store.consents.forget(bob, adopted)
    assert (await state_of(store, bob), await state_of(store, alice)) == (FORGOTTEN, REVOKED)


async def test_the_latest_link_counts_and_a_dispute_does_not_hide_what_was_held(store):
    alice, bob = await store.account("alice"), await store.account("bob")
    first, _ = await store.grant(alice, PRM)
    second, _ = await store.grant(alice, PRM)
    assert (await store.links.find(alice, PRM)).consent_id == second
    await store.consents.forget(alice, second)
    assert (await store.links.find(alice, PRM)).consent_id == first
    store.clock.at += timedelta(days=365)
    await store.grant(bob, PRM)
    third, claims = await store.grant(alice, PRM)
    assert claims == [Claim(PRM, DISPUTED)]
    assert (await store.links.find(alice, PRM)).consent_id == first
    assert [linked.link.consent_id for linked in await store.links.of_account(alice)] == [first]
    assert third != first


async def test_forgetting_erases_and_tells_that_it_was_once_held(store):
    caller = await store.caller()
    account = caller.account_id
    consent, _ = await store.grant(account, PRM)
    point = (await store.links.find(account, PRM)).point_id
    await store.days.keep(caller, caller.account_id, point, PEAKS, {DAY: (Peak(DAY, store.clock.at, 1200),)})
    await store.links.learn_activation(point, Direction.CONSUMPTION, DAY)
    assert not await store.consents.forget(await store.account("bob"), consent)
    assert not await store.consents.forget(account, "0" * 32)
    assert await store.consents.forget(account, consent)
    assert await state_of(store, account) is FORGOTTEN
    assert await store.links.of_account(account) == []
    assert dict((await store.days.held(caller, point, PEAKS, one_day(DAY))).days) == {}
    assert await store.links.activation(point, Direction.CONSUMPTION) is None
    [(request, covered)] = await store.consents.of_account(account)
    assert (request.state, request.forgotten_at, covered) == (FORGOTTEN, store.clock.at, [])


async def test_a_consent_is_forgotten_once_whatever_it_covers(store):
    account = await store.account()
    granted, _ = await store.grant(account, PRM)
    bare = (await store.request(account)).id
    at = store.clock.at
    for consent in (granted, bare):
        assert (await store.consents.get(consent)).forgotten_at is None
        assert await store.consents.forget(account, consent)
    store.clock.at += timedelta(days=3)
    for consent in (granted, bare):
        assert await store.consents.forget(account, consent)
        assert (await store.consents.get(consent)).forgotten_at == at, "the receipt does not move"


async def test_a_forgotten_consent_links_nothing_and_stays_forgotten(store):
    account = await store.account()
    consent, _ = await store.grant(account, PRM)
    link = await store.links.find(account, PRM)
    await store.consents.forget(account, consent)
    assert await store.consents.grant(consent, [PRM], store.clock.at, None) == []
    await store.links.set_state(link, GRANTED)
    assert await state_of(store, account) is FORGOTTEN


async def test_a_refusal_that_proves_nothing_overwrites_no_decision(store):
    alice, bob = await store.account("alice"), await store.account("bob")
    await store.grant(alice, PRM)
    seen = await store.links.find(alice, PRM)
    await store.grant(bob, PRM, take_over=True)
    await store.links.set_state(seen, GRANTED)
    assert await state_of(store, alice) is REVOKED


async def test_a_point_forgotten_and_shared_again_is_whole_again(store):
    account = await store.account()
    consent, _ = await store.grant(account, PRM)
    await store.consents.forget(account, consent)
    await store.grant(account, PRM)
    assert [linked.usage_point_id for linked in await store.links.of_account(account)] == [PRM]


async def test_forgetting_one_of_two_consents_keeps_the_point(store):
    account = await store.account()
    first, _ = await store.grant(account, PRM)
    await store.grant(account, PRM)
    point = (await store.links.find(account, PRM)).point_id
    await store.links.learn_activation(point, Direction.PRODUCTION, DAY)
    await store.consents.forget(account, first)
    assert [linked.usage_point_id for linked in await store.links.of_account(account)] == [PRM]
    assert await store.links.activation(point, Direction.PRODUCTION) == DAY


@pytest.mark.parametrize("how", ["forget", "delete"])
async def test_a_released_point_goes_to_who_waits_longest(store, how):
    alice, bob, carol = [await store.account(name) for name in ("alice", "bob", "carol")]
    held, _ = await store.grant(alice, PRM)
    waiting, _ = await store.grant(bob, PRM)
    await store.grant(carol, PRM)
    if how == "forget":
        await store.consents.forget(alice, held)
    else:
        await store.accounts.delete(alice, store.clock.at)
    assert (await state_of(store, bob), await state_of(store, carol)) == (GRANTED, DISPUTED)
    assert await consent_state(store, waiting) is GRANTED


async def test_a_dispute_that_is_over_is_passed_by(store):
    alice, bob, carol = [await store.account(name) for name in ("alice", "bob", "carol")]
    held = (await store.request(alice)).id
    await store.consents.grant(held, [PRM], store.clock.at, None)
    await store.grant(bob, PRM)
    store.clock.at += timedelta(days=365)
    await store.grant(carol, PRM)
    await store.consents.forget(alice, held)
    assert (await state_of(store, bob), await state_of(store, carol)) == (DISPUTED, GRANTED)


async def test_giving_up_a_dispute_releases_nothing(store):
    """Not even when the holder's consent is over: the point waits for its holder's word, or the operator's."""
    alice, bob, carol = [await store.account(name) for name in ("alice", "bob", "carol")]
    await store.grant(alice, PRM)
    consent, _ = await store.grant(bob, PRM)
    await store.consents.grant((await store.request(carol)).id, [PRM], store.clock.at, None)
    store.clock.at += timedelta(days=365)
    await store.consents.forget(bob, consent)
    assert [await state_of(store, account) for account in (alice, bob, carol)] == [GRANTED, FORGOTTEN, DISPUTED]


async def test_one_of_two_holding_consents_released_is_no_release(store):
    alice, bob = await store.account("alice"), await store.account("bob")
    first, _ = await store.grant(alice, PRM)
    await store.grant(alice, PRM)
    await store.grant(bob, PRM)
    await store.consents.forget(alice, first)
    assert await state_of(store, bob) is DISPUTED


async def test_the_activation_last_learnt_counts(store):
    account = await store.account()
    await store.grant(account, PRM)
    point = (await store.links.find(account, PRM)).point_id
    assert await store.links.activation(point, Direction.CONSUMPTION) is None
    await store.links.learn_activation(point, Direction.CONSUMPTION, date(2019, 8, 27))
    await store.links.learn_activation(point, Direction.CONSUMPTION, DAY)
    assert await store.links.activation(point, Direction.CONSUMPTION) == DAY
    assert await store.links.activation(point, Direction.PRODUCTION) is None


async def test_another_server_secret_finds_no_point_and_opens_none(store):
    account = await store.account()
    await store.grant(account, PRM)
    stranger = replace(store, secrets=Secrets(b"t" * 32))
    assert await stranger.links.find(account, PRM) is None
    with pytest.raises(InternalError):
        await stranger.links.of_account(account)


async def test_requests_that_gave_nothing_are_deleted_a_month_after_their_end(store):
    account = await store.account()
    abandoned = await store.request(account)
    refused = await store.request(account)
    await store.consents.close(refused.id, ConsentState.REFUSED, "access_denied")
    consent, _ = await store.grant(account, PRM)
    forgotten, _ = await store.grant(account, OTHER)
    await store.consents.forget(account, forgotten)
    ended = abandoned.request_ends_at
    assert await store.consents.purge(ended + KEPT_AFTER_ITS_END) == 0
    assert await store.consents.purge(ended + KEPT_AFTER_ITS_END + timedelta(seconds=1)) == 2
    left = {request.id for request, _ in await store.consents.of_account(account)}
    assert left == {consent, forgotten}
    assert await state_of(store, account) is GRANTED
    assert await store.consents.purge(ended + timedelta(days=999)) == 0


async def test_a_request_that_usage_points_hang_on_is_never_deleted(store):
    account = await store.account()
    consent, _ = await store.grant(account, PRM)
    async with writing(store.engine) as connection:
        await connection.execute(update(consents).where(consents.c.id == consent).values(state="failed"))
    assert await store.consents.purge(store.clock.at + timedelta(days=999)) == 0
    assert await state_of(store, account) is GRANTED


async def test_forgetting_an_older_consent_keeps_what_a_newer_one_covers_until_that_is_forgotten_too(store):
    caller = await store.caller()
    account = caller.account_id
    older, _ = await store.grant(account, PRM, OTHER)
    store.clock.at += timedelta(days=300)
    newer, _ = await store.grant(account, PRM)
    point, alone = [(await store.links.find(account, each)).point_id for each in (PRM, OTHER)]
    peak = {DAY: (Peak(DAY, store.clock.at, 1200),)}
    for each in (point, alone):
        await store.days.keep(caller, account, each, PEAKS, peak)
    ledger = Ledger(store.engine)
    row = OpenDay(GapReason.MISSING, store.clock.at, store.clock.at, store.clock.at)
    await ledger.write(point, PEAKS, Entry({DAY: row}))
    ended_at = store.clock.at
    await store.consents.forget(account, older)
    assert (await store.links.find(account, PRM)).consent_id == newer
    assert (await store.days.held(caller, point, PEAKS, one_day(DAY))).days == peak
    assert (await store.days.held(caller, alone, PEAKS, one_day(DAY))).days == {}, "what it alone covered is erased"
    assert (await ledger.known(point, PEAKS, one_day(DAY))).days == {DAY: row}
    assert await receipt(store, older) == (ended_at, None, (newer,))

    store.clock.at += timedelta(days=10)
    await store.consents.forget(account, newer)
    assert (await store.days.held(caller, point, PEAKS, one_day(DAY))).days == {}
    assert await receipt(store, older) == (ended_at, store.clock.at, ()), "erased only now"
    assert await receipt(store, newer) == (store.clock.at, store.clock.at, ())


async def test_a_consent_that_is_over_keeps_nothing_from_being_erased(store):
    caller = await store.caller()
    account = caller.account_id
    await store.grant(account, PRM)
    store.clock.at += timedelta(days=366)
    standing, _ = await store.grant(account, PRM)
    point = (await store.links.find(account, PRM)).point_id
    await store.days.keep(caller, account, point, PEAKS, {DAY: (Peak(DAY, store.clock.at, 1200),)})
    await store.consents.forget(account, standing)
    assert (await store.days.held(caller, point, PEAKS, one_day(DAY))).days == {}
    assert await receipt(store, standing) == (store.clock.at, store.clock.at, ())


async def receipt(store, consent_id):
    account = (await store.consents.get(consent_id)).account_id
    (told,) = [request for request, _ in await store.consents.of_account(account) if request.id == consent_id]
    return told.forgotten_at, told.erased_at, told.kept_for
