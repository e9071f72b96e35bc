"""The pieces of work that a process has in hand: one waits for its slot, those before it are on their way.

The next one is taken up only once the one that waited has left: who is next is decided as late as can be, so that a
newcomer stands behind no more than one call of an account with thousands.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any

from passerelle.kit.clock import Clock


class Hands:
    """Up to `most` pieces of work, one of which has not left yet."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._under_way: set[asyncio.Task[None]] = set()
        self._waiting: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._error: BaseException | None = None

    @property
    def empty(self) -> bool:
        return not self._under_way

    @property
    def free(self) -> bool:
        """Whether another piece may be taken up."""
        return not self.waits and len(self._under_way) < self._most

    @property
    def waits(self) -> bool:
        """Whether a piece in hand has neither left nor ended."""
        return self._waiting is not None

    @property
    def failed(self) -> bool:
        """Whether a piece ended with an error."""
        return self._error is not None

    def take(self, work: Coroutine[Any, Any, None]) -> None:
        """Begin a piece of work; it waits until `left`, or until it ends."""
        self._waiting = asyncio.create_task(work)
        self._under_way.add(self._waiting)
        self._waiting.add_done_callback(self._ended)

    def left(self) -> None:
        """The one that waited is on its way."""
        self._waiting = None
        self._news.set()

    def _ended(self, piece: asyncio.Task[None]) -> None:
        self._under_way.discard(piece)
        if self._waiting is piece:
            self._waiting = None
        if not piece.cancelled() and self._error is None:
            self._error = piece.exception()
        self._news.set()

    async def news(self, clock: Clock, seconds: float) -> None:
        """Wait until a piece has left or ended, for so long at most."""
        told, later = asyncio.ensure_future(self._news.wait()), asyncio.ensure_future(clock.sleep(seconds))
        try:
            await asyncio.wait((told, later), return_when=asyncio.FIRST_COMPLETED)
        finally:
            told.cancel()
            later.cancel()
        self._news.clear()

    async def lay_down(self) -> None:
        """Wait for every piece to end; the first error, if there was one, is raised once none is under way."""
        while self._under_way:
            await asyncio.wait(self._under_way)
        if self._error is not None:
            raise self._error

    async def drop(self) -> None:
        """End what is still under way: only when the work itself is ended."""
        under_way = list(self._under_way)
        for piece in under_way:
            piece.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
