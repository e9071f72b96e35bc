"""The permit that every request on the wire needs, as the transport sees it; `quota` gives it."""

from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from passerelle.model.priority import Priority


class Turn(Protocol):
    """One request's turn, got in a fair queue."""

    async def depart(self) -> None:
        """Wait for the slot, count the request durably, return when it may leave.

        Raises QuotaExhausted, which says when to come back.
        """
        ...

    async def departed(self) -> None:
        """The first bytes have left: what was late is learnt now."""
        ...


class Permits(Protocol):
    """The allowance that all processes share."""

    def turn(self, bucket: str, account_id: str, priority: Priority) -> AbstractAsyncContextManager[Turn]:
        """The request's turn. Leaving the context without `depart` means that nothing was sent."""
        ...

    async def hold(self, bucket: str, *, resume_at: datetime | None, spacing: bool) -> None:
        """What a 429 taught: `spacing`, calls leave more slowly; else nothing leaves before `resume_at`.

        `resume_at` None: before the next clock hour.
        """
        ...


class Breakers(Protocol):
    """What all processes know of an API that is away: it is left alone, but for a probe now and then."""

    async def allow(self, api: str) -> None:
        """Raises UpstreamUnavailable, which says when to come back, while the API is left alone."""
        ...

    async def worked(self, api: str) -> None:
        """It answered, whatever it said."""
        ...

    async def failed(self, api: str) -> None:
        """It was away: no answer, or one that says so."""
        ...


class Unbroken:
    """No breaker: every API is asked whenever somebody wants."""

    async def allow(self, api: str) -> None:
        """Always."""

    async def worked(self, api: str) -> None:
        """Nothing to note."""

    async def failed(self, api: str) -> None:
        """Nothing to note."""


class Errand(Protocol):
    """On whose behalf Enedis is called, and how urgent it is."""

    @property
    def account_id(self) -> str: ...

    @property
    def priority(self) -> Priority: ...
