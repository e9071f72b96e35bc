"""Registers of the meter in the three forms of an answer."""

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from passerelle.gateway.read_series import CacheUse, SeriesAnswer
from passerelle.model.days import DaySpan
from passerelle.model.paris import midnight
from passerelle.model.reading import Gap, GapReason, IndexReading, Quality, Register
from passerelle.model.series import Series
from passerelle.schema.series import IndexSeries
from passerelle.web.render.series import CSV, JSON, NDJSON, SeriesWriter

FIRST, SECOND, THIRD, END = (date(2026, 3, 28) + timedelta(days=more) for more in range(4))
TARIFF = (Register("HC", 12_000_000, "Heures Creuses"), Register("HP", 23_000_000))


@pytest.fixture
def writer():
    answer = SeriesAnswer(
        point="22516914714270",
        series=Series.CONSUMPTION_INDEX,
        span=DaySpan(FIRST, END),
        days=(
            (IndexReading(FIRST, midnight(FIRST), TARIFF, 35_000_000),),
            (IndexReading(SECOND, midnight(SECOND), TARIFF[1:], None, Quality.CORRECTED),),
        ),
        gaps=(Gap(midnight(THIRD), midnight(END), GapReason.MISSING),),
        as_of=datetime(2026, 4, 1, 7, tzinfo=UTC),
        cache=CacheUse.MISS,
    )
    return SeriesWriter(answer, "http://docs", "request")


READINGS = [
    {
        "day": "2026-03-28",
        "at": "2026-03-28T00:00:00+01:00",
        "registers": [
            {"class": "HC", "label": "Heures Creuses", "value": 12_000_000},
            {"class": "HP", "value": 23_000_000},
        ],
        "total": 35_000_000,
        "quality": "raw",
    },
    {
        "day": "2026-03-29",
        "at": "2026-03-29T00:00:00+01:00",
        "registers": [{"class": "HP", "value": 23_000_000}],
        "quality": "corrected",
    },
]


def test_json_has_the_registers_by_day_and_no_energy(writer):
    body = json.loads(writer.write(JSON))
    assert body == {
        "usage_point_id": "22516914714270",
        "series": "index/consumption",
        "unit": "Wh",
        "start": "2026-03-28",
        "end": "2026-03-31",
        "timezone": "Europe/Paris",
        "readings": READINGS,
        "gaps": [{"start": "2026-03-30T00:00:00+02:00", "end": "2026-03-31T00:00:00+02:00", "reason": "missing"}],
        "as_of": "2026-04-01T09:00:00+02:00",
    }
    assert msgspec.json.decode(writer.write(JSON), type=IndexSeries).readings[0].registers[0].tariff_class == "HC"


def test_csv_has_a_row_a_register_one_of_the_total_and_gaps_in_their_place(writer):
    rows = list(csv.reader(io.StringIO(writer.write(CSV).decode(), newline="")))
    assert rows == [
        ["day", "at", "class", "value", "unit", "quality", "gap"],
        ["2026-03-28", "2026-03-28T00:00:00+01:00", "HC", "12000000", "Wh", "raw", ""],
        ["2026-03-28", "2026-03-28T00:00:00+01:00", "HP", "23000000", "Wh", "raw", ""],
        ["2026-03-28", "2026-03-28T00:00:00+01:00", "total", "35000000", "Wh", "raw", ""],
        ["2026-03-29", "2026-03-29T00:00:00+01:00", "HP", "23000000", "Wh", "corrected", ""],
        ["2026-03-30", "", "", "", "Wh", "", "missing"],
    ]


def test_ndjson_has_a_line_a_day_then_gaps_and_the_summary(writer):
    *readings, gap, summary = map(json.loads, writer.write(NDJSON).splitlines())
    assert readings == READINGS
    assert gap["gap"]["reason"] == "missing"
    assert "energy_wh" not in summary["summary"]
