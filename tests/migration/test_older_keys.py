"""Keys of before the cells: they go on working, and open from now on what their own scopes and points reach."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import JSON, bindparam, text

from passerelle.errors import InternalError, KeyInvalid
from passerelle.kit.clock import SystemClock
from passerelle.kit.crypto import Seal, context, derive
from passerelle.model.days import one_day
from passerelle.model.paris import day_bounds
from passerelle.model.reading import Reading
from passerelle.model.scopes import ALL_SCOPES, Scope
from passerelle.model.series import Series
from passerelle.model.usage_point import UsagePointId
from passerelle.store.accounts import Accounts
from passerelle.store.days import Days
from passerelle.store.engine import open_engine, reading, writing
from passerelle.store.links import PRM
from passerelle.store.shred import ShredKeys
from passerelle.store.upgrade import _upgrade, migrate
from passerelle.store.vault import Secrets

POINT = UsagePointId("22516914714270")
SECRETS = Secrets(b"s" * 32)
GIVEN = datetime(2026, 11, 1, 9, tzinfo=UTC)
DAY = date(2026, 11, 20)
CURVE, DAILY = Series.CONSUMPTION_LOAD_CURVE, Series.CONSUMPTION_DAILY
CONTENT_KEY = b"c" * 32
OLD_SCOPES = sorted(ALL_SCOPES - {Scope.CONSUMPTION_INDEX, Scope.PRODUCTION_INDEX})

ROWS = (
    "INSERT INTO accounts (id, name, created_at) VALUES ('a', 'alice', :given)",
    """INSERT INTO consents (id, account_id, state, origin, duration, requested_at, request_ends_at, granted_at)
       VALUES ('c', 'a', 'granted', 'journey', 'P1Y', :given, :given, :given)""",
    "INSERT INTO points (id, account_id, prm_lookup, prm_sealed) VALUES ('p', 'a', :lookup, :sealed)",
    """INSERT INTO links (point_id, consent_id, account_id, state, granted_at)
       VALUES ('p', 'c', 'a', 'granted', :given)""",
    """INSERT INTO days (account_id, point_id, series, day, sealed, kept_at)
       VALUES ('a', 'p', 'consumption/daily', :day, :sealed, :given)""",
)
KEY = text(
    """INSERT INTO credentials
         (id, account_id, kind, label, verifier, wrapped_content_key, scopes, points_sealed, created_at, expires_at)
       VALUES (:id, 'a', :kind, '', :verifier, :wrapped, :scopes, :points, :given, :ends)"""
).bindparams(bindparam("scopes", type_=JSON))


def key_of_before(key_id, scopes, points=None, kind="key"):
    """A row as 0001 wrote it: the account's content key under the credential's secret."""
    sealed = SECRETS.seal_points(points, key_id)
    limit = (b"all",) if sealed is None else (b"some", sealed)
    bound = context("content key", "a", key_id, kind, context(*scopes), *limit)
    return {
        "id": key_id,
        "kind": kind,
        "verifier": SECRETS.verifier(key_id, "secret"),
        "wrapped": Seal(derive(b"secret", "key encryption", key_id)).close(CONTENT_KEY, bound),
        "scopes": [str(scope) for scope in scopes],
        "points": sealed,
        "given": GIVEN,
        "ends": GIVEN + timedelta(days=300) if kind != "key" else None,
    }


@pytest.fixture
async def store(url, tmp_path):
    """A database of 0002 with three keys and a token, brought up to date."""
    await asyncio.to_thread(_upgrade, url, "0002")
    engine, erasure = open_engine(url), open_engine(f"sqlite:///{tmp_path}/erasure.db")
    values = {
        "lookup": SECRETS.lookup(POINT),
        "sealed": SECRETS.seal_text(POINT, PRM, "p"),
        "given": GIVEN,
        "day": DAY,
    }
    async with writing(engine) as connection:
        for row in ROWS:
            wanted = {name: value for name, value in values.items() if f":{name}" in row}
            typed = text(row)
            await connection.execute(typed, wanted)
        for row in (
            key_of_before("full", OLD_SCOPES),
            key_of_before("daily", [Scope.CONSUMPTION_DAILY]),
            key_of_before("narrow", OLD_SCOPES, frozenset({POINT})),
            key_of_before("token", OLD_SCOPES, kind="token"),
        ):
            await connection.execute(KEY, row)
    await migrate(url)
    shred = ShredKeys(erasure, SystemClock().monotonic)
    await shred.prepare()
    yield Accounts(engine, SECRETS, shred), Days(engine, SECRETS, shred, SystemClock()), engine
    await engine.dispose()
    await erasure.dispose()


async def known(accounts, key_id):
    return await accounts.authenticate(f"{key_id}.secret", GIVEN)


@pytest.mark.parametrize("order", [("full", "daily", "narrow"), ("daily", "narrow", "full")])
async def test_each_opens_its_own_from_its_first_use_on(store, order):
    accounts, days, engine = store
    callers = {key_id: await known(accounts, key_id) for key_id in order}
    kept = {series: {DAY: (Reading(*day_bounds(DAY), 5),)} for series in (DAILY, CURVE)}
    for series, readings in kept.items():
        assert await days.keep(callers["full"], "a", "p", series, readings) == {DAY}
    callers = {key_id: await known(accounts, key_id) for key_id in order}
    for key_id in ("full", "daily", "narrow"):
        held = await days.held(callers[key_id], "p", DAILY, one_day(DAY))
        assert dict(held.days) == kept[DAILY]
    assert dict((await days.held(callers["narrow"], "p", CURVE, one_day(DAY))).days) == kept[CURVE]
    with pytest.raises(InternalError):
        await days.held(callers["daily"], "p", CURVE, one_day(DAY))
    async with reading(engine) as connection:
        left = await connection.execute(text("SELECT wrapped_content_key FROM credentials"))
        assert set(left.scalars()) == {b""}
        bridge = await connection.execute(text("SELECT sealed_private FROM pairs WHERE place = 'owner'"))
        assert bridge.scalar_one() is None, "nothing of the old content key opens the account any more"


async def test_revoking_the_last_one_that_was_never_used_closes_the_old_way_in(store):
    accounts, _, engine = store
    await known(accounts, "full")
    for key_id in ("daily", "narrow"):
        assert await accounts.revoke_key("a", key_id, GIVEN)
    async with reading(engine) as connection:
        bridge = await connection.execute(text("SELECT sealed_private FROM pairs WHERE place = 'owner'"))
        assert bridge.scalar_one() is None


async def test_an_unlimited_one_owns_what_comes_later(store):
    accounts, _, _ = store
    _, made = await accounts.create_key(await known(accounts, "full"), ALL_SCOPES, "new", GIVEN)
    assert (await accounts.authenticate(made, GIVEN)).scopes == ALL_SCOPES


async def test_one_that_was_widened_by_hand_opens_nothing(store):
    accounts, _, engine = store
    async with writing(engine) as connection:
        await connection.execute(
            text(
                "UPDATE credentials SET scopes = (SELECT scopes FROM credentials WHERE id = 'full') WHERE id = 'daily'"
            )
        )
    with pytest.raises(InternalError):
        await known(accounts, "daily")


async def test_a_token_of_before_has_ended(store):
    accounts, _, _ = store
    with pytest.raises(KeyInvalid):
        await known(accounts, "token")
