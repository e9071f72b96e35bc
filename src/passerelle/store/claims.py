"""One usage point, several accounts: who holds it, who waits for it. Every function runs inside a writing transaction.

What a callback names is a claim, because the number passes through the customer's browser (F§3): a point that another
account holds is disputed, until that account releases it or the operator decides.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from passerelle.consent.states import ConsentState
from passerelle.model.usage_point import UsagePointId
from passerelle.store.engine import alone, inserting
from passerelle.store.links import FORGOTTEN
from passerelle.store.points import point_row
from passerelle.store.shred import ShredKeys
from passerelle.store.tables import (
    activations,
    chunks,
    consents,
    inbox,
    lane_wishes,
    ledger_days,
    links,
    pairs,
    points,
    quarters,
    records,
    refusals,
    services,
    upkeep,
    wraps,
)
from passerelle.store.vault import Secrets

GRANTED = ConsentState.GRANTED.value
DISPUTED = ConsentState.DISPUTED.value


@dataclass(frozen=True, slots=True)
class Ask:
    """What a consent asks for each of its points. `exclusive`: whether one account at most may hold a point."""

    account_id: str
    consent_id: str
    granted_at: datetime
    expires_at: datetime | None
    exclusive: bool
    take_over: bool


async def claim(connection: AsyncConnection, secrets: Secrets, ask: Ask, point: UsagePointId) -> ConsentState:
    """Link the point to the account, or record that it is disputed; which of both is the answer."""
    lookup = secrets.lookup(point)
    await alone(connection, lookup)
    state = GRANTED
    if ask.exclusive:
        others = await _links(connection, lookup, _holding(ask.granted_at), points.c.account_id != ask.account_id)
        if others and ask.take_over:
            await _end(connection, others, ConsentState.REVOKED, ask.granted_at)
        elif others:
            state = DISPUTED
    point_id = await point_row(connection, secrets, ask.account_id, point)
    insert = inserting(connection, links).values(
        point_id=point_id,
        consent_id=ask.consent_id,
        account_id=ask.account_id,
        state=state,
        granted_at=ask.granted_at,
        expires_at=ask.expires_at,
        ended_at=None,
    )
    changed = {name: insert.excluded[name] for name in ("state", "granted_at", "expires_at", "ended_at")}
    await connection.execute(insert.on_conflict_do_update(index_elements=["point_id", "consent_id"], set_=changed))
    if state == GRANTED:
        await _settle(connection, point_id, ask.granted_at)
    return ConsentState(state)


async def _settle(connection: AsyncConnection, point_id: str, now: datetime) -> None:
    """The point is its account's: every dispute of the account about it becomes a link, and waits no longer."""
    waiting = (links.c.point_id == point_id, links.c.state == DISPUTED, _not_over(now))
    decided = (await connection.execute(select(links.c.consent_id).where(*waiting))).scalars().all()
    await connection.execute(update(links).where(*waiting).values(state=GRANTED))
    await connection.execute(update(consents).where(consents.c.id.in_(decided)).values(state=GRANTED))


async def release(connection: AsyncConnection, shred: ShredKeys, consent_id: str, now: datetime) -> None:
    """Forget every link of the consent with what is held under it, and let those who wait have the points.

    What another consent of the account covers as well stays, until that one is forgotten. The secrets of the other
    points are destroyed before anything else: should the rest fail, what is held reads as erased. The row of a point
    stays, emptied of its number, so that the account is told that it once held it.
    """
    query = (
        select(links.c.id, links.c.point_id, links.c.state, points.c.prm_lookup)
        .join(points, points.c.id == links.c.point_id)
        .where(links.c.consent_id == consent_id, links.c.state != FORGOTTEN)
    )
    rows = (await connection.execute(query)).all()
    lookups = sorted({row.prm_lookup for row in rows})
    for lookup in lookups:
        await alone(connection, lookup)
    await _end(connection, [row.id for row in rows], ConsentState.FORGOTTEN, now)
    standing = select(links.c.point_id).where(links.c.point_id.in_([row.point_id for row in rows]), _holding(now))
    kept = set((await connection.execute(standing)).scalars())
    gone = [row.point_id for row in rows if row.point_id not in kept]
    await shred.destroy(gone)
    for point_id in gone:
        await _erase(connection, point_id, now)
    await promote(connection, [row.prm_lookup for row in rows if row.state != DISPUTED], now)


