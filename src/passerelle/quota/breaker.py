"""When to leave an API of Enedis alone for a while: pure decisions, without I/O and clock.

Closed, calls pass. Five failures in a row within a minute open it: nothing passes for 30 s. Then one call may try. If
it fails the pause doubles, up to ten minutes; whatever works closes it. A failure is an API that cannot be reached or
does not answer, never one that answers no. Instants are wall-clock microseconds, which processes share.
"""

from dataclasses import dataclass, replace

from passerelle.quota.bucket import SECOND_US

FAILURES = 5
WITHIN_US = 60 * SECOND_US
PAUSE_US = 30 * SECOND_US
LONGEST_PAUSE_US = 600 * SECOND_US
TRY_US = 60 * SECOND_US
"""How long the one call that tries may take; then another one does, for the first may have died."""


@dataclass(frozen=True, slots=True)
class Breaker:
    """What is remembered of one API. `Breaker()` is closed, without a failure.

    `failures` in a row, oldest first, while it is closed. `pause_us` is 0 then; else nothing passes before `until_us`,
    which is the end of a pause, or of the time that one call has to try (`trying`).
    """

    failures: tuple[int, ...] = ()
    pause_us: int = 0
    until_us: int = 0
    trying: bool = False

    @property
    def is_quiet(self) -> bool:
        """Closed, and nothing to forget."""
        return not self.failures and not self.pause_us


def wait(breaker: Breaker, now_us: int) -> int:
    """How long nothing passes yet, in microseconds; 0 when a call may pass, or try.

    No pause is longer than ten minutes: one that seems to be is from a clock that has been set back since.
    """
    rest_us = breaker.until_us - now_us
    return rest_us if breaker.pause_us and 0 < rest_us <= LONGEST_PAUSE_US else 0


def allow(breaker: Breaker, now_us: int) -> tuple[Breaker, int]:
    """What becomes of a call: the `wait` before it may come again, 0 if it may leave. The one that tries is noted."""
    rest_us = wait(breaker, now_us)
    if rest_us or not breaker.pause_us:
        return breaker, rest_us
    return replace(breaker, until_us=now_us + TRY_US, trying=True), 0


def failed(breaker: Breaker, now_us: int) -> Breaker:
    """After a failure. One that comes late, from a call that left before the pause, changes nothing."""
    if breaker.trying:
        pause_us = min(2 * breaker.pause_us, LONGEST_PAUSE_US)
        return Breaker(pause_us=pause_us, until_us=now_us + pause_us)
    if breaker.pause_us:
        return breaker
    recent = (*(at_us for at_us in breaker.failures if 0 <= now_us - at_us <= WITHIN_US), now_us)
    if len(recent) < FAILURES:
        return replace(breaker, failures=recent)
    return Breaker(pause_us=PAUSE_US, until_us=now_us + PAUSE_US)
