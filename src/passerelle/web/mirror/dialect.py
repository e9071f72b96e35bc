"""How a generation says what the gateway refuses: our errors and gaps in Enedis' words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import msgspec

from passerelle.errors import OperatorActionNeeded, QuotaExhausted, TokenRejected, TooManyRequests
from passerelle.kit.clock import Clock
from passerelle.model.reading import Gap, GapReason
from passerelle.problem import Problem, Upstream
from passerelle.web.mirror import errors
from passerelle.web.mirror.errors import Refusal

COME_BACK = 5
"""Seconds after which a caller looks again for what is still being fetched."""
FIRST_ERROR = 400

_TOO_MUCH = frozenset((QuotaExhausted.code, TooManyRequests.code))
_BETWEEN_US_AND_ENEDIS = frozenset((TokenRejected.code, OperatorActionNeeded.code))
"""About the gateway's own standing at Enedis: our caller would look for the fault in his own credentials."""
_NAMES = {
    "oauth": ("error", "error_description"),
    "wso2": ("code", "message"),
    "list": ("code", "message"),
}
"""Of a code and a message, by the shape of the body."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """The words of one generation.

    `own_words`: what Enedis said of a problem (its code), if this generation passes it on as it is. `always`: problems
    that are told in the words of `of_problem` whatever Enedis said.
    `headers` come with every answer, good or bad.
    """

    of_problem: Mapping[str, Refusal]
    of_gap: Mapping[GapReason, Refusal]
    own_words: Callable[[str, Upstream], Refusal | None]
    nothing: Refusal
    technical_error: Refusal
    unavailable: Refusal
    always: frozenset[str] = frozenset()
    headers: Mapping[str, str] = field(default_factory=dict)

    async def refusal_of(self, problem: Problem, clock: Clock) -> Refusal:
        """The refusal that Enedis would have given. What is none of the caller's doing is 503."""
        if problem.code in _TOO_MUCH:
            return errors.throttled(await clock.now(), problem.retry_after)
        known = self.of_problem.get(problem.code)
        if problem.code not in _BETWEEN_US_AND_ENEDIS | self.always and problem.upstream is not None:
            own = self.own_words(problem.code, _with_body(problem.upstream))
            if own is not None and (problem.upstream.body or not _says(known, own)):
                return own
        return known or replace(self.unavailable, retry_after=problem.retry_after)

    async def refusal_of_gap(self, gap: Gap, clock: Clock) -> Refusal:
        """The refusal of a whole call whose part is missing for this reason."""
        if gap.problem is not None:
            return await self.refusal_of(gap.problem, clock)
        return self.of_gap.get(gap.reason) or replace(self.unavailable, retry_after=COME_BACK)


def _with_body(said: Upstream) -> Upstream:
    """What Enedis said; where it is told from memory, which keeps no body, written anew in the form that it had."""
    names = _NAMES.get(said.shape or "")
    if said.body or names is None:
        return said
    told = zip(names, (said.code, said.message), strict=True)
    body = {name: value for name, value in told if value is not None}
    return replace(said, body=msgspec.json.encode([body] if said.shape == "list" else body))


def _says(known: Refusal | None, own: Refusal) -> bool:
    """Whether the whole answer that Enedis gives in such a case holds what is left of this one."""
    if known is None or known.status != own.status:
        return False
    said, left = msgspec.json.decode(known.body), msgspec.json.decode(own.body)
    return isinstance(left, dict) and left.items() <= said.items()
