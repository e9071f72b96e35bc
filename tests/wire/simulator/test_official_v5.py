"""Every answer of the simulator validates against Enedis' own files, and says what the truth says (F§5, F§6, F§8)."""

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from jsonschema import Draft4Validator

pytestmark = pytest.mark.official
PARIS = ZoneInfo("Europe/Paris")
MEASURES = {
    "consumption/daily": ("/metering_data_dc/v5/daily_consumption", "03-metering-consommation-daily"),
    "consumption/load-curve": ("/metering_data_clc/v5/consumption_load_curve", "04-metering-consommation-detail"),
    "consumption/max-power": ("/metering_data_dcmp/v5/daily_consumption_max_power", "05-metering-power"),
    "production/daily": ("/metering_data_dp/v5/daily_production", "06-metering-production-daily"),
    "production/load-curve": ("/metering_data_plc/v5/production_load_curve", "07-metering-production-detail"),
}
RECORDS = {
    "contract": ("/customers_upc/v5/usage_points/contracts", "08-contract"),
    "address": ("/customers_upa/v5/usage_points/addresses", "09-address"),
    "identity": ("/customers_i/v5/identity", "10-customer"),
    "contact": ("/customers_cd/v5/contact_data", "11-contact"),
}
CONSUMERS = {
    *("22516914714270", "11453290002823", "32320647321714", "12345678901234", "42900589957123", "12655648759651"),
    *("64975835695673", "63695879465986", "22315546958763"),
}
PRODUCERS = {"10284856584123", "24880057139941", "12655648759651"}
SEEDED = tuple(f"301234567890{ending:02d}" for ending in range(0, 100, 4))
# An ordinary week, both changes of hour alone, and one within a week; all within the history of curves (F§5).
PERIODS = (
    ("2026-11-16", "2026-11-23"),
    ("2026-03-29", "2026-03-30"),
    ("2025-10-26", "2025-10-27"),
    ("2026-10-22", "2026-10-29"),
)


def without_captions(schema: Any) -> Any:
    """The schema with the captions cut from its enums: `BRUT : Données brutes` is `BRUT` on the wire (F§15)."""
    if isinstance(schema, dict):
        return {
            name: [text.split(" : ")[0] for text in value] if name == "enum" else without_captions(value)
            for name, value in schema.items()
        }
    return [without_captions(each) for each in schema] if isinstance(schema, list) else schema


def validator(official: Path, name: str) -> Draft4Validator:
    paths = json.loads((official / "openapi-v5" / f"{name}.json").read_text())["paths"]
    (operations,) = paths.values()
    return Draft4Validator(without_captions(operations["get"]["responses"]["200"]["schema"]))


def read_stamps(stamps: list[str]) -> list[datetime]:
    """Instants of local stamps: the first of a doubled stamp is summer time (F§6)."""
    seen: set[str] = set()
    instants = []
    for stamp in stamps:
        instants.append(datetime.fromisoformat(stamp).replace(tzinfo=PARIS, fold=int(stamp in seen)))
        seen.add(stamp)
    return instants


def read_body(series: str, meter: dict[str, Any]) -> list[dict[str, Any]]:
    """A measure body as `/v1` writes it, parsed here and nowhere else."""
    points = meter["interval_reading"]
    if series.endswith("daily"):
        days = [date.fromisoformat(point["date"]) for point in points]
        spans = [(midnight(day), midnight(day + timedelta(days=1))) for day in days]
    elif series.endswith("load-curve"):
        ends = read_stamps([point["date"] for point in points])
        lengths = [timedelta(minutes=int(point["interval_length"][2:-1])) for point in points]
        spans = [((end.timestamp() - length.total_seconds()), end) for end, length in zip(ends, lengths, strict=True)]
        spans = [(datetime.fromtimestamp(start, PARIS), end) for start, end in spans]
    else:
        return [
            {"day": point["date"][:10], "at": at.isoformat(), "value": int(point["value"]), "quality": "raw"}
            for point, at in zip(points, read_stamps([point["date"] for point in points]), strict=True)
        ]
    return [
        {"start": start.isoformat(), "end": end.isoformat(), "value": int(point["value"]), "quality": "raw"}
        for (start, end), point in zip(spans, points, strict=True)
    ]


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=PARIS)


@pytest.mark.parametrize("series", MEASURES)
async def test_measures_validate_and_equal_the_truth(stage, official, series):
    path, file = MEASURES[series]
    check = validator(official, file)
    for prm in SEEDED:
        await stage.control("PUT", f"consents/{prm}", {"state": "granted"})
    answered = set()
    for start, end in PERIODS:
        for prm in (*sorted(CONSUMERS | PRODUCERS), *SEEDED):
            answer = await stage.get(path, usage_point_id=prm, start=start, end=end)
            truth = await stage.truth(prm, series, start, end)
            if answer.status_code != 200:
                assert truth == [] or answer.json()["error"] == "ADAM-ERR0123"
                continue
            answered.add(prm)
            body = answer.json()
            check.validate(body)
            meter = body["meter_reading"]
            assert (meter["usage_point_id"], meter["start"], meter["end"]) == (prm, start, end)
            assert ("measuring_period" in meter["reading_type"]) is not series.endswith("load-curve")
            assert read_body(series, meter) == truth
            assert truth
    without_curve = {"32320647321714"} if series.endswith("load-curve") else set()
    expected = PRODUCERS if series.startswith("production") else CONSUMERS - without_curve
    assert answered - set(SEEDED) == expected
    assert answered & set(SEEDED)


