"""F§9. No capture of an index exists (F§16.3): the shape is that of the specification."""

import json
from datetime import UTC, date, datetime
from itertools import permutations

import pytest

from passerelle.enedis.bodies import decode
from passerelle.enedis.v2026.endpoints import MEASURES
from passerelle.enedis.v2026.indexes import index_readings
from passerelle.enedis.v2026.wire import IndexBody
from passerelle.errors import UpstreamBroken
from passerelle.model.days import DaySpan
from passerelle.model.reading import IndexReading, Quality, Register
from passerelle.model.series import Series
from passerelle.model.usage_point import UsagePointId

PRM = UsagePointId("22516914714270")
DAY, NEXT = date(2026, 11, 24), date(2026, 11, 25)
SPAN = DaySpan(DAY, date(2026, 11, 26))
AT = datetime(2026, 11, 23, 23, tzinfo=UTC)


def shown(**values: object) -> list[dict[str, object]]:
    """`d24_00=5`: 5 on the 24th at midnight."""
    return [{"d": f"2026-11-{key[1:3]} {key[4:]}:00:00", "v": value, "iv": 0} for key, value in values.items()]


def tariff(code: str, *, name: str | None = None, **values: object) -> dict[str, object]:
    return {
        "idClasseTemporelle": code,
        "libelleClasseTemporelle": name,
        "codeCadran": f"dial-{code}",
        "valeur": shown(**values),
    }


def quantity(*calendars: list[object], total: object = None, **fields: object) -> dict[str, object]:
    base = {"grandeurMetier": "CONS", "grandeurPhysique": "EA", "unite": "Wh", "points": []}
    made = base | {
        "calendrier": [{"idCalendrier": str(at), "classeTemporelle": each} for at, each in enumerate(calendars)]
    }
    return made | ({"cadranTotalisateur": {"codeCadran": "TOT", "valeur": total}} if total else {}) | fields


def context(*quantities: object, stage: str = "BRUT", origin: str = "COL") -> dict[str, object]:
    return {"etapeMetier": stage, "contexteReleve": origin, "typeReleve": "AQ", "grandeur": list(quantities)}


def read(*contexts: object, series: Series = Series.CONSUMPTION_INDEX, **fields: object):
    body = {"idPrm": PRM, "grandeur": [], "contexte": list(contexts)} | fields
    return index_readings(decode(json.dumps(body).encode(), IndexBody), MEASURES[series], PRM, SPAN)


def test_a_reading_a_day_with_its_registers_and_the_total_that_enedis_names():
    classes = [tariff("HC", name="Heures Creuses", d25_00=12, d24_00=10), tariff("HP", d24_00=20, d25_00=23)]
    assert read(context(quantity(classes, total=shown(d24_00=30, d25_00=35)))) == (
        IndexReading(DAY, AT, (Register("HC", 10, "Heures Creuses"), Register("HP", 20)), 30),
        IndexReading(NEXT, AT.replace(day=24), (Register("HC", 12, "Heures Creuses"), Register("HP", 23)), 35),
    )


def test_registers_are_those_of_one_calendar_the_one_of_most_classes():
    """Supplier and distributor each count all of the energy: together they would count it twice."""
    supplier = [tariff("BASE", d24_00=30, d25_00=31)]
    distributor = [tariff(code, d24_00=1) for code in ("HCB", "HCH", "HPB", "HPH")]
    for calendars in permutations([supplier, distributor]):
        (first, second) = read(context(quantity(*calendars)))
        assert [each.name for each in first.registers] == ["HCB", "HCH", "HPB", "HPH"]
        assert second.registers == (Register("BASE", 31),)
        assert (first.total, second.total) == (None, None)


def test_the_order_of_calendars_of_as_many_classes_is_by_values_then_as_received():
    few, many = [tariff("A", d24_00=1)], [tariff("B", d24_00=2, d25_00=3)]
    assert read(context(quantity(few, many)))[0].registers == (Register("B", 2),)
    assert read(context(quantity(few, [tariff("C", d24_00=3)])))[0].registers == (Register("A", 1),)


