from datetime import UTC, date, datetime

import pytest

from passerelle.enedis.v2026.endpoints import MEASURES
from passerelle.enedis.v2026.normalise import has_points, readings
from passerelle.enedis.v2026.wire import MeasureBody, Point, Quantity
from passerelle.errors import UpstreamBroken
from passerelle.model.days import DaySpan, one_day
from passerelle.model.reading import Peak, Quality, Reading
from passerelle.model.series import Series
from passerelle.model.usage_point import UsagePointId

PRM = UsagePointId("22516914714270")
DAY = date(2026, 11, 24)
CURVE, DAILY, PEAK = Series.CONSUMPTION_LOAD_CURVE, Series.CONSUMPTION_DAILY, Series.CONSUMPTION_MAX_POWER
UNITS = {"EA": "Wh", "PA": "W"}


def entry(*points: Point, business: str = "CONS", quantity: str = "PA", unit: str | None = None) -> Quantity:
    return Quantity(business, quantity, unit or UNITS.get(quantity, "VA"), list(points))


def read(*entries: Quantity, series: Series = CURVE, span: DaySpan | None = None, **fields: object):
    body = MeasureBody(**({"id_prm": PRM, "grandeur": list(entries)} | fields))
    return readings(body, MEASURES[series], PRM, series, span or one_day(DAY))


def half_hour(value: str = "540") -> Point:
    return Point(value, "2026-11-24 00:30:00", "PT30M")


def test_a_stamp_is_the_end_of_its_interval_in_local_time():
    """F§6: as in v5."""
    start = datetime(2026, 11, 23, 23, 0, tzinfo=UTC)
    assert read(entry(half_hour())) == (Reading(start, start.replace(minute=30), 540),)


@pytest.mark.parametrize("step", [1, -1])
def test_the_entry_is_chosen_by_its_names_and_not_by_its_place(step: int):
    """F§9: TOUT gives one entry more a phase."""
    names = [("CONS", "PMA1"), ("PROD", "PMA"), ("CONS", "PMA"), ("CONS", "PMA3")]
    entries = [
        entry(Point(str(at), "2026-11-24 13:03:35"), business=business, quantity=quantity)
        for at, (business, quantity) in enumerate(names)
    ]
    found = read(*entries[::step], series=PEAK)
    assert found == (Peak(DAY, datetime(2026, 11, 24, 12, 3, 35, tzinfo=UTC), 2),)


@pytest.mark.parametrize(("business", "quantity"), [("PROD", "PA"), ("CONS", "EA"), ("CONS", "")])
def test_an_answer_about_another_quantity_is_an_error(business: str, quantity: str):
    with pytest.raises(UpstreamBroken):
        read(entry(half_hour(), business=business, quantity=quantity))


@pytest.mark.parametrize(
    "spoilt",
    [
        {"id_prm": "11453290002823"},
        {"grandeur": [entry(half_hour(), unit="kW")]},
        {"grandeur": [entry(Point("1", "2026-11-24 00:45:00", "PT45M"))]},
        {"grandeur": [entry(Point("1.5", "2026-11-24 00:30:00", "PT30M"))]},
        {"grandeur": [entry(Point("1", "20XX-XX-XX", "PT30M"))]},
    ],
)
def test_what_is_not_what_was_asked_is_an_error_that_names_no_point(spoilt: dict[str, object]):
    with pytest.raises(UpstreamBroken) as raised:
        read(**spoilt)
    assert "11453290002823" not in str(raised.value)


def test_a_month_is_no_day():
    point = entry(Point("7", "2026-11-24"), quantity="EA")
    assert read(point, series=DAILY, pas="P1D")
    with pytest.raises(UpstreamBroken):
        read(point, series=DAILY, pas="P1M")


@pytest.mark.parametrize(
    ("stage", "quality"), [("BRUT", Quality.RAW), (None, Quality.RAW), ("BEST", Quality.CORRECTED)]
)
def test_quality(stage: str | None, quality: Quality):
    """F§7."""
    assert read(entry(half_hour()), etape_metier=stage)[0].quality is quality


def test_only_points_of_what_was_asked_count():
    measure = MEASURES[CURVE]
    assert has_points(MeasureBody(grandeur=[entry(half_hour())]), measure)
    assert not has_points(MeasureBody(grandeur=[entry()]), measure)
    assert not has_points(MeasureBody(grandeur=[]), measure)
    assert not has_points(MeasureBody(grandeur=[entry(), entry(half_hour(), business="PROD")]), measure)
