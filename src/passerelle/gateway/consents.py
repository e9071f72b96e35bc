"""The consent journey: from the application's wish to the customer's page at Enedis and back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from passerelle.access.caller import Caller
from passerelle.access.checks import require_scope
from passerelle.consent.callback import Authorised, Failed, Refused, Shared, parse_callback
from passerelle.consent.duration import end_of
from passerelle.consent.requests import (
    Application,
    ApplicationJourney,
    Claim,
    ConsentRequest,
    Exchange,
    LinkedPoint,
)
from passerelle.consent.states import ConsentState
from passerelle.errors import NotFound
from passerelle.gateway.exchange import Ended, Exchanges
from passerelle.gateway.flights import Flights
from passerelle.gateway.ports import ConsentStore
from passerelle.kit.clock import Clock
from passerelle.kit.crypto import random_id
from passerelle.kit.signing import NONCE_LENGTH, Signer
from passerelle.model.generation import Generation
from passerelle.model.scopes import Scope
from passerelle.model.usage_point import UsagePointId

REQUEST_LIFETIME = timedelta(hours=24)
"""How long the address given to the customer works, and the customer may take to come back."""

_DIGITS = frozenset("0123456789")


class ConsentPage(Protocol):
    """Enedis' consent page, of one generation."""

    def address(self, *, state: str, duration: str) -> str:
        """The address to send the customer's browser to."""
        ...


class Applications(Protocol):
    """The applications of the mirror."""

    async def application(self, key_id: str) -> Application | None:
        """The key that has this id, as an application of the mirror; None if there is none that stands."""
        ...


@dataclass(frozen=True, slots=True)
class Started:
    """A request and the ticket that opens it; the ticket is shown once."""

    request: ConsentRequest
    ticket: str


@dataclass(frozen=True, slots=True)
class Departure:
    """Where the browser goes, and what it must bring back."""

    address: str
    browser: str


@dataclass(frozen=True, slots=True)
class WayBack:
    """Where the customer's browser goes on to: the registered address of an application, with its own `state`.

    `generation`: in whose form it is told.
    """

    address: str
    state: str | None
    generation: Generation = Generation.V5


@dataclass(frozen=True, slots=True)
class Arrival:
    """What came back with the customer's browser.

    `outcome` None: a callback that belongs to no request under way here. FAILED without a `request`: Enedis failed and
    lost the state, so that nothing was closed (F§3). FORGOTTEN: the request was withdrawn meanwhile, nothing is linked.
    EXCHANGING: Enedis has not said yet what was shared; the same address, loaded after `reload_after` seconds, goes on.
    `way_back`: set where an application of the mirror waits, once nothing is missing. `failure`: Enedis' words.
    `reason`: ours, for a failure that is not Enedis'.
    """

    outcome: ConsentState | None
    request: ConsentRequest | None = None
    claims: tuple[Claim, ...] = ()
    ends_at: datetime | None = None
    failure: Failed | None = None
    way_back: WayBack | None = None
    reason: str | None = None
    reload_after: int | None = None


