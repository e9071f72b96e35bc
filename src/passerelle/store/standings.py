"""Which generation of Enedis' API is asked under `auto`, for all processes alike, by the clock of the database."""

import time
from collections.abc import Callable, Mapping
from typing import TypeVar

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from passerelle.model.generation import NEVER, Generation, Standing
from passerelle.store.engine import glancing, inserting, writing
from passerelle.store.tables import AnyRow, standings

Answer = TypeVar("Answer")

_INSTANTS = (
    standings.c.v5_until,
    standings.c.fell_back_at,
    standings.c.came_back_at,
    standings.c.unsubscribed_until,
)
_COLUMNS = (standings.c.speaking, *_INSTANTS)


class GenerationStandings:
    """Satisfies `enedis.standings.Standings`.

    `wall` tells seconds of the epoch: where there is none, PostgreSQL does, or on SQLite the one machine.
    """

    def __init__(self, engine: AsyncEngine, wall: Callable[[], float] | None = None) -> None:
        self._engine = engine
        self._wall = wall

    async def read(self) -> tuple[Mapping[str, Standing], float]:
        """Those that were kept, and the time now. Raises InternalError when they cannot be read."""
        async with glancing(self._engine) as connection:
            rows = (await connection.execute(select(standings.c.api, *_COLUMNS))).all()
            now = await self._now(connection)
        return {row.api: _standing(row) for row in rows}, now

    async def change(self, api: str, rule: Callable[[Standing, float], tuple[Standing, Answer]]) -> Answer:
        """One step that no other process comes between: from the standing and the time to what is kept and answered.

        Raises InternalError when it cannot be made; nothing has changed then.
        """
        async with writing(self._engine) as connection:
            new = inserting(connection, standings).values(api=api, **_row(Standing()))
            await connection.execute(new.on_conflict_do_nothing())
            query = select(*_COLUMNS).where(standings.c.api == api).with_for_update()
            before = _standing((await connection.execute(query)).one())
            after, answer = rule(before, await self._now(connection))
            if after != before:
                await connection.execute(update(standings).where(standings.c.api == api).values(**_row(after)))
        return answer

    async def _now(self, connection: AsyncConnection) -> float:
        if self._wall is not None:
            return self._wall()
        if connection.dialect.name != "postgresql":
            return time.time()
        told = await connection.execute(select(func.extract("epoch", func.clock_timestamp())))
        return float(told.scalar_one())


def _standing(row: AnyRow) -> Standing:
    instants = [getattr(row, column.name) for column in _INSTANTS]
    return Standing(Generation(row.speaking), *(NEVER if at is None else at for at in instants))


def _row(standing: Standing) -> dict[str, object]:
    instants = {column.name: getattr(standing, column.name) for column in _INSTANTS}
    return {"speaking": standing.speaking.value} | {name: None if at == NEVER else at for name, at in instants.items()}
