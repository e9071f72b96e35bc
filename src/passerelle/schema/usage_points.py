"""The usage points of an account, and the ledger of their days."""

from datetime import date, datetime
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from passerelle.model.customer import CustomerRecord
from passerelle.model.reading import GapReason
from passerelle.model.series import Series
from passerelle.schema.consents import StateText
from passerelle.schema.series import UsagePointText

SeriesText = Annotated[str, Meta(extra_json_schema={"examples": [each.value for each in Series]})]
RecordText = Annotated[str, Meta(extra_json_schema={"examples": [each.value for each in CustomerRecord]})]


class PointConsent(Struct, kw_only=True, frozen=True):
    """The latest consent that covers a usage point."""

    id: str
    state: StateText
    expires_at: Annotated[datetime | UnsetType, Meta(description="Absent where no consent is needed.")] = UNSET


class UsagePointBody(Struct, kw_only=True, frozen=True):
    """A usage point of the account, and what this key can read of it."""

    usage_point_id: UsagePointText
    consent: PointConsent
    series: Annotated[list[SeriesText], Meta(description="Series that can be read, as paths under the usage point.")]
    customer: Annotated[list[RecordText], Meta(description="Customer records that can be read, as paths.")]


class UsagePointList(Struct, kw_only=True, frozen=True):
    """The usage points of the account."""

    usage_points: list[UsagePointBody]


class LedgerHole(Struct, kw_only=True, frozen=True):
    """A stretch of a day that Enedis has not given."""

    start: Annotated[datetime, Meta(description="Start of the stretch, with the offset of Paris.")]
    end: Annotated[datetime, Meta(description="End of the stretch, excluded.")]


class LedgerGap(Struct, kw_only=True, frozen=True):
    """Days of a series that the gateway does not hold whole, and why."""

    series: SeriesText
    start: Annotated[date, Meta(description="First civil day.")]
    end: Annotated[date, Meta(description="Civil day after the last one.")]
    reason: GapReason
    next_ask_at: Annotated[
        datetime | UnsetType, Meta(description="When Enedis is worth asking again; once past, a request asks.")
    ] = UNSET
    missing: Annotated[
        list[LedgerHole] | UnsetType, Meta(description="Set for a day that came in part: the stretches that lack.")
    ] = UNSET


class GapLedger(Struct, kw_only=True, frozen=True):
    """The days known to be incomplete, by series and then by day."""

    usage_point_id: UsagePointText
    gaps: list[LedgerGap]
