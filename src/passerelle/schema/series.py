"""Series of readings (INTERFACE section 3): JSON answers, and the lines of the NDJSON form."""

from datetime import date, datetime
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType, field

from passerelle.model.reading import GapReason, Quality
from passerelle.model.series import Series, Unit
from passerelle.schema.problem import ProblemBody

UsagePointText = Annotated[
    str, Meta(description="Usage point id (PRM): 14 digits.", extra_json_schema={"pattern": "^[0-9]{14}$"})
]

RevisedText = Annotated[
    datetime | UnsetType, Meta(description="When values of these days last changed at Enedis; absent: they never did.")
]


class IntervalReading(Struct, kw_only=True, frozen=True, gc=False):
    """A value over an interval: Wh of a civil day, or mean W of a stretch of a load curve."""

    start: Annotated[datetime, Meta(description="Start of the interval, with the offset of Paris.")]
    end: Annotated[datetime, Meta(description="End of the interval, excluded.")]
    value: Annotated[int, Meta(description="In the unit of the series.")]
    quality: Quality


class PeakReading(Struct, kw_only=True, frozen=True, gc=False):
    """The highest power of a civil day, in VA, and when it was reached."""

    day: Annotated[date, Meta(description="Civil day in Europe/Paris.")]
    at: Annotated[datetime, Meta(description="Instant of the peak, with the offset of Paris.")]
    value: Annotated[int, Meta(description="In the unit of the series.")]
    quality: Quality


class RegisterValue(Struct, kw_only=True, frozen=True, gc=False):
    """What one register of the meter showed, in Wh."""

    tariff_class: Annotated[str, Meta(description="Enedis' code of the tariff class.", examples=["HC"])] = field(
        name="class"
    )
    label: Annotated[str | UnsetType, Meta(description="Enedis' words for the class.")] = UNSET
    value: int


class IndexReading(Struct, kw_only=True, frozen=True, gc=False):
    """The registers of the meter at one instant of a civil day, normally its beginning."""

    day: Annotated[date, Meta(description="Civil day in Europe/Paris.")]
    at: Annotated[datetime, Meta(description="Instant of the reading, with the offset of Paris.")]
    registers: list[RegisterValue]
    total: Annotated[int | UnsetType, Meta(description="The register that counts whatever the tariff, in Wh.")] = UNSET
    quality: Quality


class SeriesGap(Struct, kw_only=True, frozen=True):
    """A stretch without values, and why; neighbours of one reason are one gap."""

    start: Annotated[datetime, Meta(description="Start of the stretch, with the offset of Paris.")]
    end: Annotated[datetime, Meta(description="End of the stretch, excluded.")]
    reason: GapReason
    problem: Annotated[ProblemBody | UnsetType, Meta(description="Set when an answer of Enedis said so.")] = UNSET


class SeriesHead(Struct, kw_only=True, frozen=True):
    """What was asked, and the unit of the answer."""

    usage_point_id: UsagePointText
    series: Series
    unit: Unit
    start: Annotated[date, Meta(description="First civil day that was asked.")]
    end: Annotated[date, Meta(description="Civil day after the last one that was asked.")]
    timezone: Annotated[str, Meta(description="Where the civil days are: always Europe/Paris.")] = "Europe/Paris"


class IntervalSeries(SeriesHead, kw_only=True, frozen=True):
    """Daily energy or a load curve: readings in order of time, and a gap for every stretch that has none."""

    readings: list[IntervalReading]
    gaps: list[SeriesGap]
    energy_wh: Annotated[int, Meta(description="Energy in Wh of the readings that are present.")]
    as_of: Annotated[datetime, Meta(description="When this answer was true.")]
    revised_at: RevisedText = UNSET


class PeakSeries(SeriesHead, kw_only=True, frozen=True):
    """Daily peaks of power in order of time, and a gap for every stretch that has none."""

    readings: list[PeakReading]
    gaps: list[SeriesGap]
    as_of: Annotated[datetime, Meta(description="When this answer was true.")]
    revised_at: RevisedText = UNSET


class IndexSeries(SeriesHead, kw_only=True, frozen=True):
    """The registers of the meter day by day in order of time, and a gap for every stretch that has none."""

    readings: list[IndexReading]
    gaps: list[SeriesGap]
    as_of: Annotated[datetime, Meta(description="When this answer was true.")]
    revised_at: RevisedText = UNSET


AnySeries = IntervalSeries | PeakSeries | IndexSeries
"""The JSON answer of a series of whichever kind."""


class GapLine(Struct, kw_only=True, frozen=True):
    """A line of the NDJSON form, after the readings."""

    gap: SeriesGap


class SeriesSummary(SeriesHead, kw_only=True, frozen=True):
    """What the JSON form says beside readings and gaps; `energy_wh` is absent for max-power and indexes."""

    energy_wh: int | UnsetType = UNSET
    as_of: datetime
    revised_at: datetime | UnsetType = UNSET


class SummaryLine(Struct, kw_only=True, frozen=True):
    """The last line of the NDJSON form; without it the answer was cut off."""

    summary: SeriesSummary
