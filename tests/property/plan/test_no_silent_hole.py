"""Readings and gaps tile the range that was asked, whatever was held, fetched, refused or late."""

import itertools
from datetime import date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from passerelle.errors import BeforeActivation, NoData, UpstreamUnavailable
from passerelle.model.days import DaySpan, one_day
from passerelle.model.paris import day_bounds
from passerelle.model.reading import AnyReading, GapReason, Reading
from passerelle.model.series import Series
from passerelle.plan.coverage import complete_days, holes
from passerelle.plan.lacks import Told, lacks
from passerelle.plan.ledger import Known, OpenDay
from passerelle.plan.merge import merge
from passerelle.plan.rules import clip, first_served, published_end

NOW = datetime.fromisoformat("2026-11-24T09:00:00+01:00")
ASKED = DaySpan(date(2026, 3, 25), date(2026, 4, 3))  # the spring change of hour lies inside
ERRORS = [
    UpstreamUnavailable("away", "absent"),
    NoData("nothing", "rien"),
    BeforeActivation("too early", "trop tôt"),
]


def curve(day: date, minutes: int, kept: set[int]) -> tuple[AnyReading, ...]:
    start, end = day_bounds(day)
    step = timedelta(minutes=minutes)
    count = (end - start) // step
    return tuple(Reading(start + at * step, start + (at + 1) * step, 100 + at) for at in range(count) if at in kept)


curves = st.builds(
    lambda minutes, dropped: (minutes, dropped),
    st.sampled_from([10, 15, 30, 60]),
    st.sets(st.integers(0, 45), max_size=6),
)


@given(st.data())
def test_readings_and_gaps_tile_the_range(data: st.DataObject):
    held: dict[date, tuple[AnyReading, ...]] = {}
    told: list[Told] = []
    opened: dict[date, OpenDay] = {}
    for day in ASKED:
        match data.draw(st.sampled_from(["held", "in part", "open", "error", "late"])):
            case "held":
                held[day] = curve(day, 30, set(range(50)))
            case "in part":
                minutes, dropped = data.draw(curves)
                held[day] = curve(day, minutes, set(range(150)) - dropped)
            case "open":
                opened[day] = OpenDay(GapReason.MISSING, NOW, NOW, NOW)
            case "error":
                told.append(Told(one_day(day), data.draw(st.sampled_from(ERRORS))))
            case _:
                pass
    lacking = lacks(ASKED, Known(opened), told, (), granted_at=NOW, now=NOW)
    merged = merge(ASKED, (), held, lacking)
    pieces = sorted([(r.start, r.end) for r in merged.readings] + [(g.start, g.end) for g in merged.gaps])
    assert pieces[0][0] == ASKED.instants[0]
    assert pieces[-1][1] == ASKED.instants[1]
    assert all(before[1] == after[0] for before, after in itertools.pairwise(pieces))
    neighbours = zip(merged.gaps, merged.gaps[1:], strict=False)
    assert all(not (a.end == b.start and a.reason is b.reason) for a, b in neighbours)


@given(st.dates(date(2022, 1, 1), date(2027, 12, 31)), st.integers(1, 2000), st.sampled_from(Series))
def test_a_clipped_range_is_its_usable_days_and_its_gaps(start: date, length: int, series: Series):
    asked = DaySpan(start, start + timedelta(days=length))
    activated = date(2025, 8, 27)
    clipped = clip(asked, series, NOW, activated)
    spans = [gap.span for gap in clipped.gaps] + ([clipped.usable] if clipped.usable else [])
    assert sorted(day for span in spans for day in span) == list(asked)
    if clipped.usable:
        assert clipped.usable.start >= max(activated, first_served(series, NOW))
        assert clipped.usable.end <= published_end(NOW)


@given(st.dates(date(1912, 1, 1), date(2199, 12, 30)), st.dates(date(1912, 1, 2), date(2199, 12, 31)))
def test_a_range_of_centuries_is_tiled_too(one: date, other: date):
    if one == other:
        return
    asked = DaySpan(min(one, other), max(one, other))
    clipped = clip(asked, Series.CONSUMPTION_DAILY, NOW, date(2025, 8, 27))
    held = {day: (Reading(*day_bounds(day), 1),) for day in clipped.usable or () if day.day != 1}
    merged = merge(asked, clipped.gaps, held, {})
    pieces = sorted([(r.start, r.end) for r in merged.readings] + [(g.start, g.end) for g in merged.gaps])
    assert (pieces[0][0], pieces[-1][1]) == asked.instants
    assert all(before[1] == after[0] for before, after in itertools.pairwise(pieces))
    assert {g.reason for g in merged.gaps} >= {gap.reason for gap in clipped.gaps}


@given(curves)
def test_a_day_is_complete_only_without_holes(shape: tuple[int, set[int]]):
    minutes, dropped = shape
    day = date(2025, 10, 26)  # 25 hours
    readings = curve(day, minutes, set(range(150)) - dropped)
    complete = complete_days(one_day(day), {day: readings})
    assert (day in complete) == (not holes(day, readings))
    start, end = day_bounds(day)
    covered = sum(((r.end - r.start) for r in readings if isinstance(r, Reading)), timedelta())
    missing = sum(((b - a) for a, b in holes(day, readings)), timedelta())
    assert covered + missing == end - start


def test_an_error_never_hides_a_day_that_is_held():
    day = ASKED.start
    lacking = lacks([day], Known(), [Told(one_day(day), ERRORS[0])], (), granted_at=NOW, now=NOW)
    merged = merge(one_day(day), (), {day: curve(day, 30, set(range(50)))}, lacking)
    assert len(merged.readings) == 48
    assert not merged.gaps


def test_an_upstream_gap_keeps_its_problem():
    day = ASKED.start
    lacking = lacks([day], Known(), [Told(one_day(day), ERRORS[0])], (), granted_at=NOW, now=NOW)
    (gap,) = merge(one_day(day), (), {}, lacking).gaps
    assert gap.reason is GapReason.UPSTREAM_ERROR
    assert gap.problem is not None
    assert gap.problem.code == "upstream-unavailable"