def test_of_one_instant_the_corrected_then_the_collected_context_counts():
    raw = context(quantity([tariff("BASE", d24_00=1)]))
    visit = context(quantity([tariff("BASE", d24_00=2)]), origin="CRI")
    best = context(quantity([tariff("BASE", d24_00=3)]), origin="CRI", stage="BEST")
    for contexts in permutations([raw, visit, best]):
        (only,) = read(*contexts)
        assert (only.registers[0].value, only.quality) == (3, Quality.CORRECTED)
    for contexts in permutations([raw, visit]):
        assert read(*contexts)[0].registers[0].value == 1


def test_of_one_day_the_earliest_instant_counts():
    night = context(quantity([tariff("BASE", d24_00=1)]))
    visit = context(quantity([tariff("BASE", d24_10=2, d25_10=4)]), stage="BEST")
    for contexts in permutations([night, visit]):
        first, second = read(*contexts)
        assert (first.at, first.registers[0].value) == (AT, 1)
        assert (second.at, second.registers[0].value) == (datetime(2026, 11, 25, 9, tzinfo=UTC), 4)


def test_a_total_alone_and_registers_alone_are_readings():
    assert read(context(quantity(total=shown(d24_00=9)))) == (IndexReading(DAY, AT, (), 9),)
    assert read(context(quantity([tariff("BASE", d25_00=4)], total=shown(d24_00=9))))[1].total is None


def test_classes_go_by_their_ids_and_two_of_one_id_by_their_registers():
    """`/v1` names the tariff class, and the mirror gives that name back as `idClasseTemporelle`."""
    twins = [tariff("HP", d24_00=1), tariff("HP", d24_00=2) | {"codeCadran": "02"}]
    assert read(context(quantity(twins)))[0].registers == (Register("HP", 1), Register("02", 2))
    nameless = tariff("HP", d24_00=3) | {"idClasseTemporelle": None}
    assert read(context(quantity([nameless])))[0].registers == (Register("dial-HP", 3),)
    with pytest.raises(UpstreamBroken):
        read(context(quantity([tariff("01", d24_00=1)] * 3)))


def test_the_quantity_is_chosen_by_its_names():
    production = quantity([tariff("BASE", d24_00=8)], grandeurMetier="PROD")
    reactive = quantity([tariff("BASE", d24_00=7)], grandeurPhysique="ERC")
    wanted = quantity([tariff("BASE", d24_00=6)])
    for quantities in permutations([production, reactive, wanted]):
        assert read(context(*quantities))[0].registers[0].value == 6
        assert read(context(*quantities), series=Series.PRODUCTION_INDEX)[0].registers[0].value == 8
    with pytest.raises(UpstreamBroken):
        read(context(production))


@pytest.mark.parametrize("contexts", [[], [context()], [context(quantity())], [context(quantity([tariff("BASE")]))]])
def test_no_register_at_all_is_none(contexts: list[object]):
    assert read(*contexts) is None


def test_days_outside_the_span_are_not_given():
    assert read(context(quantity([tariff("BASE", d23_00=1, d26_00=2)]))) == ()


@pytest.mark.parametrize(
    "spoilt",
    [
        {"idPrm": "11453290002823"},
        {"contexte": [context(quantity([tariff("BASE", d24_00=1)], unite="kWh"))]},
        {"contexte": [context(quantity([tariff("BASE", d24_00=-1)]))]},
        {"contexte": [context(quantity([tariff("BASE", d24_00=1.5)]))]},
        {"contexte": [context(quantity([{"codeCadran": "BASE", "valeur": [{"d": "20XX-XX-XX", "v": 1}]}]))]},
        {"contexte": [context(quantity([{"valeur": []}]))]},
    ],
)
def test_what_cannot_be_read_is_an_error(spoilt: dict[str, object]):
    with pytest.raises(UpstreamBroken):
        read(**spoilt)


def test_on_the_days_that_change_the_hour_midnight_is_the_true_one():
    """F§6."""
    body = {
        "contexte": [
            context(
                quantity(
                    [
                        {
                            "codeCadran": "BASE",
                            "valeur": [
                                {"d": f"2026-{day} 00:00:00", "v": 1} for day in ("03-29", "03-30", "10-25", "10-26")
                            ],
                        }
                    ]
                )
            )
        ]
    }
    found = index_readings(
        decode(json.dumps(body).encode(), IndexBody),
        MEASURES[Series.CONSUMPTION_INDEX],
        PRM,
        DaySpan(date(2026, 1, 1), date(2027, 1, 1)),
    )
    assert found is not None
    assert [each.at.hour for each in found] == [23, 22, 22, 23]
