"""The seven resources of `mesure_synchrone_auto/v2` (F§9)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec import Struct

from passerelle.model.days import DaySpan
from passerelle.model.paris import ONE_DAY, civil_day, in_paris
from passerelle.model.reading import AnyReading, IndexReading, Peak, Quality, Reading
from passerelle.model.series import Direction, Kind, Series
from passerelle.model.usage_point import UsagePointId
from passerelle.web.mirror.call import MirrorCall
from passerelle.web.mirror.errors import Refused
from passerelle.web.mirror.readings import check_consent, enedis_readings, refuse_beyond_limits, step_of
from passerelle.web.mirror.v2026 import errors, parameters
from passerelle.web.mirror.v2026.bodies import (
    Index,
    IndexContext,
    IndexQuantity,
    Measure,
    Period,
    Point,
    Quantity,
    RegisterValue,
    TariffCalendar,
    TariffClass,
    Totaliser,
)
from passerelle.web.mirror.v2026.translation import MEASURES

_SIDES = {Direction.CONSUMPTION: "CONS", Direction.PRODUCTION: "PROD"}
_ENERGY = "EA"


@dataclass(frozen=True, slots=True)
class _Form:
    """What is the same in every answer of a kind.

    `calculation`: whether Enedis computed a day from registers (`DIFF.INDEX`) or from the curve is not known here; the
    specification wants a word, and Linky's is the first (F§9).
    """

    quantity: str
    calculation: str
    step: str | None = None
    value_type: str | None = None


_FORMS = {
    Kind.DAILY: _Form(_ENERGY, "DIFF.INDEX", "P1D", "GLOBALE"),
    Kind.CURVE: _Form("PA", "MESURE"),
    Kind.PEAK: _Form("PMA", "MESURE", "P1D"),
}


async def read_measure(call: MirrorCall, series: Series) -> Struct:
    """The body of one resource. Raises Refused, ScopeMissing, UsagePointUnknown, ConsentErrors and NotServed."""
    read = parameters.of_power if series.kind is Kind.PEAK else parameters.of_measure
    asked = read(call.request.query_params)
    await refuse_beyond_limits(call, asked.point, series, asked.span)
    if asked.monthly:
        # v5 has no maxima of months and nothing is derived here: the gateway asks for days alone.
        await check_consent(call, asked.point, series)
        raise Refused(errors.NO_MEASURE)
    readings = await _readings(call, asked, series)
    if series.kind is Kind.INDEX:
        indexes = [each for each in readings if isinstance(each, IndexReading)]
        return index_body(asked.point, asked.span, series, indexes)
    return measure_body(asked.point, asked.span, series, readings)


async def _readings(call: MirrorCall, asked: parameters.Asked, series: Series) -> Sequence[AnyReading]:
    """What there is until today: later days have nothing, however many are asked."""
    past = asked.span.intersect(DaySpan(asked.span.start, max(civil_day(call.now), asked.span.start) + ONE_DAY))
    answer = await call.series(asked.point, series, past or asked.span)
    return await enedis_readings(answer, MEASURES, call.gateway.clock)


def measure_body(point: UsagePointId, span: DaySpan, series: Series, readings: Sequence[AnyReading]) -> Measure:
    """The readings as 2026 gives them."""
    form = _FORMS[series.kind]
    quantity = Quantity(
        grandeur_metier=_SIDES[series.direction],
        grandeur_physique=form.quantity,
        unite=series.unit.value,
        points=[_point(each, series.kind) for each in readings if not isinstance(each, IndexReading)],
    )
    return Measure(
        id_prm=point,
        etape_metier=step_of(readings),
        periode=_period(span),
        type_valeur=form.value_type,
        mode_calcul=form.calculation,
        pas=form.step,
        grandeur=[quantity],
        contexte=[],
    )


def _point(reading: Reading | Peak, kind: Kind) -> Point:
    """Stamps as in v5 (F§9). `n` is `B` for a raw value; of others nothing is published (F§16.5)."""
    value = str(reading.value)
    if isinstance(reading, Peak):
        return Point(v=value, d=_stamp(reading.at))
    if kind is Kind.DAILY:
        return Point(v=value, d=civil_day(reading.start).isoformat())
    step = (reading.end - reading.start) // timedelta(minutes=1)
    nature = "B" if reading.quality is Quality.RAW else None
    return Point(v=value, d=_stamp(reading.end), p=f"PT{step}M", n=nature)


def index_body(point: UsagePointId, span: DaySpan, series: Series, readings: Sequence[IndexReading]) -> Index:
    """The registers as 2026 gives them: by class, all instants of each; one context a quality."""
    contexts = [
        _context(series, [each for each in readings if each.quality is quality])
        for quality in dict.fromkeys(each.quality for each in readings)
    ]
    return Index(id_prm=point, periode=_period(span), grandeur=[], contexte=contexts)


def _context(series: Series, readings: Sequence[IndexReading]) -> IndexContext:
    classes: dict[str, list[RegisterValue]] = {}
    labels: dict[str, str | None] = {}
    for each in readings:
        for register in each.registers:
            classes.setdefault(register.name, []).append(RegisterValue(d=_stamp(each.at), v=register.value))
            labels[register.name] = register.label or labels.get(register.name)
    shown = [
        TariffClass(id_classe_temporelle=name, libelle_classe_temporelle=labels[name], valeur=values)
        for name, values in classes.items()
    ]
    totals = [RegisterValue(d=_stamp(each.at), v=each.total) for each in readings if each.total is not None]
    quantity = IndexQuantity(
        grandeur_metier=_SIDES[series.direction],
        grandeur_physique=_ENERGY,
        unite=series.unit.value,
        points=[],
        calendrier=[TariffCalendar(classe_temporelle=shown)] if shown else [],
        cadran_totalisateur=Totaliser(valeur=totals) if totals else None,
    )
    return IndexContext(etape_metier=step_of(readings), grandeur=[quantity])


def _period(span: DaySpan) -> Period:
    return Period(date_debut=span.start.isoformat(), date_fin=span.end.isoformat())


def _stamp(instant: datetime) -> str:
    return f"{in_paris(instant):%Y-%m-%d %H:%M:%S}"
