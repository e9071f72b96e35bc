"""What a credential opens, with all rows of the database in hand, and what nothing opens any more."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import delete, insert, select, update

from passerelle.access.caller import Caller
from passerelle.errors import InternalError, InvalidRequest, KeyInvalid, ScopeMissing
from passerelle.kit.crypto import named, new_pair, seal_to
from passerelle.model.customer import Contact, CustomerRecord
from passerelle.model.days import DaySpan
from passerelle.model.paris import day_bounds
from passerelle.model.reading import Reading
from passerelle.model.scopes import ALL_SCOPES, Scope
from passerelle.model.series import Series
from passerelle.model.usage_point import UsagePointId
from passerelle.store.accounts import Accounts
from passerelle.store.engine import reading, writing
from passerelle.store.keyring import CredentialKeyring, keyring_of
from passerelle.store.pairs import checked
from passerelle.store.places import OWNER, cell_place, scope_place
from passerelle.store.shred import shred_keys
from passerelle.store.tables import chunks, inbox, pairs, quarters, wraps
from passerelle.store.wraps import MOST_POINTS

PRM, OTHER = UsagePointId("22516914714270"), UsagePointId("11453290002823")
CURVE, DAILY = Series.CONSUMPTION_LOAD_CURVE, Series.CONSUMPTION_DAILY
DAY = date(2026, 11, 20)
SPAN = DaySpan(date(2026, 11, 1), date(2026, 11, 24))
ONLY_DAILY = frozenset({Scope.CONSUMPTION_DAILY})
HOUR = timedelta(hours=1)


def readings(series: Series, value: int = 500) -> dict[date, tuple[Reading, ...]]:
    start, end = day_bounds(DAY)
    return {DAY: (Reading(start, end if series is DAILY else start + timedelta(minutes=30), value),)}


async def point_of(store, account: str, prm: UsagePointId = PRM) -> str:
    return (await store.links.find(account, prm)).point_id


async def furnished(store) -> Caller:
    """An account whose first key owns it, with a day of each series for each of two points."""
    caller = await store.caller()
    await store.grant(caller.account_id, PRM, OTHER)
    for prm in (PRM, OTHER):
        for series in (CURVE, DAILY):
            point = await point_of(store, caller.account_id, prm)
            await store.days.keep(caller, caller.account_id, point, series, readings(series))
    return caller


async def reads(store, caller: Caller, series: Series = DAILY, prm: UsagePointId = PRM) -> bool:
    """Whether the caller reads the day; False if it does not open."""
    point = await point_of(store, caller.account_id, prm)
    try:
        held = await store.days.held(caller, point, series, SPAN)
    except InternalError:
        return False
    assert dict(held.days) == readings(series)
    return True


async def made(store, by: Caller, scopes=ALL_SCOPES, points=None) -> Caller:
    _, text = await store.accounts.create_key(by, scopes, "made", store.clock.at, points)
    return await store.accounts.authenticate(text, store.clock.at)


def anew(caller: Caller) -> Caller:
    """The caller of another request: a keyring remembers what it opened, for one request."""
    keyring = keyring_of(caller)
    return replace(caller, keyring=CredentialKeyring(keyring.account_id, keyring.credential_id, keyring._key))


async def opens(store, caller: Caller) -> set[str]:
    """The places that the caller's keyring opens with the rows of everybody, what others wrapped included."""
    columns = [each for each in pairs.c if each.name != "point_id"]
    query = select(*columns, wraps.c.wrapped, wraps.c.credential_id).outerjoin(wraps, wraps.c.pair == pairs.c.number)
    async with reading(store.engine) as connection:
        rows = (await connection.execute(query)).all()
    bare = checked(store.secrets, [(*row[:-2], None) for row in rows])
    own = {row.place: row.wrapped for row in rows if row.credential_id == caller.credential_id}
    mine = {name: replace(pair, wrapped=own.get(name)) for name, pair in bare.items()}
    trials = [mine, *(mine | {row.place: replace(bare[row.place], wrapped=row.wrapped)} for row in rows)]
    opened = set()
    for trial in trials:
        for place in places(bare):
            try:
                if keyring_of(anew(caller)).open(trial, place) is not None:
                    opened.add(place.name)
            except InternalError:
                continue
    return opened


