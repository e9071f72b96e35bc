"""What the customers share of each usage point, as Enedis listed it last: kinds and dates, no name and no number."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from passerelle.consent.shared import KnownServices, denial
from passerelle.model.paris import civil_day
from passerelle.model.series import Direction, Series
from passerelle.model.shared_services import ServiceKind, SharedService
from passerelle.model.usage_point import UsagePointId
from passerelle.store.engine import inserting, reading, writing
from passerelle.store.links import number_of
from passerelle.store.tables import points, services
from passerelle.store.vault import Secrets


class Services:
    """The services of all usage points. A point whose consent came without any (v1, adopted) has no row."""

    def __init__(self, engine: AsyncEngine, secrets: Secrets) -> None:
        self._engine = engine
        self._secrets = secrets

    async def of(self, point_id: str) -> KnownServices | None:
        """What is known of one point; None where nothing is. Raises InternalError."""
        return (await self.of_points([point_id])).get(point_id)

    async def of_points(self, point_ids: Collection[str]) -> Mapping[str, KnownServices]:
        """By point, what is known; a point of which nothing is known is absent. Raises InternalError."""
        query = (
            select(services, points.c.prm_sealed)
            .join(points, points.c.id == services.c.point_id)
            .where(services.c.point_id.in_(list(point_ids)), points.c.prm_sealed.is_not(None))
        )
        async with reading(self._engine) as connection:
            rows = (await connection.execute(query)).all()
        found: dict[str, KnownServices] = {}
        for row in rows:
            number = number_of(self._secrets, row)
            found[row.point_id] = KnownServices(number, tuple(_read(number, each) for each in row.shared), row.noted_at)
        return found

    async def gives(self, point_id: str, series: Series, now: datetime) -> bool | None:
        """Whether the services of the point give this series at `now`; None where none are known."""
        known = await self.of(point_id)
        return None if known is None else denial(known.services, series, civil_day(now)) is None

    async def replace(self, point_id: str, shared: Iterable[SharedService], noted_at: datetime) -> None:
        """Keep these as all the services of the point. One that was erased meanwhile keeps nothing."""
        async with writing(self._engine) as connection:
            wanted = select(points.c.id).where(points.c.id == point_id, points.c.prm_sealed.is_not(None))
            if (await connection.execute(wanted.with_for_update())).first() is not None:
                await _write(connection, point_id, shared, noted_at)


async def note_services(
    connection: AsyncConnection,
    lookups: Mapping[UsagePointId, bytes],
    account_id: str,
    shared: Iterable[SharedService] | None,
    noted_at: datetime,
) -> None:
    """Inside a writing transaction: replace what was known of these points of the account.

    `lookups`: the keyed hash of each. `shared` None: a consent that tells no services, so that nothing is known.
    """
    by_point: dict[UsagePointId, list[SharedService]] = {point: [] for point in lookups}
    for each in shared or ():
        by_point.setdefault(each.usage_point_id, []).append(each)
    for point, lookup in lookups.items():
        query = select(points.c.id).where(points.c.account_id == account_id, points.c.prm_lookup == lookup)
        point_id: str = (await connection.execute(query)).scalar_one()
        if shared is None:
            await connection.execute(delete(services).where(services.c.point_id == point_id))
        else:
            await _write(connection, point_id, by_point[point], noted_at)


async def _write(
    connection: AsyncConnection, point_id: str, shared: Iterable[SharedService], noted_at: datetime
) -> None:
    insert = inserting(connection, services).values(
        point_id=point_id, shared=[_written(each) for each in shared], noted_at=noted_at
    )
    changed = {name: insert.excluded[name] for name in ("shared", "noted_at")}
    await connection.execute(insert.on_conflict_do_update(index_elements=["point_id"], set_=changed))


def _written(service: SharedService) -> dict[str, Any]:
    return {
        "kind": service.kind.value,
        "directions": sorted(each.value for each in service.directions),
        "starts_on": service.starts_on.isoformat() if service.starts_on else None,
        "ends_on": service.ends_on.isoformat() if service.ends_on else None,
    }


def _read(point: UsagePointId, kept: Mapping[str, Any]) -> SharedService:
    return SharedService(
        usage_point_id=point,
        kind=ServiceKind(kept["kind"]),
        directions=frozenset(Direction(each) for each in kept["directions"]),
        starts_on=date.fromisoformat(kept["starts_on"]) if kept["starts_on"] else None,
        ends_on=date.fromisoformat(kept["ends_on"]) if kept["ends_on"] else None,
    )
