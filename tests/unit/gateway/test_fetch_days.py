"""What an answer of Enedis leaves where the process is killed, or the disk is full, between two of its writes."""

from datetime import UTC, date, datetime

import pytest

from passerelle.consent.requests import LinkedPoint
from passerelle.errors import StorageUnavailable
from passerelle.gateway.alone import FetchAlone
from passerelle.model.days import DaySpan
from passerelle.model.priority import Priority
from passerelle.model.reading import GapReason, Quality
from passerelle.model.series import Series
from passerelle.plan.overview import overview
from passerelle.plan.wanted import whole_days
from passerelle.testing.enedis import ScriptedEnedis
from passerelle.testing.reading import CURVE, PRM, READER, ReadingHouse

DAILY = Series.CONSUMPTION_DAILY
WEEK = DaySpan(date(2026, 11, 16), date(2026, 11, 23))
PART, ABSENT = date(2026, 11, 20), date(2026, 11, 18)
HOLE = datetime(2026, 11, 20, 11, 0, tzinfo=UTC)
MOST_WRITES = 5


class Killed:
    """A house whose process ends before its `at`-th write into the store, and then lives again."""

    def __init__(self, house: ReadingHouse, at: int) -> None:
        self.at = at
        self.writes = 0
        for store, name in ((house.days, "keep"), (house.ledger, "write"), (house.ledger, "cover")):
            setattr(store, name, self._dying(getattr(store, name)))

    def _dying(self, write):
        async def instead(*args):
            self.writes += 1
            if self.writes == self.at:
                raise StorageUnavailable("killed", "tué")
            return await write(*args)

        return instead


def broken_week() -> ReadingHouse:
    """A week of curve with a day in part and a day that lacks; of the latter Enedis once had no daily value either."""
    return ReadingHouse(ScriptedEnedis(holes=frozenset({HOLE}), absent=frozenset({ABSENT})))


async def settled(house: ReadingHouse):
    """All that is known and held: what a reader gets, what `…/gaps` shows, what a worker would ask, what is derived."""
    answer = await house.ask("2026-11-16", "2026-11-23")
    alone = FetchAlone(links=house.links, days=house.days, ledger=house.ledger, bring=house.bring, clock=house.clock)
    await alone.bring(LinkedPoint(PRM, house.link), CURVE, WEEK, Priority.REFRESH)
    missing = await alone.missing(LinkedPoint(PRM, house.link), CURVE, WEEK, await house.clock.now())
    known = await house.ledger.of_point(house.link.point_id)
    now = await house.clock.now()
    shown = {
        series: [(run.span, run.reason, run.missing) for run in overview(each, house.link.granted_at, now)]
        for series, each in known.items()
    }
    derived = (await house.days.held(READER, house.link.point_id, DAILY, WEEK)).days
    return (
        answer.days,
        [(gap.start, gap.end, gap.reason) for gap in answer.gaps],
        (missing.unasked, missing.due),
        await taken_for_whole(house),
        {series: runs for series, runs in shown.items() if runs},
        derived,
    )


async def taken_for_whole(house: ReadingHouse) -> frozenset[date]:
    """The days of curve that work without a caller takes for whole: something is held, and no row says otherwise."""
    known = await house.ledger.known(house.link.point_id, CURVE, WEEK)
    present = await house.days.present("account", house.link.point_id, CURVE, WEEK)
    return present - {day for day, row in known.days.items() if not row.covered}


@pytest.mark.parametrize("before", ["nothing", "open days", "a part"])
@pytest.mark.parametrize("at", range(1, MOST_WRITES + 1))
async def test_a_kill_between_any_two_writes_costs_a_call_and_hides_nothing(at: int, before: str):
    house, spared = broken_week(), broken_week()
    for each in (house, spared):
        await prepare(each, before)
    calls = len(spared.enedis.calls)
    counted = Killed(spared, 0)
    await spared.ask("2026-11-16", "2026-11-23")
    assert counted.writes <= MOST_WRITES, "each write has its kill"
    once = len(spared.enedis.calls) - calls
    killed = Killed(house, at)
    await house.ask("2026-11-16", "2026-11-23")
    known, now = await house.ledger.known(house.link.point_id, CURVE, WEEK), await house.clock.now()
    alone = FetchAlone(links=house.links, days=house.days, ledger=house.ledger, bring=house.bring, clock=house.clock)
    assert PART not in await taken_for_whole(house), "a part is never taken for a whole"
    missing = await alone.missing(LinkedPoint(PRM, house.link), CURVE, WEEK, now)
    finished = PART in known.days and known.days[PART].missing and killed.writes < at
    assert finished or PART in missing.due | missing.unasked, "its day is asked again, at once"
    curve = (await house.days.held(READER, house.link.point_id, CURVE, WEEK)).days
    daily = (await house.days.held(READER, house.link.point_id, DAILY, WEEK)).days
    assert whole_days(WEEK, curve) <= set(daily), "no curve without its energy"

    assert await settled(house) == await settled(spared)
    again = len(house.enedis.calls) - calls - once
    assert again <= 2, "the same days again: by a reader what it lacks, by a worker what lies open"


async def prepare(house: ReadingHouse, before: str) -> None:
    """What was known before: nothing, days that were open in both series, or a day held in part and then due again."""
    if before == "nothing":
        return
    absent, holes = house.enedis.absent, house.enedis.holes
    if before == "open days":
        house.enedis.absent = frozenset(WEEK)
        await house.ask("2026-11-16", "2026-11-23", series=DAILY)
    else:
        house.enedis.holes = holes | {datetime(2026, 11, 17, 11, 0, tzinfo=UTC)}
    await house.ask("2026-11-16", "2026-11-23")
    house.enedis.absent, house.enedis.holes = absent, holes
    house.pass_time("2026-11-25T08:00:01+01:00")


async def test_a_killed_process_leaves_no_curve_whose_energy_is_never_derived():
    house = ReadingHouse(ScriptedEnedis())
    killed = Killed(house, 2)
    await house.ask("2026-11-16", "2026-11-23")
    assert killed.writes >= 2
    await house.ask("2026-11-16", "2026-11-23")
    calls = len(house.enedis.calls)
    answer = await house.ask("2026-11-16", "2026-11-23", series=DAILY)
    assert [each.quality for each in answer.readings] == [Quality.DERIVED] * 7
    assert len(house.enedis.calls) == calls <= 2


async def test_a_day_in_part_says_in_the_ledger_what_lacks_as_soon_as_it_is_kept():
    house = broken_week()
    await house.ask("2026-11-16", "2026-11-23")
    row = (await house.ledger.known(house.link.point_id, CURVE, WEEK)).days[PART]
    assert (row.reason, row.missing[0][0], row.tries) == (GapReason.MISSING, HOLE, 1)
