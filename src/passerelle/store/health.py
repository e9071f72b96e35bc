"""Whether the database answers."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from passerelle.errors import InternalError
from passerelle.store.engine import reading


class DatabaseHealth:
    """Satisfies `gateway.rooms.Health`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def trouble(self) -> Sequence[str]:
        """`database` when it cannot be read."""
        try:
            async with reading(self._engine) as connection:
                await connection.execute(text("SELECT 1 FROM accounts LIMIT 1"))
        except InternalError:
            return ("database",)
        return ()
