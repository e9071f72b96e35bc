"""The account and credential on whose behalf a request runs."""

from dataclasses import dataclass, field

from passerelle.model.scopes import Scope
from passerelle.model.usage_point import UsagePointId


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated credential.

    `content_key` is the account's content key, opened with the credential's own secret; it lives only as long as
    the request and the work that the request started. `usage_points` limits the credential to some points of the
    account; None means all of them.
    """

    account_id: str
    credential_id: str
    scopes: frozenset[Scope]
    content_key: bytes = field(repr=False)
    usage_points: frozenset[UsagePointId] | None = None
