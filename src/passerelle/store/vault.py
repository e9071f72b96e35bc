"""What the server's secret and a credential's secret open.

Two secrets, two promises. The server's secret (outside the database) hides what the process must read without a
caller: usage point numbers. A credential's secret alone opens its account's content key, and with it the readings:
who has the database and the server's secret, but no credential, reads none.
"""

import json
from collections.abc import Iterable
from typing import Any, Literal, Protocol

from passerelle.errors import InternalError
from passerelle.kit.crypto import (
    KEY_BYTES,
    Seal,
    SealBroken,
    context,
    derive,
    keyed_hash,
    random_id,
    random_secret,
    same,
)
from passerelle.model.scopes import Scope
from passerelle.model.usage_point import UsagePointId

CredentialKind = Literal["key", "token", "mirror"]
"""An API key, a short-lived token of `/v1`, a token of the Enedis-shaped mirror."""


class Credential(Protocol):
    """A row of `credentials`, as far as opening it needs."""

    @property
    def id(self) -> str: ...
    @property
    def account_id(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def verifier(self) -> bytes: ...
    @property
    def wrapped_content_key(self) -> bytes: ...
    @property
    def scopes(self) -> Iterable[str]: ...
    @property
    def points_sealed(self) -> bytes | None: ...


class Secrets:
    """The keys that come from the server's secret, which never enters the database."""

    __slots__ = ("_lookup", "_seal", "_verify")

    def __init__(self, server_secret: bytes) -> None:
        if len(server_secret) < KEY_BYTES:
            raise ValueError("the server's secret holds at least 32 bytes")
        self._lookup = derive(server_secret, "usage point lookup")
        self._seal = Seal(derive(server_secret, "seal of the server"))
        self._verify = derive(server_secret, "credential verifier")

    def lookup(self, point: UsagePointId) -> bytes:
        """What a usage point is found by: a keyed hash. Fourteen digits would not stand a hash without a key."""
        return keyed_hash(self._lookup, point)

    def seal_text(self, text: str, purpose: str, owner: str) -> bytes:
        """`text` for the row `owner` of this purpose."""
        return self._seal.close(text.encode(), context(purpose, owner))

    def open_text(self, sealed: bytes, purpose: str, owner: str) -> str:
        """What `seal_text` sealed. Raises InternalError if it does not open."""
        try:
            return self._seal.open(sealed, context(purpose, owner)).decode()
        except SealBroken as error:
            raise broken("the server's secret") from error

    def seal_points(self, points: frozenset[UsagePointId] | None, credential_id: str) -> bytes | None:
        """The points that limit a credential; None is no limit."""
        if points is None:
            return None
        return self.seal_text(json.dumps(sorted(points)), "credential points", credential_id)

    def open_points(self, sealed: bytes | None, credential_id: str) -> frozenset[UsagePointId] | None:
        """What `seal_points` sealed. Raises InternalError if it does not open."""
        if sealed is None:
            return None
        return frozenset(
            UsagePointId(text) for text in json.loads(self.open_text(sealed, "credential points", credential_id))
        )

    def verifier(self, credential_id: str, secret: str) -> bytes:
        """What is stored to recognise a secret: it opens nothing, and cannot be guessed without the server's secret."""
        return keyed_hash(self._verify, credential_id, derive(secret.encode(), "verifier", credential_id))

    def recognises(self, credential: Credential, secret: str) -> bool:
        """Whether the secret is this credential's, in constant time."""
        return same(credential.verifier, self.verifier(credential.id, secret))


def new_credential(
    secrets: Secrets,
    *,
    account_id: str,
    content_key: bytes,
    kind: CredentialKind,
    scopes: frozenset[Scope],
    points: frozenset[UsagePointId] | None,
    credential_id: str | None = None,
    secret: str | None = None,
) -> tuple[dict[str, Any], str]:
    """The sealed part of a row of `credentials`, and the text `id.secret` that is shown once."""
    own_id, own_secret = credential_id or random_id(), secret or random_secret()
    points_sealed = secrets.seal_points(points, own_id)
    names = sorted(scopes)
    bound = _bound(account_id, own_id, kind, names, points_sealed)
    row = {
        "id": own_id,
        "account_id": account_id,
        "kind": kind,
        "verifier": secrets.verifier(own_id, own_secret),
        "wrapped_content_key": _wrapping(own_id, own_secret).close(content_key, bound),
        "scopes": [str(name) for name in names],
        "points_sealed": points_sealed,
    }
    return row, f"{own_id}.{own_secret}"


def open_content_key(credential: Credential, secret: str) -> bytes:
    """The account's content key. Raises InternalError if the row was altered."""
    bound = _bound(
        credential.account_id, credential.id, credential.kind, sorted(credential.scopes), credential.points_sealed
    )
    try:
        return _wrapping(credential.id, secret).open(credential.wrapped_content_key, bound)
    except SealBroken as error:
        raise broken("a credential") from error


def _wrapping(credential_id: str, secret: str) -> Seal:
    return Seal(derive(secret.encode(), "key encryption", credential_id))


def _bound(account_id: str, credential_id: str, kind: str, scopes: Iterable[str], points_sealed: bytes | None) -> bytes:
    """A right that was added to the row by hand must not open more: the rights are bound to the key."""
    limit = (b"all",) if points_sealed is None else (b"some", points_sealed)
    return context("content key", account_id, credential_id, kind, context(*scopes), *limit)


def broken(what: str) -> InternalError:
    """The error of what is sealed and does not open with `what`: never a miss."""
    return InternalError(
        f"A sealed value does not open with {what}: it was altered, or belongs to another secret.",
        "Une valeur scellée ne s'ouvre pas : elle a été altérée, ou relève d'un autre secret.",
    )
