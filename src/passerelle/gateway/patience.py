"""How long a caller is kept waiting for Enedis: as long as it asked, or a moment more once the gateway winds down."""

import asyncio
from collections.abc import Collection, Iterable
from typing import Any

LAST_SECONDS = 3.0
"""For work that is nearly done when the signal comes; well below what a supervisor waits before it kills."""


class Patience:
    """Shared by every waiting request of a gateway."""

    def __init__(self, last_seconds: float = LAST_SECONDS) -> None:
        self._last_seconds = last_seconds
        self._over = asyncio.Event()

    def run_out(self) -> None:
        """From now on nobody waits for more than a moment, so that every request under way ends with an answer."""
        self._over.set()

    async def wait(self, tasks: Collection["asyncio.Future[Any]"], seconds: float) -> bool:
        """Wait for these tasks, at most so long; whether all of them are done. Ends none of them."""
        if not tasks:
            return True
        waiting = asyncio.ensure_future(asyncio.wait(tasks, timeout=seconds))
        over = asyncio.ensure_future(self._over.wait())
        try:
            await asyncio.wait((waiting, over), return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait((waiting,), timeout=self._last_seconds)
        finally:
            waiting.cancel()
            over.cancel()
        return all(task.done() for task in tasks)


async def let_land(tasks: Iterable["asyncio.Task[Any]"], seconds: float) -> None:
    """Let these tasks end by themselves for so long, then end them; returns when none can write any more."""
    under_way = list(tasks)
    if under_way:
        await asyncio.wait(under_way, timeout=seconds)
    for task in under_way:
        task.cancel()
    await asyncio.gather(*under_way, return_exceptions=True)
