"""All use cases together: what the web is given, and nothing else of the house."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

from passerelle.access.caller import Caller
from passerelle.gateway.consents import Consents
from passerelle.gateway.list_points import ListPoints
from passerelle.gateway.read_customer import ReadCustomer
from passerelle.gateway.read_series import ReadSeries
from passerelle.gateway.upkeep import Upkeep
from passerelle.kit.clock import Clock
from passerelle.model.generation import Generation
from passerelle.model.scopes import Scope

CredentialKind = Literal["key", "token", "mirror"]
"""An API key, a short-lived token of `/v1`, a token of the Enedis-shaped mirror."""

KEY: CredentialKind = "key"
TOKEN: CredentialKind = "token"  # noqa: S105 — a kind of credential
MIRROR_TOKEN: CredentialKind = "mirror"  # noqa: S105 — a kind of credential


class Keys(Protocol):
    """API keys and the short-lived tokens made of them."""

    async def authenticate(self, text: str, now: datetime, kinds: frozenset[CredentialKind]) -> Caller:
        """The caller behind a credential of one of these kinds. Raises KeyInvalid."""
        ...

    async def issue_token(
        self,
        caller: Caller,
        kind: CredentialKind,
        scopes: frozenset[Scope] | None,
        lifetime: timedelta,
        now: datetime,
    ) -> tuple[str, datetime]:
        """The text and the end of a token with these scopes (None: all of the caller's); it dies with the key.

        Raises ScopeMissing for a scope that the caller lacks, KeyInvalid if the caller is not a key that stands.
        """
        ...

    async def revoke_token(self, text: str) -> None:
        """Forget the token; nothing happens if there is none (RFC 7009)."""
        ...


class Health(Protocol):
    """Whether the gateway can do its work."""

    async def trouble(self) -> Sequence[str]:
        """What nothing works without and is not ready, one name each; empty when all is well."""
        ...

    async def limits(self) -> Sequence[str]:
        """What is away although what is held can still be served, one name each."""
        ...


@dataclass(frozen=True, slots=True)
class Gateway:
    """The use cases and ports that requests reach. `in_use`: the generation of each API of 2026."""

    read_series: ReadSeries
    read_customer: ReadCustomer
    list_points: ListPoints
    consents: Consents
    upkeep: Upkeep
    keys: Keys
    health: Health
    in_use: Callable[[], Awaitable[Mapping[str, Generation]]]
    clock: Clock
