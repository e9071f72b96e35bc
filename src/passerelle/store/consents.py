"""The consents of all accounts, from the wish to the end."""

import json
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, delete, exists, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from passerelle.consent.requests import (
    SERVICES_NOT_LISTED,
    ApplicationJourney,
    Claim,
    ConsentRequest,
    Exchange,
    LinkedPoint,
    Origin,
)
from passerelle.consent.states import ConsentState
from passerelle.kit.clock import Clock
from passerelle.model.generation import Generation
from passerelle.model.shared_services import SharedService
from passerelle.model.usage_point import UsagePointId
from passerelle.store.claims import GRANTED, Ask, claim, release
from passerelle.store.engine import reading, scrub, writing
from passerelle.store.links import FORGOTTEN, LINK_COLUMNS, link_of, number_of
from passerelle.store.receipts import ended_links, with_receipt
from passerelle.store.shared_services import note_services
from passerelle.store.shred import ShredKeys
from passerelle.store.tables import AnyRow, consents, links, points
from passerelle.store.vault import Secrets

_REQUESTED = ConsentState.REQUESTED.value
_EXCHANGING = ConsentState.EXCHANGING.value
_FAILED = ConsentState.FAILED.value
_GRANTABLE = frozenset({_REQUESTED, _EXCHANGING, GRANTED, ConsentState.DISPUTED.value})
_RETURN_URL = "return address"
_JOURNEY = "journey of an application"
_AUTHORISATION = "autorisation at Enedis"


KEPT_AFTER_ITS_END = timedelta(days=30)
"""How long a request that gave nothing can still be looked up."""

_AT_ONCE = 500
"""Requests of one purge, which comes again in a minute."""