@pytest.mark.parametrize(
    ("day", "count", "around_the_change"),
    [
        ("2026-11-22", 48, ["01:30:00", "02:00:00", "02:30:00", "03:00:00"]),
        ("2026-03-29", 46, ["01:30:00", "03:00:00", "03:30:00", "04:00:00"]),
        ("2025-10-26", 50, ["01:30:00", "02:00:00", "02:30:00", "02:00:00", "02:30:00", "03:00:00", "03:30:00"]),
    ],
)
async def test_stamps_are_ends_of_intervals_in_local_time(stage, day, count, around_the_change):
    """F§6: first 00:30, last the next midnight; 46 half-hours in spring, 50 in autumn with an hour told twice."""
    end = (date.fromisoformat(day) + timedelta(days=1)).isoformat()
    path, _ = MEASURES["consumption/load-curve"]
    points = (await stage.get(path, usage_point_id="22516914714270", start=day, end=end)).json()["meter_reading"]
    stamps = [point["date"] for point in points["interval_reading"]]
    assert len(stamps) == count
    assert (stamps[0], stamps[-1]) == (f"{day} 00:30:00", f"{end} 00:00:00")
    assert [stamp[11:] for stamp in stamps[2 : 2 + len(around_the_change)]] == around_the_change


@pytest.mark.parametrize("record", RECORDS)
async def test_customer_records_validate_and_equal_the_truth(stage, official, record):
    path, file = RECORDS[record]
    check = validator(official, file)
    for prm in SEEDED:
        await stage.control("PUT", f"consents/{prm}", {"state": "granted"})
    served = 0
    for prm in (*sorted(CONSUMERS), *SEEDED):
        answer = await stage.get(path, usage_point_id=prm)
        truth = await stage.control("GET", f"truth/{prm}/{record}")
        assert answer.status_code == truth.status_code
        if answer.status_code == 404:
            assert answer.json()["error"] == "STM-ERR-0000019"
            continue
        served += 1
        check.validate(answer.json())
        assert everything_is_text(answer.json())
        assert READERS[record](answer.json()) == truth.json()
    assert served > len(CONSUMERS)


def everything_is_text(body: Any) -> bool:
    if isinstance(body, dict):
        return all(everything_is_text(value) for value in body.values())
    return all(map(everything_is_text, body)) if isinstance(body, list) else isinstance(body, str)


def read_contract(body: dict[str, Any]) -> dict[str, Any]:
    (entry,) = body["customer"]["usage_points"]
    terms = dict(entry["contracts"])
    read = {"customer_id": body["customer"]["customer_id"], **entry["usage_point"]}
    read["subscribed_power_kva"] = int(terms.pop("subscribed_power").removesuffix(" kVA"))
    if "offpeak_hours" in terms:
        ranges = terms.pop("offpeak_hours")[4:-1].upper().split(";")
        read["offpeak_hours"] = [
            dict(zip(("start", "end"), map(read_hour, span.split("-")), strict=True)) for span in ranges
        ]
    dates = {name: terms.pop(name)[:10] for name in list(terms) if name.endswith("date")}
    return read | terms | dates


def read_hour(text: str) -> str:
    hour, minute = text.split("H")
    return f"{int(hour):02d}:{minute}"


def read_address(body: dict[str, Any]) -> dict[str, Any]:
    (entry,) = body["customer"]["usage_points"]
    place = dict(entry["usage_point"]["usage_point_addresses"])
    if "geo_points" in place:
        place["geo_points"] = {name: float(text) for name, text in place["geo_points"].items()}
    return {
        "usage_point_id": entry["usage_point"]["usage_point_id"],
        "customer_id": body["customer"]["customer_id"],
        **place,
    }


def with_point(read: Any) -> Any:
    """Identity and contact do not name the point: the truth does."""

    class Same(dict[str, Any]):
        def __eq__(self, other: object) -> bool:
            return isinstance(other, dict) and dict(self) == {k: v for k, v in other.items() if k != "usage_point_id"}

        __hash__ = None  # type: ignore[assignment]  # a mapping that compares loosely has no hash

    return lambda body: Same(read(body))


READERS = {
    "contract": read_contract,
    "address": read_address,
    "identity": with_point(lambda body: {"customer_id": body["customer_id"], **body["identity"]}),
    "contact": with_point(lambda body: {"customer_id": body["customer_id"], **body["contact"]}),
}


async def test_offpeak_hours_come_in_every_spelling_seen_at_enedis(stage):
    """F§8: one range, several, a lower-case h, and none at all."""
    spellings = set()
    for ending in range(40):
        prm = f"301234567890{ending:02d}"
        await stage.control("PUT", f"consents/{prm}", {"state": "granted"})
        body = (await stage.get(RECORDS["contract"][0], usage_point_id=prm)).json()
        spellings.add(body["customer"]["usage_points"][0]["contracts"].get("offpeak_hours"))
    assert {None, "HC (22H50-6H50)", "HC (1H06-7H06;15H06-17H06)", "HC (23h00-7h30)"} == spellings
