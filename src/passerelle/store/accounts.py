"""Accounts, and the credentials that open them."""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from passerelle.access.caller import Caller
from passerelle.consent.addresses import checked_redirect_uri
from passerelle.consent.requests import Application
from passerelle.errors import InvalidRequest, NotFound, ScopeMissing
from passerelle.kit.crypto import random_id
from passerelle.model.scopes import ALL_SCOPES, Scope
from passerelle.model.usage_point import UsagePointId
from passerelle.store.claims import held_lookups, promote
from passerelle.store.credentials import DEMO_ID, Credentials, key_invalid
from passerelle.store.engine import reading, scrub, writing
from passerelle.store.keyring import CredentialKeyring, keyring_of
from passerelle.store.older_keys import close_bridge
from passerelle.store.pairs import make_owner
from passerelle.store.shred import ShredKeys
from passerelle.store.tables import AnyRow, accounts, credentials, pairs, points, wraps
from passerelle.store.vault import STANDING_KINDS, CredentialKind, NewCredential, Secrets
from passerelle.store.wraps import Grant, hand_on, owns_all, require_few

SHORTEST_CHOSEN_KEY = 8
_REDIRECT_URI = "redirect address"


@dataclass(frozen=True, slots=True)
class Account:
    """An account, as the operator sees it."""

    id: str
    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """An API key without its secret. `restricted`: whether it is limited to some usage points.

    `redirect_uri`: where the application written for Enedis that has this key wants its customers back. `owner`: it
    is the owner's credential, which makes keys and reads nothing.
    """

    id: str
    label: str
    scopes: frozenset[Scope]
    restricted: bool
    created_at: datetime
    revoked_at: datetime | None
    redirect_uri: str | None = None
    owner: bool = False


