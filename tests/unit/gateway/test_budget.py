"""What passerelle spends: calls to Enedis for workloads that people really have, exact, at the clock's own pace."""

import asyncio
import random
from datetime import UTC, date, datetime, timedelta

import pytest

from passerelle.errors import (
    CredentialsMissing,
    NotCollected,
    OperatorActionNeeded,
    TokenRejected,
    UpstreamBroken,
    UpstreamRejected,
    UpstreamUnavailable,
    UpstreamUnknown,
    UsagePointUnknown,
)
from passerelle.gateway.read_series import CacheUse, refuse_if_empty
from passerelle.model.paris import civil_day, in_paris
from passerelle.model.reading import GapReason, Quality
from passerelle.model.series import Series
from passerelle.plan.rules import published_end
from passerelle.problem import PasserelleError, Upstream
from passerelle.testing.enedis import ScriptedEnedis
from passerelle.testing.reading import NOW, ReadingHouse

DAILY = Series.CONSUMPTION_DAILY
HOURS = 30 * 24 - 1
"""From 09:00 on the first day to 07:00 thirty days later: at 08:00 a thirty-first day begins to be published."""


async def hourly(house: ReadingHouse, available, hours: int = HOURS) -> None:
    """Ask the last seven days every hour; a day is at Enedis from `available(day)` on."""
    begun = NOW.astimezone(UTC)
    for hour in range(hours):
        house.pass_time((begun + timedelta(hours=hour)).isoformat())
        now = begun + timedelta(hours=hour)
        today = civil_day(now)
        week = [today - timedelta(days=back) for back in range(1, 8)]
        house.enedis.absent = frozenset(day for day in week if now < available(day))
        answer = await house.ask(week[-1].isoformat(), today.isoformat())
        held = {civil_day(day[0].start) for day in answer.days}
        # What Enedis has had since ten o'clock of this day, or since the day before, is served.
        mark = in_paris(now).replace(hour=10) if in_paris(now).hour >= 10 else in_paris(now).replace(hour=8)
        assert held >= {day for day in week if available(day) <= mark <= in_paris(now) and day < published_end(now)}
        assert {gap.reason for gap in answer.gaps} <= {GapReason.NOT_PUBLISHED, GapReason.MISSING}


def on_time(day: date) -> datetime:
    return datetime.fromisoformat(f"{day + timedelta(days=1)}T08:00:00").replace(tzinfo=NOW.tzinfo)


async def test_twenty_identical_requests_at_once_over_four_processes_are_one_call():
    enedis = ScriptedEnedis()
    first = ReadingHouse(enedis)
    houses = [first, *(ReadingHouse(enedis, holder=f"process {n}", beside=first) for n in range(3))]
    asks = [house.ask("2026-11-16", "2026-11-23") for house in houses for _ in range(5)]
    answers = await asyncio.gather(*asks)
    assert len(enedis.calls) == 1
    assert all(len(answer.readings) == 7 * 48 and not answer.gaps for answer in answers)
    assert not first.leases.taken


async def test_a_week_asked_every_hour_for_thirty_days_is_a_call_a_day():
    house = ReadingHouse(ScriptedEnedis())
    await hourly(house, on_time)
    assert len(house.enedis.calls) == 30


async def test_late_days_and_a_hole_cost_a_second_look_at_ten():
    """Thirty days, six of them late by a day (a look more each), one filled after three (two looks more)."""
    hole = date(2026, 12, 7)

    def available(day: date) -> datetime:
        if day == hole:
            return on_time(day) + timedelta(days=3)
        return on_time(day) + timedelta(days=1 if day.toordinal() % 5 == 0 else 0)

    assert hole.toordinal() % 5
    house = ReadingHouse(ScriptedEnedis())
    await hourly(house, available)
    late = sum((date(2026, 11, 24) + timedelta(days=n)).toordinal() % 5 == 0 for n in range(29))
    assert len(house.enedis.calls) == 30 + late + 2 <= 42


async def test_twenty_four_months_of_curve_are_the_105_calls_of_seven_days():
    house = ReadingHouse(ScriptedEnedis())
    answer = await house.ask("2024-11-24", "2026-11-24", wait=30)
    assert len(house.enedis.calls) == 105
    assert not answer.gaps


