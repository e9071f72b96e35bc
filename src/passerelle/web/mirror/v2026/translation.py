"""The words of 2026. Where Enedis itself refused in the form of 2026, its own answer is passed on."""

from dataclasses import replace

import msgspec

from passerelle.errors import (
    BeforeActivation,
    ConsentExpired,
    ConsentMissing,
    ConsentRefused,
    ConsentRevoked,
    InternalError,
    NoData,
    NotServed,
    UsagePointUnknown,
)
from passerelle.model.reading import GapReason
from passerelle.problem import Upstream
from passerelle.web.mirror.dialect import FIRST_ERROR, Dialect
from passerelle.web.mirror.errors import JSON, Refusal
from passerelle.web.mirror.translation import SHARED
from passerelle.web.mirror.v2026 import errors

_OF_CONSENT = (UsagePointUnknown, ConsentMissing, ConsentExpired, ConsentRevoked, ConsentRefused)
_ADAM = "adam"


class _Error(msgspec.Struct):
    """`{code, message}`, or the form of v5, which 2026 uses for ADAM codes."""

    code: str | None = None
    message: str | None = None
    error: str | None = None


def _own_words(problem: str, upstream: Upstream) -> Refusal | None:
    """Enedis' answer, byte for byte, if it is an error as 2026 writes them, a list of them included.

    ADAM codes are those of both generations, but of a consent v5 alone speaks in them.
    """
    if upstream.status is None or upstream.status < FIRST_ERROR:
        return None
    try:
        found = msgspec.json.decode(upstream.body, type=_Error | list[_Error])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    first = found if isinstance(found, _Error) else next(iter(found), _Error())
    adam = (first.error or "").lower().startswith(_ADAM) and problem != ConsentMissing.code
    if first.message is None and not adam:
        return None
    return Refusal(upstream.status, upstream.body, upstream.content_type or JSON)


MEASURES = replace(
    SHARED,
    of_problem={
        **SHARED.of_problem,
        **{each.code: errors.NOT_HOLDER for each in _OF_CONSENT},
        NoData.code: errors.NO_MEASURE,
        NotServed.code: errors.NO_MEASURE,
        BeforeActivation.code: errors.BEFORE_ACTIVATION,
        InternalError.code: errors.OUTSIDE_SPECIFICATION,
    },
    of_gap={
        **SHARED.of_gap,
        GapReason.NO_CONSENT: errors.NOT_HOLDER,
        GapReason.BEFORE_ACTIVATION: errors.BEFORE_ACTIVATION,
    },
    own_words=_own_words,
    nothing=errors.NO_MEASURE,
    technical_error=errors.OUTSIDE_SPECIFICATION,
    unavailable=errors.UNAVAILABLE,
)


def records(api: str) -> Dialect:
    """The words of one API of customer data. What is behind it may be another API: it tells of itself alone."""
    nothing = errors.NOTHING_OF[api]
    refused = {each.code: errors.NOT_AUTHORISED for each in _OF_CONSENT}
    missing = {NoData.code: nothing, NotServed.code: nothing}
    return replace(
        MEASURES,
        of_problem={**MEASURES.of_problem, **refused, **missing},
        nothing=nothing,
        always=frozenset(missing),
    )


SERVICES = replace(
    MEASURES, of_problem={**MEASURES.of_problem, **{each.code: errors.NO_SUCH_AUTHORISATION for each in _OF_CONSENT}}
)
"""`subscribed_services`, which Enedis is never asked for an application: the gateway knows what its consents hold."""
