"""The same points give the same readings in either generation, whatever the day and the order (F§6, F§14)."""

import json
from datetime import UTC, date, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from passerelle.enedis.bodies import decode
from passerelle.enedis.v5.normalise import readings as readings_v5
from passerelle.enedis.v5.wire import MeasureBody as MeasureBodyV5
from passerelle.enedis.v2026.endpoints import MEASURES as NAMED
from passerelle.enedis.v2026.normalise import readings as readings_2026
from passerelle.enedis.v2026.wire import MeasureBody as MeasureBody2026
from passerelle.errors import UpstreamBroken
from passerelle.model.days import DaySpan
from passerelle.model.paris import midnight
from passerelle.model.series import MEASURES, Kind, Series
from passerelle.model.usage_point import UsagePointId

PRM = UsagePointId("22516914714270")
PARIS = ZoneInfo("Europe/Paris")
SPRING, AUTUMN, PLAIN = date(2026, 3, 29), date(2026, 10, 25), date(2026, 11, 24)
HALF_HOURS = {SPRING: 46, PLAIN: 48, AUTUMN: 50}

Points = list[tuple[object, str, str | None]]
"""Value, stamp and step."""


def read_v5(points: Points, series: Series, span: DaySpan):
    intervals = [{"value": value, "date": stamp, "interval_length": step} for value, stamp, step in points]
    body = {"meter_reading": {"usage_point_id": PRM, "quality": "BRUT", "interval_reading": intervals}}
    measure = decode(json.dumps(body).encode(), MeasureBodyV5).meter_reading
    assert measure is not None
    return readings_v5(measure, PRM, series, span)


def read_2026(points: Points, series: Series, span: DaySpan):
    named = NAMED[series]
    entry = {
        "grandeurMetier": named.business,
        "grandeurPhysique": named.quantity,
        "points": [{"v": value, "d": stamp, "p": step, "n": "B"} for value, stamp, step in points],
    }
    body = {"idPrm": PRM, "etapeMetier": "BRUT", "grandeur": [entry], "contexte": []}
    return readings_2026(decode(json.dumps(body).encode(), MeasureBody2026), named, PRM, series, span)


def stamps_of(day: date) -> list[str]:
    """The ends of the half-hours of a day, walked in real time."""
    start = midnight(day)
    ends = [start + timedelta(minutes=30 * at) for at in range(1, HALF_HOURS[day] + 1)]
    return [end.astimezone(PARIS).strftime("%Y-%m-%d %H:%M:%S") for end in ends]


@given(
    day=st.sampled_from(sorted(HALF_HOURS)),
    series=st.sampled_from([series for series in MEASURES if series.kind is Kind.CURVE]),
    shuffle=st.randoms(use_true_random=False),
    shuffled=st.booleans(),
)
def test_whole_days_of_23_24_and_25_hours(day, series, shuffle, shuffled):
    points: Points = [(str(at), stamp, "PT30M") for at, stamp in enumerate(stamps_of(day))]
    if shuffled:
        shuffle.shuffle(points)
    span = DaySpan(day, day + timedelta(days=1))
    found = read_2026(points, series, span)
    assert found == read_v5(points, series, span)
    assert len(found) == HALF_HOURS[day]
    assert found[-1].end - found[0].start == HALF_HOURS[day] * timedelta(minutes=30)
    if not shuffled:
        assert [each.value for each in found] == list(range(HALF_HOURS[day]))


_POINTS = st.lists(
    st.tuples(
        st.one_of(st.none(), st.integers(-1, 99_999), st.integers(0, 99).map(str), st.sampled_from(["", "x", 1.5])),
        st.integers(0, 3 * 288 - 1).map(
            lambda fives: f"2026-10-{24 + fives // 288} {fives // 12 % 24:02}:{fives % 12 * 5:02}:00"
        ),
        st.sampled_from([None, "PT5M", "PT30M", "PT1H", "", "PT7M"]),
    ),
    max_size=12,
)


@given(points=_POINTS, series=st.sampled_from(MEASURES))
def test_whatever_points_come_both_read_or_refuse_them(points, series):
    span = DaySpan(date(2026, 10, 24), date(2026, 10, 27))

    def outcome(read):
        try:
            return read(points, series, span)
        except UpstreamBroken as error:
            return str(error)

    assert outcome(read_2026) == outcome(read_v5)


def test_the_days_of_this_file_are_what_they_say():
    for day, count in HALF_HOURS.items():
        assert (midnight(day + timedelta(days=1)) - midnight(day)) == count * timedelta(minutes=30)
        assert midnight(day).tzinfo is UTC
