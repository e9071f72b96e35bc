"""What the five measure APIs answer: Enedis' bodies, all or nothing, silent holes (INTERFACE section 4, F§5 to F§7)."""

from datetime import UTC, date, datetime

import pytest

from passerelle.errors import (
    BeforeActivation,
    BeforeConsent,
    BeyondHistory,
    ConsentMissing,
    NoData,
    NotCollected,
    WrongDirection,
)
from passerelle.model.reading import Peak, Quality

PRM = "22516914714270"


def stamps(answer):
    return [each["date"] for each in answer.json()["meter_reading"]["interval_reading"]]


async def test_a_curve_is_stamped_at_the_end_of_its_intervals_in_local_time(house, curve_of):
    house.enedis.readings = curve_of("2026-11-22", 360)
    answer = await house.curve("2026-11-22", "2026-11-23")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "meter_reading": {
            "usage_point_id": PRM,
            "start": "2026-11-22",
            "end": "2026-11-23",
            "quality": "BRUT",
            "reading_type": {"unit": "W", "measurement_kind": "power", "aggregate": "average"},
            "interval_reading": [
                {"value": "100", "date": "2026-11-22 06:00:00", "interval_length": "PT360M", "measure_type": "B"},
                {"value": "101", "date": "2026-11-22 12:00:00", "interval_length": "PT360M", "measure_type": "B"},
                {"value": "102", "date": "2026-11-22 18:00:00", "interval_length": "PT360M", "measure_type": "B"},
                {"value": "103", "date": "2026-11-23 00:00:00", "interval_length": "PT360M", "measure_type": "B"},
            ],
        }
    }


async def test_each_point_tells_its_own_interval(house, curve_of):
    house.enedis.readings = [*curve_of("2026-11-21", 10), *curve_of("2026-11-22", 60)]
    answer = await house.curve("2026-11-21", "2026-11-23")
    lengths = [each["interval_length"] for each in answer.json()["meter_reading"]["interval_reading"]]
    assert lengths == ["PT10M"] * 144 + ["PT60M"] * 24


async def test_the_spring_day_has_46_half_hours_and_no_two_o_clock(house, curve_of):
    house.enedis.readings = curve_of("2026-03-29")
    found = stamps(await house.curve("2026-03-29", "2026-03-30"))
    assert len(found) == 46
    assert found[:5] == [f"2026-03-29 {at}:00" for at in ("00:30", "01:00", "01:30", "03:00", "03:30")]
    assert found[-1] == "2026-03-30 00:00:00"


async def test_the_autumn_day_has_50_half_hours_and_its_hour_twice_in_order_of_time(house, curve_of):
    house.enedis.readings = curve_of("2026-10-25")
    answer = await house.curve("2026-10-25", "2026-10-26")
    found = stamps(answer)
    assert len(found) == 50
    assert found[3:8] == [f"2026-10-25 {at}:00" for at in ("02:00", "02:30", "02:00", "02:30", "03:00")]
    assert [each["value"] for each in answer.json()["meter_reading"]["interval_reading"]] == [
        str(100 + number) for number in range(50)
    ]


async def test_a_daily_value_carries_its_day(house, energy_of):
    house.enedis.readings = [energy_of("2026-10-24", 9000), energy_of("2026-10-25", 0)]
    answer = await house.daily("2026-10-24", "2026-10-26")
    assert answer.json()["meter_reading"]["reading_type"] == {
        "unit": "Wh",
        "measurement_kind": "energy",
        "aggregate": "sum",
        "measuring_period": "P1D",
    }
    assert answer.json()["meter_reading"]["interval_reading"] == [
        {"value": "9000", "date": "2026-10-24"},
        {"value": "0", "date": "2026-10-25"},
    ]


async def test_a_peak_carries_its_local_instant(house):
    house.enedis.readings = [Peak(date(2026, 7, 1), datetime(2026, 7, 1, 11, 3, 35, tzinfo=UTC), 4680)]
    path = "/metering_data_dcmp/v5/daily_consumption_max_power"
    answer = await house.get(path, usage_point_id=PRM, start="2026-07-01", end="2026-07-02")
    reading = answer.json()["meter_reading"]
    assert (reading["reading_type"]["unit"], reading["reading_type"]["aggregate"]) == ("VA", "maximum")
    assert reading["interval_reading"] == [{"value": "4680", "date": "2026-07-01 13:03:35"}]


@pytest.mark.parametrize(
    ("path", "unit"),
    [("/metering_data_dp/v5/daily_production", "Wh"), ("/metering_data_plc/v5/production_load_curve", "W")],
)
async def test_production_has_its_own_paths(house, curve_of, path, unit):
    house.enedis.readings = curve_of("2026-11-22", 60)
    answer = await house.get(path, usage_point_id=PRM, start="2026-11-22", end="2026-11-23")
    assert answer.json()["meter_reading"]["reading_type"]["unit"] == unit


