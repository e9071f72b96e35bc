"""The nouns of the ledger: what is known of the days of a series that are not whole, and of its refusals.

Dates, reasons and instants only: no value is in it, so that work without a caller can read it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from passerelle.model.reading import GapReason
from passerelle.problem import Problem

Stretch = tuple[datetime, datetime]
"""Two instants in UTC, end excluded."""


@dataclass(frozen=True, slots=True)
class OpenDay:
    """A day that was asked of Enedis and did not come whole.

    `missing`: the stretches that lack, of a day that came in part; empty for a day of which nothing came. `told`: an
    error of Enedis said so, whose words are those of the refusal of the same kind. `forced_at`: when a caller last
    had it asked before its time. `covered`: it is held whole all the same, from before or derived from the curve.
    `failure`: the code of an error that was no answer about data, which is the reason then.
    """

    reason: GapReason
    first_asked_at: datetime
    asked_at: datetime
    next_at: datetime
    tries: int = 1
    missing: tuple[Stretch, ...] = ()
    told: bool = False
    forced_at: datetime | None = None
    covered: bool = False
    failure: str | None = None

    @property
    def kind(self) -> str:
        """What was told: the reason, or the code of a failure."""
        return self.failure or self.reason.value


@dataclass(frozen=True, slots=True)
class Refusal:
    """What Enedis answered instead of data, without any personal data.

    In force until `until` it speaks for the whole series; with None it only keeps the words for the days that it was
    told of. `start`, `end`: the civil days, end excluded, that were asked when it was told.
    """

    reason: GapReason
    problem: Problem
    asked_at: datetime
    until: datetime | None
    start: date
    end: date
    tries: int = 1
    forced_at: datetime | None = None

    @property
    def kind(self) -> str:
        """What was told: the reason, or the code of an error that was no answer about data."""
        return self.problem.code if self.reason is GapReason.UPSTREAM_ERROR else self.reason.value


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger says of some days of a series. `looked`: when a caller last had a whole day asked again.

    `refusals` by their kind.
    """

    days: Mapping[date, OpenDay] = field(default_factory=dict)
    looked: Mapping[date, datetime] = field(default_factory=dict)
    refusals: Mapping[str, Refusal] = field(default_factory=dict)


NOTHING_KNOWN = Known()


@dataclass(frozen=True, slots=True)
class Entry:
    """What one answer of Enedis changes in the ledger of a series.

    `days` are open from now on; `whole` leave the ledger, but for those of `looked`, which a caller had asked again at
    that instant; `lifted` are the kinds of refusal that this answer disproves. `silent_until`: before that no day of
    the series which Enedis did not have is worth a call. `awake`: those before this day are, from this instant on.
    """

    days: Mapping[date, OpenDay] = field(default_factory=dict)
    whole: frozenset[date] = frozenset()
    looked: Mapping[date, datetime] = field(default_factory=dict)
    refusal: Refusal | None = None
    lifted: frozenset[str] = frozenset()
    silent_until: datetime | None = None
    awake: tuple[date, datetime] | None = None
