"""The consents of all accounts, and what is known of the services of their usage points, in memory."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from passerelle.consent.requests import SERVICES_NOT_LISTED, Claim, ConsentRequest, Exchange, LinkedPoint, Origin
from passerelle.consent.shared import KnownServices
from passerelle.consent.standing import OPEN
from passerelle.consent.states import ConsentState, Link
from passerelle.model.shared_services import SharedService
from passerelle.model.usage_point import UsagePointId

_WAITING = ConsentState.EXCHANGING
_GRANTABLE = OPEN | {ConsentState.GRANTED, ConsentState.DISPUTED}


@dataclass
class _Kept:
    """One consent as it stands."""

    request: ConsentRequest
    origin: Origin
    ticket_hash: bytes | None
    browser_hash: bytes | None = None
    nonce_hash: bytes | None = None
    came_back_at: datetime | None = None
    authorisation_id: int | None = None
    links: dict[UsagePointId, Link] = field(default_factory=dict)

    def is_state(self, *states: ConsentState) -> bool:
        return self.request.state in states

    def turn(self, state: ConsentState, reason: str | None) -> None:
        self.request = replace(self.request, state=state, reason=reason)


class MemoryConsents:
    """Satisfies `gateway.ports.ConsentStore`; a dispute ends by the operator's decision alone.

    `services`: what was granted together with each point, by point.
    """

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}
        self.services: dict[UsagePointId, tuple[SharedService, ...] | None] = {}

    async def create(
        self, request: ConsentRequest, ticket_hash: bytes | None = None, *, origin: Origin = "journey"
    ) -> None:
        self._kept[request.id] = _Kept(request, origin, ticket_hash)

    async def get(self, consent_id: str) -> ConsentRequest | None:
        kept = self._kept.get(consent_id)
        return None if kept is None else kept.request

    async def of_account(self, account_id: str) -> list[tuple[ConsentRequest, list[LinkedPoint]]]:
        mine = [kept for kept in self._kept.values() if kept.request.account_id == account_id]
        mine.sort(key=lambda kept: kept.request.requested_at, reverse=True)
        return [(kept.request, [LinkedPoint(*each) for each in kept.links.items()]) for kept in mine]

    async def start(
        self, ticket_hash: bytes, browser_hash: bytes, nonce_hash: bytes, now: datetime
    ) -> ConsentRequest | None:
        for kept in self._kept.values():
            fresh = kept.is_state(ConsentState.REQUESTED) and kept.came_back_at is None
            open_again = fresh or kept.is_state(ConsentState.FAILED)
            if kept.ticket_hash == ticket_hash and open_again and now < kept.request.request_ends_at:
                kept.browser_hash, kept.nonce_hash = browser_hash, nonce_hash
                kept.came_back_at = kept.authorisation_id = None
                kept.turn(ConsentState.REQUESTED, None)
                return kept.request
        return None

    async def take(self, nonce_hash: bytes, browser_hash: bytes, now: datetime) -> ConsentRequest | None:
        kept = self._of_browser(nonce_hash, browser_hash, now)
        if kept is None or kept.came_back_at is not None or not kept.is_state(ConsentState.REQUESTED):
            return None
        kept.came_back_at = now
        return kept.request

    async def exchange(
        self, nonce_hash: bytes, browser_hash: bytes, authorisation_id: int, now: datetime
    ) -> Exchange | None:
        kept = self._of_browser(nonce_hash, browser_hash, now)
        if kept is None:
            return None
        if kept.came_back_at is None and kept.is_state(ConsentState.REQUESTED):
            kept.came_back_at, kept.authorisation_id = now, authorisation_id
            kept.turn(_WAITING, SERVICES_NOT_LISTED)
        return _exchange(kept) if kept.authorisation_id == authorisation_id else None

    async def open_exchanges(self, now: datetime) -> list[Exchange]:
        waiting = [
            kept for kept in self._kept.values() if kept.is_state(_WAITING) and now < kept.request.request_ends_at
        ]
        found = [exchange for kept in waiting if (exchange := _exchange(kept)) is not None]
        return sorted(found, key=lambda each: (each.began_at, each.request.id))

    async def authorisation(self, consent_id: str) -> int | None:
        kept = self._kept.get(consent_id)
        return None if kept is None else kept.authorisation_id

    async def claims(self, consent_id: str) -> list[Claim]:
        return [Claim(point, link.state) for point, link in self._kept[consent_id].links.items()]

    async def close(self, consent_id: str, state: ConsentState, reason: str) -> None:
        kept = self._kept[consent_id]
        if kept.request.state in OPEN:
            kept.turn(state, reason)

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
        kept = self._kept.get(consent_id)
        wanted = list(dict.fromkeys(points))
        if kept is None or not wanted or kept.request.state not in _GRANTABLE:
            return []
        account = kept.request.account_id
        for point in wanted:
            others = self._holders(point, account, granted_at) if exclusive else []
            for other in others if take_over else ():
                other.links[point] = replace(other.links[point], state=ConsentState.REVOKED)
            state = ConsentState.DISPUTED if others and not take_over else ConsentState.GRANTED
            kept.links[point] = Link(f"{account} {point}", account, consent_id, state, granted_at, expires_at)
            mine = None if services is None else tuple(each for each in services if each.usage_point_id == point)
            self.services[point] = mine
        states = {link.state for link in kept.links.values()}
        kept.turn(ConsentState.GRANTED if ConsentState.GRANTED in states else ConsentState.DISPUTED, None)
        kept.request = replace(kept.request, granted_at=granted_at, expires_at=expires_at)
        return [Claim(point, kept.links[point].state) for point in wanted]

    async def forget(self, account_id: str, consent_id: str) -> bool:
        kept = self._kept.get(consent_id)
        if kept is None or kept.request.account_id != account_id:
            return False
        kept.links.clear()
        kept.ticket_hash = kept.browser_hash = kept.nonce_hash = kept.authorisation_id = None
        kept.request = replace(kept.request, state=ConsentState.FORGOTTEN, return_url=None, journey=None)
        return True

    def _of_browser(self, nonce_hash: bytes, browser_hash: bytes, now: datetime) -> _Kept | None:
        for kept in self._kept.values():
            if (kept.nonce_hash, kept.browser_hash) == (nonce_hash, browser_hash):
                return kept if now < kept.request.request_ends_at else None
        return None

    def _holders(self, point: UsagePointId, account: str, now: datetime) -> list[_Kept]:
        def holds(link: Link | None) -> bool:
            standing = link is not None and (link.expires_at is None or now < link.expires_at)
            return standing and link is not None and link.state is ConsentState.GRANTED

        return [
            kept for kept in self._kept.values() if kept.request.account_id != account and holds(kept.links.get(point))
        ]


def _exchange(kept: _Kept) -> Exchange | None:
    if kept.authorisation_id is None or kept.came_back_at is None:
        return None
    return Exchange(kept.request, kept.authorisation_id, kept.came_back_at)


@dataclass
class MemoryServices:
    """Satisfies `gateway.exchange.ServiceStore` and `gateway.list_points.ServiceList`."""

    known: dict[str, KnownServices] = field(default_factory=dict)

    async def of(self, point_id: str) -> KnownServices | None:
        return self.known.get(point_id)

    async def of_points(self, point_ids: Collection[str]) -> Mapping[str, KnownServices]:
        return {each: self.known[each] for each in point_ids if each in self.known}

    async def replace(self, point_id: str, shared: Iterable[SharedService], noted_at: datetime) -> None:
        known = self.known[point_id]
        self.known[point_id] = KnownServices(known.usage_point_id, tuple(shared), noted_at)
