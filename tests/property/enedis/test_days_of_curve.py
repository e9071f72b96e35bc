"""Days of 46, 48 and 50 half-hours, in every step, both spellings of spring, received in any order (F§6)."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerelle.enedis.v5.normalise import readings
from passerelle.enedis.v5.wire import MeterReading, Point
from passerelle.errors import UpstreamBroken
from passerelle.model.days import DaySpan, one_day
from passerelle.model.reading import Reading
from passerelle.model.series import MEASURES, Series
from passerelle.model.usage_point import UsagePointId

PRM = UsagePointId("22516914714270")
PARIS = ZoneInfo("Europe/Paris")
SPRING, AUTUMN, PLAIN = date(2026, 3, 29), date(2026, 10, 25), date(2026, 11, 24)
HALF_HOURS = {SPRING: 46, PLAIN: 48, AUTUMN: 50}
STEPS = (5, 10, 15, 30, 60)


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=PARIS).astimezone(UTC)


def day_of(day: date, steps: list[int], *, spring_at_two: bool) -> list[tuple[str, int]]:
    """The end stamps and steps of a whole day, walked in real time; `steps` change one after the other each hour."""
    end, stamps, hour = midnight(day), [], 0
    while end < midnight(day + timedelta(days=1)):
        step = steps[hour % len(steps)]
        for _ in range(60 // step):
            end += timedelta(minutes=step)
            text = end.astimezone(PARIS).strftime("%Y-%m-%d %H:%M:%S")
            if spring_at_two and day == SPRING and text.endswith("03:00:00"):
                text = text.replace("03:00:00", "02:00:00")
            stamps.append((text, step))
        hour += 1
    return stamps


def body(points: list[Point]) -> MeterReading:
    return MeterReading(usage_point_id=PRM, quality="BRUT", interval_reading=points)


def length(step: int) -> str:
    return "PT1H" if step == 60 else f"PT{step}M"


def assert_whole(found: tuple[object, ...], day: date) -> None:
    assert all(isinstance(item, Reading) for item in found)
    assert found[0].start == midnight(day)
    assert found[-1].end == midnight(day + timedelta(days=1))
    for before, after in pairwise(found):
        assert before.end == after.start


@given(
    day=st.sampled_from([SPRING, PLAIN, AUTUMN]),
    steps=st.lists(st.sampled_from(STEPS), min_size=1, max_size=24),
    spring_at_two=st.booleans(),
    order=st.randoms(use_true_random=False),
    data=st.data(),
)
def test_any_whole_day_is_read_whole(day, steps, spring_at_two, order, data):
    stamps = day_of(day, steps, spring_at_two=spring_at_two)
    values = data.draw(st.lists(st.integers(0, 40_000), min_size=len(stamps), max_size=len(stamps)))
    energy = sum(value * step for (_, step), value in zip(stamps, values, strict=True))
    points = [Point(str(value), text, length(step)) for (text, step), value in zip(stamps, values, strict=True)]
    if len(set(steps)) == 1:
        order.shuffle(points)
    found = readings(body(points), PRM, Series.CONSUMPTION_LOAD_CURVE, one_day(day))
    assert_whole(found, day)
    assert sum(item.value * (item.end - item.start) // timedelta(minutes=1) for item in found) == energy
    assert sum(((item.end - item.start) for item in found), timedelta()) == HALF_HOURS[day] * timedelta(minutes=30)


@given(
    day=st.sampled_from([SPRING, PLAIN, AUTUMN]),
    step=st.sampled_from(STEPS),
    spring_at_two=st.booleans(),
)
def test_in_order_each_value_keeps_its_place(day, step, spring_at_two):
    """The doubled hour of autumn above all: the first pass is summer."""
    stamps = day_of(day, [step], spring_at_two=spring_at_two)
    points = [Point(index, text, length(step)) for index, (text, _) in enumerate(stamps)]
    found = readings(body(points), PRM, Series.PRODUCTION_LOAD_CURVE, one_day(day))
    assert [item.value for item in found] == list(range(len(stamps)))


@given(
    step=st.sampled_from(STEPS), missing=st.sets(st.integers(0, 299), max_size=20), day=st.sampled_from([PLAIN, SPRING])
)
def test_what_is_missing_stays_missing(step, missing, day):
    stamps = day_of(day, [step], spring_at_two=False)
    kept = [(index, text) for index, (text, _) in enumerate(stamps) if index not in missing]
    points = [Point(index, text, length(step)) for index, text in kept]
    found = readings(body(points), PRM, Series.CONSUMPTION_LOAD_CURVE, one_day(day))
    assert [item.value for item in found] == [index for index, _ in kept]
    assert all(item.start == midnight(day) + item.value * timedelta(minutes=step) for item in found)


@given(missing=st.sets(st.integers(0, 49)))
def test_holes_in_the_doubled_hour_keep_the_others_in_place(missing):
    """As long as the order received shows where the clock went back."""
    stamps = day_of(AUTUMN, [30], spring_at_two=False)
    kept = [(index, text) for index, (text, _) in enumerate(stamps) if index not in missing]
    night = [text for _, text in kept if " 02:" in text]
    steps_back = any(after <= before for before, after in pairwise(night))
    found = readings(
        body([Point(index, text, "PT30M") for index, text in kept]),
        PRM,
        Series.CONSUMPTION_LOAD_CURVE,
        one_day(AUTUMN),
    )
    assert len(found) == len(kept)
    if steps_back:
        assert [item.start for item in found] == [midnight(AUTUMN) + index * timedelta(minutes=30) for index, _ in kept]


@given(step=st.sampled_from(STEPS), day=st.sampled_from([SPRING, PLAIN, AUTUMN]), in_pairs=st.booleans())
def test_an_answer_sent_twice_is_read_once(step, day, in_pairs):
    stamps = day_of(day, [step], spring_at_two=False)
    once = [Point(index, text, length(step)) for index, (text, _) in enumerate(stamps)]
    points = [point for point in once for _ in range(2)] if in_pairs else once * 2
    found = readings(body(points), PRM, Series.CONSUMPTION_LOAD_CURVE, one_day(day))
    assert [item.value for item in found] == list(range(len(stamps)))


@given(step=st.sampled_from(STEPS), day=st.sampled_from([SPRING, PLAIN, AUTUMN]))
def test_the_step_is_inferred_where_enedis_does_not_tell(step, day):
    points = [Point("1", text) for text, _ in day_of(day, [step], spring_at_two=False)]
    assert_whole(readings(body(points), PRM, Series.CONSUMPTION_LOAD_CURVE, one_day(day)), day)


_TEXTS = st.one_of(
    st.none(),
    st.text(max_size=20),
    st.integers(0, 3 * 24 * 12).map(
        lambda fives: f"2026-10-{24 + fives // 288} {fives // 12 % 24:02}:{fives % 12 * 5:02}:00"
    ),
    st.datetimes().map(str),
)
_POINTS = st.builds(
    Point,
    value=st.one_of(st.none(), st.integers(), st.floats(), st.text(max_size=6), st.integers(0, 999).map(str)),
    date=_TEXTS,
    interval_length=st.one_of(st.none(), st.sampled_from(["PT5M", "PT30M", "pt60m", "PT1H", ""]), st.text(max_size=5)),
)


@given(
    points=st.lists(_POINTS, max_size=12),
    series=st.sampled_from(MEASURES),
    start=st.sampled_from([date(2026, 10, 24), date(2026, 10, 25)]),
    days=st.integers(1, 3),
)
def test_whatever_comes_is_read_or_refused(points, series, start, days):
    span = DaySpan(start, start + timedelta(days=days))
    try:
        found = readings(body(points), PRM, series, span)
    except UpstreamBroken:
        return
    opening, closing = span.instants
    moments = [(item.start, item.end) if isinstance(item, Reading) else (item.at, item.at) for item in found]
    assert all(opening <= start and end <= closing for start, end in moments)
    assert all(before[1] <= after[0] for before, after in pairwise(moments))
    assert all(item.value >= 0 for item in found)


@pytest.mark.parametrize("day", HALF_HOURS)
def test_the_days_of_this_file_are_what_they_say(day):
    assert len(day_of(day, [30], spring_at_two=False)) == HALF_HOURS[day]
