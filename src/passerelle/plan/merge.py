"""An answer, made of what was held, what was fetched and why the rest is not there. No silent hole."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain

from passerelle.model.days import DaySpan
from passerelle.model.paris import day_bounds
from passerelle.model.reading import AnyReading, EvenReadings, Gap, Reading, Readings
from passerelle.plan.coverage import holes
from passerelle.plan.gaps import join
from passerelle.plan.lacks import PENDING, Lack
from passerelle.plan.rules import DayGap


@dataclass(frozen=True, slots=True)
class Merged:
    """Readings by day in order of time, and gaps for every stretch of the asked days that has none."""

    days: tuple[Readings, ...]
    gaps: tuple[Gap, ...]

    @property
    def readings(self) -> tuple[AnyReading, ...]:
        """All readings, one after the other."""
        return tuple(chain.from_iterable(self.days))


def merge(
    asked: DaySpan,
    clipped: Iterable[DayGap],
    held: Mapping[date, Readings],
    lacking: Mapping[date, Lack],
    whole: Collection[date] = (),
) -> Merged:
    """Every day of `asked` as readings or as a gap.

    A day that is held in part has a gap for each of its holes. `lacking` tells why; what it does not tell about is
    `pending`. `whole`: days of `asked` that are held without a hole, as far as is known.
    """
    if len(whole) == len(asked):
        return Merged(tuple([held[day] for day in asked]), ())
    clipped = tuple(clipped)
    # A clipped stretch is one gap, however many days it has: a range may reach centuries beyond what exists.
    gaps = [Gap(*gap.span.instants, gap.reason) for gap in clipped]
    parts: list[Readings] = []
    for day in _outside(asked, clipped):
        found = held.get(day)
        if found:
            parts.append(found)
            if day in whole:
                continue
            open_ = holes(day, found)
        else:
            open_ = [day_bounds(day)]
        if open_:
            lack = lacking.get(day, PENDING)
            gaps.extend(Gap(start, end, lack.reason, lack.problem) for start, end in open_)
    return Merged(tuple(parts), join(gaps))


def _outside(asked: DaySpan, clipped: Iterable[DayGap]) -> Iterator[date]:
    """The days of `asked` that no clipped stretch holds, in order."""
    at = asked.start
    for gap in sorted(clipped, key=lambda each: each.span):
        if at < gap.span.start:
            yield from DaySpan(at, min(gap.span.start, asked.end))
        at = max(at, gap.span.end)
    if at < asked.end:
        yield from DaySpan(at, asked.end)


def energy_wh(days: Iterable[Readings]) -> int:
    """The energy of what is present, in Wh: W × minutes / 60 for a curve (F§5), rounded half up once at the end.

    A daily reading holds Wh already: pass its values to `sum`. Peaks and indexes have no energy.
    """
    watt_seconds = 0
    for readings in days:
        if isinstance(readings, EvenReadings):
            watt_seconds += sum(readings.values) * _seconds(readings.step)
        else:
            watt_seconds += sum(
                reading.value * _seconds(reading.end - reading.start)
                for reading in readings
                if isinstance(reading, Reading)
            )
    return (watt_seconds + 1800) // 3600


def _seconds(length: timedelta) -> int:
    return length.days * 86_400 + length.seconds
