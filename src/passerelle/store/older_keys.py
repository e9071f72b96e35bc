"""Keys of before version 0003 of the tables, which all opened one content key of their account.

At its first use such a key gets what a key has today. The account's owner pair, and with it every pair below, is made
by the first of them; until the last one has come, its private half is also kept sealed under that content key.
"""

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from passerelle.kit.crypto import Seal, SealBroken, context, derive
from passerelle.model.scopes import ALL_SCOPES, Scope
from passerelle.store.keyring import CredentialKeyring
from passerelle.store.pairs import Pair, load, make_owner
from passerelle.store.places import OWNER
from passerelle.store.tables import AnyRow, credentials, pairs
from passerelle.store.vault import Secrets, broken, credential_keys, rights_mac
from passerelle.store.wraps import Grant, hand_on

_SINCE = frozenset({Scope.CONSUMPTION_INDEX, Scope.PRODUCTION_INDEX})
"""Scopes that a key of that time could not have: without them it was still unlimited."""


async def renew(connection: AsyncConnection, secrets: Secrets, credential_id: str, secret: str) -> None:
    """Give the key what a key has today, inside a writing transaction; nothing where that was done already.

    Raises InternalError if the row was altered.
    """
    query = select(credentials).where(credentials.c.id == credential_id).with_for_update()
    row = (await connection.execute(query)).first()
    if row is None or row.rights_mac is not None or not row.wrapped_content_key:
        return
    content_key = _content_key(row, secret)
    key, rights = credential_keys(row.id, secret)
    keyring = CredentialKeyring(row.account_id, row.id, key)
    owner, private = await _owner(connection, secrets, row.account_id, content_key)
    keyring.know(owner, private)
    scopes = frozenset(Scope(name) for name in row.scopes)
    points = secrets.open_points(row.points_sealed, row.id)
    unlimited = points is None and scopes >= ALL_SCOPES - _SINCE
    await hand_on(connection, secrets, keyring, Grant(keyring, scopes, points, owner=unlimited))
    await connection.execute(
        update(credentials)
        .where(credentials.c.id == row.id)
        .values(wrapped_content_key=b"", rights_mac=rights_mac(row, rights))
    )
    await close_bridge(connection, row.account_id)


async def _owner(
    connection: AsyncConnection, secrets: Secrets, account_id: str, content_key: bytes
) -> tuple[Pair, bytes]:
    """The account's owner pair and its private half."""
    bridge = Seal(derive(content_key, "owner pair", account_id))
    held = (await load(connection, secrets, account_id, "", OWNER)).get(OWNER.name)
    if held is None:
        held, private = await make_owner(connection, secrets, account_id)
        sealed = bridge.close(private, held.bound("owner pair"))
        await connection.execute(update(pairs).where(pairs.c.number == held.number).values(sealed_private=sealed))
        return held, private
    try:
        return held, bridge.open(held.sealed_private or b"", held.bound("owner pair"))
    except SealBroken as error:
        raise broken("a credential") from error


async def close_bridge(connection: AsyncConnection, account_id: str) -> None:
    """Once no older key is left, used or revoked, nothing opens the owner pair but what wraps it."""
    older = select(credentials.c.id).where(
        credentials.c.account_id == account_id, credentials.c.wrapped_content_key != b""
    )
    if (await connection.execute(older.limit(1))).first() is None:
        owner = pairs.c.account_id == account_id, pairs.c.place == OWNER.name
        await connection.execute(update(pairs).where(*owner).values(sealed_private=None))


def _content_key(row: AnyRow, secret: str) -> bytes:
    """What the row wrapped: bound to its rights, so that a row widened by hand does not open."""
    limit: tuple[Any, ...] = (b"all",) if row.points_sealed is None else (b"some", row.points_sealed)
    bound = context("content key", row.account_id, row.id, row.kind, context(*sorted(row.scopes)), *limit)
    try:
        return Seal(derive(secret.encode(), "key encryption", row.id)).open(row.wrapped_content_key, bound)
    except SealBroken as error:
        raise broken("a credential") from error
