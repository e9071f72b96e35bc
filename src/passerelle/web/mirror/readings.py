"""Measures at the mirror: all or nothing, holes silent, values of Enedis only (INTERFACE section 4)."""

from collections.abc import Sequence

from passerelle.gateway.read_series import SeriesAnswer
from passerelle.kit.clock import Clock
from passerelle.model.days import DaySpan, one_day
from passerelle.model.paris import ONE_DAY
from passerelle.model.reading import AnyReading, GapReason, Quality
from passerelle.model.series import Kind, Series
from passerelle.model.usage_point import UsagePointId
from passerelle.plan.rules import CURVE_DAYS, first_served
from passerelle.web.mirror import errors
from passerelle.web.mirror.call import MirrorCall
from passerelle.web.mirror.dialect import Dialect
from passerelle.web.mirror.errors import Refusal, Refused

_SILENT = frozenset((GapReason.MISSING, GapReason.NOT_PUBLISHED))
"""Enedis leaves these holes without a word (F§7)."""


async def refuse_beyond_limits(call: MirrorCall, point: UsagePointId, series: Series, span: DaySpan) -> None:
    """Refuse here what Enedis would refuse, after the consent as there.

    History counts from the day after Enedis' own limit (F§7).
    """
    beyond = span.start < first_served(series, call.now)
    too_long = series.kind is Kind.CURVE and len(span) > CURVE_DAYS
    if not (beyond or too_long):
        return
    await check_consent(call, point, series)
    raise Refused(errors.BEYOND_HISTORY if beyond else errors.PERIOD_TOO_LONG)


async def check_consent(call: MirrorCall, point: UsagePointId, series: Series) -> None:
    """The checks of a reading, and nothing else: the day beyond the history is never asked of Enedis.

    Raises ScopeMissing, UsagePointUnknown and ConsentErrors.
    """
    await call.series(point, series, one_day(first_served(series, call.now) - ONE_DAY))


async def enedis_readings(answer: SeriesAnswer, dialect: Dialect, clock: Clock) -> Sequence[AnyReading]:
    """The readings, at least one. Raises Refused where a part of it failed, or where there is nothing at all."""
    failed = [gap for gap in answer.gaps if gap.reason not in _SILENT]
    if failed:
        # What is still being fetched says less than what is known to be refused.
        gap = next((each for each in failed if each.reason is not GapReason.PENDING), failed[0])
        raise Refused(await dialect.refusal_of_gap(gap, clock))
    if not answer.readings:
        raise Refused(await _nothing(answer, dialect, clock))
    return answer.readings


async def _nothing(answer: SeriesAnswer, dialect: Dialect, clock: Clock) -> Refusal:
    """The 404 of an empty period: Enedis' own if it was asked."""
    told = next((gap for gap in answer.gaps if gap.problem is not None), None)
    return await dialect.refusal_of_gap(told, clock) if told else dialect.nothing


def step_of(readings: Sequence[AnyReading]) -> str:
    """`BEST` only where every value is corrected (F§7)."""
    return "BEST" if all(each.quality is Quality.CORRECTED for each in readings) else "BRUT"