def places(rows):
    cells = [cell_place(name.split()[1], Scope(name.split()[2])) for name in rows if name.startswith("cell ")]
    return [OWNER, *(scope_place(scope) for scope in Scope), *cells]


async def test_a_key_for_daily_values_opens_nothing_else_even_with_every_row(store):
    owner = await furnished(store)
    daily = await made(store, owner, ONLY_DAILY)
    found = await opens(store, daily)
    points = [await point_of(store, owner.account_id, prm) for prm in (PRM, OTHER)]
    assert found == {
        "scope consumption:daily",
        *(f"cell {point} consumption:daily" for point in points),
    }
    assert await reads(store, daily)
    assert not await reads(store, daily, CURVE), "a forgotten check of scopes ends in an error"
    assert len(await opens(store, owner)) == 1 + 11 + 4


async def test_a_key_limited_to_points_opens_their_cells_alone(store):
    owner = await furnished(store)
    narrow = await made(store, owner, points=frozenset({PRM}))
    found = await opens(store, narrow)
    point = await point_of(store, owner.account_id)
    assert found
    assert all(name.startswith(f"cell {point} ") for name in found)
    assert await reads(store, narrow, CURVE)
    assert not await reads(store, narrow, CURVE, OTHER)


async def test_a_key_limited_to_a_point_that_comes_later_reads_it(store):
    account = await store.account()
    owner_id, text = await store.accounts.create_owner(account, store.clock.at)
    owner = await store.accounts.authenticate(text, store.clock.at, {"owner"})
    narrow = await made(store, owner, ONLY_DAILY, frozenset({PRM}))
    await store.grant(account, PRM)
    point = await point_of(store, account)
    await store.days.keep(None, account, point, DAILY, readings(DAILY))
    assert await reads(store, narrow)
    [(request, _)] = await store.consents.of_account(account)
    await store.consents.forget(account, request.id)
    assert [await rows_of(store, table) for table in (chunks, quarters, inbox)] == [[], [], []], "cells stay, empty"
    await store.grant(account, PRM)
    await store.days.keep(None, account, point, DAILY, readings(DAILY))
    assert await reads(store, narrow), "the customer may come back"
    listed = {key.id: key.owner for key in await store.accounts.list_keys(account)}
    assert listed == {owner_id: True, narrow.credential_id: False}


async def test_the_owners_credential_makes_keys_and_is_no_key(store):
    account = await store.account()
    _, text = await store.accounts.create_owner(account, store.clock.at)
    with pytest.raises(KeyInvalid):
        await store.accounts.authenticate(text, store.clock.at)
    owner = await store.accounts.authenticate(text, store.clock.at, {"owner"})
    with pytest.raises(InvalidRequest):
        await store.accounts.create_first_key(account, ALL_SCOPES, "", store.clock.at)
    full = await made(store, owner)
    await store.grant(account, PRM)
    await store.days.keep(full, account, await point_of(store, account), DAILY, readings(DAILY))
    assert await reads(store, full)
    await store.accounts.revoke_key(account, owner.credential_id, store.clock.at)
    with pytest.raises(KeyInvalid):
        await store.accounts.authenticate(text, store.clock.at, {"owner"})
    assert "owner" in await opens(store, await made(store, full)), "a key without any limit owns too"
    assert "owner" not in await opens(store, await made(store, full, ONLY_DAILY))


async def test_a_narrow_key_hands_on_what_it_opens_and_no_more(store):
    owner = await furnished(store)
    narrow = await made(store, owner, ONLY_DAILY, frozenset({PRM}))
    assert await reads(store, await made(store, narrow, ONLY_DAILY, frozenset({PRM})))
    widened = replace(narrow, scopes=ALL_SCOPES, usage_points=None)
    for scopes, points in ((ALL_SCOPES, None), (ONLY_DAILY, None), (ONLY_DAILY, frozenset({OTHER}))):
        with pytest.raises(ScopeMissing):
            await made(store, widened, scopes, points)
    daily = await made(store, owner, ONLY_DAILY)
    with pytest.raises(ScopeMissing):
        await made(store, replace(daily, scopes=ALL_SCOPES))


