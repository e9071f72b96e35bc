"""The first imports of a usage point, and how far they are."""

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from passerelle.model.reading import GapReason
from passerelle.schema.problem import ProblemBody
from passerelle.schema.series import UsagePointText
from passerelle.schema.usage_points import SeriesText


class ImportBody(Struct, kw_only=True, frozen=True):
    """One series whose past is fetched in the background."""

    series: SeriesText
    state: Annotated[
        Literal["running", "done", "refused"],
        Meta(
            description="`done`: every day that can be had was asked for. `refused`: Enedis refused the series before."
        ),
    ]
    start: Annotated[date, Meta(description="First civil day of the import, or of the meter if that is later.")]
    end: Annotated[date, Meta(description="Civil day after its last one.")]
    days: Annotated[int, Meta(description="Days of the import.")]
    days_held: Annotated[int, Meta(description="Days of it that are held whole.")]
    began_at: datetime
    ended_at: datetime | UnsetType = UNSET
    reason: Annotated[GapReason | UnsetType, Meta(description="Why it was refused.")] = UNSET
    problem: Annotated[ProblemBody | UnsetType, Meta(description="What Enedis said when it refused.")] = UNSET


class ImportList(Struct, kw_only=True, frozen=True):
    """The imports of one usage point, by series."""

    usage_point_id: UsagePointText
    imports: list[ImportBody]
