"""The rows of usage points: one for each account and point."""

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from passerelle.kit.crypto import random_id
from passerelle.model.usage_point import UsagePointId
from passerelle.store.engine import alone, inserting
from passerelle.store.links import PRM
from passerelle.store.tables import points
from passerelle.store.vault import Secrets


async def point_row(connection: AsyncConnection, secrets: Secrets, account_id: str, point: UsagePointId) -> str:
    """The id of the account's row for the point, made if it is new, its number sealed again if it was emptied."""
    lookup = secrets.lookup(point)
    await alone(connection, lookup)
    query = select(points.c.id, points.c.prm_sealed).where(
        points.c.account_id == account_id, points.c.prm_lookup == lookup
    )
    row = (await connection.execute(query)).first()
    if row is None:
        own = random_id()
        sealed = secrets.seal_text(point, PRM, own)
        insert = inserting(connection, points)
        await connection.execute(insert.values(id=own, account_id=account_id, prm_lookup=lookup, prm_sealed=sealed))
        return own
    known: str = row.id
    if row.prm_sealed is None:
        sealed = secrets.seal_text(point, PRM, known)
        await connection.execute(update(points).where(points.c.id == known).values(prm_sealed=sealed))
    return known
