"""What is kept of a series, as its readers see it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from passerelle.model.reading import Readings


@dataclass(frozen=True, slots=True)
class Held:
    """The days of a span that are held, whole or in part, in order.

    `versions`: a number for each day, another one when its readings changed. `derived`: the days whose readings were
    computed by us. `revised_at`: when readings of one of these days last changed after they were first kept. `tag`: 32
    bytes that change with any version; they say nothing of the readings (an ETag may show them).
    """

    days: Mapping[date, Readings] = field(default_factory=dict)
    versions: Mapping[date, int] = field(default_factory=dict)
    derived: frozenset[date] = frozenset()
    revised_at: datetime | None = None
    tag: bytes = b""
