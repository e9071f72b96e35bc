"""The account and credential on whose behalf a request runs."""

from dataclasses import dataclass, field
from typing import Protocol

from passerelle.model.scopes import Scope
from passerelle.model.usage_point import UsagePointId


class Keyring(Protocol):
    """What a credential's secret opens. Only the store that made it looks inside."""

    @property
    def account_id(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated credential.

    `keyring` opens what the credential may read; it lives only as long as the request and the work that the request
    started. `usage_points` limits the credential to some points of the account; None means all of them.
    """

    account_id: str
    credential_id: str
    scopes: frozenset[Scope]
    keyring: Keyring = field(repr=False)
    usage_points: frozenset[UsagePointId] | None = None
