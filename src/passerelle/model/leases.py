"""Who asks Enedis for what all processes want: one process at a time, for a series or a record of a usage point."""

from dataclasses import dataclass
from datetime import date

from passerelle.model.customer import CustomerRecord
from passerelle.model.series import Series

Leased = Series | CustomerRecord
"""What of a usage point one process at a time asks for."""


@dataclass(frozen=True, slots=True)
class Hold:
    """What came of a claim. `moment` counts what was brought so far, by whoever had the lease.

    Who waits looks again when it has changed. It begins with 1.
    """

    ours: bool
    moment: int


@dataclass(frozen=True, slots=True)
class Wish:
    """The days that a process wants while another one has the lease. `forced`: those asked before their time.

    `moment`: the one that it knew of before it looked what lacks. What was brought since may be among the days.
    """

    days: frozenset[date] = frozenset()
    forced: frozenset[date] = frozenset()
    moment: int = 0


NO_WISH = Wish()
