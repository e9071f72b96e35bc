"""Handing on: a new credential gets the private halves that the one who makes it opens, and no other.

A credential without a limit to points gets the pairs of its scopes, however many points there are; one that is limited
to points gets the cell of each point and scope; one without any limit may get the owner pair, from which all follow.
"""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from passerelle.errors import InvalidRequest, ScopeMissing
from passerelle.model.scopes import Scope
from passerelle.model.usage_point import UsagePointId
from passerelle.store.engine import inserting
from passerelle.store.keyring import CredentialKeyring
from passerelle.store.pairs import ensure, fold, load
from passerelle.store.places import DATA_SCOPES, OWNER, Place, cell_place, scope_place
from passerelle.store.points import point_row
from passerelle.store.tables import pairs, wraps
from passerelle.store.vault import Secrets

MOST_POINTS = 100
"""Points that a credential may be limited to: each costs it a wrap for every scope."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a new credential is to open. `keyring`: its own; `owner`: whether the owner pair, and with it everything."""

    keyring: CredentialKeyring
    scopes: frozenset[Scope]
    points: frozenset[UsagePointId] | None
    owner: bool = False


def require_few(points: frozenset[UsagePointId] | None) -> None:
    """Raise InvalidRequest for a limit to more points than a credential can have."""
    if points is not None and len(points) > MOST_POINTS:
        raise InvalidRequest(
            f"A key can be limited to at most {MOST_POINTS} usage points; make several, or one without the limit.",
            f"Une clé peut être limitée à {MOST_POINTS} points au plus ; en créer plusieurs, ou une sans limite.",
        )


async def hand_on(connection: AsyncConnection, secrets: Secrets, by: CredentialKeyring, grant: Grant) -> None:
    """Write the wraps of the new credential, inside the transaction that wrote its row.

    Raises ScopeMissing for what `by` does not open.
    """
    places = await _places(connection, secrets, by.account_id, grant)
    rows = await load(connection, secrets, by.account_id, by.credential_id, *places)
    values = []
    for place in places:
        await ensure(connection, secrets, by.account_id, place, rows)
        opened = by.open(rows, place)
        if opened is None:
            raise _beyond()
        if opened.unfolded is not None:
            await fold(connection, opened.pair, opened.unfolded, opened.private)
        wrapped = grant.keyring.wrap(opened.pair, opened.private)
        values.append({"credential_id": grant.keyring.credential_id, "pair": opened.pair.number, "wrapped": wrapped})
    if values:
        await connection.execute(inserting(connection, wraps).on_conflict_do_nothing(), values)


async def owns_all(connection: AsyncConnection, credential_id: str) -> bool:
    """Whether the credential opens the account's owner pair, and with it all that there is or will be."""
    query = (
        select(wraps.c.pair)
        .join(pairs, pairs.c.number == wraps.c.pair)
        .where(wraps.c.credential_id == credential_id, pairs.c.place == OWNER.name)
    )
    return (await connection.execute(query)).first() is not None


async def _places(connection: AsyncConnection, secrets: Secrets, account_id: str, grant: Grant) -> list[Place]:
    scopes = sorted(grant.scopes & DATA_SCOPES)
    owner = [OWNER] if grant.owner else []
    if grant.points is None:
        return owner + [scope_place(scope) for scope in scopes]
    point_ids = [await point_row(connection, secrets, account_id, point) for point in sorted(grant.points)]
    return owner + [cell_place(point_id, scope) for point_id in point_ids for scope in scopes]


def _beyond() -> ScopeMissing:
    return ScopeMissing(
        "This credential does not open what the new one should: only what opens is handed on.",
        "Cet identifiant n'ouvre pas ce que le nouveau devrait ouvrir : seul ce qui s'ouvre se transmet.",
    )
