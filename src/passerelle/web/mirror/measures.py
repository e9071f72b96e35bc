"""The five measure APIs: all or nothing, holes silent, values of Enedis only (INTERFACE section 4)."""

from collections.abc import Iterable

from passerelle.gateway.read_series import SeriesAnswer, SeriesAsk
from passerelle.kit.clock import Clock
from passerelle.model.days import DaySpan, one_day
from passerelle.model.paris import ONE_DAY, civil_day, in_paris
from passerelle.model.reading import AnyReading, GapReason, Peak, Quality
from passerelle.model.series import Kind, Series
from passerelle.model.usage_point import UsagePointId
from passerelle.plan.rules import CURVE_DAYS, first_served
from passerelle.web.mirror import errors, parameters
from passerelle.web.mirror.bodies import IntervalReading, MeterReading, MeterReadingBody, ReadingType
from passerelle.web.mirror.call import MirrorCall
from passerelle.web.mirror.errors import Refusal, Refused
from passerelle.web.mirror.translation import refusal_of_gap

_SILENT = frozenset((GapReason.MISSING, GapReason.NOT_PUBLISHED))
"""Enedis leaves these holes without a word (F§7)."""

_READING_TYPES = {
    Kind.DAILY: ReadingType(unit="Wh", measurement_kind="energy", aggregate="sum", measuring_period="P1D"),
    Kind.CURVE: ReadingType(unit="W", measurement_kind="power", aggregate="average"),
    Kind.PEAK: ReadingType(unit="VA", measurement_kind="power", aggregate="maximum", measuring_period="P1D"),
}


async def read_measure(call: MirrorCall, series: Series) -> MeterReadingBody:
    """The body of one measure API. Raises Refused, ScopeMissing, UsagePointUnknown and ConsentErrors."""
    query = parameters.single(call.request.query_params, parameters.OF_MEASURES)
    point = parameters.usage_point(query)
    parameters.person(query)
    span = parameters.period(query, civil_day(call.now))
    await _refuse_beyond_limits(call, point, series, span)
    answer = await call.gateway.read_series(SeriesAsk(call.caller, point, series, span, call.wait))
    return await measure_body(answer, call.gateway.clock)


async def _refuse_beyond_limits(call: MirrorCall, point: UsagePointId, series: Series, span: DaySpan) -> None:
    """Refuse here what Enedis would refuse, after the consent as there.

    The day beyond the history is read for its checks alone: it is never asked of Enedis. History counts from the day
    after Enedis' own limit (F§7).
    """
    oldest = first_served(series, call.now)
    beyond = span.start < oldest
    too_long = series.kind is Kind.CURVE and len(span) > CURVE_DAYS
    if not (beyond or too_long):
        return
    await call.gateway.read_series(SeriesAsk(call.caller, point, series, one_day(oldest - ONE_DAY), call.wait))
    raise Refused(errors.BEYOND_HISTORY if beyond else errors.PERIOD_TOO_LONG)


async def measure_body(answer: SeriesAnswer, clock: Clock) -> MeterReadingBody:
    """The answer as v5 gives it. Raises Refused where a part of it failed, or where there is nothing at all."""
    failed = [gap for gap in answer.gaps if gap.reason not in _SILENT]
    if failed:
        # What is still being fetched says less than what is known to be refused.
        gap = next((each for each in failed if each.reason is not GapReason.PENDING), failed[0])
        raise Refused(await refusal_of_gap(gap, clock))
    readings = [each for each in answer.readings if each.quality is not Quality.DERIVED]
    if not readings:
        raise Refused(await _nothing(answer, clock))
    return MeterReadingBody(
        meter_reading=MeterReading(
            usage_point_id=answer.point,
            start=answer.span.start.isoformat(),
            end=answer.span.end.isoformat(),
            quality="BRUT",
            reading_type=_READING_TYPES[answer.series.kind],
            interval_reading=_interval_readings(answer.series.kind, readings),
        )
    )


async def _nothing(answer: SeriesAnswer, clock: Clock) -> Refusal:
    """The 404 of an empty period: Enedis' own if it was asked."""
    told = next((gap for gap in answer.gaps if gap.problem is not None), None)
    return await refusal_of_gap(told, clock) if told else errors.NO_DATA


def _interval_readings(kind: Kind, readings: Iterable[AnyReading]) -> list[IntervalReading]:
    """Stamps are local and without offset: the end of a curve's interval, the day, the instant of the peak (F§6)."""
    written: list[IntervalReading] = []
    for each in readings:
        value = str(each.value)
        if isinstance(each, Peak):
            written.append(IntervalReading(value=value, date=f"{in_paris(each.at):%Y-%m-%d %H:%M:%S}"))
        elif kind is Kind.DAILY:
            written.append(IntervalReading(value=value, date=civil_day(each.start).isoformat()))
        else:
            minutes = int((each.end - each.start).total_seconds()) // 60
            written.append(
                IntervalReading(
                    value=value,
                    date=f"{in_paris(each.end):%Y-%m-%d %H:%M:%S}",
                    interval_length=f"PT{minutes}M",
                    measure_type="B",
                )
            )
    return written
