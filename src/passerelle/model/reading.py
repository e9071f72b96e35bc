"""Readings, gaps, and what one civil day of a series holds."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from passerelle.errors import Problem


class Quality(StrEnum):
    """Whence a value comes: from the meter, corrected by Enedis, or computed by us."""

    RAW = "raw"
    CORRECTED = "corrected"
    DERIVED = "derived"


@dataclass(frozen=True, slots=True)
class Reading:
    """A value over an interval: mean W of a load curve, or Wh of a civil day. Instants are UTC, `end` excluded."""

    start: datetime
    end: datetime
    value: int
    quality: Quality = Quality.RAW


@dataclass(frozen=True, slots=True)
class Peak:
    """The maximum power of a civil day in VA, and the instant (UTC) at which it was reached."""

    day: date
    at: datetime
    value: int
    quality: Quality = Quality.RAW


AnyReading = Reading | Peak


class GapReason(StrEnum):
    """Why a day or an interval has no value (INTERFACE section 3)."""

    NOT_PUBLISHED = "not-published"
    MISSING = "missing"
    NOT_COLLECTED = "not-collected"
    BEFORE_ACTIVATION = "before-activation"
    BEYOND_HISTORY = "beyond-history"
    BEFORE_CONSENT = "before-consent"
    NO_CONSENT = "no-consent"
    WRONG_DIRECTION = "wrong-direction"
    PENDING = "pending"
    UPSTREAM_ERROR = "upstream-error"


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch without values. Instants are UTC, `end` excluded. `problem` is set when an Enedis answer said so."""

    start: datetime
    end: datetime
    reason: GapReason
    problem: Problem | None = None
