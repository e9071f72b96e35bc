"""Who is asking: a credential's text is recognised, and gives the keyring of what it opens."""

import time
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import String, bindparam, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from passerelle.access.caller import Caller
from passerelle.errors import KeyInvalid
from passerelle.model.scopes import ALL_SCOPES, Scope
from passerelle.store.engine import writing
from passerelle.store.keyring import CredentialKeyring
from passerelle.store.older_keys import renew
from passerelle.store.recent import Held, Recent
from passerelle.store.tables import credentials
from passerelle.store.vault import CredentialKind, Secrets, credential_keys, require_own_rights
from passerelle.store.warm import Prepared, WarmReads

DEMO_ID = "demo"
"""The id of the demo account's key, whose text the operator chooses whole, without an id in it. Simulator only."""

_LONGEST_ID = 32
_NAMES = tuple(Held.__dataclass_fields__)
_FIND = Prepared(
    select(*(credentials.c[name] for name in _NAMES)).where(
        or_(credentials.c.id == bindparam("asked"), credentials.c.id == literal(DEMO_ID, String))
    )
)
_NOBODY = Held("nobody", "nobody", "key", bytes(32), None, (), None, None, None)
"""Checked in place of an unknown id, so that an unknown id and a wrong secret take the same time."""


class Credentials:
    """Recognises API keys and tokens."""

    def __init__(self, engine: AsyncEngine, secrets: Secrets, ticks: Callable[[], float] = time.monotonic) -> None:
        self._engine = engine
        self._warm = WarmReads(engine)
        self._secrets = secrets
        self._recent = Recent(ticks)

    async def authenticate(self, text: str, now: datetime, kinds: Collection[CredentialKind]) -> Caller:
        """The caller whose credential `text` is. Raises KeyInvalid, which does not say why.

        The secret is checked each time; only the row is remembered, for at most two seconds. A text of which the part
        before the first point is no known id is tried as the demo account's key.
        """
        given_id, _, given_secret = text.partition(".")
        held = await self._find(given_id)
        secret = text if held is not None and held.id == DEMO_ID else given_secret
        known = self._secrets.recognises(held or _NOBODY, secret)
        if held is None or not known or not _stands(held, now) or held.kind not in kinds:
            raise key_invalid()
        if held.rights_mac is None:
            held = await self._renewed(given_id, held, secret)
        key, rights = credential_keys(held.id, secret)
        require_own_rights(held, rights)
        return Caller(
            account_id=held.account_id,
            credential_id=held.id,
            # The owner hands on every scope, those of later versions too; it reads with none of them.
            scopes=ALL_SCOPES if held.kind == "owner" else _scopes(held.scopes),
            keyring=CredentialKeyring(held.account_id, held.id, key),
            usage_points=self._secrets.open_points(held.points_sealed, held.id),
        )

    async def _renewed(self, given_id: str, held: Held, secret: str) -> Held:
        """The row of a key of before 0003, after its first use since."""
        async with writing(self._engine) as connection:
            await renew(connection, self._secrets, held.id, secret)
        self._recent.clear()
        return await self._find(given_id) or held

    async def recognise(self, text: str) -> Held | None:
        """The row of this credential whatever its state; None if the secret is wrong or the id unknown."""
        given_id, _, secret = text.partition(".")
        held = await self._find(given_id)
        return held if held is not None and self._secrets.recognises(held, secret) else None

    def forget(self) -> None:
        """Read every row anew: something was revoked."""
        self._recent.clear()

    async def _find(self, given_id: str) -> Held | None:
        credential_id = given_id if len(given_id) <= _LONGEST_ID and given_id.isalnum() else ""
        held = self._recent.get(credential_id)
        if held is not None:
            return held
        rows = await self._warm.rows(_FIND, asked=credential_id)
        found = {held.id: held for held in (_held(row) for row in rows)}
        held = found.get(credential_id) or found.get(DEMO_ID)
        if held is not None:
            self._recent.put(credential_id, held)
        return held


@lru_cache(maxsize=256)
def _scopes(names: tuple[str, ...]) -> frozenset[Scope]:
    return frozenset(Scope(name) for name in names)


def _held(row: Sequence[Any]) -> Held:
    values = dict(zip(_NAMES, row, strict=True))
    return Held(**{**values, "scopes": tuple(values["scopes"])})


def _stands(held: Held, now: datetime) -> bool:
    return held.revoked_at is None and (held.expires_at is None or now < held.expires_at)


def key_invalid() -> KeyInvalid:
    return KeyInvalid(
        "This key or token is unknown, revoked or expired.",
        "Cette clé ou ce jeton est inconnu, révoqué ou expiré.",
    )
