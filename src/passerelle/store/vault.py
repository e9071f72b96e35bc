"""What the server's secret hides and proves, and how a credential is recognised.

Two secrets, two promises. The server's secret (outside the database) hides what the process must read without a
caller: usage point numbers. A credential's secret alone opens its wraps (`store.keyring`), and with them the readings:
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
    derive_two,
    keyed_hash,
    named,
    random_id,
    random_secret,
    same,
)
from passerelle.model.scopes import Scope
from passerelle.model.usage_point import UsagePointId

CredentialKind = Literal["key", "token", "mirror", "owner"]
"""An API key, a short-lived token of `/v1`, a token of the Enedis-shaped mirror, the owner's credential.

The owner's makes keys and reads nothing: an account has one where its first key is limited.
"""

STANDING_KINDS = ("key", "owner")
"""What stands until it is revoked, and hands on."""


_PROVEN_CAPACITY = 8192


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
    def rights_mac(self) -> bytes | None: ...
    @property
    def scopes(self) -> Iterable[str]: ...
    @property
    def points_sealed(self) -> bytes | None: ...


class Secrets:
    """The keys that come from the server's secret, which never enters the database."""

    __slots__ = ("_lookup", "_proof", "_proven", "_seal", "_verify")

    def __init__(self, server_secret: bytes) -> None:
        if len(server_secret) < KEY_BYTES:
            raise ValueError("the server's secret holds at least 32 bytes")
        self._lookup = derive(server_secret, "usage point lookup")
        self._seal = Seal(derive(server_secret, "seal of the server"))
        self._verify = derive(server_secret, "credential verifier")
        self._proof = derive(server_secret, "proof of origin")
        self._proven: set[tuple[bytes, str, tuple[str | bytes, ...]]] = set()

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

    def prove(self, purpose: str, *parts: str | bytes) -> bytes:
        """What shows later that this server wrote these parts: the database's writer cannot make it."""
        return keyed_hash(self._proof, purpose, *parts)

    def proves(self, proof: bytes, purpose: str, *parts: str | bytes) -> bool:
        """Whether `prove` made this proof for these parts."""
        return same(proof, self.prove(purpose, *parts))

    def proves_still(self, proof: bytes, purpose: str, *parts: str | bytes) -> bool:
        """As `proves`, for what is read again and again: the same proof of the same parts is checked once."""
        known = (proof, purpose, parts)
        if known in self._proven:
            return True
        if not self.proves(proof, purpose, *parts):
            return False
        if len(self._proven) >= _PROVEN_CAPACITY:
            self._proven.clear()
        self._proven.add(known)
        return True

    def verifier(self, credential_id: str, secret: str) -> bytes:
        """What is stored to recognise a secret: it opens nothing, and cannot be guessed without the server's secret."""
        return keyed_hash(self._verify, credential_id, derive(secret.encode(), "verifier", credential_id))

    def recognises(self, credential: Credential, secret: str) -> bool:
        """Whether the secret is this credential's, in constant time."""
        return same(credential.verifier, self.verifier(credential.id, secret))


class NewCredential:
    """A credential that is being made: the columns of its row, its text and the key of its wraps."""

    __slots__ = ("key", "row", "text")

    def __init__(
        self,
        secrets: Secrets,
        account_id: str,
        kind: CredentialKind,
        scopes: frozenset[Scope],
        points: frozenset[UsagePointId] | None,
        chosen: tuple[str, str] | None = None,
    ) -> None:
        """`chosen`: an id and a secret that somebody chose; without it both are random."""
        own_id, own_secret = chosen or (random_id(), random_secret())
        self.key, rights = credential_keys(own_id, own_secret)
        self.text = f"{own_id}.{own_secret}"
        """`id.secret`: shown once."""
        self.row: dict[str, Any] = {
            "id": own_id,
            "account_id": account_id,
            "kind": kind,
            "verifier": secrets.verifier(own_id, own_secret),
            "wrapped_content_key": b"",
            "scopes": [str(name) for name in sorted(scopes)],
            "points_sealed": secrets.seal_points(points, own_id),
        }
        self.row["rights_mac"] = _rights(
            rights, account_id, own_id, kind, self.row["scopes"], self.row["points_sealed"]
        )


def credential_keys(credential_id: str, secret: str) -> tuple[bytes, bytes]:
    """From a credential's secret: the key of its wraps, and the key that proves its rights. Neither is ever stored."""
    return derive_two(secret.encode(), "credential", credential_id)


def require_own_rights(credential: Credential, rights: bytes) -> None:
    """Raise InternalError unless the row says of the credential's rights what was written when it was made.

    A right that was added to the row by hand must not count, although the wraps would not follow it.
    """
    if credential.rights_mac is None or not same(credential.rights_mac, rights_mac(credential, rights)):
        raise broken("a credential")


def rights_mac(credential: Credential, rights: bytes) -> bytes:
    """The proof of a row's rights."""
    return _rights(
        rights,
        credential.account_id,
        credential.id,
        credential.kind,
        sorted(credential.scopes),
        credential.points_sealed,
    )


def _rights(
    key: bytes, account_id: str, credential_id: str, kind: str, scopes: Iterable[str], points_sealed: bytes | None
) -> bytes:
    limit = (b"all",) if points_sealed is None else (b"some", points_sealed)
    return keyed_hash(key, "rights", account_id, credential_id, kind, named(*scopes), *limit)


def broken(what: str) -> InternalError:
    """The error of what is sealed and does not open with `what`: never a miss."""
    return InternalError(
        f"A sealed value does not open with {what}: it was altered, or belongs to another secret.",
        "Une valeur scellée ne s'ouvre pas : elle a été altérée, ou relève d'un autre secret.",
    )