async def promote(connection: AsyncConnection, lookups: Iterable[bytes], now: datetime) -> None:
    """Of each of these points that nobody holds any longer, link the account whose dispute has waited longest."""
    for lookup in sorted(set(lookups)):
        await alone(connection, lookup)
        if await _links(connection, lookup, _holding(now)):
            continue
        waiting = await _links(connection, lookup, and_(links.c.state == DISPUTED, _not_over(now)))
        if waiting:
            first = select(links.c.point_id).where(links.c.id == waiting[0])
            await _settle(connection, (await connection.execute(first)).scalar_one(), now)


async def held_lookups(connection: AsyncConnection, account_id: str) -> list[bytes]:
    """The keyed hashes of the points to which the account has a link that is no dispute."""
    query = (
        select(points.c.prm_lookup)
        .join(links, links.c.point_id == points.c.id)
        .where(points.c.account_id == account_id, links.c.state.not_in((DISPUTED, FORGOTTEN)))
        .distinct()
    )
    return list((await connection.execute(query)).scalars())


def _not_over(now: datetime) -> ColumnElement[bool]:
    return or_(links.c.expires_at.is_(None), links.c.expires_at > now)


def _holding(now: datetime) -> ColumnElement[bool]:
    return and_(links.c.state == GRANTED, _not_over(now))


async def _links(connection: AsyncConnection, lookup: bytes, *where: ColumnElement[bool]) -> list[int]:
    """The links of any account to the point, oldest first."""
    query: Select[Any] = (
        select(links.c.id)
        .join(points, points.c.id == links.c.point_id)
        .where(points.c.prm_lookup == lookup, *where)
        .order_by(links.c.id)
    )
    return list((await connection.execute(query)).scalars())


async def _end(connection: AsyncConnection, link_ids: list[int], state: ConsentState, now: datetime) -> None:
    await connection.execute(update(links).where(links.c.id.in_(link_ids)).values(state=state.value, ended_at=now))


async def _erase(connection: AsyncConnection, point_id: str, now: datetime) -> None:
    """Erase what is kept of the point; its number and what was learnt of it too, unless another consent covers it.

    Cells that a key limited to points holds stay, empty: they serve again if the customer consents anew.
    """
    held = exists().where(wraps.c.pair == pairs.c.number)
    await connection.execute(delete(pairs).where(pairs.c.point_id == point_id, ~held))
    cells = select(pairs.c.number).where(pairs.c.point_id == point_id)
    for table in (chunks, quarters, inbox, records):
        await connection.execute(delete(table).where(table.c.cell.in_(cells)))
    await connection.execute(update(pairs).where(pairs.c.point_id == point_id).values(waiting=False))
    forgotten = (links.c.point_id == point_id, links.c.state == FORGOTTEN, links.c.erased_at.is_(None))
    await connection.execute(update(links).where(*forgotten).values(erased_at=now))
    for told in (ledger_days, refusals, lane_wishes, upkeep):
        await connection.execute(delete(told).where(told.c.point_id == point_id))
    covered = select(links.c.id).where(links.c.point_id == point_id, links.c.state != FORGOTTEN)
    if (await connection.execute(covered)).first() is None:
        for learnt in (activations, services):
            await connection.execute(delete(learnt).where(learnt.c.point_id == point_id))
        await connection.execute(update(points).where(points.c.id == point_id).values(prm_sealed=None))
