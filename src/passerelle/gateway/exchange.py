"""The exchange of an `autorisation_id` for what the customer shared (F§4), and asking again for what is shared."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from passerelle.consent.duration import end_of
from passerelle.consent.requests import SHARE_OLDER, Claim, Exchange
from passerelle.consent.shared import (
    Believed,
    KnownServices,
    Unbelieved,
    denial,
    judged,
    pause_before_asking_again,
)
from passerelle.consent.states import ConsentState, Link
from passerelle.gateway.patience import Patience, let_land
from passerelle.gateway.ports import ConsentStore, Enedis, Errand
from passerelle.kit.clock import Clock
from passerelle.kit.logs import get_logger
from passerelle.model.paris import civil_day
from passerelle.model.priority import Priority
from passerelle.model.reading import GapReason
from passerelle.model.series import Series
from passerelle.model.shared_services import SharedService
from passerelle.problem import PasserelleError

PAGE_SECONDS = 10.0
"""How long a page asks Enedis again before it tells the customer to reload."""

STALE = timedelta(days=1)
"""The age from which known services are asked for again, before they deny something."""

_SPARE_SECONDS = 3.0
"""For the last answer under way when a page has asked for long enough."""

_AGAIN_SECONDS = 600.0
"""After a failure to ask again for services, how long what is known counts."""

log = get_logger(__name__)


class ServiceStore(Protocol):
    """What is known of the services of each usage point."""

    async def of(self, point_id: str) -> KnownServices | None:
        """What is known of one point; None where nothing is."""
        ...

    async def replace(self, point_id: str, shared: Iterable[SharedService], noted_at: datetime) -> None:
        """Keep these as all the services of the point."""
        ...


@dataclass(frozen=True, slots=True)
class Ended:
    """How an exchange ended: `claims` as granted, none where it failed or the request was withdrawn meanwhile."""

    state: ConsentState
    claims: tuple[Claim, ...] = ()
    ends_at: datetime | None = None
    reason: str | None = None


class Exchanges:
    """Exchanges ids, each once at a time in this process. What ends one is written in one transaction."""

    def __init__(
        self,
        *,
        store: ConsentStore,
        enedis: Enedis,
        clock: Clock,
        patience: Patience | None = None,
        page_seconds: float = PAGE_SECONDS,
    ) -> None:
        self._store = store
        self._enedis = enedis
        self._page_seconds = page_seconds
        self._clock = clock
        self._patience = patience or Patience()
        self._under_way: dict[str, asyncio.Task[Ended | None]] = {}
        self._not_before: dict[str, float] = {}

    async def within_a_page(self, exchange: Exchange) -> Ended | None:
        """How it ended, after asking at once and then with growing pauses; None if Enedis lists nothing yet.

        Errors of Enedis keep it open. Raises InternalError when the database fails.
        """
        consent = exchange.request.id
        task = self._under_way.get(consent)
        if task is None:
            task = asyncio.create_task(self._insist(exchange))
            self._under_way[consent] = task
            task.add_done_callback(lambda ended: self._land(consent, ended))
        if not await self._patience.wait([task], self._page_seconds + _SPARE_SECONDS):
            return None
        return task.result()

    async def finish_all(self, now: datetime) -> int:
        """Ask once about every open exchange that is due again; how many ended. Raises InternalError."""
        ended = 0
        for exchange in await self._store.open_exchanges(now):
            consent = exchange.request.id
            due = self._clock.monotonic() >= self._not_before.get(consent, 0.0)
            if due and consent not in self._under_way:
                ended += await self._ask(exchange, Priority.REFRESH) is not None
        return ended

    def seconds_to_reload(self, exchange: Exchange, now: datetime) -> int:
        """After how long a page that waits is worth loading again: with the age of the exchange, 10 s at least."""
        return max(10, round(pause_before_asking_again(now - exchange.began_at)))

    async def drain(self, seconds: float) -> None:
        """Let what is under way land, for so long at most."""
        await let_land(self._under_way.values(), seconds)

    def _land(self, consent: str, ended: "asyncio.Task[Ended | None]") -> None:
        self._under_way.pop(consent, None)
        if not ended.cancelled():
            ended.exception()  # a page that was closed leaves nobody to hear of it

    async def _insist(self, exchange: Exchange) -> Ended | None:
        until = self._clock.monotonic() + self._page_seconds
        while True:
            now = self._clock.monotonic()
            due = self._not_before.get(exchange.request.id, now)
            if due > until:
                return None
            if due > now:
                await self._clock.sleep(due - now)
            ended = await self._ask(exchange, Priority.INTERACTIVE)
            if ended is not None:
                return ended

    async def _ask(self, exchange: Exchange, priority: Priority) -> Ended | None:
        request = exchange.request
        try:
            services = await self._enedis.shared_services(
                exchange.authorisation_id, Errand(request.account_id, priority)
            )
        except PasserelleError as error:
            log.warning("exchange_failed", consent=request.id, problem=error.problem.code)
            services = ()
        now = await self._clock.now()
        verdict = judged(services, requested_at=request.requested_at, began_at=exchange.began_at, now=now)
        match verdict:
            case Unbelieved.NOTHING_YET:
                self._rest(request.id, pause_before_asking_again(now - exchange.began_at))
                return None
            case Unbelieved.OLDER:
                await self._store.close(request.id, ConsentState.FAILED, SHARE_OLDER)
                return Ended(ConsentState.FAILED, reason=SHARE_OLDER)
            case Believed():
                return await self._grant(exchange, verdict, now)

    def _rest(self, consent: str, seconds: float) -> None:
        now = self._clock.monotonic()
        self._not_before = {each: until for each, until in self._not_before.items() if until > now}
        self._not_before[consent] = now + seconds

    async def _grant(self, exchange: Exchange, found: Believed, now: datetime) -> Ended:
        request = exchange.request
        ends_at = found.ends_at or end_of(request.duration, exchange.began_at)
        claims = await self._store.grant(request.id, found.points, now, ends_at, services=found.services)
        if not claims:
            return Ended(ConsentState.FORGOTTEN)
        linked = any(claim.state is ConsentState.GRANTED for claim in claims)
        return Ended(ConsentState.GRANTED if linked else ConsentState.DISPUTED, tuple(claims), ends_at)


class RefreshServices:
    """What the services known of a usage point allow, asked for again before they deny something for long."""

    def __init__(
        self,
        *,
        services: ServiceStore,
        store: ConsentStore,
        enedis: Enedis,
        clock: Clock,
        patience: Patience | None = None,
    ) -> None:
        self._services = services
        self._store = store
        self._enedis = enedis
        self._clock = clock
        self._patience = patience or Patience()
        self._under_way: dict[str, asyncio.Task[KnownServices]] = {}
        self._failed: dict[str, float] = {}

    async def services_allow(self, link: Link, series: Series, now: datetime, wait: float) -> GapReason | None:
        """Why the services shared do not give this series at `now`; None where Enedis is worth asking.

        `pending` where Enedis has not said within `wait` seconds what is shared now. Nothing known (consents of v1,
        adopted ones) allows everything. Raises InternalError when the database fails.
        """
        known = await self._services.of(link.point_id)
        if known is None:
            return None
        day = civil_day(now)
        reason = denial(known.services, series, day)
        if reason is None or now - known.noted_at < STALE:
            return reason
        renewed = await self._renewed(link, known, wait)
        return GapReason.PENDING if renewed is None else denial(renewed.services, series, day)

    async def _renewed(self, link: Link, known: KnownServices, wait: float) -> KnownServices | None:
        """What Enedis lists now, what is known if it does not say; None if it has not answered after `wait` seconds.

        One question at a time for a point.
        """
        if self._clock.monotonic() < self._failed.get(link.point_id, 0.0):
            return known
        task = self._under_way.get(link.point_id)
        if task is None:
            task = asyncio.create_task(self._ask(link, known))
            self._under_way[link.point_id] = task
            task.add_done_callback(lambda ended: self._land(link.point_id, ended))
        return task.result() if await self._patience.wait([task], wait) else None

    async def drain(self, seconds: float) -> None:
        """Let what is under way land, for so long at most."""
        await let_land(self._under_way.values(), seconds)

    def _land(self, point_id: str, ended: "asyncio.Task[KnownServices]") -> None:
        self._under_way.pop(point_id, None)
        if not ended.cancelled():
            ended.exception()  # a caller who stopped waiting leaves nobody to hear of it

    async def _ask(self, link: Link, known: KnownServices) -> KnownServices:
        authorisation = await self._store.authorisation(link.consent_id)
        if authorisation is None:
            return known
        try:
            listed = await self._enedis.shared_services(authorisation, Errand(link.account_id, Priority.INTERACTIVE))
        except PasserelleError as error:
            log.warning("services_not_renewed", consent=link.consent_id, problem=error.problem.code)
            now = self._clock.monotonic()
            self._failed = {point: until for point, until in self._failed.items() if until > now}
            self._failed[link.point_id] = now + _AGAIN_SECONDS
            return known
        mine = tuple(each for each in listed if each.usage_point_id == known.usage_point_id)
        noted = KnownServices(known.usage_point_id, mine, await self._clock.now())
        await self._services.replace(link.point_id, noted.services, noted.noted_at)
        return noted
