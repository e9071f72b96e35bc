"""From the measures of 2026 to true instants and values (F§6, F§9). Pure."""

from collections.abc import Iterable
from typing import TypeVar

from passerelle.enedis.bodies import Text, broken
from passerelle.enedis.points import check_point, check_unit, read_points, read_quality
from passerelle.enedis.v2026.endpoints import Measure
from passerelle.enedis.v2026.wire import IndexQuantity, MeasureBody, Quantity
from passerelle.model.days import DaySpan
from passerelle.model.reading import AnyReading
from passerelle.model.series import Series
from passerelle.model.usage_point import UsagePointId

DAILY_STEP = "P1D"

AnyQuantity = TypeVar("AnyQuantity", Quantity, IndexQuantity)


def readings(
    body: MeasureBody, measure: Measure, point: UsagePointId, series: Series, span: DaySpan
) -> tuple[AnyReading, ...]:
    """The readings of the body that lie inside `span`: sorted, none twice, no two overlapping (`points.read_points`).

    `series` is not an index. Raises UpstreamBroken for another usage point, quantity, unit or step, and what
    `read_points` cannot read.
    """
    check_point(body.id_prm, point)
    if body.pas is not None and body.pas.strip().upper() != DAILY_STEP:
        raise broken("is in another step", "est dans un autre pas")
    meant = chosen(body.grandeur or (), measure)
    for quantity in meant:
        check_unit(quantity.unite, series.kind)
    points = ((each.d, each.v, each.p) for quantity in meant for each in quantity.points or ())
    return read_points(points, series.kind, span, read_quality(body.etape_metier))


def chosen(quantities: Iterable[AnyQuantity], measure: Measure) -> list[AnyQuantity]:
    """Those that were asked for, by their names and never by their place: `TOUT` gives one more a phase (F§9).

    Raises UpstreamBroken if there are only others.
    """
    given = list(quantities)
    meant = [each for each in given if is_meant(each, measure)]
    if given and not meant:
        raise broken("holds another quantity", "contient une autre grandeur")
    return meant


def is_meant(quantity: Quantity | IndexQuantity, measure: Measure) -> bool:
    return (_name(quantity.grandeur_metier), _name(quantity.grandeur_physique)) == (measure.business, measure.quantity)


def has_points(body: MeasureBody, measure: Measure) -> bool:
    """Whether what was asked for holds anything at all."""
    return any(quantity.points for quantity in chosen(body.grandeur or (), measure))


def _name(text: Text) -> str:
    return str(text or "").strip().upper()
