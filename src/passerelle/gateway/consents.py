"""The consent journey: from the application's wish to the customer's page at Enedis and back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from passerelle.access.caller import Caller
from passerelle.access.checks import require_scope
from passerelle.consent.callback import Failed, Refused, Shared, parse_callback
from passerelle.consent.duration import end_of
from passerelle.consent.requests import Claim, ConsentRequest, LinkedPoint
from passerelle.consent.states import ConsentState
from passerelle.errors import NotFound
from passerelle.gateway.flights import Flights
from passerelle.gateway.ports import ConsentStore
from passerelle.kit.clock import Clock
from passerelle.kit.crypto import random_id
from passerelle.kit.signing import Signer
from passerelle.model.scopes import Scope

REQUEST_LIFETIME = timedelta(hours=24)
"""How long the address given to the customer works."""


class ConsentPage(Protocol):
    """Enedis' consent page, of one generation."""

    def address(self, *, state: str, duration: str) -> str:
        """The address to send the customer's browser to."""
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
class Arrival:
    """What the customer's page says: the request, if the callback was one of ours, and what came of it."""

    outcome: ConsentState | None
    request: ConsentRequest | None = None
    claims: tuple[Claim, ...] = ()
    reason: str | None = None
    ends_at: datetime | None = None


class Consents:
    """Start, follow, list and end consents."""

    def __init__(
        self, *, store: ConsentStore, page: ConsentPage, flights: Flights, clock: Clock, secret: bytes, duration: str
    ) -> None:
        self._store = store
        self._page = page
        self._flights = flights
        self._clock = clock
        self._duration = duration
        self._tickets = Signer(secret, "consent ticket")
        self._states = Signer(secret, "consent state")
        self._browsers = Signer(secret, "consent browser")

    async def start(self, caller: Caller, duration: str | None, return_url: str | None) -> Started:
        """A new request of the caller's account. Raises ScopeMissing, and InvalidRequest for a bad duration."""
        require_scope(caller, Scope.CONSENTS)
        now = await self._clock.now()
        wanted = duration or self._duration
        end_of(wanted, now)
        ticket = self._tickets.issue()
        request = ConsentRequest(
            id=random_id(),
            account_id=caller.account_id,
            state=ConsentState.REQUESTED,
            duration=wanted,
            requested_at=now,
            request_ends_at=now + REQUEST_LIFETIME,
            return_url=return_url,
        )
        await self._store.create(request, self._tickets.fingerprint(ticket))
        return Started(request, ticket)

    async def depart(self, ticket: str, browser: str | None) -> Departure | None:
        """Bind the ticket's request to this browser and send it to Enedis. None if the ticket opens nothing.

        The `state` is single-use, signed and far below Enedis' limit of 100 characters (F§3).
        """
        if not self._tickets.signed_here(ticket):
            return None
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
        return Departure(self._page.address(state=state, duration=request.duration), own)

    async def arrive(self, query: Mapping[str, str], browser: str | None) -> Arrival:
        """What a callback means. What it names is a claim: it came through the browser (F§3).

        A callback whose state is absent, forged, used, late or another browser's changes nothing.
        """
        outcome = parse_callback(query)
        request = await self._take(query.get("state"), browser)
        if request is None:
            reason = outcome.error if isinstance(outcome, Failed) else None
            return Arrival(ConsentState.FAILED if reason else None, reason=reason)
        match outcome:
            case Shared(points):
                now = await self._clock.now()
                ends_at = end_of(request.duration, now)
                claims = await self._store.grant(request.id, points, now, ends_at)
                linked = any(claim.state is ConsentState.GRANTED for claim in claims)
                state = ConsentState.GRANTED if linked else ConsentState.DISPUTED
                return Arrival(state, request, tuple(claims), ends_at=ends_at)
            case Refused(reason):
                await self._store.close(request.id, ConsentState.REFUSED, reason)
                return Arrival(ConsentState.REFUSED, request, reason=reason)
            case Failed(error=reason):
                await self._store.close(request.id, ConsentState.FAILED, reason)
                return Arrival(ConsentState.FAILED, request, reason=reason)

    async def _take(self, state: str | None, browser: str | None) -> ConsentRequest | None:
        if state is None or browser is None:
            return None
        if not (self._states.signed_here(state) and self._browsers.signed_here(browser)):
            return None
        now = await self._clock.now()
        return await self._store.take(self._states.fingerprint(state), self._browsers.fingerprint(browser), now)

    async def of_account(self, caller: Caller) -> list[tuple[ConsentRequest, list[LinkedPoint]]]:
        """The account's consents, newest first. Raises ScopeMissing."""
        require_scope(caller, Scope.CONSENTS)
        return await self._store.of_account(caller.account_id)

    async def forget(self, caller: Caller, consent_id: str) -> None:
        """End the calls for its usage points and erase their data. Raises ScopeMissing, NotFound."""
        require_scope(caller, Scope.CONSENTS)
        covered = [
            linked.link.point_id
            for request, points in await self._store.of_account(caller.account_id)
            if request.id == consent_id
            for linked in points
        ]
        await self._flights.abandon(caller.account_id, covered)
        if not await self._store.forget(caller.account_id, consent_id):
            raise NotFound("This account has no such consent.", "Ce compte n'a pas ce consentement.")
