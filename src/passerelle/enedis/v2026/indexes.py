"""From the registers of a meter to one reading a day (F§9). Pure.

No capture of an index exists (F§16.3), so each choice is by name, and the order received decides only between equals:

- Of one day the earliest instant counts: the index of midnight is the day's beginning, later ones come from visits.
- Of one instant a corrected context (`BEST`) counts before a raw one, the meter's own collection (`COL`) before others.
- The registers are those of one calendar, since supplier and distributor each count the whole energy again in their own
  classes: the one with most classes, which tells most; among equals the one with most values. Nothing is ever added up.
- The total is the register that Enedis itself names as such, `cadranTotalisateur`.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from passerelle.enedis.bodies import broken
from passerelle.enedis.points import check_point, check_unit, read_quality, read_stamp, read_value
from passerelle.enedis.stamps import true_instants
from passerelle.enedis.texts import read_text
from passerelle.enedis.v2026.endpoints import Measure
from passerelle.enedis.v2026.normalise import chosen, is_meant
from passerelle.enedis.v2026.wire import Calendar, IndexBody, IndexContext, Shown, TariffClass
from passerelle.model.days import DaySpan
from passerelle.model.reading import IndexReading, Quality, Register
from passerelle.model.series import Kind
from passerelle.model.usage_point import UsagePointId

COLLECTED = "COL"


class _Found(NamedTuple):
    """All that one context shows at one stamp. `rank` orders contexts, the smallest first."""

    stamp: datetime
    rank: tuple[bool, bool]
    registers: tuple[Register, ...]
    total: int | None
    quality: Quality


def index_readings(
    body: IndexBody, measure: Measure, point: UsagePointId, span: DaySpan
) -> tuple[IndexReading, ...] | None:
    """One reading a day of `span`, sorted by day; None for a body that shows no register at all.

    Raises UpstreamBroken for another usage point, quantity or unit, and for a stamp or value that cannot be read.
    """
    check_point(body.id_prm, point)
    contexts = body.contexte or ()
    chosen([quantity for context in contexts for quantity in context.grandeur or ()], measure)
    found = [each for context in contexts for each in _of_context(context, measure)]
    if not found:
        return None
    found.sort(key=lambda each: (each.stamp, each.rank))
    first = {each.stamp.date(): each for each in reversed(found)}
    kept = [(day, first[day]) for day in sorted(first) if day in span]
    instants = true_instants([each.stamp for _, each in kept])
    return tuple(
        IndexReading(day, at, each.registers, each.total, each.quality)
        for (day, each), at in zip(kept, instants, strict=True)
    )


def _of_context(context: IndexContext, measure: Measure) -> Iterator[_Found]:
    quality = read_quality(context.etape_metier)
    collected = str(context.contexte_releve or "").strip().upper() == COLLECTED
    rank = (quality is not Quality.CORRECTED, not collected)
    for quantity in context.grandeur or ():
        if not is_meant(quantity, measure):
            continue
        check_unit(quantity.unite, Kind.INDEX)
        totaliser = quantity.cadran_totalisateur
        totals = _shown(totaliser.valeur if totaliser else None)
        calendars = _by_preference(quantity.calendrier or ())
        for stamp in sorted({*totals, *(stamp for calendar in calendars for stamp in calendar)}):
            registers = next((calendar[stamp] for calendar in calendars if stamp in calendar), ())
            yield _Found(stamp, rank, registers, totals.get(stamp), quality)


def _by_preference(calendars: Iterable[Calendar]) -> list[dict[datetime, tuple[Register, ...]]]:
    """Each calendar's registers by stamp. A day on which the first shows nothing is the next one's."""
    read = [_registers(calendar.classe_temporelle or ()) for calendar in calendars]
    read.sort(key=lambda each: (-max(map(len, each.values()), default=0), -sum(map(len, each.values()))))
    return read


def _registers(classes: Iterable[TariffClass]) -> dict[datetime, tuple[Register, ...]]:
    by_stamp: dict[datetime, tuple[Register, ...]] = {}
    taken: set[str] = set()
    for each in classes:
        name = _name(each, taken)
        label = read_text(each.libelle_classe_temporelle)
        for stamp, value in _shown(each.valeur).items():
            by_stamp[stamp] = (*by_stamp.get(stamp, ()), Register(name, value, label))
    return by_stamp


def _name(each: TariffClass, taken: set[str]) -> str:
    """The id of the class, or the code of its register where there is none or two share one. `taken` grows by it."""
    names = (read_text(each.id_classe_temporelle), read_text(each.code_cadran))
    name = next((name for name in names if name is not None and name not in taken), None)
    if name is None:
        raise broken("holds a register without a name of its own", "contient un registre sans nom propre")
    taken.add(name)
    return name


def _shown(values: Iterable[Shown] | None) -> dict[datetime, int]:
    """By stamp; of one received twice the last counts, and one without a stamp or a value says nothing."""
    return {
        read_stamp(each.d): read_value(each.v) for each in values or () if each.d is not None and each.v is not None
    }
