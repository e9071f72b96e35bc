"""The first imports of a usage point, and how far they are."""

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from passerelle.schema.series import UsagePointText
from passerelle.schema.usage_points import SeriesText


class ImportBody(Struct, kw_only=True, frozen=True):
    """One series whose past is fetched in the background."""

    series: SeriesText
    state: Annotated[Literal["running", "done"], Meta(description="`done`: every day that can be had was asked for.")]
    start: Annotated[date, Meta(description="First civil day of the import.")]
    end: Annotated[date, Meta(description="Civil day after its last one.")]
    days: Annotated[int, Meta(description="Days of the import.")]
    days_held: Annotated[int, Meta(description="Days of it that are held whole.")]
    began_at: datetime
    ended_at: datetime | UnsetType = UNSET


class ImportList(Struct, kw_only=True, frozen=True):
    """The imports of one usage point, by series."""

    usage_point_id: UsagePointText
    imports: list[ImportBody]
