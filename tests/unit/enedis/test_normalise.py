from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from passerelle.enedis.bodies import decode
from passerelle.enedis.v5.normalise import readings
from passerelle.enedis.v5.wire import MeasureBody, MeterReading, Point, ReadingType
from passerelle.errors import UpstreamBroken
from passerelle.model.days import DaySpan, one_day
from passerelle.model.reading import Peak, Quality, Reading
from passerelle.model.series import Series
from passerelle.model.usage_point import UsagePointId

PRM = UsagePointId("22516914714270")
DAY = date(2026, 11, 24)
CURVE, DAILY, PEAK = Series.CONSUMPTION_LOAD_CURVE, Series.CONSUMPTION_DAILY, Series.CONSUMPTION_MAX_POWER


def read(*points: Point, series: Series = CURVE, span: DaySpan | None = None, **fields: object):
    measure = MeterReading(**({"usage_point_id": PRM, "interval_reading": list(points)} | fields))
    return readings(measure, PRM, series, span or one_day(DAY))


def half_hour(hour: int, minute: int, value: object = "1", length: str | None = "PT30M") -> Point:
    return Point(value, f"2026-11-24 {hour:02}:{minute:02}:00", length)


def test_a_stamp_is_the_end_of_its_interval_in_local_time():
    assert read(half_hour(0, 30, "540")) == (
        Reading(datetime(2026, 11, 23, 23, 0, tzinfo=UTC), datetime(2026, 11, 23, 23, 30, tzinfo=UTC), 540),
    )


def test_the_next_midnight_belongs_to_the_day_and_its_own_does_not():
    last = Point("7", "2026-11-25 00:00:00", "PT30M")
    of_the_day_before = Point("9", "2026-11-24 00:00:00", "PT30M")
    of_the_day_after = Point("8", "2026-11-25 00:30:00", "PT30M")
    assert [item.value for item in read(last, of_the_day_before, of_the_day_after)] == [7]


@pytest.mark.parametrize(
    ("value", "number"), [("540", 540), (540, 540), ("540.0", 540), (540.0, 540), (" 0 ", 0), ("0012", 12)]
)
def test_whole_numbers_however_spelt(value: object, number: int):
    assert read(half_hour(0, 30, value))[0].value == number


@pytest.mark.parametrize("value", ["", "x", "-1", -1, "1.5", 1.5, "1e3", "NaN", float("inf"), "9" * 30, 10**15, "١٢"])
def test_what_is_no_whole_number_is_an_error(value: object):
    with pytest.raises(UpstreamBroken):
        read(half_hour(0, 30, value))


def test_a_point_without_value_or_date_says_nothing():
    assert read(half_hour(0, 30, None), Point("1", None, "PT30M")) == ()


@pytest.mark.parametrize(
    "stamp", ["", "yesterday", "2026-11-24 25:00:00", "2026-11-24T00:30:00+01:00", "0001-01-01", "9999-12-31"]
)
def test_a_date_that_cannot_be_read_is_an_error(stamp: str):
    with pytest.raises(UpstreamBroken):
        read(Point("1", stamp, "PT30M"))


@pytest.mark.parametrize("step", ["PT45M", "30", "P1D", "PT0M", "PT2H"])
def test_a_step_that_nobody_knows_is_never_guessed(step: str):
    with pytest.raises(UpstreamBroken):
        read(half_hour(1, 0, "1", step))


def test_the_last_received_wins():
    assert [item.value for item in read(half_hour(0, 30, "1"), half_hour(1, 0, "2"), half_hour(0, 30, "3"))] == [3, 2]


def test_a_point_that_overlaps_an_accepted_one_is_left_out():
    found = read(half_hour(0, 30, "1"), half_hour(0, 45, "2"), half_hour(1, 15, "3"))
    assert [item.value for item in found] == [1, 3]


