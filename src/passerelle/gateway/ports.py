"""What the use cases need from the rooms beside them; joined in `wiring`.

Every method may raise the errors named in its docstring, all of `passerelle.errors`.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from passerelle.access.caller import Caller
from passerelle.consent.requests import Claim, ConsentRequest, Exchange, LinkedPoint, Origin
from passerelle.consent.states import ConsentState, Link
from passerelle.model.customer import AnyRecord, CustomerRecord
from passerelle.model.days import DaySpan
from passerelle.model.held import Held
from passerelle.model.leases import NO_WISH, Hold, Leased, Wish
from passerelle.model.priority import Priority
from passerelle.model.reading import AnyReading, Readings
from passerelle.model.series import Direction, Series
from passerelle.model.shared_services import SharedService
from passerelle.model.usage_point import UsagePointId
from passerelle.plan.ledger import Entry, Known, Refusal


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

    def serves(self, series: Series) -> bool:
        """Whether this generation has such a series at all: only 2026 has indexes (F§9)."""
        ...

    async def fetch_record(self, point: UsagePointId, record: CustomerRecord, errand: Errand) -> AnyRecord:
        """One customer record; as few calls as its parts need. Raises as `fetch_measure`."""
        ...

    async def shared_services(self, authorisation_id: int, errand: Errand) -> tuple[SharedService, ...]:
        """What was shared under the id that the consent page of 2026 gave back (F§4), all pages of it.

        Empty as long as Enedis has not written it down. Raises UpstreamError errors, NotServed in v5.
        """
        ...


class DayStore(Protocol):
    """Days of readings, each series of a usage point sealed on its own. Partial days are kept too."""

    async def held(self, caller: Caller, point_id: str, series: Series, span: DaySpan) -> Held:
        """What is held of the span. What does not open with the caller's credential is InternalError, never a miss."""
        ...

    async def keep(
        self, caller: Caller | None, account_id: str, point_id: str, series: Series, days: Mapping[date, Readings]
    ) -> frozenset[date]:
        """Keep these days and tell which of them changed.

        Readings take the place of those that they overlap; derived readings never that of Enedis' own. Without a
        caller, or with one who cannot open this series, the days are sealed for the next one who can: which of them
        changed is not known then, all are told. Nothing is kept for a point that the account no longer has, nor,
        without a caller, before the account's first key.
        """
        ...

    async def present(self, account_id: str, point_id: str, series: Series, span: DaySpan) -> frozenset[date]:
        """The days of the span of which something is held: no caller needed, nothing is opened."""
        ...


class RecordStore(Protocol):
    """Customer records, sealed like days."""

    async def held(self, caller: Caller, point_id: str, record: CustomerRecord) -> tuple[AnyRecord, datetime] | None:
        """The record and when it was kept; None if it is not. InternalError if it does not open."""
        ...

    async def keep(self, caller: Caller | None, account_id: str, point_id: str, found: AnyRecord) -> None:
        """Keep the record in place of the former one. Nothing is kept for a point that the account no longer has."""
        ...


class RecordRefusals(Protocol):
    """What Enedis last answered in place of a customer record, of which one is remembered for each."""

    async def refused(self, point_id: str, record: CustomerRecord) -> Refusal | None: ...

    async def refuse(self, point_id: str, record: CustomerRecord, refusal: Refusal) -> None:
        """Remember it in place of the former one."""
        ...

    async def lift(self, point_id: str, record: CustomerRecord) -> None:
        """Forget it: the record came."""
        ...


class DayLedger(Protocol):
    """What is known of days that are not whole, and of refusals: dates and reasons, no value."""

    async def known(self, point_id: str, series: Series, span: DaySpan) -> Known:
        """What it says of these days, and every refusal of the series."""
        ...

    async def write(self, point_id: str, series: Series, entry: Entry) -> None:
        """Change it in one step."""
        ...

    async def cover(self, point_id: str, series: Series, days: Collection[date]) -> None:
        """From now on a derived value stands in for those of these days that are open."""
        ...


class ForcedCalls(Protocol):
    """The calls that an account may have made before their time: its own part of what Enedis allows to all."""

    async def take(self, account_id: str, calls: int, now: datetime) -> bool:
        """Charge the account with so many calls; False, and nothing is charged, if its hour is spent."""
        ...


class Leases(Protocol):
    """Which process asks Enedis for a series or a record of a usage point: one at a time, and none for ever."""

    async def claim(self, point_id: str, work: Leased, wish: Wish = NO_WISH) -> Hold:
        """Take the lease or renew it, for some seconds. While another process has it, that one hears of the wish."""
        ...

    async def landed(self, point_id: str, work: Leased) -> None:
        """Let those who wait know that there is something new to be found, or known."""
        ...

    async def heard(self, point_id: str, work: Leased) -> tuple[Wish, ...]:
        """The wishes of other processes that asked for the lease within the last seconds."""
        ...

    async def release(self, point_id: str, work: Leased) -> None:
        """Let it go, if it is still ours, and wish for nothing any more."""
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


class Sight(Protocol):
    """What one look into the store told of a usage point and one of its series."""

    @property
    def link(self) -> Link | None:
        """As `LinkStore.find`."""
        ...

    @property
    def activated_on(self) -> date | None:
        """As `LinkStore.activation`, in the direction of the series."""
        ...

    async def held(self, span: DaySpan) -> Held:
        """As `DayStore.held`, for the one who looked, of days looked at; only once the link was found good."""
        ...


class Sights(Protocol):
    """Link, activation and days of a series, at once: what a warm read needs."""

    async def look(self, caller: Caller, point: UsagePointId, series: Series, span: DaySpan | None) -> Sight:
        """What is there now. `span`: the days that may be asked for then, if any."""
        ...


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

    async def exchange(
        self, nonce_hash: bytes, browser_hash: bytes, authorisation_id: int, now: datetime
    ) -> Exchange | None:
        """Use up the nonce and keep the id (F§4), in one step: the exchange that begins, or this callback's own again.

        None if the nonce is unknown, late, from another browser, or was used with anything else.
        """
        ...

    async def open_exchanges(self, now: datetime) -> list[Exchange]:
        """What is still to be exchanged and in time at `now`, the oldest first."""
        ...

    async def authorisation(self, consent_id: str) -> int | None:
        """The id under which Enedis lists what this consent shares (F§4); None for one that has none."""
        ...

    async def claims(self, consent_id: str) -> list[Claim]:
        """What came of the points of this consent, forgotten ones left out."""
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
        services: Collection[SharedService] | None = None,
    ) -> list[Claim]:
        """Link the points to the consent's account, in one transaction, and keep the services listed for them.

        A point that another account holds at `granted_at` becomes disputed instead, unless `take_over` (the operator's
        decision), which ends the other account's link. Without `exclusive` a point may have any number of holders.
        """
        ...

    async def forget(self, account_id: str, consent_id: str) -> bool:
        """Erase the consent's links and all data held under them. False if the account has no such consent.

        Disputes that waited for a point so released become links.
        """
        ...
