"""24 months of load curve as Enedis sends it, 105 bodies: decoded, given true instants, made whole days.

Limit: the typed decoding alone. Naive: json and strptime with a local time zone, point by point, wrong twice a year.
"""

import json
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from passerelle.enedis.bodies import decode
from passerelle.enedis.v5.normalise import readings
from passerelle.enedis.v5.wire import MeasureBody
from passerelle.model.days import DaySpan
from passerelle.model.paris import day_bounds
from passerelle.model.series import Series
from passerelle.model.usage_point import UsagePointId
from passerelle.plan.coverage import by_day, complete_days
from result import Result

POINT = UsagePointId("22516914714270")
FIRST, CALLS = date(2024, 11, 10), 105
PARIS = ZoneInfo("Europe/Paris")


def body_of(span: DaySpan) -> bytes:
    points = []
    for day in span:
        start, end = day_bounds(day)
        at = start
        while at < end:
            at += timedelta(minutes=30)
            stamp = at.astimezone(PARIS).strftime("%Y-%m-%d %H:%M:%S")
            value = str((at.hour * 60 + at.minute) % 4000)
            points.append({"value": value, "date": stamp, "interval_length": "PT30M", "measure_type": "B"})
    reading = {"usage_point_id": POINT, "start": str(span.start), "end": str(span.end), "quality": "BRUT"}
    kind = {"unit": "W", "measurement_kind": "power", "aggregate": "average"}
    return json.dumps({"meter_reading": {**reading, "reading_type": kind, "interval_reading": points}}).encode()


def ours(bodies: list[tuple[DaySpan, bytes]]) -> None:
    for span, body in bodies:
        measure = decode(body, MeasureBody).meter_reading
        assert measure is not None  # noqa: S101 — these bodies have one
        found = readings(measure, POINT, Series.CONSUMPTION_LOAD_CURVE, span)
        whole = complete_days(span, by_day(found))
        assert len(whole) == len(span)  # noqa: S101 — a bench that measures nonsense measures nothing


def least(bodies: list[tuple[DaySpan, bytes]]) -> None:
    for _, body in bodies:
        msgspec.json.decode(body, type=MeasureBody)


def naive(bodies: list[tuple[DaySpan, bytes]]) -> None:
    for _, body in bodies:
        for point in json.loads(body)["meter_reading"]["interval_reading"]:
            stamp = datetime.strptime(point["date"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=PARIS)
            (stamp - timedelta(minutes=30), stamp, int(point["value"]))


def best(work: Callable[[list[tuple[DaySpan, bytes]]], None], bodies: list[tuple[DaySpan, bytes]]) -> float:
    """Milliseconds of the quickest of five runs."""
    times = []
    for _ in range(5):
        started = time.perf_counter()
        work(bodies)
        times.append(time.perf_counter() - started)
    return min(times) * 1000


def measure(_: Path) -> Iterator[Result]:
    spans = [DaySpan(FIRST + timedelta(days=7 * at), FIRST + timedelta(days=7 * (at + 1))) for at in range(CALLS)]
    bodies = [(span, body_of(span)) for span in spans]
    yield Result(
        "normalise 24 months of load curve", best(ours, bodies), "ms", best(least, bodies), best(naive, bodies)
    )
