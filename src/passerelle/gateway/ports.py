"""What the use cases need from the rooms beside them; joined in `wiring`.

Every method may raise the errors named in its docstring, all of `passerelle.errors`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from passerelle.access.caller import Caller
from passerelle.consent.requests import Claim, ConsentRequest, LinkedPoint, Origin
from passerelle.consent.states import ConsentState, Link
from passerelle.model.customer import AnyRecord, CustomerRecord
from passerelle.model.days import DaySpan
from passerelle.model.priority import Priority
from passerelle.model.reading import AnyReading, GapReason, Readings
from passerelle.model.series import Direction, Series
from passerelle.model.usage_point import UsagePointId


@dataclass(frozen=True, slots=True)
class Errand:
    """On whose behalf Enedis is called, and how urgent it is: the quota shares its slots fairly by both."""

    account_id: str
    priority: Priority


class Enedis(Protocol):
    """One generation of the Enedis API, whichever it is."""

    async def fetch_measure(
        self, point: UsagePointId, series: Series, span: DaySpan, errand: Errand
    ) -> tuple[AnyReading, ...]:
        """The readings that Enedis has for these days: sorted, no two overlap, all inside `span`; one call.

        `span` must respect what Enedis allows in a call (`plan.rules`). Raises NothingThere, ConsentMissing and
        UpstreamError errors.
        """
        ...

    async def fetch_record(self, point: UsagePointId, record: CustomerRecord, errand: Errand) -> AnyRecord:
        """One customer record; one call. Raises as `fetch_measure`."""
        ...


class DayStore(Protocol):
    """Completed days, sealed with the account's content key."""

    async def held(self, caller: Caller, point_id: str, series: Series, span: DaySpan) -> Mapping[date, Readings]:
        """The completed days of the span. A day that does not open is an error (InternalError), never a miss."""
        ...

    async def keep(self, caller: Caller, point_id: str, series: Series, days: Mapping[date, Readings]) -> None:
        """Keep these days, replacing what was held for them."""
        ...


class OpenDayLog(Protocol):
    """What was asked of Enedis and did not come whole."""

    async def note(self, point_id: str, series: Series, days: Sequence[date], reason: GapReason) -> None:
        """Remember why these days are not whole; the last word counts. A day that is kept is forgotten here."""
        ...


class LinkStore(Protocol):
    """Which account holds which usage point."""

    async def find(self, account_id: str, point: UsagePointId) -> Link | None:
        """The account's own link to this point, the latest one if it was linked several times."""
        ...

    async def of_account(self, account_id: str) -> list[LinkedPoint]:
        """All points that the account holds or held, one link each (the latest), forgotten ones left out."""
        ...

    async def set_state(self, link: Link, state: ConsentState) -> None: ...

    async def activation(self, point_id: str, direction: Direction) -> date | None:
        """The first day that Enedis serves in this direction, once learnt."""
        ...

    async def learn_activation(self, point_id: str, direction: Direction, day: date) -> None: ...


class ConsentStore(Protocol):
    """The consents of all accounts."""

    async def create(
        self, request: ConsentRequest, ticket_hash: bytes | None = None, *, origin: Origin = "journey"
    ) -> None:
        """Record a request. Only a journey has a ticket."""
        ...

    async def get(self, consent_id: str) -> ConsentRequest | None: ...

    async def of_account(self, account_id: str) -> list[tuple[ConsentRequest, list[LinkedPoint]]]:
        """Every consent of the account with the points it covers, newest first."""
        ...

    async def start(
        self, ticket_hash: bytes, browser_hash: bytes, nonce_hash: bytes, now: datetime
    ) -> ConsentRequest | None:
        """Bind the request of this ticket to the browser and the nonce. None if there is none, or it has ended."""
        ...

    async def take(self, nonce_hash: bytes, browser_hash: bytes, now: datetime) -> ConsentRequest | None:
        """Use up the nonce: the request it belongs to, or None if unknown, used, late, or from another browser.

        Atomic: of two callbacks with one nonce, one gets None.
        """
        ...

    async def close(self, consent_id: str, state: ConsentState, reason: str) -> None:
        """End a request that gave nothing."""
        ...

    async def grant(
        self,
        consent_id: str,
        points: Iterable[UsagePointId],
        granted_at: datetime,
        expires_at: datetime | None,
        *,
        take_over: bool = False,
        exclusive: bool = True,
    ) -> list[Claim]:
        """Link the points to the consent's account, in one transaction.

        A point that another account holds at `granted_at` becomes disputed instead, unless `take_over` (the operator's
        decision), which ends the other account's link. Without `exclusive` a point may have any number of holders.
        """
        ...

    async def forget(self, account_id: str, consent_id: str) -> bool:
        """Erase the consent's links and all data held under them. False if the account has no such consent.

        Disputes that waited for a point so released become links.
        """
        ...
