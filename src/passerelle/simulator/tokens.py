"""Access tokens. They age by the real monotonic clock: moving the simulated one never ends a token."""

import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from passerelle.simulator.clock import RealTime

LIFETIME = 12_600  # F§2: 3 h 30


class TokenState(StrEnum):
    VALID = "valid"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(slots=True)
class Tokens:
    """Every token issued since the start, with the moment it was."""

    real: RealTime
    _issued: dict[str, float] = field(default_factory=dict)
    _revoked: set[str] = field(default_factory=set)

    def issue(self) -> str:
        """A new token. It looks like a JWT (F§2) and means nothing: clients must not read it."""
        issued = int(self.real.wall().timestamp())
        header = {"typ": "JWT", "alg": "RS256"}
        claims = {"iss": "simulator", "iat": issued, "exp": issued + LIFETIME, "jti": secrets.token_hex(16)}
        parts = [msgspec.json.encode(header), msgspec.json.encode(claims), secrets.token_bytes(64)]
        token = ".".join(urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
        self._issued[token] = self.real.monotonic()
        return token

    def revoke(self, token: str) -> None:
        """Unknown tokens are left unknown."""
        if token in self._issued:
            self._revoked.add(token)

    def state(self, token: str) -> TokenState:
        issued = self._issued.get(token)
        if issued is None:
            return TokenState.UNKNOWN
        if token in self._revoked:
            return TokenState.REVOKED
        return TokenState.VALID if self.real.monotonic() - issued < LIFETIME else TokenState.EXPIRED