class Consents:
    """Start, follow, list and end consents."""

    def __init__(
        self,
        *,
        store: ConsentStore,
        applications: Applications,
        page: ConsentPage,
        exchanges: Exchanges,
        flights: Flights,
        clock: Clock,
        secret: bytes,
        duration: str,
    ) -> None:
        self._store = store
        self._applications = applications
        self._page = page
        self._exchanges = exchanges
        self._flights = flights
        self._clock = clock
        self._duration = duration
        self._tickets = Signer(secret, "consent ticket")
        self._states = Signer(secret, "consent state")
        self._browsers = Signer(secret, "consent browser")

    async def start(self, caller: Caller, duration: str | None, return_url: str | None) -> Started:
        """A new request of the caller's account. Raises ScopeMissing, and InvalidRequest for a bad duration."""
        require_scope(caller, Scope.CONSENTS)
        wanted = self._duration if duration is None else duration
        return await self._begin(caller.account_id, wanted, return_url=return_url)

    async def _begin(
        self,
        account_id: str,
        duration: str,
        *,
        return_url: str | None = None,
        journey: ApplicationJourney | None = None,
    ) -> Started:
        now = await self._clock.now()
        end_of(duration, now)
        ticket = self._tickets.issue()
        request = ConsentRequest(
            id=random_id(),
            account_id=account_id,
            state=ConsentState.REQUESTED,
            duration=duration,
            requested_at=now,
            request_ends_at=now + REQUEST_LIFETIME,
            return_url=return_url,
            journey=journey,
        )
        await self._store.create(request, self._tickets.fingerprint(ticket))
        return Started(request, ticket)

    async def depart(self, ticket: str, browser: str | None) -> Departure | None:
        """Bind the ticket's request to this browser and send it to Enedis. None if the ticket opens nothing.

        A request that failed at Enedis begins anew, as long as it is in time.
        """
        if not self._tickets.signed_here(ticket):
            return None
        return await self._depart(ticket, browser)

    async def _depart(self, ticket: str, browser: str | None, digit: str = "") -> Departure | None:
        """The `state` is single-use, signed and far below Enedis' limit of 100 characters (F§3)."""
        own = browser if browser is not None and self._browsers.signed_here(browser) else self._browsers.issue()
        state = self._states.issue()
        now = await self._clock.now()
        request = await self._store.start(
            self._tickets.fingerprint(ticket),
            self._browsers.fingerprint(own),
            self._states.fingerprint(state),
            now,
        )
        if request is None:
            return None
        return Departure(self._page.address(state=state + digit, duration=request.duration), own)

    async def application(self, key_id: str) -> Application | None:
        """The application of the mirror that has this client id, if its key stands and may start consents."""
        found = await self._applications.application(key_id) if key_id.isalnum() else None
        return found if found is not None and Scope.CONSENTS in found.scopes else None

    async def authorize(
        self,
        application: Application,
        duration: str,
        state: str | None,
        browser: str | None,
        generation: Generation = Generation.V5,
    ) -> Departure | None:
        """Begin a request for an application of the mirror and send the browser to Enedis in one step.

        A digit at the end of the application's `state` is handed on: it selects a customer of the sandbox (F§11).
        Raises InvalidRequest for a bad duration.
        """
        journey = ApplicationJourney(application.key_id, state, generation)
        started = await self._begin(application.account_id, duration, journey=journey)
        last = (state or "")[-1:]
        return await self._depart(started.ticket, browser, last if last in _DIGITS else "")

    async def arrive(self, query: Mapping[str, str], browser: str | None) -> Arrival:
        """What a callback means. What it names is a claim: it came through the browser (F§3).

        A callback whose state is absent, forged, used, late or another browser's changes nothing. One that brought an
        `autorisation_id` (F§4) may be loaded again, and goes on where the exchange stands.
        """
        outcome = parse_callback(query)
        state = query.get("state")
        if state is None and query.get("error"):
            return Arrival(ConsentState.FAILED)
        marks = self._marks(state, browser)
        if marks is None:
            return Arrival(None)
        now = await self._clock.now()
        if isinstance(outcome, Authorised):
            exchange = await self._store.exchange(*marks, outcome.authorisation_id, now)
            return Arrival(None) if exchange is None else await self._exchanged(exchange)
        request = await self._store.take(*marks, now)
        return Arrival(None) if request is None else await self._answered(request, outcome)

    async def _answered(self, request: ConsentRequest, outcome: Shared | Refused | Failed) -> Arrival:
        way_back = await self._way_back(request)
        match outcome:
            case Shared(points):
                return await self._shared(request, points, way_back)
            case Refused(reason):
                await self._store.close(request.id, ConsentState.REFUSED, reason)
                return Arrival(ConsentState.REFUSED, request, way_back=way_back)
            case Failed(error=reason):
                await self._store.close(request.id, ConsentState.FAILED, reason)
                return Arrival(ConsentState.FAILED, request, failure=outcome, way_back=way_back)

    async def _shared(
        self, request: ConsentRequest, points: tuple[UsagePointId, ...], way_back: WayBack | None
    ) -> Arrival:
        now = await self._clock.now()
        ends_at = end_of(request.duration, now)
        claims = await self._store.grant(request.id, points, now, ends_at)
        if not claims:
            return Arrival(ConsentState.FORGOTTEN, request, way_back=way_back)
        linked = any(claim.state is ConsentState.GRANTED for claim in claims)
        state = ConsentState.GRANTED if linked else ConsentState.DISPUTED
        return Arrival(state, request, tuple(claims), ends_at, way_back=way_back)

    async def _exchanged(self, exchange: Exchange) -> Arrival:
        """Where the exchange stands after a page's patience, or how it ended before."""
        request = exchange.request
        if request.state is ConsentState.EXCHANGING:
            ended = await self._exchanges.within_a_page(exchange)
        else:
            claims = await self._store.claims(request.id)
            ended = Ended(request.state, tuple(claims), request.expires_at, request.reason)
        if ended is None:
            after = self._exchanges.seconds_to_reload(exchange, await self._clock.now())
            return Arrival(ConsentState.EXCHANGING, request, reload_after=after)
        way_back = await self._way_back(request)
        return Arrival(ended.state, request, ended.claims, ended.ends_at, way_back=way_back, reason=ended.reason)

    async def finish_exchanges(self, now: datetime) -> int:
        """Go on with every exchange that is open at `now`, once each; how many ended. Raises InternalError."""
        return await self._exchanges.finish_all(now)

    def _marks(self, state: str | None, browser: str | None) -> tuple[bytes, bytes] | None:
        """What the store knows this state and browser by; None where they were not both made here, for this use."""
        if state is None or browser is None:
            return None
        signed = state[:NONCE_LENGTH] if state[NONCE_LENGTH:] in _DIGITS else state
        if not (self._states.signed_here(signed) and self._browsers.signed_here(browser)):
            return None
        return self._states.fingerprint(signed), self._browsers.fingerprint(browser)

    async def _way_back(self, request: ConsentRequest) -> WayBack | None:
        """None too where the application's key was revoked meanwhile: its address is told nothing any more."""
        if request.journey is None:
            return None
        application = await self.application(request.journey.key_id)
        if application is None or application.redirect_uri is None:
            return None
        return WayBack(application.redirect_uri, request.journey.state, request.journey.generation)

    async def of_account(self, caller: Caller) -> list[tuple[ConsentRequest, list[LinkedPoint]]]:
        """The account's consents, newest first, as far as this key may see their points. Raises ScopeMissing."""
        require_scope(caller, Scope.CONSENTS)
        found = await self._store.of_account(caller.account_id)
        seen = [(request, points, [each for each in points if _may_see(caller, each)]) for request, points in found]
        return [(request, visible) for request, points, visible in seen if visible or not points]

    async def forget(self, caller: Caller, consent_id: str) -> None:
        """End the calls for its usage points and erase their data.

        Raises ScopeMissing, and NotFound also where the consent has a point that this key may not see.
        """
        require_scope(caller, Scope.CONSENTS)
        covered = [
            linked
            for request, points in await self._store.of_account(caller.account_id)
            if request.id == consent_id
            for linked in points
        ]
        if not all(_may_see(caller, linked) for linked in covered):
            raise _no_such_consent()
        await self._flights.abandon(caller.account_id, [linked.link.point_id for linked in covered])
        if not await self._store.forget(caller.account_id, consent_id):
            raise _no_such_consent()


def _may_see(caller: Caller, linked: LinkedPoint) -> bool:
    return caller.usage_points is None or linked.usage_point_id in caller.usage_points


def _no_such_consent() -> NotFound:
    return NotFound("This account has no such consent.", "Ce compte n'a pas ce consentement.")