async def test_thirty_six_months_of_daily_energy_are_two_calls_where_the_curve_is_held():
    house = ReadingHouse(ScriptedEnedis())
    await house.ask("2024-11-24", "2026-11-24", wait=30)
    before = len(house.enedis.calls)
    answer = await house.ask("2023-11-24", "2026-11-24", series=DAILY)
    assert len(house.enedis.calls) - before == 2
    assert not answer.gaps
    assert sum(each.quality is Quality.DERIVED for each in answer.readings) == 730


async def test_a_hundred_ranges_of_one_month_at_once_are_five_calls():
    house = ReadingHouse(ScriptedEnedis())
    chance = random.Random(5)
    days = [f"2026-10-{day:02}" for day in range(1, 32)] + ["2026-11-01"]
    ranges = [sorted(chance.sample(range(len(days)), 2)) for _ in range(99)] + [[0, 31]]
    answers = await asyncio.gather(*(house.ask(days[start], days[end]) for start, end in ranges))
    assert len(house.enedis.calls) == 5
    assert not any(answer.gaps for answer in answers)


async def test_a_refused_range_asked_a_hundred_times_in_a_day_is_one_call():
    house = ReadingHouse(ScriptedEnedis(trouble=lambda _s, _d: NotCollected("off", "éteint")))
    for minute in range(0, 1440, 15):
        house.pass_time((NOW + timedelta(minutes=minute)).isoformat())
        answer = await house.ask("2026-10-01", "2026-11-24")
        assert (answer.gaps[0].reason, answer.gaps[0].problem.code) == (GapReason.NOT_COLLECTED, "not-collected")
    assert answer.cache is CacheUse.HIT
    assert len(house.enedis.calls) == 1


@pytest.mark.parametrize(
    ("error", "calls"),
    [
        (UsagePointUnknown, 1),
        (UpstreamRejected, 1),
        (UpstreamUnknown, 1),
        (OperatorActionNeeded, 9),  # after 10, 20, 40, 80, 160, 320 minutes, then every six hours
        (TokenRejected, 22),  # after 5, 10, 20, 40 minutes, then every hour
        (UpstreamBroken, 22),
    ],
)
async def test_a_failure_asked_every_quarter_of_an_hour_for_a_day_is_the_same_answer_and_few_calls(error, calls):
    said = Upstream(403, "900908", "no subscription", "application/json", b"a name")
    house = ReadingHouse(ScriptedEnedis(trouble=lambda _s, _d: error("no", "non", upstream=said)))
    waits = []
    for minute in range(0, 1440, 15):
        house.pass_time((NOW + timedelta(minutes=minute)).isoformat())
        before = len(house.enedis.calls)
        answer = await house.ask("2026-11-10", "2026-11-17")
        with pytest.raises(error) as raised:
            refuse_if_empty(answer)
        problem = raised.value.problem
        assert (problem.code, problem.status, problem.detail) == (error.code, error.status, "no")
        assert (problem.upstream.status, problem.upstream.code) == (403, "900908")
        asked = len(house.enedis.calls) > before
        assert answer.cache is (CacheUse.MISS if asked else CacheUse.HIT)
        waits.append(problem.retry_after)
        assert asked is (problem.retry_after is None), "what is told again says when Enedis is asked again"
    assert len(house.enedis.calls) == calls
    assert all(0 < wait <= 86_401 for wait in waits if wait)
    house.enedis.trouble = lambda _s, _d: None
    house.pass_time((NOW + timedelta(minutes=1425, seconds=(waits[-1] or 86_400) + 1)).isoformat())
    assert not (await house.ask("2026-11-10", "2026-11-17")).gaps, "asked again as soon as it said"


async def test_enedis_own_word_on_when_to_come_back_goes_first():
    house = ReadingHouse(ScriptedEnedis(trouble=lambda _s, _d: OperatorActionNeeded("no", "non", retry_after=7)))
    for seconds, calls in ((0, 1), (6, 1), (9, 2)):
        house.pass_time((NOW + timedelta(seconds=seconds)).isoformat())
        await house.ask("2026-11-16", "2026-11-23")
        assert len(house.enedis.calls) == calls


@pytest.mark.parametrize("error", [UpstreamUnavailable("away", "absent"), CredentialsMissing("none", "aucun")])
async def test_an_outage_and_a_call_that_never_left_are_not_remembered(error: PasserelleError):
    house = ReadingHouse(ScriptedEnedis(trouble=lambda _s, _d: error))
    await house.ask("2026-11-16", "2026-11-23")
    house.enedis.trouble = lambda _s, _d: None
    assert not (await house.ask("2026-11-16", "2026-11-23")).gaps