class Accounts:
    """The store of accounts. `ticks` tells monotonic seconds."""

    def __init__(
        self, engine: AsyncEngine, secrets: Secrets, shred: ShredKeys, ticks: Callable[[], float] = time.monotonic
    ) -> None:
        self._engine = engine
        self._secrets = secrets
        self._shred = shred
        self._credentials = Credentials(engine, secrets, ticks)

    async def create(self, name: str, now: datetime) -> Account:
        """A new account, without any key. Raises InvalidRequest if the name is empty or taken."""
        if not name.strip():
            raise InvalidRequest("An account needs a name.", "Un compte a besoin d'un nom.")
        account = Account(random_id(), name, now)
        async with writing(self._engine) as connection:
            try:
                await connection.execute(insert(accounts).values(id=account.id, name=name, created_at=now))
            except IntegrityError as error:
                raise InvalidRequest(
                    "An account of this name exists already.", "Un compte de ce nom existe déjà."
                ) from error
        return account

    async def list(self) -> list[Account]:
        """Every account, by name."""
        async with reading(self._engine) as connection:
            rows = (await connection.execute(select(accounts).order_by(accounts.c.name))).all()
        return [Account(row.id, row.name, row.created_at) for row in rows]

    async def find(self, name: str) -> Account | None:
        async with reading(self._engine) as connection:
            row = (await connection.execute(select(accounts).where(accounts.c.name == name))).first()
        return None if row is None else Account(row.id, row.name, row.created_at)

    async def delete(self, account_id: str, now: datetime) -> bool:
        """Erase the account with everything held for it. False if there is none.

        Disputes that waited for its points become links.
        """
        async with writing(self._engine) as connection:
            released = await held_lookups(connection, account_id)
            its_points = select(points.c.id).where(points.c.account_id == account_id)
            await self._shred.destroy((await connection.execute(its_points)).scalars())
            gone = await connection.execute(delete(accounts).where(accounts.c.id == account_id))
            await promote(connection, released, now)
        self._credentials.forget()
        await scrub(self._engine)
        return gone.rowcount > 0

    async def authenticate(
        self, text: str, now: datetime, kinds: Collection[CredentialKind] = frozenset({"key", "token"})
    ) -> Caller:
        """The caller whose credential of one of these kinds `text` is. Raises KeyInvalid."""
        return await self._credentials.authenticate(text, now, kinds)

    async def create_first_key(
        self,
        account_id: str,
        scopes: frozenset[Scope],
        label: str,
        now: datetime,
        points: frozenset[UsagePointId] | None = None,
        redirect_uri: str | None = None,
    ) -> tuple[str, str]:
        """The id and the text of the account's first key, with which its pairs begin.

        With all scopes and no limit it is the owner's too: it opens, and hands on, all that there will be. If it is
        limited, nobody can ever hand on more: `create_owner` first, and then a key by it, is the better way. Raises
        NotFound for an unknown account, InvalidRequest if it has a key that opens: only that key can hand on;
        InvalidRequest too for a bad redirect address, or one without the scope to start consents, or for more points
        than a key may be limited to. Where all keys are revoked, what they opened is erased: nothing opens it any more.
        """
        require_few(points)
        made = NewCredential(self._secrets, account_id, "key", scopes, points)
        made.row |= self._registered(made.row["id"], scopes, redirect_uri)
        return await self._add_first(made, made.text, scopes, points, label, now)

    async def create_owner(self, account_id: str, now: datetime) -> tuple[str, str]:
        """The id and the text of the account's owner credential, in place of a first key: it makes keys, reads nothing.

        Raises as `create_first_key`.
        """
        made = NewCredential(self._secrets, account_id, "owner", frozenset(), None)
        return await self._add_first(made, made.text, frozenset(), None, "", now)

    async def create_key_with_secret(self, account_id: str, key_text: str, now: datetime) -> tuple[str, str]:
        """The demo account's first key, whose whole text the operator chose: 8 characters or more, all scopes.

        For the simulator only: a chosen text can be guessed from a copy of the database and the server's secret. The
        credential's id, which is also the mirror's client id, is `demo`; there is one in an installation.
        """
        if len(key_text) < SHORTEST_CHOSEN_KEY:
            raise InvalidRequest(
                "A chosen key has 8 characters or more.", "Une clé choisie comporte au moins 8 caractères."
            )
        made = NewCredential(self._secrets, account_id, "key", ALL_SCOPES, None, chosen=(DEMO_ID, key_text))
        return await self._add_first(made, key_text, ALL_SCOPES, None, DEMO_ID, now)

    async def _add_first(
        self,
        made: NewCredential,
        text: str,
        scopes: frozenset[Scope],
        limit: frozenset[UsagePointId] | None,
        label: str,
        now: datetime,
    ) -> tuple[str, str]:
        account_id = made.row["account_id"]
        keyring = CredentialKeyring(account_id, made.row["id"], made.key)
        owns = made.row["kind"] == "owner" or (scopes == ALL_SCOPES and limit is None)
        async with writing(self._engine) as connection:
            await _require_first(connection, account_id)
            await connection.execute(delete(pairs).where(pairs.c.account_id == account_id))
            await connection.execute(
                delete(credentials).where(
                    credentials.c.account_id == account_id, credentials.c.id == keyring.credential_id
                )
            )
            await connection.execute(insert(credentials).values(**made.row, label=label, created_at=now))
            keyring.know(*await make_owner(connection, self._secrets, account_id))
            await hand_on(connection, self._secrets, keyring, Grant(keyring, scopes, limit, owner=owns))
        self._credentials.forget()
        await scrub(self._engine)
        return keyring.credential_id, text

    async def create_key(
        self,
        by: Caller,
        scopes: frozenset[Scope],
        label: str,
        now: datetime,
        points: frozenset[UsagePointId] | None = None,
        redirect_uri: str | None = None,
    ) -> tuple[str, str]:
        """The id and the text of a further key, which `by` hands on from what it opens itself.

        Raises ScopeMissing if the new key would reach further than `by`, KeyInvalid if `by` is not a key that stands,
        InvalidRequest as `create_first_key`. A key without any limit, made by one that owns, owns too.
        """
        require_few(points)
        made = NewCredential(self._secrets, by.account_id, "key", scopes, points)
        made.row |= self._registered(made.row["id"], scopes, redirect_uri)
        async with writing(self._engine) as connection:
            await _require_key(connection, by)
            owns = await owns_all(connection, by.credential_id)
            _require_within(by, ALL_SCOPES if owns else by.scopes, scopes, points)
            await connection.execute(insert(credentials).values(**made.row, label=label, created_at=now))
            unlimited = scopes == ALL_SCOPES and points is None
            await self._grant(connection, by, made, scopes, points, owner=owns and unlimited)
        return made.row["id"], made.text

    async def _grant(
        self,
        connection: AsyncConnection,
        by: Caller,
        made: NewCredential,
        scopes: frozenset[Scope],
        points: frozenset[UsagePointId] | None,
        *,
        owner: bool = False,
    ) -> None:
        own = CredentialKeyring(by.account_id, made.row["id"], made.key)
        await hand_on(connection, self._secrets, keyring_of(by), Grant(own, scopes, points, owner=owner))

    async def list_keys(self, account_id: str) -> Sequence[KeyInfo]:
        """The account's keys and owner's credentials, revoked ones too, oldest first; never their secrets."""
        query = (
            select(credentials)
            .where(credentials.c.account_id == account_id, credentials.c.kind.in_(STANDING_KINDS))
            .order_by(credentials.c.created_at, credentials.c.id)
        )
        async with reading(self._engine) as connection:
            rows = (await connection.execute(query)).all()
        return [
            KeyInfo(
                row.id,
                row.label,
                frozenset(Scope(name) for name in row.scopes),
                row.points_sealed is not None,
                row.created_at,
                row.revoked_at,
                self._redirect_uri(row),
                owner=row.kind == "owner",
            )
            for row in rows
        ]

    async def application(self, key_id: str) -> Application | None:
        """The key that has this id, as an application of the mirror; None if there is none that stands."""
        query = select(credentials).where(
            credentials.c.id == key_id, credentials.c.kind == "key", credentials.c.revoked_at.is_(None)
        )
        async with reading(self._engine) as connection:
            row = (await connection.execute(query)).first()
        if row is None:
            return None
        return Application(
            row.id, row.account_id, frozenset(Scope(name) for name in row.scopes), self._redirect_uri(row)
        )

    def _registered(self, key_id: str, scopes: frozenset[Scope], redirect_uri: str | None) -> dict[str, Any]:
        """The column of a key's redirect address. Raises InvalidRequest for a bad one, or a key that may not use it."""
        if redirect_uri is None:
            return {}
        if Scope.CONSENTS not in scopes:
            raise InvalidRequest(
                f"A key with a redirect address needs the scope {Scope.CONSENTS}.",
                f"Une clé avec une adresse de retour a besoin de la portée {Scope.CONSENTS}.",
            )
        return {
            "redirect_uri_sealed": self._secrets.seal_text(checked_redirect_uri(redirect_uri), _REDIRECT_URI, key_id)
        }

    def _redirect_uri(self, row: AnyRow) -> str | None:
        sealed = row.redirect_uri_sealed
        return None if sealed is None else self._secrets.open_text(sealed, _REDIRECT_URI, row.id)

    async def revoke_key(self, account_id: str, credential_id: str, now: datetime) -> bool:
        """End a key and the tokens made from it. False if the account has no such key that stands.

        What it wrapped is erased, so that its text opens nothing in a later copy of the database.
        """
        async with writing(self._engine) as connection:
            ended = await connection.execute(
                update(credentials)
                .where(
                    credentials.c.id == credential_id,
                    credentials.c.account_id == account_id,
                    credentials.c.kind.in_(STANDING_KINDS),
                    credentials.c.revoked_at.is_(None),
                )
                .values(revoked_at=now, verifier=b"", wrapped_content_key=b"")
            )
            if ended.rowcount:
                await connection.execute(delete(wraps).where(wraps.c.credential_id == credential_id))
                await connection.execute(delete(credentials).where(credentials.c.parent_id == credential_id))
                await close_bridge(connection, account_id)
        self._credentials.forget()
        await scrub(self._engine)
        return ended.rowcount > 0

    async def issue_token(
        self,
        caller: Caller,
        kind: CredentialKind,
        scopes: frozenset[Scope] | None,
        lifetime: timedelta,
        now: datetime,
    ) -> tuple[str, datetime]:
        """The text and the end of a token of the caller's key, for these scopes or all that the key has.

        It dies with its key. Raises ScopeMissing for a scope that the key lacks, KeyInvalid if the caller is no longer,
        or not, a key: a token makes no token.
        """
        if kind in STANDING_KINDS:
            raise ValueError("a key is made by create_key")
        wanted = caller.scopes if scopes is None else scopes
        _require_within(caller, caller.scopes, wanted, caller.usage_points)
        ends = now + lifetime
        made = NewCredential(self._secrets, caller.account_id, kind, wanted, caller.usage_points)
        async with writing(self._engine) as connection:
            await _require_key(connection, caller)
            await connection.execute(
                delete(credentials).where(credentials.c.kind.not_in(STANDING_KINDS), credentials.c.expires_at <= now)
            )
            await connection.execute(
                insert(credentials).values(
                    **made.row, label="", created_at=now, expires_at=ends, parent_id=caller.credential_id
                )
            )
            await self._grant(connection, caller, made, wanted, caller.usage_points)
        return made.text, ends

    async def revoke_token(self, text: str) -> None:
        """End this token. Nothing happens if it is unknown or no token (RFC 7009 answers alike)."""
        held = await self._credentials.recognise(text)
        if held is None or held.kind in STANDING_KINDS:
            return
        async with writing(self._engine) as connection:
            await connection.execute(delete(credentials).where(credentials.c.id == held.id))
        self._credentials.forget()


