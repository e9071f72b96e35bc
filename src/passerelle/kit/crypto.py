"""The one door of `cryptography`: key derivation, sealing with a bound context, keyed hashes, random secrets.

Everything that is sealed or derived names what it is for: `context` writes the parts of that name with their lengths,
so that no two lists of parts give the same bytes.
"""

import hmac
import secrets
from functools import lru_cache
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
CONTEXT_VERSION = b"\x01"
SUITE = b"\x01"
"""AES-256-GCM with a random nonce of 96 bits. Stored in front of what is sealed, and authenticated with it."""

_NONCE_BYTES = 12
_TAG_BYTES = 16


class SealBroken(Exception):
    """What was sealed does not open: another key, another context, or altered bytes"""


def context(*parts: str | bytes) -> bytes:
    """The parts as one byte string that only this list of parts gives."""
    return CONTEXT_VERSION + b"".join([_prefixed(part) for part in parts])


def within(outer: bytes, part: str) -> bytes:
    """The context of `outer`'s parts and one more: for many that differ only in their last."""
    return outer + _prefixed(part)


def _prefixed(part: str | bytes) -> bytes:
    encoded = part.encode() if isinstance(part, str) else part
    return len(encoded).to_bytes(4, "big") + encoded


def derive(secret: bytes, *label: str | bytes) -> bytes:
    """A key of 32 bytes for this label, by HKDF-SHA256.

    `secret` must be random: nothing here slows down who guesses a password.
    """
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=_label(*label)).derive(secret)


@lru_cache(maxsize=4_096)
def _label(*parts: str | bytes) -> bytes:
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


def keyed_hash(key: bytes, *parts: str | bytes) -> bytes:
    """HMAC-SHA256 of the parts, 32 bytes."""
    return hmac.digest(key, context(*parts), sha256)


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