async def test_a_token_opens_the_scopes_that_it_was_asked_for(store):
    owner = await furnished(store)
    for by in (owner, await made(store, owner, points=frozenset({PRM}))):
        text, _ = await store.accounts.issue_token(by, "token", ONLY_DAILY, HOUR, store.clock.at)
        token = await store.accounts.authenticate(text, store.clock.at)
        assert await reads(store, token)
        assert not await reads(store, token, CURVE)


async def test_a_key_is_limited_to_a_hundred_points(store):
    owner = await furnished(store)
    many = frozenset(UsagePointId(f"{number:014}") for number in range(MOST_POINTS + 1))
    with pytest.raises(InvalidRequest):
        await store.accounts.create_key(owner, ONLY_DAILY, "", store.clock.at, many)


async def test_keys_rotate(store):
    old = await furnished(store)
    new = await made(store, old)
    await store.accounts.revoke_key(old.account_id, old.credential_id, store.clock.at)
    assert await reads(store, new, CURVE)
    assert await reads(store, await made(store, new), CURVE), "and again"
    async with reading(store.engine) as connection:
        left = (await connection.execute(select(wraps.c.credential_id).distinct())).scalars().all()
    assert old.credential_id not in left
    assert await opens(store, old) == set(), "what was revoked opens no later copy"


async def test_a_credential_that_ended_while_another_process_remembers_it_is_refused(store):
    owner = await furnished(store)
    elsewhere = Accounts(store.engine, store.secrets, store.shred, store.clock.monotonic)
    point = await point_of(store, owner.account_id)
    text, _ = await store.accounts.issue_token(owner, "token", None, HOUR, store.clock.at)
    _, key = await store.accounts.create_key(owner, ALL_SCOPES, "", store.clock.at)
    for credential in (text, key):
        await elsewhere.authenticate(credential, store.clock.at)
    await store.accounts.revoke_token(text)
    await store.accounts.revoke_key(owner.account_id, key.split(".")[0], store.clock.at)
    for credential in (text, key):
        late = await elsewhere.authenticate(credential, store.clock.at)
        with pytest.raises(KeyInvalid):
            await store.days.held(late, point, DAILY, SPAN)


async def test_a_caller_who_may_not_open_a_series_leaves_it_for_one_who_may(store):
    owner = await furnished(store)
    curve_only = await made(store, owner, frozenset({Scope.CONSUMPTION_LOAD_CURVE}))
    point = await point_of(store, owner.account_id)
    await store.days.keep(curve_only, owner.account_id, point, DAILY, readings(DAILY, 777))
    assert dict((await store.days.held(owner, point, DAILY, SPAN)).days) == readings(DAILY, 777)


async def test_a_swapped_public_half_is_refused_before_it_is_used(store):
    owner = await furnished(store)
    point = await point_of(store, owner.account_id)
    _, public = new_pair()
    async with writing(store.engine) as connection:
        await connection.execute(
            update(pairs).where(pairs.c.place == cell_place(point, DAILY.scope).name).values(public=public)
        )
    with pytest.raises(InternalError):
        await store.days.keep(None, owner.account_id, point, DAILY, readings(DAILY))
    assert not await reads(store, owner)
    async with reading(store.engine) as connection:
        assert (await connection.execute(select(inbox.c.id))).all() == []


