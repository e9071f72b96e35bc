"""Which generation to ask under `auto`: 2026, and v5 for as long as only that helps (F§13). Pure.

Each API of 2026 has a standing of its own, the same for all processes; `now` is in seconds of the clock they share.

- 2026 is asked, until it fails in a way that v5 may not share: then v5 is asked, at most once in ten minutes.
- v5 is then asked directly for ten minutes. After them one call probes 2026 while the others stay with v5.
- If v5 is gone meanwhile, 2026 is asked at once, at most once in ten minutes too.
- A call that was under way when another changed the generation follows it, so that none is lost for the change.
- What only 2026 has is not asked for ten minutes where Enedis says that the application is not subscribed to it.
"""

from dataclasses import dataclass, replace
from enum import Enum
from http import HTTPStatus

from passerelle.errors import (
    OperatorActionNeeded,
    QuotaExhausted,
    TokenRejected,
    UpstreamBroken,
    UpstreamError,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from passerelle.model.generation import NEVER, Generation, Standing
from passerelle.problem import PasserelleError

TURN = 600.0
"""Seconds for which v5 is asked directly, and between two changes in one direction."""

PROBE = 120.0
"""Seconds that a probe of 2026 may take before another call probes too: its retries and timeouts."""

SET_BACK = 60.0
"""Seconds by which an instant may lie ahead: what lies further was written before the clock was set back."""


class Outcome(Enum):
    """How a call ended.

    ANSWERED: also by a refusal that both generations would give. FAILED: in a way that the other may not share. SILENT:
    without news of the generation, as after a quota or a rejected token.
    """

    ANSWERED = "answered"
    FAILED = "failed"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Step:
    """What follows: the standing from now on, and whom to ask."""

    standing: Standing
    ask: Generation | None


def believed(standing: Standing, now: float) -> Standing:
    """The standing without what a clock wrote that was set back since: nothing may wait for its hours to come again."""
    latest = now + SET_BACK

    def unless_ahead(at: float, lasts: float = 0.0) -> float:
        return at if at <= latest + lasts else NEVER

    return Standing(
        standing.speaking,
        unless_ahead(standing.v5_until, TURN),
        unless_ahead(standing.fell_back_at),
        unless_ahead(standing.came_back_at),
        unless_ahead(standing.unsubscribed_until, TURN),
    )


def begin(standing: Standing, now: float) -> Step:
    """Whom a new call asks first."""
    standing = believed(standing, now)
    if standing.speaking is Generation.V2026:
        return Step(standing, Generation.V2026)
    if now < standing.v5_until:
        return Step(standing, Generation.V5)
    return Step(replace(standing, v5_until=now + PROBE), Generation.V2026)


def next_step(standing: Standing, asked: Generation, outcome: Outcome, now: float) -> Step:
    """What follows the end of a call to `asked`: `ask` is the other generation if it is worth asking, else None."""
    if outcome is Outcome.SILENT:
        return Step(standing, None)
    if outcome is Outcome.ANSWERED:
        if asked is Generation.V2026:
            return Step(replace(standing, speaking=Generation.V2026, unsubscribed_until=NEVER), None)
        return Step(standing, None)
    standing = believed(standing, now)
    if asked is Generation.V2026:
        return _without_2026(standing, now)
    return _without_v5(standing, now)


def _without_2026(standing: Standing, now: float) -> Step:
    if now - standing.fell_back_at >= TURN:
        fallen = replace(standing, speaking=Generation.V5, v5_until=now + TURN, fell_back_at=now)
        return Step(fallen, Generation.V5)
    follows = standing.speaking is Generation.V5
    return Step(standing, Generation.V5 if follows else None)


def _without_v5(standing: Standing, now: float) -> Step:
    if standing.speaking is Generation.V2026:
        return Step(standing, Generation.V2026)
    if now - standing.came_back_at >= TURN:
        back = replace(standing, speaking=Generation.V2026, came_back_at=now)
        return Step(back, Generation.V2026)
    return Step(standing, None)


def unsubscribed(standing: Standing, now: float) -> Standing:
    """After Enedis said that the application is not subscribed to this API of 2026."""
    return replace(standing, unsubscribed_until=now + TURN)


def is_unsubscribed(standing: Standing, now: float) -> bool:
    """Whether 2026 is not worth asking for what v5 does not have."""
    return now < believed(standing, now).unsubscribed_until


def tells_unsubscribed(asked: Generation, error: PasserelleError) -> bool:
    """Whether this error of `asked` says that the application is not subscribed to 2026 (F§12)."""
    upstream = error.problem.upstream
    return asked is Generation.V2026 and upstream is not None and upstream.code == _NOT_SUBSCRIBED


def after_both(standing: Standing) -> Standing:
    """When neither helped: 2026 is asked first again, and the changes made still count."""
    return replace(standing, speaking=Generation.V2026)


def outcome_of(asked: Generation, error: PasserelleError) -> Outcome:
    """Whether the other generation may do better than this error of `asked`.

    Never after a quota (it would burn both), never after a code ADAM or any other that concerns the customer, and of
    2026 never after a 404 (F§12, F§13). Of v5 a 404 that is none of the measures' own means that v5 is no more: its
    gateway does not know the path, or its front equipment sent a page.
    """
    upstream = error.problem.upstream
    status, code = (upstream.status or 0, upstream.code or "") if upstream else (0, "")
    if not isinstance(error, UpstreamError) or code.upper().startswith("ADAM"):
        return Outcome.ANSWERED
    if isinstance(error, (QuotaExhausted, TokenRejected)) or code.startswith(_THROTTLING):
        return Outcome.SILENT
    if status == HTTPStatus.NOT_FOUND:
        gone = asked is Generation.V5 and (code == _UNKNOWN_PATH or isinstance(error, UpstreamBroken))
        return Outcome.FAILED if gone else Outcome.SILENT
    if isinstance(error, OperatorActionNeeded):
        return Outcome.FAILED if code in _NOT_FOR_US else Outcome.SILENT
    # Also an API that cannot be reached, or is left alone by the breaker: its sibling may do.
    down = isinstance(error, (UpstreamBroken, UpstreamUnavailable, UpstreamTimeout))
    return Outcome.FAILED if down else Outcome.ANSWERED


_THROTTLING = "9008"
"""One of these codes, 900801, comes as a 503."""

_UNKNOWN_PATH = "900906"
_NOT_SUBSCRIBED = "900908"
_NOT_FOR_US = ("900907", _NOT_SUBSCRIBED, "900909", "900910")
"""Blocked for a while, not subscribed, subscribed but inactive, or not within the token: the sibling may serve."""
