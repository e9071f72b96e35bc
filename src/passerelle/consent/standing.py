"""Where a consent request stands as time passes."""

from datetime import datetime

from passerelle.consent.requests import ConsentRequest
from passerelle.consent.states import ConsentState

OPEN = frozenset({ConsentState.REQUESTED, ConsentState.EXCHANGING})
"""The states of a request that may still come to something, until it lapses."""


def request_standing(request: ConsentRequest, now: datetime) -> ConsentState:
    """The state at `now`: a request of which nothing came in time has lapsed, a consent that was given expires."""
    if request.state in OPEN and now >= request.request_ends_at:
        return ConsentState.LAPSED
    if request.state is ConsentState.GRANTED and request.expires_at is not None and now >= request.expires_at:
        return ConsentState.EXPIRED
    return request.state
