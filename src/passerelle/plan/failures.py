"""How long an error of Enedis that is no answer about data is remembered. Data, each beside its reason.

Enedis never wants these tried again as they are (F§13); but what an operator or Enedis repairs must not be waited for
longer than it takes. What is not listed (Enedis away, too late, out of quota) has its own pause and is not remembered,
nor is a call that never left for want of credentials.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from passerelle.errors import (
    OperatorActionNeeded,
    TokenRejected,
    UpstreamBroken,
    UpstreamRejected,
    UpstreamUnknown,
    UsagePointUnknown,
)
from passerelle.problem import PasserelleError

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Memory:
    """Asked again after `first`, then twice as late each time up to `longest`.

    `of_series`: it speaks for every day of the series; else for the days that the call was for.
    """

    first: timedelta
    longest: timedelta
    of_series: bool

    def lasts(self, tries: int, told: int | None = None) -> timedelta:
        """`tries`: how often it was met in a row. `told`: after how many seconds to come back, if Enedis says so."""
        if told:
            return timedelta(seconds=told)
        doublings = min(tries - 1, 16)
        return min(self.first * (1 << doublings), self.longest)


REMEMBERED: Mapping[type[PasserelleError], Memory] = {
    # A subscription on DataHub, or credentials: once repaired it shows at once, and nobody tells us.
    OperatorActionNeeded: Memory(timedelta(minutes=10), timedelta(hours=6), of_series=True),
    # The transport has renewed the token and tried again before it says so: it may heal, or wait for the operator.
    TokenRejected: Memory(timedelta(minutes=5), timedelta(hours=1), of_series=True),
    # A meter that Enedis does not know does not appear within the day.
    UsagePointUnknown: Memory(_DAY, _DAY, of_series=True),
    # The refusal of an exact range is kept for a day (F§13): the same request is as wrong an hour later.
    UpstreamRejected: Memory(_DAY, _DAY, of_series=False),
    UpstreamUnknown: Memory(_DAY, _DAY, of_series=False),
    # A page in place of data passes in minutes; a body that cannot be read may stay so, for its days alone.
    UpstreamBroken: Memory(timedelta(minutes=5), timedelta(hours=1), of_series=False),
}

OF_SERIES = frozenset(kind.code for kind, memory in REMEMBERED.items() if memory.of_series)
"""The codes of those that any answer about data disproves."""

UNTIL_REPAIRED = frozenset((OperatorActionNeeded.code, TokenRejected.code))
"""The codes of what the operator has to repair, however long that takes."""