async def test_holes_are_silent(house, curve_of, energy_of):
    house.enedis.readings = curve_of("2026-11-21")[5:7] + curve_of("2026-11-22")[40:]
    assert len(stamps(await house.curve("2026-11-20", "2026-11-24"))) == 2 + 8
    house.enedis.readings = [energy_of("2026-11-20", 1), energy_of("2026-11-22", 2)]
    assert stamps(await house.daily("2026-11-19", "2026-11-24")) == ["2026-11-20", "2026-11-22"]


async def test_a_day_that_is_not_published_yet_is_a_silent_hole(house, energy_of):
    house.clock.instant = datetime(2026, 11, 24, 6, 59, tzinfo=UTC)  # 07:59 in Paris
    house.enedis.readings = [energy_of("2026-11-22", 7), energy_of("2026-11-23", 8)]
    assert stamps(await house.daily("2026-11-22", "2026-11-24")) == ["2026-11-22"]
    empty = await house.daily("2026-11-23", "2026-11-24")
    assert (empty.status_code, empty.json()["error"]) == (404, "no_data_found")


async def test_values_of_our_own_making_are_not_enedis_values(house, energy_of):
    house.enedis.readings = [energy_of("2026-11-21", 1)]
    await house.derive(energy_of("2026-11-22", 2, quality=Quality.DERIVED))
    assert stamps(await house.daily("2026-11-21", "2026-11-23")) == ["2026-11-21"]
    assert (await house.daily("2026-11-22", "2026-11-23")).status_code == 404


async def test_an_empty_period_is_404(house):
    answer = await house.curve("2026-11-20", "2026-11-22")
    assert answer.status_code == 404
    assert answer.json() == {
        "error": "no_data_found",
        "error_description": "no measure found for this usage point",
        "error_uri": "https://bluecoder.enedis.fr/api-doc/consulter-souscrire",
    }


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (NoData, 404, "no_data_found"),
        (WrongDirection, 400, "ADAM-ERR0069"),
        (NotCollected, 400, "ADAM-ERR0075"),
        (BeforeActivation, 400, "ADAM-ERR0123"),
        (BeyondHistory, 400, "ADAM-ERR0125"),
        (ConsentMissing, 403, "ADAM-DC-0008"),
        (BeforeConsent, 403, "ADAM-DC-0009"),
    ],
)
async def test_what_enedis_refuses_is_refused_with_its_code(house, error, status, code):
    house.enedis.refusal = error("No.", "Non.")
    answer = await house.curve("2026-11-20", "2026-11-22")
    assert (answer.status_code, answer.json()["error"]) == (status, code)


async def test_a_period_of_which_only_the_beginning_is_refused_is_refused_whole(house, energy_of):
    """F§7: ADAM-ERR0123 even if only the beginning is before the activation."""
    house.enedis.readings = [energy_of(f"2026-11-{day}", day) for day in range(18, 24)]
    house.enedis.refused_before = (date(2026, 11, 18), BeforeActivation("Too old.", "Trop ancien."))
    for _ in range(2):  # the second time the activation is known, and Enedis is not asked for the days before
        answer = await house.daily("2026-11-15", "2026-11-24")
        assert (answer.status_code, answer.json()["error"]) == (400, "ADAM-ERR0123")
    assert (await house.daily("2026-11-18", "2026-11-24")).status_code == 200


async def test_a_curve_of_seven_days_passes_and_of_eight_does_not(house, curve_of):
    house.enedis.readings = [each for day in range(16, 24) for each in curve_of(f"2026-11-{day}")]
    assert len(stamps(await house.curve("2026-11-17", "2026-11-24"))) == 7 * 48
    asked = house.enedis.asked
    answer = await house.curve("2026-11-16", "2026-11-24")
    assert (answer.status_code, answer.json()["error"]) == (400, "ADAM-ERR0126")
    assert house.enedis.asked == asked


async def test_daily_values_have_no_such_limit(house, energy_of):
    house.enedis.readings = [energy_of("2024-02-29", 1), energy_of("2026-11-23", 2)]
    assert stamps(await house.daily("2023-12-01", "2026-11-24")) == ["2024-02-29", "2026-11-23"]


@pytest.mark.parametrize("start", ["2024-11-09", "2019-01-01", "0001-01-01"])
async def test_a_period_that_begins_beyond_the_history_is_refused_here(house, start):
    answer = await house.curve(start, "2024-11-11")
    assert (answer.status_code, answer.json()["error"]) == (400, "ADAM-ERR0125")
    assert house.enedis.asked == 0


async def test_the_first_day_of_the_history_is_asked(house, curve_of):
    house.enedis.readings = curve_of("2024-11-10")
    assert (await house.curve("2024-11-10", "2024-11-11")).status_code == 200


@pytest.mark.parametrize(("start", "end"), [("2026-11-01", "2026-11-24"), ("2019-01-01", "2019-01-02")])
async def test_the_consent_comes_before_the_limits(house, start, end):
    house.links.link = None
    answer = await house.curve(start, end)
    assert (answer.status_code, answer.json()["error"]) == (403, "ADAM-DC-0008")
