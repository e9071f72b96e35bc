"""The breakers of all APIs, shared by the processes of an installation."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from passerelle.errors import UpstreamUnavailable
from passerelle.kit.logs import get_logger
from passerelle.problem import PasserelleError
from passerelle.quota import breaker as rules
from passerelle.quota.breaker import Breaker
from passerelle.quota.bucket import SECOND_US
from passerelle.quota.postgres import PostgresRows
from passerelle.quota.rows import Rows
from passerelle.quota.sqlite import SqliteRows
from passerelle.quota.tables import breakers

MEMORY_SECONDS = 1.0

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A breaker as it stood at a wall-clock instant, which was the monotonic instant `at`."""

    breaker: Breaker
    now_us: int
    at: float


class Breakers:
    """Stops calls to an API that does not answer. Its memory of a second spares a healthy call its query.

    **Fails open**: when its rows cannot be read calls pass, for this is a kindness; the quota is the guard.
    """

    def __init__(self, rows: Rows[Breaker], *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._rows = rows
        self._monotonic = monotonic
        self._seen: dict[str, _Seen] = {}

    async def allow(self, api: str) -> None:
        """Return when a call to this API may be made. Raises UpstreamUnavailable, which says when to come back.

        After a pause one call passes, to try: it should be made within a minute, and tell what became of it.
        """
        wait_us = self._remembered(api)
        if wait_us is None:
            wait_us = await self._change(api, rules.allow)
        if wait_us:
            raise UpstreamUnavailable(
                "Enedis has not answered several times in a row; no call is made for a while.",
                "Enedis n'a pas répondu plusieurs fois de suite ; aucun appel n'est fait pour le moment.",
                retry_after=math.ceil(wait_us / SECOND_US),
            )

    async def worked(self, api: str) -> None:
        """The API answered, be it a refusal."""
        seen = self._seen.get(api)
        if seen is None or not seen.breaker.is_quiet:
            await self._change(api, lambda _before, _now_us: (Breaker(), 0))

    async def failed(self, api: str) -> None:
        """The API could not be reached, did not answer in time, or said that it is not available (502, 503, 504).

        A 500 is neither: Enedis answers so to a request that it does not like, too (F§13).
        """
        await self._change(api, lambda before, now_us: (rules.failed(before, now_us), 0))

    def _remembered(self, api: str) -> int | None:
        """The wait, if what was seen in the last second tells; a call that may try must be noted by all."""
        seen = self._seen.get(api)
        if seen is None or (passed := self._monotonic() - seen.at) > MEMORY_SECONDS:
            return None
        if not seen.breaker.pause_us:
            return 0
        return rules.wait(seen.breaker, seen.now_us + round(passed * SECOND_US)) or None

    async def _change(self, api: str, rule: Callable[[Breaker, int], tuple[Breaker, int]]) -> int:
        def step(before: Breaker, now_us: int, at: float) -> tuple[Breaker, int]:
            after, wait_us = rule(before, now_us)
            self._seen[api] = _Seen(after, now_us, at)
            return after, wait_us

        try:
            return await self._rows.change(api, step)
        except PasserelleError as error:
            log.warning("breaker_away", api=api, problem=error.problem.code)
            return 0


def open_breakers(engine: AsyncEngine) -> Breakers:
    """The breakers kept in this database."""
    if engine.dialect.name == "postgresql":
        return Breakers(PostgresRows(engine, breakers, Breaker()))
    return Breakers(SqliteRows(engine, breakers, Breaker()))