def test_the_step_may_change_inside_an_answer():
    found = read(half_hour(1, 0, "6", "PT60M"), half_hour(1, 30, "2", "PT30M"), half_hour(1, 40, "3", "PT10M"))
    assert [(item.end - item.start) // timedelta(minutes=1) for item in found] == [60, 30, 10]


def test_a_lone_point_without_step_is_half_an_hour():
    (only,) = read(half_hour(12, 0, "1", None))
    assert only.end - only.start == timedelta(minutes=30)


@pytest.mark.parametrize(
    ("quality", "read_as"),
    [("BRUT", Quality.RAW), (None, Quality.RAW), ("BEST", Quality.CORRECTED), ("Corrigé", Quality.CORRECTED)],
)
def test_quality(quality: str | None, read_as: Quality):
    assert read(half_hour(0, 30), quality=quality)[0].quality is read_as


def test_another_usage_point_is_an_error_and_is_not_named():
    with pytest.raises(UpstreamBroken) as raised:
        read(half_hour(0, 30), usage_point_id="11453290002823")
    assert "11453290002823" not in str(raised.value)


@pytest.mark.parametrize("named", [None, PRM, int(PRM), f" {PRM} "])
def test_the_same_usage_point_however_spelt(named: object):
    assert read(half_hour(0, 30), usage_point_id=named)


def test_another_unit_is_an_error():
    with pytest.raises(UpstreamBroken):
        read(half_hour(0, 30), reading_type=ReadingType("kW"))
    assert read(half_hour(0, 30), reading_type=ReadingType("W"))


def test_daily_values_carry_their_own_day():
    span = DaySpan(date(2026, 3, 28), date(2026, 3, 30))
    found = read(
        Point("3", "2026-03-29"),
        Point("2", "2026-03-28"),
        Point("9", "2026-03-30"),
        Point("4", "2026-03-29"),
        series=DAILY,
        span=span,
    )
    assert [(item.value, item.end - item.start) for item in found] == [
        (2, timedelta(hours=24)),
        (4, timedelta(hours=23)),
    ]


class TestPeaks:
    def peak(self, stamp: str) -> tuple[object, ...]:
        day = date.fromisoformat(stamp[:10])
        return read(Point("6000", stamp), series=PEAK, span=one_day(day), reading_type=ReadingType("VA"))

    @pytest.mark.parametrize(
        ("stamp", "at"),
        [
            ("2026-11-24 13:03:35", datetime(2026, 11, 24, 12, 3, 35, tzinfo=UTC)),
            ("2026-11-24 00:00:00", datetime(2026, 11, 23, 23, 0, tzinfo=UTC)),
            ("2026-11-24", datetime(2026, 11, 23, 23, 0, tzinfo=UTC)),
            ("2026-10-25 02:30:00", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
            ("2026-03-29 02:30:00", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        ],
    )
    def test_the_instant_is_local_and_inside_its_day(self, stamp: str, at: datetime):
        assert self.peak(stamp) == (Peak(date.fromisoformat(stamp[:10]), at, 6000),)

    def test_one_peak_a_day(self):
        found = read(Point("1", "2026-11-24 08:00:00"), Point("2", "2026-11-24 07:00:00"), series=PEAK)
        assert [item.value for item in found] == [2]


@pytest.mark.official
class TestCaptures:
    """Golden figures of the captured answers."""

    def read(self, official: Path, name: str, series: Series, start: date, end: date):
        measure = decode((official / "fixtures/v5" / name).read_bytes(), MeasureBody).meter_reading
        assert measure
        return readings(measure, UsagePointId(str(measure.usage_point_id)), series, DaySpan(start, end))

    def test_consumption_load_curve_with_its_real_hole(self, official: Path):
        found = self.read(official, "consumption_load_curve.json", CURVE, date(2024, 2, 26), date(2024, 2, 27))
        assert len(found) == 47
        assert found[0].start == datetime(2024, 2, 25, 23, 0, tzinfo=UTC)
        assert found[-1].end == datetime(2024, 2, 26, 22, 30, tzinfo=UTC)

    def test_production_load_curve(self, official: Path):
        found = self.read(
            official, "production_load_curve.json", Series.PRODUCTION_LOAD_CURVE, date(2026, 9, 29), date(2026, 9, 30)
        )
        assert (len(found), sum(item.value for item in found) / 2) == (48, 8263)
        assert (found[0].start, found[-1].end) == one_day(date(2026, 9, 29)).instants

    def test_daily(self, official: Path):
        found = self.read(official, "daily_consumption.json", DAILY, date(2024, 2, 1), date(2024, 2, 8))
        assert [item.value for item in found] == [0] * 7
        production = self.read(
            official, "daily_production.json", Series.PRODUCTION_DAILY, date(2026, 9, 29), date(2026, 10, 1)
        )
        assert [item.value for item in production] == [8263, 941]

    def test_max_power(self, official: Path):
        found = self.read(official, "daily_consumption_max_power.json", PEAK, date(2026, 9, 29), date(2026, 10, 1))
        assert found == (
            Peak(date(2026, 9, 29), datetime(2026, 9, 29, 11, 3, 35, tzinfo=UTC), 4680),
            Peak(date(2026, 9, 30), datetime(2026, 9, 30, 10, 50, 25, tzinfo=UTC), 6510),
        )
