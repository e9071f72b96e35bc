"""The words of v5. Where Enedis itself refused in the form of v5, its own answer is passed on."""

from dataclasses import replace
from datetime import UTC, datetime

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
    ScopeMissing,
    UsagePointUnknown,
    WrongDirection,
)
from passerelle.model.reading import GapReason
from passerelle.problem import Upstream
from passerelle.web.mirror import errors
from passerelle.web.mirror.dialect import FIRST_ERROR, Dialect
from passerelle.web.mirror.errors import Refusal

DEPRECATED_SINCE = datetime(2026, 9, 28, tzinfo=UTC)
"""Since when Enedis serves the APIs of 2026 in place of v5 (FACTS, at its head)."""

_OF_THE_TOKEN_API = frozenset(
    ("invalid_request", "invalid_grant", "invalid_scope", "unsupported_grant_type", "unsupported_token_type")
)
"""RFC 6749, and spelled so by the token API alone (F§13): the gateway's own trouble too."""


class _V5Error(msgspec.Struct):
    error: str


def _own_words(_: str, upstream: Upstream) -> Refusal | None:
    """Enedis' answer, byte for byte, if it is an error as v5 writes them: no page, no other generation's body."""
    if upstream.status is None or upstream.status < FIRST_ERROR:
        return None
    try:
        found = msgspec.json.decode(upstream.body, type=_V5Error)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if found.error in _OF_THE_TOKEN_API:
        return None
    return Refusal(upstream.status, upstream.body, upstream.content_type or errors.JSON)


V5 = Dialect(
    of_problem={
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
    },
    of_gap={
        GapReason.NOT_COLLECTED: errors.NOT_COLLECTED,
        GapReason.BEFORE_ACTIVATION: errors.BEFORE_ACTIVATION,
        GapReason.BEYOND_HISTORY: errors.BEYOND_HISTORY,
        GapReason.BEFORE_CONSENT: errors.BEFORE_CONSENT,
        GapReason.NO_CONSENT: errors.NO_CONSENT,
        GapReason.WRONG_DIRECTION: errors.WRONG_DIRECTION,
    },
    own_words=_own_words,
    nothing=errors.NO_DATA,
    technical_error=errors.TECHNICAL_ERROR,
    unavailable=errors.UNAVAILABLE,
    headers={"Deprecation": f"@{int(DEPRECATED_SINCE.timestamp())}"},
)
"""The data APIs of v5 and its consent page, which tell that they are deprecated (RFC 9745)."""
SHARED = replace(V5, headers={})
"""The token API and the consent page of 2026, in words that both generations share (F§2)."""
