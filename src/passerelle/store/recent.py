"""Credentials read a moment ago, so that a burst of requests reads the row once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

TTL_SECONDS = 2.0
"""How long another process may still take a credential that this one revoked."""

CAPACITY = 1024


@dataclass(frozen=True, slots=True)
class Held:
    """A row of `credentials`, as far as knowing and opening it needs. It opens nothing by itself."""

    id: str
    account_id: str
    kind: str
    verifier: bytes
    rights_mac: bytes | None
    scopes: tuple[str, ...]
    points_sealed: bytes | None
    expires_at: datetime | None
    revoked_at: datetime | None


class Recent:
    """At most `CAPACITY` rows, none older than `TTL_SECONDS`. `ticks` tells monotonic seconds."""

    def __init__(self, ticks: Callable[[], float]) -> None:
        self._ticks = ticks
        self._rows: dict[str, tuple[float, Held]] = {}

    def get(self, credential_id: str) -> Held | None:
        found = self._rows.get(credential_id)
        if found is None:
            return None
        if self._ticks() >= found[0]:
            del self._rows[credential_id]
            return None
        return found[1]

    def put(self, asked_id: str, held: Held) -> None:
        """Remember what was found for this id, its own or, for the demo's key, any."""
        self._rows.pop(asked_id, None)
        while len(self._rows) >= CAPACITY:
            del self._rows[next(iter(self._rows))]
        self._rows[asked_id] = (self._ticks() + TTL_SECONDS, held)

    def clear(self) -> None:
        """Forget everything: something was revoked, and tokens end with their key."""
        self._rows.clear()
