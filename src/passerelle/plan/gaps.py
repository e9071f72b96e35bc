"""Which gap an error of Enedis is, and how gaps are joined."""

from collections.abc import Iterable

from passerelle.errors import (
    BeforeActivation,
    BeforeConsent,
    BeyondHistory,
    ConsentMissing,
    NoData,
    NotCollected,
    WrongDirection,
)
from passerelle.model.reading import Gap, GapReason
from passerelle.problem import PasserelleError

_GAP_OF: dict[type[PasserelleError], GapReason] = {
    NoData: GapReason.MISSING,
    NotCollected: GapReason.NOT_COLLECTED,
    BeforeActivation: GapReason.BEFORE_ACTIVATION,
    BeforeConsent: GapReason.BEFORE_CONSENT,
    BeyondHistory: GapReason.BEYOND_HISTORY,
    WrongDirection: GapReason.WRONG_DIRECTION,
    ConsentMissing: GapReason.NO_CONSENT,
}


def reason_of(error: PasserelleError) -> GapReason:
    """The gap that this error leaves in a series; `upstream-error` for all that is not an answer about data.

    The table is that of `enedis/errors.json` (problem → gap); a test compares both.
    """
    return _GAP_OF.get(type(error), GapReason.UPSTREAM_ERROR)


def join(gaps: Iterable[Gap]) -> tuple[Gap, ...]:
    """The gaps in order of time, neighbours of one reason as one entry (INTERFACE section 3)."""
    joined: list[Gap] = []
    for gap in sorted(gaps, key=lambda each: each.start):
        last = joined[-1] if joined else None
        if last is not None and last.end == gap.start and last.reason is gap.reason:
            joined[-1] = Gap(last.start, gap.end, last.reason, last.problem or gap.problem)
        else:
            joined.append(gap)
    return tuple(joined)
