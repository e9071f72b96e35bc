"""Random values that go through a browser: signed, so that forged ones stop at the door, and kept only as hashes."""

import hmac
import secrets
from base64 import urlsafe_b64encode

_NONCE_BYTES = 16
_MARK_BYTES = 16
NONCE_LENGTH = 44
"""Characters of a signed nonce."""


class Signer:
    """Makes and checks signed nonces under one key, one purpose each."""

    def __init__(self, key: bytes, purpose: str) -> None:
        self._key = hmac.digest(key, b"passerelle signer " + purpose.encode(), "sha256")

    def issue(self) -> str:
        """A fresh signed nonce: `NONCE_LENGTH` URL-safe characters, 128 random bits and a 128-bit mark."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return f"{_text(nonce)}{_text(self._mark(_text(nonce)))}"

    def signed_here(self, text: str) -> bool:
        """Whether this key made the nonce."""
        half = len(text) // 2
        nonce, mark = text[:half], text[half:]
        return hmac.compare_digest(_text(self._mark(nonce)).encode(), mark.encode())

    def fingerprint(self, text: str) -> bytes:
        """What the database keeps of the value: a keyed hash, 32 bytes."""
        return hmac.digest(self._key, b"fingerprint " + text.encode(), "sha256")

    def _mark(self, nonce: str) -> bytes:
        return hmac.digest(self._key, b"mark " + nonce.encode(), "sha256")[:_MARK_BYTES]


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
