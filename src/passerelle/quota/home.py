"""Where a bucket lives: the port that `departure` asks, and what all homes say when they cannot answer."""

from dataclasses import dataclass
from typing import Protocol

from passerelle.errors import QuotaExhausted
from passerelle.model.priority import Priority
from passerelle.problem import Actor
from passerelle.quota.bucket import Bucket, CivilTime, Grant, Later
from passerelle.quota.settings import Limits

AWAY_RETRY_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Ask:
    """One call that wants to leave: what it may use, when Enedis' calendar says it is, and how urgent it is.

    `turn`: the serial of the last answer, if there was one.
    """

    limits: Limits
    civil: CivilTime
    priority: Priority
    lead_us: int = 0
    turn: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, and the monotonic instant (seconds) that its `wait_us` counts from: never before the true one."""

    answer: Grant | Later
    at: float


class Home(Protocol):
    """The one place that counts the calls of an installation.

    Each verb is atomic, and durable before it returns. A home that cannot count raises QuotaExhausted (`away`): towards
    Enedis passerelle fails shut.
    """

    async def reserve(self, bucket: str, ask: Ask) -> Reply:
        """A slot, already counted, or when to ask again. What the call had before is given back in the same step."""
        ...

    async def give_back(self, bucket: str, serial: int) -> None:
        """Uncount a slot that was surely not used, or leave the line; doing it twice changes nothing more."""
        ...

    async def correct(self, bucket: str, civil: CivilTime, serial: int) -> None:
        """A call left late for its slot: it is remembered as having left now."""
        ...

    async def hold(self, bucket: str, civil: CivilTime, resume_us: int | None) -> None:
        """Nothing leaves before this civil instant (microseconds), or before the next hour."""
        ...

    async def slow_down(self, bucket: str) -> None:
        """Nothing leaves for a second, and a little less afterwards."""
        ...

    async def read(self, bucket: str) -> tuple[Bucket, int]:
        """The bucket and the wall clock (microseconds) it is to be read by."""
        ...


def away() -> QuotaExhausted:
    """The count cannot be kept now, so nothing may leave."""
    return QuotaExhausted(
        "The count of calls to Enedis cannot be kept now, so none is sent.",
        "Le compte des appels à Enedis ne peut pas être tenu maintenant, aucun n'est donc envoyé.",
        retry_after=AWAY_RETRY_SECONDS,
        who_acts=Actor.OPERATOR,
    )
