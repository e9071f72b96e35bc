"""The states of a consent and of its link to a usage point."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

SETTLING = timedelta(days=1)
"""Right after a consent, Enedis may answer 403 for minutes to a day (F§3): no verdict before that."""


class ConsentState(StrEnum):
    """What the account can count on.

    `exchanging`: the customer came back, and Enedis is still to say what was shared (F§4). `lapsed`: the customer never
    came back from Enedis in time, or Enedis never said.
    """

    REQUESTED = "requested"
    EXCHANGING = "exchanging"
    GRANTED = "granted"
    REFUSED = "refused"
    FAILED = "failed"
    LAPSED = "lapsed"
    EXPIRED = "expired"
    REVOKED = "revoked"
    DISPUTED = "disputed"
    FORGOTTEN = "forgotten"


@dataclass(frozen=True, slots=True)
class Link:
    """One usage point under one consent of an account, as stored.

    `state` is granted, revoked, refused or disputed; what time does to it is told by `standing`. `expires_at` is None
    where no consent is needed (the sandbox, F§11).
    """

    point_id: str
    account_id: str
    consent_id: str
    state: ConsentState
    granted_at: datetime
    expires_at: datetime | None


def standing(link: Link, now: datetime) -> ConsentState:
    """The state of the link at `now`: a granted one expires by itself."""
    if link.state is ConsentState.GRANTED and link.expires_at is not None and now >= link.expires_at:
        return ConsentState.EXPIRED
    return link.state


def after_refusal(link: Link, now: datetime) -> ConsentState:
    """The state once Enedis answered that it knows no consent.

    Revocation is noticed by a 403 on the next call (F§4); during the first day the refusal proves nothing (F§3).
    """
    settled = now - link.granted_at >= SETTLING
    return ConsentState.REVOKED if settled and link.state is ConsentState.GRANTED else link.state
