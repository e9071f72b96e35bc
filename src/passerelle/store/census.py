"""How many consents and links there are, by where they stand: numbers of the whole installation, of nobody alone."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from passerelle.consent.standing import OPEN
from passerelle.consent.states import ConsentState
from passerelle.errors import InternalError
from passerelle.store.engine import reading
from passerelle.store.links import number_of
from passerelle.store.tables import consents, links, points
from passerelle.store.vault import Secrets

_GRANTED = ConsentState.GRANTED.value
_OPEN = sorted(state.value for state in OPEN)


class Census:
    """Counts over all accounts."""

    def __init__(self, engine: AsyncEngine, secrets: Secrets) -> None:
        self._engine = engine
        self._secrets = secrets

    async def consents(self, now: datetime) -> Mapping[ConsentState, int]:
        """Consents by where they stand at `now` (`consent.standing`). Raises InternalError."""
        lapsed = and_(consents.c.state.in_(_OPEN), consents.c.request_ends_at <= now)
        expired = and_(consents.c.state == _GRANTED, consents.c.expires_at <= now)
        query = select(consents.c.state, lapsed.label("lapsed"), expired.label("expired"), func.count().label("number"))
        async with reading(self._engine) as connection:
            rows = (await connection.execute(query.group_by("state", "lapsed", "expired"))).all()
        counts: Counter[ConsentState] = Counter()
        for row in rows:
            ended = ConsentState.LAPSED if row.lapsed else ConsentState.EXPIRED if row.expired else None
            counts[ended or ConsentState(row.state)] += row.number
        return counts

    async def links(self, now: datetime) -> Mapping[ConsentState, int]:
        """Links to usage points by where they stand at `now` (`consent.states`). Raises InternalError."""
        expired = and_(links.c.state == _GRANTED, links.c.expires_at <= now)
        query = select(links.c.state, expired.label("expired"), func.count().label("number"))
        async with reading(self._engine) as connection:
            rows = (await connection.execute(query.group_by("state", "expired"))).all()
        counts: Counter[ConsentState] = Counter()
        for row in rows:
            counts[ConsentState.EXPIRED if row.expired else ConsentState(row.state)] += row.number
        return counts

    async def secret_opens(self) -> bool | None:
        """Whether the server's secret is the one that this database was written with; None while nothing tells.

        Raises InternalError when the database cannot be read.
        """
        query = select(points.c.id.label("point_id"), points.c.prm_sealed).where(points.c.prm_sealed.is_not(None))
        async with reading(self._engine) as connection:
            row = (await connection.execute(query.limit(1))).first()
        if row is None:
            return None
        try:
            number_of(self._secrets, row)
        except InternalError:
            return False
        return True
