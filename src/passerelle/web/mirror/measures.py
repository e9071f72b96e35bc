"""The five measure APIs of v5 (F§5)."""

from collections.abc import Iterable

from passerelle.gateway.read_series import SeriesAnswer
from passerelle.kit.clock import Clock
from passerelle.model.paris import civil_day, in_paris
from passerelle.model.reading import AnyReading, IndexReading, Peak
from passerelle.model.series import Kind, Series
from passerelle.web.mirror import parameters
from passerelle.web.mirror.bodies import IntervalReading, MeterReading, MeterReadingBody, ReadingType
from passerelle.web.mirror.call import MirrorCall
from passerelle.web.mirror.readings import enedis_readings, refuse_beyond_limits, step_of
from passerelle.web.mirror.translation import V5

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
    await refuse_beyond_limits(call, point, series, span)
    return await measure_body(await call.series(point, series, span), call.gateway.clock)


async def measure_body(answer: SeriesAnswer, clock: Clock) -> MeterReadingBody:
    """The answer as v5 gives it. Raises Refused where a part of it failed, or where there is nothing at all."""
    readings = await enedis_readings(answer, V5, clock)
    return MeterReadingBody(
        meter_reading=MeterReading(
            usage_point_id=answer.point,
            start=answer.span.start.isoformat(),
            end=answer.span.end.isoformat(),
            quality=step_of(readings),
            reading_type=_READING_TYPES[answer.series.kind],
            interval_reading=_interval_readings(answer.series.kind, readings),
        )
    )


def _interval_readings(kind: Kind, readings: Iterable[AnyReading]) -> list[IntervalReading]:
    """Stamps are local and without offset: the end of a curve's interval, the day, the instant of the peak (F§6)."""
    written: list[IntervalReading] = []
    for each in readings:
        if isinstance(each, IndexReading):  # v5 has none, and no path for them
            continue
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
