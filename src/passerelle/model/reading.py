"""Readings, gaps, and what one civil day of a series holds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import overload

from passerelle.problem import Problem


class Quality(StrEnum):
    """Whence a value comes: from the meter, corrected by Enedis, or computed by us."""

    RAW = "raw"
    CORRECTED = "corrected"
    DERIVED = "derived"

    __hash__ = str.__hash__  # that of an enumeration is a call of Python, in every look into a table


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


@dataclass(frozen=True, slots=True)
class Register:
    """What one register of the meter showed, in Wh. `name`: Enedis' code of the tariff class; `label`: its words."""

    name: str
    value: int
    label: str | None = None


@dataclass(frozen=True, slots=True)
class IndexReading:
    """All registers of a meter at one instant (UTC) of a civil day, normally its beginning (F§9).

    `total`: the register that counts whatever the tariff, in Wh; None where Enedis names none.
    """

    day: date
    at: datetime
    registers: tuple[Register, ...]
    total: int | None = None
    quality: Quality = Quality.RAW


AnyReading = Reading | Peak | IndexReading


class EvenReadings(Sequence[Reading]):
    """Readings of one step and one quality without a hole, kept as plain numbers.

    Nearly every day of a curve is one of these: 48 values and two instants, made into readings only for whoever asks.
    """

    __slots__ = ("quality", "start", "step", "values")

    def __init__(self, start: datetime, step: timedelta, values: Sequence[int], quality: Quality) -> None:
        self.start = start
        self.step = step
        self.values = values
        self.quality = quality

    @property
    def end(self) -> datetime:
        """The end of the last reading, excluded."""
        return self.start + self.step * len(self.values)

    def __len__(self) -> int:
        return len(self.values)

    @overload
    def __getitem__(self, at: int) -> Reading: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Reading, ...]: ...
    def __getitem__(self, at: int | slice) -> Reading | tuple[Reading, ...]:
        if isinstance(at, slice):
            return tuple(self)[at]
        index = range(len(self.values))[at]
        begin = self.start + self.step * index
        return Reading(begin, begin + self.step, self.values[index], self.quality)

    def __iter__(self) -> Iterator[Reading]:
        begin, step, quality = self.start, self.step, self.quality
        for value in self.values:
            end = begin + step
            yield Reading(begin, end, value, quality)
            begin = end

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and not isinstance(other, str) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # equal to a list of readings, which has no hash either


Readings = Sequence[AnyReading]
"""The readings of a day or of a range, in order of time."""


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
