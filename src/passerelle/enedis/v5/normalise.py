"""From the bodies of v5 to true instants and values (F§5, F§6). Pure."""

from passerelle.enedis.points import check_point, check_unit, read_points, read_quality
from passerelle.enedis.v5.wire import MeterReading
from passerelle.model.days import DaySpan
from passerelle.model.reading import AnyReading
from passerelle.model.series import Series
from passerelle.model.usage_point import UsagePointId


def readings(measure: MeterReading, point: UsagePointId, series: Series, span: DaySpan) -> tuple[AnyReading, ...]:
    """The readings of the body that lie inside `span`: sorted, none twice, no two overlapping (`points.read_points`).

    `series` is one of the five that v5 has. Raises UpstreamBroken for another usage point, another unit, and what
    `read_points` cannot read.
    """
    check_point(measure.usage_point_id, point)
    check_unit(measure.reading_type.unit if measure.reading_type else None, series.kind)
    points = ((each.date, each.value, each.interval_length) for each in measure.interval_reading or ())
    return read_points(points, series.kind, span, read_quality(measure.quality))