async def _require_key(connection: AsyncConnection, caller: Caller) -> None:
    """The caller's own credential must still be a key that stands when it hands on."""
    query = (
        select(credentials.c.id)
        .where(
            credentials.c.id == caller.credential_id,
            credentials.c.kind.in_(STANDING_KINDS),
            credentials.c.revoked_at.is_(None),
        )
        .with_for_update(read=True)
    )
    if (await connection.execute(query)).first() is None:
        raise key_invalid()


async def _require_first(connection: AsyncConnection, account_id: str) -> None:
    """The account must be there and have no key that stands, until this transaction ends."""
    account = select(accounts.c.id).where(accounts.c.id == account_id).with_for_update()
    if (await connection.execute(account)).first() is None:
        raise _no_account()
    standing = select(credentials.c.id).where(
        credentials.c.account_id == account_id,
        credentials.c.kind.in_(STANDING_KINDS),
        credentials.c.revoked_at.is_(None),
    )
    if (await connection.execute(standing)).first() is not None:
        raise InvalidRequest(
            "This account has a key already: make the new one with it (only a key hands on what it opens).",
            "Ce compte a déjà une clé : créer la nouvelle avec elle (seule une clé transmet ce qu'elle ouvre).",
        )


def _require_within(
    by: Caller, reach: frozenset[Scope], scopes: frozenset[Scope], points: frozenset[UsagePointId] | None
) -> None:
    """A credential can only hand on what it can open: of these scopes, and of its points."""
    beyond = sorted(scopes - reach)
    if beyond:
        raise ScopeMissing(
            f"This key cannot hand on a scope that it lacks: {', '.join(beyond)}.",
            f"Cette clé ne peut pas transmettre une portée qu'elle n'a pas : {', '.join(beyond)}.",
        )
    if by.usage_points is not None and (points is None or not points <= by.usage_points):
        raise ScopeMissing(
            "This key is limited to some usage points, and cannot hand on others.",
            "Cette clé est limitée à certains points et ne peut pas en transmettre d'autres.",
        )


def _no_account() -> NotFound:
    return NotFound("There is no such account.", "Ce compte n'existe pas.")
