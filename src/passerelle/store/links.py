"""Which account holds which usage point."""

from datetime import date, datetime

from sqlalchemy import bindparam, case, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from passerelle.consent.requests import LinkedPoint
from passerelle.consent.states import ConsentState, Link
from passerelle.kit.clock import Clock
from passerelle.model.series import Direction
from passerelle.model.usage_point import UsagePointId
from passerelle.store.engine import inserting, reading, writing
from passerelle.store.tables import AnyRow, activations, links, points
from passerelle.store.vault import Secrets
from passerelle.store.warm import Prepared, WarmReads

FORGOTTEN = ConsentState.FORGOTTEN.value
PRM = "usage point"
"""The purpose under which a usage point's number is sealed, for its row of `points`."""

LINK_COLUMNS = (
    links.c.point_id,
    links.c.account_id,
    links.c.consent_id,
    links.c.state,
    links.c.granted_at,
    links.c.expires_at,
)
LATEST = (
    case((links.c.state == ConsentState.DISPUTED.value, 2), (links.c.state == FORGOTTEN, 1), else_=0),
    links.c.id.desc(),
)
"""The latest link first; one that never held, or no longer exists, does not hide one that does."""


_FIND = Prepared(
    select(*LINK_COLUMNS)
    .join(points, points.c.id == links.c.point_id)
    .where(points.c.account_id == bindparam("account"), points.c.prm_lookup == bindparam("lookup"))
    .order_by(*LATEST)
    .limit(1)
)
_ACTIVATION = Prepared(
    select(activations.c.day).where(
        activations.c.point_id == bindparam("point"), activations.c.direction == bindparam("direction")
    )
)


def link_of(row: AnyRow) -> Link:
    """The link of a row that holds `LINK_COLUMNS`."""
    return link_from(row.point_id, row.account_id, row.consent_id, row.state, row.granted_at, row.expires_at)


def link_from(
    point_id: str, account_id: str, consent_id: str, state: str, granted_at: datetime, expires_at: datetime | None
) -> Link:
    """The link of the values of `LINK_COLUMNS`."""
    return Link(point_id, account_id, consent_id, ConsentState(state), granted_at, expires_at)


class Links:
    """The links of all accounts to usage points, and what was learnt of the points."""

    def __init__(self, engine: AsyncEngine, secrets: Secrets, clock: Clock) -> None:
        self._engine = engine
        self._secrets = secrets
        self._clock = clock
        self._warm = WarmReads(engine)

    async def find(self, account_id: str, point: UsagePointId) -> Link | None:
        """The account's own link to this point, the latest one if it was linked several times.

        A forgotten link is still found, so that a point once held is told from one never held.
        """
        rows = await self._warm.rows(_FIND, account=account_id, lookup=self._secrets.lookup(point))
        if not rows:
            return None
        return link_from(*rows[0])

    async def of_account(self, account_id: str) -> list[LinkedPoint]:
        """All points that the account holds or held, one link each (the latest), forgotten ones left out."""
        query = (
            select(*LINK_COLUMNS, points.c.prm_sealed)
            .join(points, points.c.id == links.c.point_id)
            .where(links.c.account_id == account_id, links.c.state != FORGOTTEN)
            .order_by(*LATEST)
        )
        async with reading(self._engine) as connection:
            rows = (await connection.execute(query)).all()
        latest: dict[str, LinkedPoint] = {}
        for row in rows:
            if row.point_id not in latest:
                latest[row.point_id] = LinkedPoint(number_of(self._secrets, row), link_of(row))
        return sorted(latest.values(), key=lambda linked: linked.usage_point_id)

    async def set_state(self, link: Link, state: ConsentState) -> None:
        """Change the state of a link; one that was forgotten meanwhile stays so.

        The state that the link had when it was read is no change, and overwrites nothing that was decided since.
        """
        if state is link.state:
            return
        ended = None if state is ConsentState.GRANTED else await self._clock.now()
        async with writing(self._engine) as connection:
            await connection.execute(
                update(links)
                .where(
                    links.c.point_id == link.point_id,
                    links.c.consent_id == link.consent_id,
                    links.c.state != FORGOTTEN,
                )
                .values(state=state.value, ended_at=ended)
            )

    async def activation(self, point_id: str, direction: Direction) -> date | None:
        """The first day that Enedis serves in this direction, once learnt."""
        rows = await self._warm.rows(_ACTIVATION, point=point_id, direction=direction.value)
        return rows[0][0] if rows else None

    async def learn_activation(self, point_id: str, direction: Direction, day: date) -> None:
        """Remember the first day that Enedis serves in this direction; the last word counts."""
        async with writing(self._engine) as connection:
            insert = inserting(connection, activations).values(point_id=point_id, direction=direction.value, day=day)
            await connection.execute(
                insert.on_conflict_do_update(
                    index_elements=["point_id", "direction"], set_={"day": insert.excluded.day}
                )
            )


def number_of(secrets: Secrets, row: AnyRow) -> UsagePointId:
    """The number of the usage point of a row that holds `point_id` and `prm_sealed`."""
    return UsagePointId(secrets.open_text(row.prm_sealed, PRM, row.point_id))
