"""The one door of `cryptography`: key derivation, sealing with a bound context, keyed hashes, random secrets.

Everything that is sealed or derived names what it is for: `context` writes the parts of that name with their lengths,
so that no two lists of parts give the same bytes.
"""

import hmac
import secrets
from functools import lru_cache
from struct import Struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
CONTEXT_VERSION = b"\x01"
_TWO = b"\x02"
SUITE = b"\x01"
"""AES-256-GCM with a random nonce of 96 bits. Stored in front of what is sealed, and authenticated with it."""

PAIR_SUITE = b"\x01"
"""HPKE (RFC 9180) in base mode: X25519, HKDF-SHA256, AES-256-GCM. Stored in front, and part of the `info`."""

_length = Struct(">I").pack
_SHA256 = SHA256()
_NONCE_BYTES = 12
_TAG_BYTES = 16
_HPKE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)


class SealBroken(Exception):
    """What was sealed does not open: another key, another context, or altered bytes"""


def context(*parts: str | bytes) -> bytes:
    """The parts as one byte string that only this list of parts gives."""
    return within(CONTEXT_VERSION, *parts)


def within(outer: bytes, *parts: str | bytes) -> bytes:
    """The context of `outer`'s parts and some more: for many that differ only in their last ones."""
    told = [outer]
    for part in parts:
        encoded = part.encode() if isinstance(part, str) else part
        told += (_length(len(encoded)), encoded)
    return b"".join(told)


def derive(secret: bytes, *label: str | bytes, salt: bytes | None = None) -> bytes:
    """A key of 32 bytes for this label, by HKDF-SHA256; with a `salt` that is secret too, both are needed.

    `secret` must be random: nothing here slows down who guesses a password.
    """
    return HKDF(algorithm=_SHA256, length=KEY_BYTES, salt=salt, info=named(*label)).derive(secret)


def derive_two(secret: bytes, *label: str | bytes) -> tuple[bytes, bytes]:
    """Two independent keys of 32 bytes for this label, for the price of one; otherwise as `derive`."""
    # No label of `derive` begins so: its key of the same name is none of the two.
    info = _TWO + named(*label)
    both = HKDF(algorithm=_SHA256, length=2 * KEY_BYTES, salt=None, info=info).derive(secret)
    return both[:KEY_BYTES], both[KEY_BYTES:]


@lru_cache(maxsize=4_096)
def named(*parts: str | bytes) -> bytes:
    """The context of a label: labels are names and ids, never secrets, and come again with every request."""
    return context(*parts)


class Seal:
    """AES-256-GCM under one key of 32 bytes."""

    __slots__ = ("_cipher",)

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError("a sealing key is 32 bytes")
        self._cipher = AESGCM(key)

    def close(self, plaintext: bytes, bound: bytes) -> bytes:
        """`plaintext` sealed, 29 bytes longer; it opens only with the same `bound` context."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return SUITE + nonce + self._cipher.encrypt(nonce, plaintext, SUITE + bound)

    def open(self, sealed: bytes, bound: bytes) -> bytes:
        """What was sealed under this key and context. Raises SealBroken, never returns anything else."""
        head = len(SUITE) + _NONCE_BYTES
        if len(sealed) < head + _TAG_BYTES or not sealed.startswith(SUITE):
            raise SealBroken
        try:
            return self._cipher.decrypt(sealed[len(SUITE) : head], sealed[head:], SUITE + bound)
        except InvalidTag as error:
            raise SealBroken from error


def new_pair() -> tuple[bytes, bytes]:
    """The private and the public half of a new X25519 pair, 32 bytes each."""
    private = X25519PrivateKey.generate()
    return private.private_bytes_raw(), private.public_key().public_bytes_raw()


def public_of(private: bytes) -> bytes:
    """The public half that belongs to this private one. Raises SealBroken for 32 bytes that are none."""
    try:
        return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()
    except ValueError as error:
        raise SealBroken from error


def seal_to(public: bytes, plaintext: bytes, bound: bytes) -> bytes:
    """`plaintext` for whoever has the private half, 49 bytes longer. Anybody can seal: it does not say who did.

    HPKE takes no associated data in this library: the context goes into its `info`. Raises SealBroken for 32 bytes
    that are no public half.
    """
    try:
        key = X25519PublicKey.from_public_bytes(public)
        return PAIR_SUITE + _HPKE.encrypt(plaintext, key, info=PAIR_SUITE + bound)
    except ValueError as error:
        raise SealBroken from error


def open_sealed(private: bytes, sealed: bytes, bound: bytes) -> bytes:
    """What `seal_to` sealed to the other half under this context. Raises SealBroken, never returns anything else."""
    if not sealed.startswith(PAIR_SUITE):
        raise SealBroken
    try:
        key = X25519PrivateKey.from_private_bytes(private)
        return _HPKE.decrypt(sealed[len(PAIR_SUITE) :], key, info=PAIR_SUITE + bound)
    except (InvalidTag, ValueError) as error:
        raise SealBroken from error


def keyed_hash(key: bytes, *parts: str | bytes) -> bytes:
    """HMAC-SHA256 of the parts, 32 bytes."""
    return hmac.digest(key, context(*parts), "sha256")


def same(one: bytes, other: bytes) -> bool:
    """Whether both are equal, in a time that tells nothing of where they differ."""
    return hmac.compare_digest(one, other)


def random_key() -> bytes:
    """32 random bytes."""
    return secrets.token_bytes(KEY_BYTES)


def random_id() -> str:
    """A random identifier: 128 bits as 32 hexadecimal digits."""
    return secrets.token_hex(16)


def random_secret() -> str:
    """A random secret: 256 bits as 43 characters of base64url."""
    return secrets.token_urlsafe(KEY_BYTES)