async def test_a_swapped_private_half_is_refused_before_anything_is_kept_under_it(store):
    owner = await furnished(store)
    point = await point_of(store, owner.account_id)
    place = cell_place(point, DAILY.scope)
    private, _ = new_pair()
    async with writing(store.engine) as connection:
        await connection.execute(delete(chunks))
        await connection.execute(delete(quarters))
        row = (await connection.execute(select(pairs).where(pairs.c.place == place.name))).one()
        parent = (
            await connection.execute(select(pairs.c.public).where(pairs.c.place == place.parent.name))
        ).scalar_one()
        bound = named("sealed pair", owner.account_id, row.id, row.place, str(row.epoch))
        forged_half = {"folded_private": None, "sealed_private": seal_to(parent, private, bound)}
        await connection.execute(update(pairs).where(pairs.c.place == place.name).values(**forged_half))
    with pytest.raises(InternalError):
        await store.days.keep(anew(owner), owner.account_id, point, DAILY, readings(DAILY, 777))
    async with reading(store.engine) as connection:
        folded = select(pairs.c.folded_private).where(pairs.c.place == place.name)
        assert (await connection.execute(folded)).scalar_one() is None


async def test_a_pair_moved_to_another_place_is_refused(store):
    owner = await furnished(store)
    point, other = [await point_of(store, owner.account_id, prm) for prm in (PRM, OTHER)]
    async with writing(store.engine) as connection:
        place = pairs.c.place
        await connection.execute(delete(pairs).where(place == cell_place(point, DAILY.scope).name))
        await connection.execute(
            update(pairs)
            .where(place == cell_place(other, DAILY.scope).name)
            .values(place=cell_place(point, DAILY.scope).name)
        )
    assert not await reads(store, owner)


async def forged(store, owner, **change):
    """An inbox row that somebody wrote who has the database, and the public half in it."""
    point = await point_of(store, owner.account_id)
    await store.days.keep(None, owner.account_id, point, DAILY, readings(DAILY, 1))
    async with writing(store.engine) as connection:
        row = (await connection.execute(select(inbox))).one()._asdict()
        public = (await connection.execute(select(pairs.c.public).where(pairs.c.number == row["cell"]))).scalar_one()
        await connection.execute(delete(inbox))
        sealed = {"sealed": seal_to(public, b"anything", b"anything")}
        await connection.execute(insert(inbox).values(**(row | (change or sealed))))


@pytest.mark.parametrize(
    "change", [{}, {"days": b"\xff" * 46}, {"content": CURVE.value}, {"start": date(2025, 1, 1)}, {"mac": b""}]
)
async def test_a_forged_inbox_row_is_refused(store, change):
    owner = await furnished(store)
    await forged(store, owner, **change)
    point = await point_of(store, owner.account_id)
    before = dict((await store.days.held(owner, point, DAILY, SPAN)).days)
    assert before == readings(DAILY), "what was held before, and nothing of the row"
    await store.days.keep(None, owner.account_id, point, DAILY, readings(DAILY, 777))
    assert dict((await store.days.held(owner, point, DAILY, SPAN)).days) == readings(DAILY, 777), "it blocks nothing"
    async with reading(store.engine) as connection:
        assert (await connection.execute(select(inbox.c.id))).all() == []


async def test_erasing_destroys_what_an_earlier_backup_holds(store):
    owner = await furnished(store)
    point = await point_of(store, owner.account_id)
    await store.days.keep(None, owner.account_id, point, DAILY, readings(DAILY, 9))
    await store.records.keep(owner, owner.account_id, point, Contact("c", "phone", "mail"))
    backup = {table: await rows_of(store, table) for table in (pairs, chunks, quarters, inbox)}
    [(request, _)] = await store.consents.of_account(owner.account_id)
    await store.consents.forget(owner.account_id, request.id)
    for table, rows in backup.items():
        assert len(await rows_of(store, table)) < len(rows) or table is pairs
    await store.grant(owner.account_id, PRM)
    async with writing(store.engine) as connection:
        for table, rows in backup.items():
            await connection.execute(delete(table))
            await connection.execute(insert(table), rows)
    held = await store.days.held(owner, point, DAILY, SPAN)
    assert dict(held.days) == {}, "the key still stands, and opens nothing of it"
    assert await store.days.present(owner.account_id, point, DAILY, SPAN) == frozenset()
    assert await store.records.held(owner, point, CustomerRecord.CONTACT) is None
    await store.days.keep(owner, owner.account_id, point, DAILY, readings(DAILY))
    assert await reads(store, owner), "and life goes on"


