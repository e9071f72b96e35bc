"""Who consented, by the simulated clock. One application, so one consent a usage point (F§3, F§4)."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class State(StrEnum):
    GRANTED = "granted"
    REVOKED = "revoked"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Consent:
    """`until` (UTC, excluded) ends it by itself; `begin` is the first day that may be asked (ADAM-DC-0009 before)."""

    state: State
    until: datetime | None = None
    begin: date | None = None

    def state_at(self, now: datetime) -> State:
        if self.state is State.GRANTED and self.until is not None and now >= self.until:
            return State.EXPIRED
        return self.state


class Consents:
    """The consents known, in the order in which their points were first named."""

    def __init__(self, granted: tuple[str, ...], revoked: tuple[str, ...]) -> None:
        self._by_prm = {prm: Consent(State.GRANTED) for prm in granted}
        self._by_prm |= {prm: Consent(State.REVOKED) for prm in revoked}

    def put(self, prm: str, consent: Consent) -> None:
        self._by_prm[prm] = consent

    def usable(self, prm: str, now: datetime) -> Consent | None:
        """The consent that allows a call now."""
        consent = self._by_prm.get(prm)
        return consent if consent is not None and consent.state_at(now) is State.GRANTED else None

    def names(self, prm: str) -> bool:
        return prm in self._by_prm

    def prms(self) -> tuple[str, ...]:
        return tuple(self._by_prm)
