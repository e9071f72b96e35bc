"""The pairs of keys of an account: their rows, made without a caller, and what proves that nobody swapped them.

A private half is stored sealed to the parent's public half (HPKE) when it is made, for nobody needs to be there then;
the next one who opens it folds it: seals it under a key of the parent's private half, which opens twenty times faster.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, bindparam, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from passerelle.kit.crypto import Seal, context, derive, named, new_pair, random_id, seal_to
from passerelle.store.engine import alone, inserting
from passerelle.store.places import OWNER, Place
from passerelle.store.tables import pairs, wraps
from passerelle.store.vault import Secrets, broken

EPOCH = 1
"""Which generation of a cell's key a blob is sealed with."""

_SUITE = 1
"""X25519 with HKDF-SHA256 and AES-256-GCM: `kit.crypto.PAIR_SUITE`."""

_AT_ONCE = 200
"""Places of one statement."""

_COLUMNS = (
    pairs.c.number,
    pairs.c.id,
    pairs.c.account_id,
    pairs.c.place,
    pairs.c.epoch,
    pairs.c.suite,
    pairs.c.public,
    pairs.c.mac,
    pairs.c.sealed_private,
    pairs.c.folded_private,
    pairs.c.waiting,
)


def columns_of(table: FromClause) -> list[ColumnElement[Any]]:
    """The columns of a row of `pairs`, or of another name of the table, in the order of `Pair`; `wrapped` follows."""
    return [table.c[column.name] for column in _COLUMNS]


@dataclass(frozen=True, slots=True)
class Pair:
    """A row of `pairs`; `wrapped`: its private half, as the credential that asks holds it. Opens nothing by itself."""

    number: int
    id: str
    account_id: str
    place: str
    epoch: int
    suite: int
    public: bytes
    mac: bytes
    sealed_private: bytes | None
    folded_private: bytes | None
    waiting: bool
    wrapped: bytes | None = None

    def bound(self, purpose: str, *more: str) -> bytes:
        """What a sealed form of this pair's private half is bound to."""
        return named(purpose, self.account_id, self.id, self.place, str(self.epoch), *more)


Rows = Mapping[str, Pair]
"""Pairs of one account by the name of their place."""


def pairs_statement(credential: ColumnElement[Any], account: ColumnElement[Any], *places: Any) -> Select[Any]:
    """The pairs at these places of the account, with what the credential holds of them."""
    held = and_(wraps.c.pair == pairs.c.number, wraps.c.credential_id == credential)
    return (
        select(*_COLUMNS, wraps.c.wrapped)
        .select_from(pairs.outerjoin(wraps, held))
        .where(pairs.c.account_id == account, or_(*(pairs.c.place == place for place in places)))
    )


def checked(secrets: Secrets, rows: Sequence[Sequence[Any]]) -> dict[str, Pair]:
    """The pairs of these rows by place. Raises InternalError for one whose public half is not the one we wrote."""
    found = [Pair(*row) for row in rows]
    for pair in found:
        if not secrets.proves_still(
            pair.mac, "pair", *_told(pair.account_id, pair.id, pair.place, pair.public, pair.epoch)
        ):
            raise broken("the server's secret")
    return {pair.place: pair for pair in found}


async def load(
    connection: AsyncConnection, secrets: Secrets, account_id: str, credential_id: str, *places: Place
) -> dict[str, Pair]:
    """The pairs of these places and of all above them that exist."""
    names = sorted({each.name for place in places for each in place.upwards()})
    found: dict[str, Pair] = {}
    for at in range(0, len(names), _AT_ONCE):
        query = pairs_statement(bindparam("credential"), bindparam("account"), *names[at : at + _AT_ONCE])
        rows = (await connection.execute(query, {"credential": credential_id, "account": account_id})).all()
        found |= checked(secrets, rows)
    return found


async def make_owner(connection: AsyncConnection, secrets: Secrets, account_id: str) -> tuple[Pair, bytes]:
    """The account's owner pair and its private half, of which nothing is stored: who calls wraps it."""
    private, public = new_pair()
    return await _insert(connection, secrets, account_id, OWNER, public, None), private


async def ensure(
    connection: AsyncConnection, secrets: Secrets, account_id: str, place: Place, rows: dict[str, Pair]
) -> bool:
    """Make what is missing of the place and all above it, and put it into `rows`; False while there is no owner.

    Only the public halves above are used. The account's pairs are made by one transaction at a time.
    """
    if place.name in rows:
        return True
    if place.parent is None:
        return False
    if not await ensure(connection, secrets, account_id, place.parent, rows):
        return False
    await alone(connection, context("pairs", account_id)[-8:])
    for name, pair in (await load(connection, secrets, account_id, "", place)).items():
        rows.setdefault(name, pair)  # what was read before also tells what the credential holds of it
    if place.name not in rows:
        private, public = new_pair()
        parent = rows[place.parent.name]
        rows[place.name] = await _insert(connection, secrets, account_id, place, public, (parent, private))
    return True


async def fold(connection: AsyncConnection, pair: Pair, parent_private: bytes, private: bytes) -> None:
    """Store the private half so that it opens fast from now on."""
    folded = Seal(fold_key(parent_private)).close(private, pair.bound("folded pair"))
    await connection.execute(
        update(pairs).where(pairs.c.number == pair.number).values(folded_private=folded, sealed_private=None)
    )


def fold_key(parent_private: bytes) -> bytes:
    """The key under which the children of a pair are folded."""
    return derive(parent_private, "folded pair")


async def _insert(
    connection: AsyncConnection,
    secrets: Secrets,
    account_id: str,
    place: Place,
    public: bytes,
    sealing: tuple[Pair, bytes] | None,
) -> Pair:
    own = random_id()
    proof = secrets.prove("pair", *_told(account_id, own, place.name, public, EPOCH))
    made = Pair(0, own, account_id, place.name, EPOCH, _SUITE, public, proof, None, None, waiting=False)
    sealed = None if sealing is None else seal_to(sealing[0].public, sealing[1], made.bound("sealed pair"))
    values = {
        "id": own,
        "account_id": account_id,
        "place": place.name,
        "point_id": place.point_id,
        "epoch": EPOCH,
        "suite": _SUITE,
        "public": public,
        "mac": proof,
        "sealed_private": sealed,
        "waiting": False,
    }
    insert = inserting(connection, pairs).values(**values).returning(pairs.c.number)
    number = (await connection.execute(insert)).scalar_one()
    return Pair(number, own, account_id, place.name, EPOCH, _SUITE, public, proof, sealed, None, waiting=False)


def _told(account_id: str, pair_id: str, place: str, public: bytes, epoch: int) -> tuple[str | bytes, ...]:
    return account_id, pair_id, place, public, str(epoch), str(_SUITE)