async def rows_of(store, table):
    async with reading(store.engine) as connection:
        return [row._asdict() for row in (await connection.execute(select(table))).all()]


async def test_deleting_an_account_destroys_the_secrets_of_its_points(store):
    owner = await furnished(store)
    point = await point_of(store, owner.account_id)
    assert await store.shred.find(point) is not None
    await store.accounts.delete(owner.account_id, store.clock.at)
    assert await store.shred.find(point) is None


async def test_another_process_forgets_an_erased_secret_within_two_seconds(store):
    owner = await furnished(store)
    point = await point_of(store, owner.account_id)
    elsewhere = type(store.shred)(store.erasure, store.clock.monotonic)
    assert await elsewhere.find(point) == await store.shred.find(point)
    await store.shred.destroy([point])
    store.clock.seconds += 2
    assert await elsewhere.find(point) is None


async def test_losing_the_secrets_is_losing_the_days_and_no_more(store):
    owner = await furnished(store)
    point = await point_of(store, owner.account_id)
    year_before = date(2025, 11, 20)
    await store.days.keep(owner, owner.account_id, point, DAILY, {year_before: (Reading(*day_bounds(year_before), 1),)})
    await store.shred.destroy([point])
    assert dict((await store.days.held(owner, point, DAILY, SPAN)).days) == {}
    await store.days.keep(owner, owner.account_id, point, DAILY, readings(DAILY))
    both = DaySpan(year_before, SPAN.end)
    assert dict((await store.days.held(owner, point, DAILY, both)).days) == readings(DAILY)
    assert await store.days.present(owner.account_id, point, DAILY, both) == {DAY}


async def test_the_cells_key_alone_opens_nothing(store):
    owner = await furnished(store)
    point = await point_of(store, owner.account_id)
    await store.records.keep(owner, owner.account_id, point, Contact("c"))
    await store.days.keep(None, owner.account_id, point, DAILY, readings(DAILY))
    async with writing(store.erasure) as connection:
        await connection.execute(update(shred_keys).values(key=b"x" * 32))
    store.clock.seconds += 2
    for series in (CURVE, DAILY):
        with pytest.raises(InternalError):
            await store.days.held(owner, point, series, SPAN)
    with pytest.raises(InternalError):
        await store.records.held(owner, point, CustomerRecord.CONTACT)


async def test_a_pair_made_without_a_caller_is_folded_by_the_first(store):
    owner = await store.caller()
    await store.grant(owner.account_id, PRM)
    point = await point_of(store, owner.account_id)
    await store.days.keep(None, owner.account_id, point, DAILY, readings(DAILY))
    made_now = await forms_of(store, cell_place(point, DAILY.scope).name)
    assert await reads(store, owner)
    read_once = await forms_of(store, cell_place(point, DAILY.scope).name)
    assert (made_now, read_once) == ({"sealed_private"}, {"folded_private"})
    assert await reads(store, anew(owner))


async def forms_of(store, place: str) -> set[str]:
    """In which forms the private half of the pair at this place is stored."""
    row = next(row for row in await rows_of(store, pairs) if row["place"] == place)
    return {form for form in ("sealed_private", "folded_private") if row[form] is not None}


async def test_records_are_kept_sealed_with_and_without_a_caller(store):
    owner = await furnished(store)
    point = await point_of(store, owner.account_id)
    contact = Contact("customer", "0102030405", "someone@example.org")
    assert await store.records.held(owner, point, CustomerRecord.CONTACT) is None
    await store.records.keep(None, owner.account_id, point, contact)
    assert await store.records.held(owner, point, CustomerRecord.CONTACT) == (contact, store.clock.at)
    store.clock.at += HOUR
    changed = replace(contact, phone=None)
    await store.records.keep(owner, owner.account_id, point, changed)
    assert await store.records.held(owner, point, CustomerRecord.CONTACT) == (changed, store.clock.at)
    daily = await made(store, owner, ONLY_DAILY)
    with pytest.raises(InternalError):
        await store.records.held(daily, point, CustomerRecord.CONTACT)
