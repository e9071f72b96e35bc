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


class Errand(Protocol):
    """On whose behalf Enedis is called, and how urgent it is."""

    @property
    def account_id(self) -> str: ...

    @property
    def priority(self) -> Priority: ...
