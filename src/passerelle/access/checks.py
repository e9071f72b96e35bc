"""May this caller read this? Answered before Enedis is asked."""

from datetime import datetime

from passerelle.access.caller import Caller
from passerelle.consent.states import ConsentState, Link, standing
from passerelle.errors import (
    ConsentExpired,
    ConsentMissing,
    ConsentRefused,
    ConsentRevoked,
    ScopeMissing,
    UsagePointUnknown,
)
from passerelle.model.scopes import Scope
from passerelle.model.usage_point import UsagePointId


def require_scope(caller: Caller, scope: Scope) -> None:
    """Raise ScopeMissing unless the credential has this scope."""
    if scope not in caller.scopes:
        raise ScopeMissing(
            f"This key lacks the scope `{scope}`.",
            f"Cette clé n'a pas la portée « {scope} ».",
        )


def require_point(caller: Caller, point: UsagePointId, link: Link | None, now: datetime) -> Link:
    """The account's link to the point, if this credential may see the point and its consent stands at `now`.

    Raises UsagePointUnknown for a point that the account never held, whoever else holds it (a disputed one was never
    held); ConsentExpired, ConsentRevoked or ConsentRefused for one that it once held (INTERFACE section 3).
    """
    if link is None or link.account_id != caller.account_id:
        raise _unknown()
    if caller.usage_points is not None and point not in caller.usage_points:
        raise _unknown()
    match standing(link, now):
        case ConsentState.GRANTED:
            return link
        case ConsentState.EXPIRED:
            raise ConsentExpired(
                "The consent for this usage point has reached its end.",
                "Le consentement pour ce point est arrivé à son terme.",
            )
        case ConsentState.REVOKED | ConsentState.FORGOTTEN:
            raise ConsentRevoked(
                "The consent for this usage point was revoked.",
                "Le consentement pour ce point a été révoqué.",
            )
        case ConsentState.REFUSED:
            raise ConsentRefused(
                "The customer refused to share this usage point.",
                "Le client a refusé de partager ce point.",
            )
        case ConsentState.DISPUTED:
            raise _unknown()
        case _:
            raise ConsentMissing(
                "The consent for this usage point is not given yet.",
                "Le consentement pour ce point n'est pas encore donné.",
            )


def _unknown() -> UsagePointUnknown:
    return UsagePointUnknown(
        "This account does not hold this usage point.",
        "Ce compte ne détient pas ce point.",
    )
