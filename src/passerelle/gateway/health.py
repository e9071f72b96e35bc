"""Whether the gateway can do its work: all of it, or only what needs no call to Enedis."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from passerelle.errors import InternalError, QuotaExhausted

QUOTA = "quota"


class Database(Protocol):
    """Whether the database can be read."""

    async def trouble(self) -> Sequence[str]: ...


class GatewayHealth:
    """Satisfies `rooms.Health`. `count` reads the count of calls: it raises QuotaExhausted when nothing can be counted.

    Without the database nothing works; without the count no call leaves, and what is held is still served: a gateway
    that was taken out of service for that would turn a part of the trouble into all of it.
    """

    def __init__(self, database: Database, count: Callable[[], Awaitable[object]]) -> None:
        self._database = database
        self._count = count

    async def trouble(self) -> Sequence[str]:
        return await self._database.trouble()

    async def limits(self) -> Sequence[str]:
        try:
            await self._count()
        except (QuotaExhausted, InternalError):
            return (QUOTA,)
        return ()
