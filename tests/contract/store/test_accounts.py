"""Accounts and credentials: who is recognised, and what a credential can hand on."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from passerelle.errors import InternalError, InvalidRequest, KeyInvalid, NotFound, ScopeMissing
from passerelle.model.scopes import ALL_SCOPES, Scope
from passerelle.model.usage_point import UsagePointId
from passerelle.store.accounts import Accounts
from passerelle.store.engine import reading, writing
from passerelle.store.tables import credentials

PRM = UsagePointId("22516914714270")
OTHER = UsagePointId("11453290002823")
DAILY = frozenset({Scope.CONSUMPTION_DAILY})
HOUR = timedelta(hours=1)


async def test_a_key_is_recognised_and_opens_the_account(store):
    account = await store.account()
    key_id, text = await store.accounts.create_first_key(account, DAILY, "house", store.clock.at, frozenset({PRM}))
    caller = await store.accounts.authenticate(text, store.clock.at)
    assert (caller.account_id, caller.credential_id) == (account, key_id)
    assert (caller.scopes, caller.usage_points) == (DAILY, frozenset({PRM}))
    assert text.split(".")[0] == key_id
    assert "keyring" not in repr(caller)


@pytest.mark.parametrize(
    "spoil", [lambda text: text[:-1], lambda text: "0" * 32 + text[32:], lambda _: "", lambda _: "é\0."]
)
async def test_a_wrong_text_is_refused(store, spoil):
    _, text = await store.accounts.create_first_key(await store.account(), ALL_SCOPES, "", store.clock.at)
    with pytest.raises(KeyInvalid):
        await store.accounts.authenticate(spoil(text), store.clock.at)


async def test_a_key_hands_on_what_it_opens(store):
    caller = await store.caller()
    _, text = await store.accounts.create_key(caller, DAILY, "second", store.clock.at, frozenset({PRM}))
    second = await store.accounts.authenticate(text, store.clock.at)
    assert (second.account_id, second.scopes, second.usage_points) == (caller.account_id, DAILY, frozenset({PRM}))


@pytest.mark.parametrize(
    ("scopes", "points"),
    [(ALL_SCOPES, frozenset({PRM})), (DAILY, None), (DAILY, frozenset({PRM, OTHER}))],
)
async def test_a_key_hands_on_nothing_beyond(store, scopes, points):
    caller = await store.caller()
    _, text = await store.accounts.create_key(caller, DAILY, "small", store.clock.at, frozenset({PRM}))
    small = await store.accounts.authenticate(text, store.clock.at)
    with pytest.raises(ScopeMissing):
        await store.accounts.create_key(small, scopes, "bigger", store.clock.at, points)


async def test_only_the_first_key_comes_from_nothing(store):
    account = await store.account()
    await store.accounts.create_first_key(account, ALL_SCOPES, "first", store.clock.at)
    with pytest.raises(InvalidRequest):
        await store.accounts.create_first_key(account, ALL_SCOPES, "second", store.clock.at)
    with pytest.raises(NotFound):
        await store.accounts.create_first_key("0" * 32, ALL_SCOPES, "", store.clock.at)


async def test_a_revoked_key_and_its_tokens_are_dead_at_once_in_this_process(store):
    caller = await store.caller()
    token, _ = await store.accounts.issue_token(caller, "token", None, HOUR, store.clock.at)
    _, text = await store.accounts.create_key(caller, DAILY, "second", store.clock.at)
    await store.accounts.authenticate(token, store.clock.at)
    assert await store.accounts.revoke_key(caller.account_id, caller.credential_id, store.clock.at)
    with pytest.raises(KeyInvalid):
        await store.accounts.authenticate(token, store.clock.at)
    with pytest.raises(KeyInvalid):
        await store.accounts.issue_token(caller, "token", None, HOUR, store.clock.at)
    with pytest.raises(KeyInvalid):
        await store.accounts.create_key(caller, DAILY, "late", store.clock.at)
    assert (await store.accounts.authenticate(text, store.clock.at)).account_id == caller.account_id
    assert not await store.accounts.revoke_key(caller.account_id, caller.credential_id, store.clock.at)
    listed = {key.label: key.revoked_at for key in await store.accounts.list_keys(caller.account_id)}
    assert listed == {"first": store.clock.at, "second": None}


async def test_another_process_takes_a_revoked_key_for_two_seconds_at_most(store):
    caller = await store.caller()
    elsewhere = Accounts(store.engine, store.secrets, store.shred, store.clock.monotonic)
    token, _ = await store.accounts.issue_token(caller, "token", None, HOUR, store.clock.at)
    await elsewhere.authenticate(token, store.clock.at)
    await store.accounts.revoke_token(token)
    store.clock.seconds += 2
    with pytest.raises(KeyInvalid):
        await elsewhere.authenticate(token, store.clock.at)


async def test_another_account_cannot_revoke_a_key(store):
    caller, other = await store.caller("alice"), await store.caller("bob")
    assert not await store.accounts.revoke_key(other.account_id, caller.credential_id, store.clock.at)


async def test_a_token_has_an_end_a_kind_and_no_more_than_its_key(store):
    caller = await store.caller()
    text, ends = await store.accounts.issue_token(caller, "mirror", DAILY, HOUR, store.clock.at)
    assert ends == store.clock.at + HOUR
    token = await store.accounts.authenticate(text, store.clock.at, {"mirror"})
    assert (token.scopes, token.account_id) == (DAILY, caller.account_id)
    with pytest.raises(KeyInvalid):
        await store.accounts.authenticate(text, store.clock.at)
    with pytest.raises(KeyInvalid):
        await store.accounts.authenticate(text, ends, {"mirror"})
    with pytest.raises(ScopeMissing):
        await store.accounts.issue_token(token, "mirror", ALL_SCOPES, HOUR, store.clock.at)
    with pytest.raises(KeyInvalid):
        await store.accounts.issue_token(token, "mirror", DAILY, HOUR, store.clock.at)
    with pytest.raises(KeyInvalid):
        await store.accounts.create_key(token, DAILY, "longer", store.clock.at)


async def test_expired_tokens_are_purged_when_one_is_made(store):
    caller = await store.caller()
    await store.accounts.issue_token(caller, "token", None, HOUR, store.clock.at)
    await store.accounts.issue_token(caller, "token", None, HOUR, store.clock.at + HOUR)
    async with reading(store.engine) as connection:
        kinds = (await connection.execute(select(credentials.c.kind))).scalars().all()
    assert sorted(kinds) == ["key", "token"]


async def test_revoking_a_text_that_is_no_token_changes_nothing(store):
    account = await store.account()
    _, text = await store.accounts.create_first_key(account, ALL_SCOPES, "", store.clock.at)
    for nothing in (text, "unknown", text[:-1]):
        await store.accounts.revoke_token(nothing)
    assert (await store.accounts.authenticate(text, store.clock.at)).account_id == account


@pytest.mark.parametrize("text", ["demo-key", "12345678", "with.a.point", "x" * 90])
async def test_the_demo_key_is_found_without_an_id_in_it(store, text):
    account = await store.account("demo")
    assert await store.accounts.create_key_with_secret(account, text, store.clock.at) == ("demo", text)
    for _ in range(2):
        caller = await store.accounts.authenticate(text, store.clock.at)
        assert (caller.account_id, caller.credential_id, caller.scopes) == (account, "demo", ALL_SCOPES)
    for wrong in (text + "x", f"demo.{text}", "demo", ""):
        with pytest.raises(KeyInvalid):
            await store.accounts.authenticate(wrong, store.clock.at)


async def test_a_chosen_key_has_eight_characters(store):
    with pytest.raises(InvalidRequest):
        await store.accounts.create_key_with_secret(await store.account(), "1234567", store.clock.at)


async def test_a_row_widened_by_hand_does_not_open(store):
    _, text = await store.accounts.create_first_key(await store.account(), DAILY, "", store.clock.at, frozenset({PRM}))
    for widened in ({"scopes": sorted(ALL_SCOPES)}, {"points_sealed": None, "scopes": sorted(DAILY)}):
        async with writing(store.engine) as connection:
            await connection.execute(update(credentials).values(**widened))
        with pytest.raises(InternalError):
            await Accounts(store.engine, store.secrets, store.shred).authenticate(text, store.clock.at)


async def test_names_are_unique_and_accounts_can_be_found_and_deleted(store):
    account = await store.accounts.create("alice", store.clock.at)
    _, text = await store.accounts.create_first_key(account.id, ALL_SCOPES, "", store.clock.at)
    with pytest.raises(InvalidRequest):
        await store.accounts.create("alice", store.clock.at)
    with pytest.raises(InvalidRequest):
        await store.accounts.create("  ", store.clock.at)
    assert await store.accounts.find("alice") == account
    assert await store.accounts.list() == [account]
    assert await store.accounts.delete(account.id, store.clock.at)
    assert not await store.accounts.delete(account.id, store.clock.at)
    assert await store.accounts.find("alice") is None
    with pytest.raises(KeyInvalid):
        await store.accounts.authenticate(text, store.clock.at)


async def test_a_redirect_address_is_kept_sealed_with_its_key_until_it_is_revoked(store):
    address = "https://app.example/callback"
    account = await store.account()
    key_id, text = await store.accounts.create_first_key(account, ALL_SCOPES, "", store.clock.at, redirect_uri=address)
    found = await store.accounts.application(key_id)
    assert (found.account_id, found.scopes, found.redirect_uri) == (account, ALL_SCOPES, address)
    by = await store.accounts.authenticate(text, store.clock.at)
    other, _ = await store.accounts.create_key(by, ALL_SCOPES, "", store.clock.at)
    assert (await store.accounts.application(other)).redirect_uri is None
    registered = {key.id: key.redirect_uri for key in await store.accounts.list_keys(account)}
    assert registered == {key_id: address, other: None}
    async with reading(store.engine) as connection:
        kept = (await connection.execute(select(credentials.c.redirect_uri_sealed))).scalars().all()
    assert not any(address.encode() in (sealed or b"") for sealed in kept)
    await store.accounts.revoke_key(account, key_id, store.clock.at)
    assert await store.accounts.application(key_id) is None
    assert await store.accounts.application("nobody") is None


async def test_an_address_moved_to_another_key_does_not_open(store):
    account = await store.account()
    first, text = await store.accounts.create_first_key(
        account, ALL_SCOPES, "", store.clock.at, redirect_uri="https://app.example/"
    )
    by = await store.accounts.authenticate(text, store.clock.at)
    second, _ = await store.accounts.create_key(by, ALL_SCOPES, "", store.clock.at)
    async with writing(store.engine) as connection:
        mine = select(credentials.c.redirect_uri_sealed).where(credentials.c.id == first)
        sealed = (await connection.execute(mine)).scalar()
        await connection.execute(
            update(credentials).where(credentials.c.id == second).values(redirect_uri_sealed=sealed)
        )
    with pytest.raises(InternalError):
        await store.accounts.application(second)


async def test_a_token_is_no_application(store):
    caller = await store.caller()
    token, _ = await store.accounts.issue_token(caller, "mirror", None, HOUR, store.clock.at)
    assert await store.accounts.application(token.split(".")[0]) is None


@pytest.mark.parametrize(("scopes", "address"), [(DAILY, "https://app.example/"), (ALL_SCOPES, "javascript:x")])
async def test_a_redirect_address_that_cannot_serve_is_refused(store, scopes, address):
    with pytest.raises(InvalidRequest):
        await store.accounts.create_first_key(await store.account(), scopes, "", store.clock.at, redirect_uri=address)
