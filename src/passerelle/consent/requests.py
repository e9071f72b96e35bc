"""A consent on its way to Enedis and back, and what came of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from passerelle.consent.states import ConsentState, Link
from passerelle.model.generation import Generation
from passerelle.model.scopes import Scope
from passerelle.model.usage_point import UsagePointId

Origin = Literal["journey", "adopted", "sandbox", "demo"]
"""How a consent came here: a customer's journey, the operator's word, the sandbox (F§11), or the demo."""


@dataclass(frozen=True, slots=True)
class LinkedPoint:
    """A usage point of an account, with the number that Enedis knows."""

    usage_point_id: UsagePointId
    link: Link


@dataclass(frozen=True, slots=True)
class ApplicationJourney:
    """A request that an application written for Enedis began at the mirror: its key, and its own `state`.

    `generation`: whose consent page the application knows.
    """

    key_id: str
    state: str | None
    generation: Generation = Generation.V5


@dataclass(frozen=True, slots=True)
class Application:
    """The key behind a client id of the mirror. `redirect_uri`: where it wants its customers back, once registered."""

    key_id: str
    account_id: str
    scopes: frozenset[Scope]
    redirect_uri: str | None


@dataclass(frozen=True, slots=True)
class ConsentRequest:
    """A consent on its way to Enedis and back.

    `duration` is ISO 8601, as Enedis is asked (F§3). `request_ends_at` is the instant after which the customer comes
    back too late; `expires_at` the end of a granted consent, None where none is needed (F§11); `forgotten_at` when the
    account ended it here. The ticket, the nonce and the browser's secret are not part of it: only their keyed hashes
    are kept. `journey`: set where the customer goes back to an application written for Enedis.

    The receipt of a forgotten one, told only in the list of an account: `erased_at` when the last of its data was
    erased, None while other consents of the account, `kept_for`, cover some of it.
    """

    id: str
    account_id: str
    state: ConsentState
    duration: str
    requested_at: datetime
    request_ends_at: datetime
    return_url: str | None
    journey: ApplicationJourney | None = None
    granted_at: datetime | None = None
    expires_at: datetime | None = None
    reason: str | None = None
    forgotten_at: datetime | None = None
    erased_at: datetime | None = None
    kept_for: tuple[str, ...] = ()


SERVICES_NOT_LISTED = "services-not-listed"
"""The reason beside `exchanging`, and beside `lapsed` afterwards: Enedis has not said what was shared (F§4)."""

SHARE_OLDER = "share-older-than-request"
"""The reason beside `failed`: all that Enedis lists was shared before the request was made."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request whose customer came back at `began_at` with an id, and what came of it so far (`request.state`)."""

    request: ConsentRequest
    authorisation_id: int
    began_at: datetime


@dataclass(frozen=True, slots=True)
class Claim:
    """What came of one usage point that a callback named: linked, or disputed."""

    usage_point_id: UsagePointId
    state: ConsentState