class Consents:
    """The store of consents."""

    def __init__(self, engine: AsyncEngine, secrets: Secrets, shred: ShredKeys, clock: Clock) -> None:
        self._engine = engine
        self._secrets = secrets
        self._shred = shred
        self._clock = clock

    async def create(
        self, request: ConsentRequest, ticket_hash: bytes | None = None, *, origin: Origin = "journey"
    ) -> None:
        """Record a request. Only a journey has a ticket."""
        url, journey = request.return_url, request.journey
        told = None if journey is None else json.dumps([journey.key_id, journey.state, journey.generation])
        async with writing(self._engine) as connection:
            await connection.execute(
                insert(consents).values(
                    id=request.id,
                    account_id=request.account_id,
                    state=request.state.value,
                    origin=origin,
                    duration=request.duration,
                    requested_at=request.requested_at,
                    request_ends_at=request.request_ends_at,
                    # It may carry what the application knows of its customer.
                    return_url_sealed=None if url is None else self._secrets.seal_text(url, _RETURN_URL, request.id),
                    journey_sealed=None if told is None else self._secrets.seal_text(told, _JOURNEY, request.id),
                    granted_at=request.granted_at,
                    expires_at=request.expires_at,
                    reason=request.reason,
                    ticket_hash=ticket_hash,
                )
            )

    async def get(self, consent_id: str) -> ConsentRequest | None:
        async with reading(self._engine) as connection:
            row = (await connection.execute(select(consents).where(consents.c.id == consent_id))).first()
        return self._request(row)

    async def of_account(self, account_id: str) -> list[tuple[ConsentRequest, list[LinkedPoint]]]:
        """Every consent of the account with the points it covers, newest first; forgotten ones cover nothing."""
        wanted = select(consents).where(consents.c.account_id == account_id)
        covered = (
            select(*LINK_COLUMNS, points.c.prm_sealed)
            .join(points, points.c.id == links.c.point_id)
            .where(links.c.account_id == account_id, links.c.state != FORGOTTEN)
            .order_by(links.c.id)
        )
        async with reading(self._engine) as connection:
            rows = (await connection.execute(wanted.order_by(consents.c.requested_at.desc(), consents.c.id))).all()
            linked = (await connection.execute(covered)).all()
            ended = (await connection.execute(ended_links(account_id))).all()
        by_consent: dict[str, list[LinkedPoint]] = {row.id: [] for row in rows}
        for row in linked:
            by_consent.setdefault(row.consent_id, []).append(LinkedPoint(number_of(self._secrets, row), link_of(row)))
        requests = [request for row in rows if (request := self._request(row)) is not None]
        return [(with_receipt(request, ended, linked), by_consent[request.id]) for request in requests]

    async def start(
        self, ticket_hash: bytes, browser_hash: bytes, nonce_hash: bytes, now: datetime
    ) -> ConsentRequest | None:
        """Bind the request of this ticket to the browser and the nonce. None if there is none, or it has ended.

        The last browser to open the ticket is the one that counts. A journey that failed begins anew.
        """
        return await self._advance(
            update(consents)
            .where(
                consents.c.ticket_hash == ticket_hash,
                # While a callback is being worked on, its request does not begin anew.
                or_(
                    consents.c.state == _FAILED,
                    and_(consents.c.state == _REQUESTED, consents.c.nonce_used_at.is_(None)),
                ),
            )
            .values(
                browser_hash=browser_hash,
                nonce_hash=nonce_hash,
                nonce_used_at=None,
                authorisation_sealed=None,
                state=_REQUESTED,
                reason=None,
            ),
            now,
        )

    async def take(self, nonce_hash: bytes, browser_hash: bytes, now: datetime) -> ConsentRequest | None:
        """Use up the nonce: the request it belongs to, or None if unknown, used, late, or from another browser.

        Atomic: of two callbacks with one nonce, one gets None.
        """
        return await self._advance(
            update(consents)
            .where(
                consents.c.nonce_hash == nonce_hash,
                consents.c.browser_hash == browser_hash,
                consents.c.nonce_used_at.is_(None),
                consents.c.state == _REQUESTED,
            )
            .values(nonce_used_at=now),
            now,
        )

    async def exchange(
        self, nonce_hash: bytes, browser_hash: bytes, authorisation_id: int, now: datetime
    ) -> Exchange | None:
        """Use up the nonce and keep the id, in one transaction: the exchange that begins.

        The same callback again gives the same exchange again, however it ended. None if the nonce is unknown, late,
        from another browser, or was used with anything else.
        """
        mine = (consents.c.nonce_hash == nonce_hash, consents.c.browser_hash == browser_hash)
        async with writing(self._engine) as connection:
            query = select(consents).where(*mine, consents.c.request_ends_at > now)
            row = (await connection.execute(query.with_for_update())).first()
            if row is None:
                return None
            if row.state == _REQUESTED and row.nonce_used_at is None:
                sealed = self._secrets.seal_text(str(authorisation_id), _AUTHORISATION, row.id)
                begin = update(consents).where(consents.c.id == row.id)
                values = {
                    "state": _EXCHANGING,
                    "reason": SERVICES_NOT_LISTED,
                    "nonce_used_at": now,
                    "authorisation_sealed": sealed,
                }
                row = (await connection.execute(begin.values(values).returning(consents))).one()
        exchange = self._exchange(row)
        return exchange if exchange is not None and exchange.authorisation_id == authorisation_id else None

    async def open_exchanges(self, now: datetime) -> list[Exchange]:
        """What is still to be exchanged and in time at `now`, the oldest first."""
        query = select(consents).where(consents.c.state == _EXCHANGING, consents.c.request_ends_at > now)
        async with reading(self._engine) as connection:
            rows = (await connection.execute(query.order_by(consents.c.nonce_used_at, consents.c.id))).all()
        return [exchange for row in rows if (exchange := self._exchange(row)) is not None]

    async def authorisation(self, consent_id: str) -> int | None:
        """The id under which Enedis lists what this consent shares (F§4); None for one that has none."""
        async with reading(self._engine) as connection:
            row = (await connection.execute(select(consents).where(consents.c.id == consent_id))).first()
        exchange = None if row is None else self._exchange(row)
        return None if exchange is None else exchange.authorisation_id

    async def claims(self, consent_id: str) -> list[Claim]:
        """What came of the points of this consent, forgotten ones left out."""
        query = (
            select(links.c.state, links.c.point_id, points.c.prm_sealed)
            .join(points, points.c.id == links.c.point_id)
            .where(links.c.consent_id == consent_id, links.c.state != FORGOTTEN)
            .order_by(links.c.id)
        )
        async with reading(self._engine) as connection:
            rows = (await connection.execute(query)).all()
        return [Claim(number_of(self._secrets, row), ConsentState(row.state)) for row in rows]

    async def _advance(self, change: Any, now: datetime) -> ConsentRequest | None:
        """Apply the change to a request that is still in time, in one statement."""
        in_time = consents.c.request_ends_at > now
        async with writing(self._engine) as connection:
            row = (await connection.execute(change.where(in_time).returning(consents))).first()
        return self._request(row)

    async def close(self, consent_id: str, state: ConsentState, reason: str) -> None:
        """End a request that gave nothing; one that gave something, or was forgotten, stays as it is."""
        async with writing(self._engine) as connection:
            await connection.execute(
                update(consents)
                .where(consents.c.id == consent_id, consents.c.state.in_((_REQUESTED, _EXCHANGING)))
                .values(state=state.value, reason=reason)
            )

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
        """Link the points to the consent's account, in one transaction; one claim for each point, in order.

        A point that another account holds at `granted_at` becomes disputed instead, unless `take_over` (the operator's
        decision, also on a consent that was disputed before), which ends the other account's link: it reads as
        revoked. Without `exclusive` a point may have any number of holders: the customers of the sandbox are
        fictitious and everybody's (F§11). A consent that was forgotten or closed meanwhile links nothing: no claims.
        `services`: what Enedis listed for the points, which replaces what was known of them; None forgets it.
        """
        wanted = list(dict.fromkeys(points))
        async with writing(self._engine) as connection:
            row = await _locked(connection, consent_id)
            if row is None or row.state not in _GRANTABLE or not wanted:
                return []
            ask = Ask(row.account_id, consent_id, granted_at, expires_at, exclusive, take_over)
            # In one order for all, so that two transactions never wait for each other.
            states = {
                point: await claim(connection, self._secrets, ask, point)
                for point in sorted(wanted, key=self._secrets.lookup)
            }
            lookups = {point: self._secrets.lookup(point) for point in wanted}
            await note_services(connection, lookups, row.account_id, services, granted_at)
            linked = row.state == GRANTED or ConsentState.GRANTED in states.values()
            state = ConsentState.GRANTED if linked else ConsentState.DISPUTED
            await connection.execute(
                update(consents)
                .where(consents.c.id == consent_id)
                .values(state=state.value, granted_at=granted_at, expires_at=expires_at, reason=None)
            )
        return [Claim(point, states[point]) for point in wanted]

    async def purge(self, now: datetime) -> int:
        """Delete the requests that gave nothing and ended long ago, so that asking cannot fill the table; how many.

        What gave something, or was forgotten, is kept: the account may have to prove it.
        """
        gave_nothing = ~exists().where(links.c.consent_id == consents.c.id)
        old = select(consents.c.id).where(
            consents.c.state.in_((_REQUESTED, _EXCHANGING, _FAILED, ConsentState.REFUSED.value)),
            consents.c.request_ends_at < now - KEPT_AFTER_ITS_END,
            gave_nothing,
        )
        async with reading(self._engine) as connection:
            gone = (await connection.execute(old.limit(_AT_ONCE))).scalars().all()
        if gone:
            async with writing(self._engine) as connection:
                await connection.execute(delete(consents).where(consents.c.id.in_(gone)))
        return len(gone)

    async def forget(self, account_id: str, consent_id: str) -> bool:
        """Erase the consent's links and all data held under them alone. False if the account has no such consent.

        Disputes that waited for a point so released become links, the one that waited longest first. Doing it twice
        does it once.
        """
        now = await self._clock.now()
        async with writing(self._engine) as connection:
            row = await _locked(connection, consent_id)
            if row is None or row.account_id != account_id:
                return False
            await release(connection, self._shred, consent_id, now)
            await connection.execute(
                update(consents)
                .where(consents.c.id == consent_id)
                .values(
                    state=FORGOTTEN,
                    forgotten_at=func.coalesce(consents.c.forgotten_at, now),
                    return_url_sealed=None,
                    journey_sealed=None,
                    authorisation_sealed=None,
                    ticket_hash=None,
                    browser_hash=None,
                    nonce_hash=None,
                )
            )
        await scrub(self._engine)
        return True

    def _request(self, row: AnyRow | None) -> ConsentRequest | None:
        if row is None:
            return None
        sealed = row.return_url_sealed
        return ConsentRequest(
            id=row.id,
            account_id=row.account_id,
            state=ConsentState(row.state),
            duration=row.duration,
            requested_at=row.requested_at,
            request_ends_at=row.request_ends_at,
            return_url=None if sealed is None else self._secrets.open_text(sealed, _RETURN_URL, row.id),
            journey=self._journey(row),
            granted_at=row.granted_at,
            expires_at=row.expires_at,
            reason=row.reason,
            forgotten_at=row.forgotten_at,
        )

    def _exchange(self, row: AnyRow) -> Exchange | None:
        request = self._request(row)
        if request is None or row.authorisation_sealed is None or row.nonce_used_at is None:
            return None
        kept = self._secrets.open_text(row.authorisation_sealed, _AUTHORISATION, row.id)
        return Exchange(request, int(kept), row.nonce_used_at)

    def _journey(self, row: AnyRow) -> ApplicationJourney | None:
        if row.journey_sealed is None:
            return None
        # Before there were two, the generation was not told.
        key_id, state, *generation = json.loads(self._secrets.open_text(row.journey_sealed, _JOURNEY, row.id))
        return ApplicationJourney(key_id, state, *map(Generation, generation))


async def _locked(connection: AsyncConnection, consent_id: str) -> AnyRow | None:
    query = select(consents.c.account_id, consents.c.state).where(consents.c.id == consent_id)
    return (await connection.execute(query.with_for_update())).first()
