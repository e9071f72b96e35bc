"""The form in which a period of each kind of series is written before it is sealed."""

from collections.abc import Mapping
from datetime import date
from typing import assert_never

from passerelle.model.reading import EvenReadings, Quality, Reading, Readings
from passerelle.model.series import Kind
from passerelle.store.curve_form import curve_period, pack_curve, unpack_curve
from passerelle.store.index_form import pack_indexes, unpack_indexes
from passerelle.store.periods import Period, period_of_quarter
from passerelle.store.quarter_form import pack_quarter, quarter_period, unpack_quarter


def pack(kind: Kind, period: Period, days: Mapping[date, Readings]) -> bytes:
    """The days of the period as bytes, of a length that tells nothing of the values. Raises ValueError."""
    match kind:
        case Kind.CURVE:
            return pack_curve(period, days)
        case Kind.DAILY | Kind.PEAK:
            return pack_quarter(period, days, peaks=kind is Kind.PEAK)
        case Kind.INDEX:
            return pack_indexes(period, days)
        case _:
            assert_never(kind)


def unpack(kind: Kind, period: Period, packed: bytes, wanted: range | None = None) -> dict[date, Readings]:
    """The days that `pack` packed, those at the offsets `wanted` or all, in order. Raises ValueError."""
    offsets = range(period.length) if wanted is None else wanted
    match kind:
        case Kind.CURVE:
            return unpack_curve(period, packed, offsets)
        case Kind.DAILY | Kind.PEAK:
            return unpack_quarter(period, packed, offsets, peaks=kind is Kind.PEAK)
        case Kind.INDEX:
            return unpack_indexes(period, packed, offsets)
        case _:
            assert_never(kind)


def period_told(kind: Kind, start: date, packed: bytes) -> Period:
    """The period from `start` on that these bytes are of: they say how many days they hold. Raises ValueError."""
    match kind:
        case Kind.CURVE:
            return curve_period(start, packed)
        case Kind.DAILY | Kind.PEAK:
            return quarter_period(start, packed)
        case Kind.INDEX:
            return period_of_quarter(start)
        case _:
            assert_never(kind)


def merged(kind: Kind, before: Readings, now: Readings) -> Readings:
    """What is held of a day after `now` came: of a curve, what `now` does not speak of stays (a hole is no reading).

    Derived readings never take the place of Enedis' own.
    """
    if is_derived(now) and before and not is_derived(before):
        return before
    if kind is not Kind.CURVE or not before:
        return now
    if _covers(now, before):
        return now
    fresh, held = _intervals(now), _intervals(before)
    stays = [each for each in held if not any(each.start < new.end and new.start < each.end for new in fresh)]
    together: list[Reading] = sorted([*stays, *fresh], key=lambda each: each.start)
    return tuple(together) if stays else now


def _covers(now: Readings, before: Readings) -> bool:
    """Whether nothing of `before` can stay, seen at a glance."""
    if isinstance(now, EvenReadings) and isinstance(before, EvenReadings):
        return now.start <= before.start and before.end <= now.end
    return False


def _intervals(readings: Readings) -> list[Reading]:
    return [each for each in readings if isinstance(each, Reading)]


def is_derived(readings: Readings) -> bool:
    """Whether these readings were computed by us."""
    return bool(readings) and readings[0].quality is Quality.DERIVED
