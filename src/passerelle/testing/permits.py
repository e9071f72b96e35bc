"""A quota that never makes anyone wait: it counts, and refuses when told to."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from passerelle.errors import QuotaExhausted
from passerelle.model.priority import Priority


@dataclass(frozen=True, slots=True)
class Hold:
    """What the transport learnt from a 429."""

    bucket: str
    resume_at: datetime | None
    spacing: bool


@dataclass
class CountedPermits:
    """Satisfies `enedis.permits.Permits`.

    `refuse_after`: how many departures it allows before it raises. `note` is called at each departure. `sent`: of how
    many it was told that their bytes have left.
    """

    refuse_after: int | None = None
    note: Callable[[], None] = lambda: None
    turns: list[tuple[str, str, Priority]] = field(default_factory=list)
    departed: int = 0
    sent: int = 0
    open_turns: int = 0
    holds: list[Hold] = field(default_factory=list)

    @asynccontextmanager
    async def turn(self, bucket: str, account_id: str, priority: Priority) -> AsyncIterator["CountedTurn"]:
        self.turns.append((bucket, account_id, priority))
        self.open_turns += 1
        try:
            yield CountedTurn(self)
        finally:
            self.open_turns -= 1

    async def hold(self, bucket: str, *, resume_at: datetime | None, spacing: bool) -> None:
        self.holds.append(Hold(bucket, resume_at, spacing))


@dataclass(frozen=True, slots=True)
class CountedTurn:
    permits: CountedPermits

    async def depart(self) -> None:
        if self.permits.refuse_after is not None and self.permits.departed >= self.permits.refuse_after:
            raise QuotaExhausted("No call is left.", "Il ne reste aucun appel.", retry_after=120)
        self.permits.departed += 1
        self.permits.note()

    async def departed(self) -> None:
        self.permits.sent += 1
