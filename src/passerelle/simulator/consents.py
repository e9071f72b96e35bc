"""Who consented, by the simulated clock. One application, so one consent a usage point (F§3, F§4)."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum


class State(StrEnum):
    GRANTED = "granted"
    REVOKED = "revoked"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Consent:
    """`until` (UTC, excluded) ends it by itself; `begin` is the first day that may be asked (ADAM-DC-0009 before).

    `given_on` is the day on which somebody gave it: since then the point is shared, with services (F§10). The sandbox
    holds the consents of its customers without that (F§11): they can be called, and can still be shared.
    """

    state: State
    until: datetime | None = None
    begin: date | None = None
    given_on: date | None = None

    def state_at(self, now: datetime) -> State:
        if self.state is State.GRANTED and self.until is not None and now >= self.until:
            return State.EXPIRED
        return self.state


class Consents:
    """The consents known, in the order in which their points were first named."""

    def __init__(self, granted: tuple[str, ...], revoked: tuple[str, ...]) -> None:
        self._by_prm = {prm: Consent(State.GRANTED) for prm in granted}
        self._by_prm |= {prm: Consent(State.REVOKED) for prm in revoked}
        self._visible_at: dict[str, datetime] = {}

    def put(self, prm: str, consent: Consent) -> None:
        self._by_prm[prm] = consent

    def order(self, prm: str, state: State, begin: date | None, today: date) -> None:
        """What a test orders. To grant is to share anew, `today`; to end a consent keeps what its services tell."""
        former = self._by_prm.get(prm, Consent(state))
        anew = Consent(state, begin=begin, given_on=today)
        self._by_prm[prm] = anew if state is State.GRANTED else replace(former, state=state, begin=begin)

    def usable(self, prm: str, now: datetime) -> Consent | None:
        """The consent that allows a call now."""
        consent = self._by_prm.get(prm)
        return consent if consent is not None and consent.state_at(now) is State.GRANTED else None

    def shared(self, prm: str, now: datetime) -> bool:
        """Whether the point is shared now: it cannot be shared again before that ends (F§4)."""
        consent = self.usable(prm, now)
        return consent is not None and consent.given_on is not None

    def find(self, prm: str) -> Consent | None:
        """The consent of the point, whatever became of it."""
        return self._by_prm.get(prm)

    def show_services(self, prm: str, at: datetime | None) -> None:
        """The services of the point are to be seen from `at` on (UTC); None: at once."""
        if at is None:
            self._visible_at.pop(prm, None)
        else:
            self._visible_at[prm] = at

    def services_visible(self, prm: str, now: datetime) -> bool:
        at = self._visible_at.get(prm)
        return at is None or now >= at

    def names(self, prm: str) -> bool:
        return prm in self._by_prm

    def prms(self) -> tuple[str, ...]:
        return tuple(self._by_prm)
