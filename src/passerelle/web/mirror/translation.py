"""Our errors and gaps in Enedis' words. Where Enedis itself refused in the form of v5, its own answer is passed on."""

from dataclasses import replace

import msgspec

from passerelle.errors import (
    BeforeActivation,
    BeforeConsent,
    BeyondHistory,
    ConsentExpired,
    ConsentMissing,
    ConsentRefused,
    ConsentRevoked,
    InternalError,
    KeyInvalid,
    KeyMissing,
    NoData,
    NotCollected,
    OperatorActionNeeded,
    Problem,
    QuotaExhausted,
    ScopeMissing,
    TokenRejected,
    TooManyRequests,
    Upstream,
    UsagePointUnknown,
    WrongDirection,
)
from passerelle.kit.clock import Clock
from passerelle.model.reading import Gap, GapReason
from passerelle.web.mirror import errors
from passerelle.web.mirror.errors import Refusal

COME_BACK = 5
"""Seconds after which a caller looks again for what is still being fetched."""

_OF_PROBLEM = {
    KeyMissing.code: errors.MISSING_CREDENTIALS,
    KeyInvalid.code: errors.INVALID_CREDENTIALS,
    ScopeMissing.code: errors.NOT_SUBSCRIBED,
    UsagePointUnknown.code: errors.NO_CONSENT,
    ConsentMissing.code: errors.NO_CONSENT,
    ConsentExpired.code: errors.NO_CONSENT,
    ConsentRevoked.code: errors.NO_CONSENT,
    ConsentRefused.code: errors.NO_CONSENT,
    NoData.code: errors.NO_DATA,
    NotCollected.code: errors.NOT_COLLECTED,
    BeforeActivation.code: errors.BEFORE_ACTIVATION,
    BeforeConsent.code: errors.BEFORE_CONSENT,
    BeyondHistory.code: errors.BEYOND_HISTORY,
    WrongDirection.code: errors.WRONG_DIRECTION,
    InternalError.code: errors.TECHNICAL_ERROR,
}
_OF_GAP = {
    GapReason.NOT_COLLECTED: errors.NOT_COLLECTED,
    GapReason.BEFORE_ACTIVATION: errors.BEFORE_ACTIVATION,
    GapReason.BEYOND_HISTORY: errors.BEYOND_HISTORY,
    GapReason.BEFORE_CONSENT: errors.BEFORE_CONSENT,
    GapReason.NO_CONSENT: errors.NO_CONSENT,
    GapReason.WRONG_DIRECTION: errors.WRONG_DIRECTION,
}
_TOO_MUCH = frozenset((QuotaExhausted.code, TooManyRequests.code))
_BETWEEN_US_AND_ENEDIS = frozenset((TokenRejected.code, OperatorActionNeeded.code))
"""About the gateway's own standing at Enedis: our caller would look for the fault in his own credentials."""
_OF_THE_TOKEN_API = frozenset(
    ("invalid_request", "invalid_grant", "invalid_scope", "unsupported_grant_type", "unsupported_token_type")
)
"""RFC 6749, and spelled so by the token API alone (F§13): the gateway's own trouble too."""
_FIRST_ERROR = 400


class _V5Error(msgspec.Struct):
    error: str


async def refusal_of(problem: Problem, clock: Clock) -> Refusal:
    """The refusal that Enedis would have given. What is none of the caller's doing is 503."""
    if problem.code in _TOO_MUCH:
        return errors.throttled(await clock.now(), problem.retry_after)
    if problem.code not in _BETWEEN_US_AND_ENEDIS:
        own = _own_words(problem.upstream)
        if own is not None:
            return own
    return _OF_PROBLEM.get(problem.code) or replace(errors.UNAVAILABLE, retry_after=problem.retry_after)


async def refusal_of_gap(gap: Gap, clock: Clock) -> Refusal:
    """The refusal of a whole call whose part is missing for this reason."""
    if gap.problem is not None:
        return await refusal_of(gap.problem, clock)
    return _OF_GAP.get(gap.reason) or replace(errors.UNAVAILABLE, retry_after=COME_BACK)


def _own_words(upstream: Upstream | None) -> Refusal | None:
    """Enedis' answer, byte for byte, if it is an error as v5 writes them: no page, no other generation's body."""
    if upstream is None or upstream.status is None or upstream.status < _FIRST_ERROR:
        return None
    try:
        found = msgspec.json.decode(upstream.body, type=_V5Error)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if found.error in _OF_THE_TOKEN_API:
        return None
    return Refusal(upstream.status, upstream.body, upstream.content_type or errors.JSON)
