"""How large a year of half-hours is at rest; lengths do not depend on values, which are all the same here."""

from datetime import date, timedelta

from sqlalchemy import func, literal_column, select, text

from passerelle.model.days import DaySpan
from passerelle.model.paris import day_bounds
from passerelle.model.reading import EvenReadings, Quality, Reading
from passerelle.model.series import Kind, Series
from passerelle.model.usage_point import UsagePointId
from passerelle.store.engine import reading
from passerelle.store.periods import period_of
from passerelle.store.tables import chunks, quarters

CURVE, DAILY = Series.CONSUMPTION_LOAD_CURVE, Series.CONSUMPTION_DAILY
HALF_HOUR = timedelta(minutes=30)
YEAR = list(DaySpan(date(2025, 1, 1), date(2026, 1, 1)))
MOST = 50_000
OTHERS = 2_000
"""Of these, for rows that each usage point has once: links, pairs, work (`bench/size.py` counts them)."""

POINTS = 13


async def test_nineteen_days_of_a_curve_fill_a_page_with_three_others(store):
    """Eight rows in a page of SQLite, four in one of PostgreSQL, in a stretch with a day of 25 hours.

    Two days of them were revised, which few are.
    """
    caller = await store.caller()
    point = await linked(store, caller, 0)
    period = period_of(Kind.CURVE, date(2026, 10, 25))
    for value, days in ((60_000, period.length), (0, 2)):
        whole = {day: curve(day, value) for at in range(days) for day in [period.day(at)]}
        await store.days.keep(caller, caller.account_id, point, CURVE, whole)
    if store.engine.dialect.name == "postgresql":
        query, most = select(func.pg_column_size(literal_column("chunks.*"))).select_from(chunks), 8168 // 4 - 4
    else:
        used = select(text("pgsize - unused - 8 - 2 * ncell")).select_from(text("dbstat"))
        query, most = used.where(text("name = 'chunks'")), 16376 // 8 - 2
    async with reading(store.engine) as connection:
        [size] = (await connection.execute(query)).scalars()
    assert size <= most


async def test_a_year_that_is_imported_week_by_week_stays_below_fifty_kilobytes(store):
    """As callers bring it, newest first, seven days a call; with what PostgreSQL does by itself meanwhile."""
    caller = await store.caller()
    sizes = []
    for number in range(POINTS):
        point = await linked(store, caller, number)
        for start in reversed(range(0, len(YEAR), 7)):
            for series, made in ((CURVE, curve), (DAILY, energy)):
                some = {day: made(day) for day in YEAR[start : start + 7]}
                await store.days.keep(caller, caller.account_id, point, series, some)
        await vacuum(store)
        sizes.append(await bytes_of_chunks(store))
    assert (sizes[-1] - sizes[0]) / (POINTS - 1) <= MOST - OTHERS
    for table in (chunks, quarters):
        async with reading(store.engine) as connection:
            lengths = set((await connection.execute(select(func.length(table.c.sealed)))).scalars())
        assert max(lengths) - min(lengths) <= 8, (
            "rows of one length fit where another was, but for days of 23 and 25 hours"
        )


async def test_a_year_that_waited_for_its_reader_is_written_once(store):
    """What the worker imports waits in the inbox; not even the first VACUUM is needed once it is merged."""
    caller = await store.caller()
    sizes = []
    for number in range(4):
        point = await linked(store, caller, number)
        for start in range(0, len(YEAR), 7):
            for series, made in ((CURVE, curve), (DAILY, energy)):
                some = {day: made(day) for day in YEAR[start : start + 7]}
                await store.days.keep(None, caller.account_id, point, series, some)
        for series in (CURVE, DAILY):
            found = await store.days.held(caller, point, series, DaySpan(YEAR[0], YEAR[-1] + timedelta(days=1)))
            assert list(found.days) == YEAR
        sizes.append(await bytes_of_chunks(store))
    assert (sizes[-1] - sizes[0]) / 3 <= MOST - OTHERS


def curve(day: date, watts: int = 100) -> EvenReadings:
    start, end = day_bounds(day)
    return EvenReadings(start, HALF_HOUR, [watts] * ((end - start) // HALF_HOUR), Quality.RAW)


def energy(day: date) -> tuple[Reading, ...]:
    return (Reading(*day_bounds(day), 2_400, Quality.DERIVED),)


async def linked(store, caller, number: int) -> str:
    prm = UsagePointId(f"{30_000_000_000_000 + number:014}")
    await store.grant(caller.account_id, prm)
    return (await store.links.find(caller.account_id, prm)).point_id


async def vacuum(store) -> None:
    """What autovacuum runs every minute; never VACUUM FULL."""
    if store.engine.dialect.name == "postgresql":
        async with store.engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            await connection.execute(text("VACUUM chunks, quarters"))


async def bytes_of_chunks(store) -> int:
    """Both tables with their indexes; without PostgreSQL's maps of free room, which are the same for many points."""
    names = ("chunks", "quarters")
    if store.engine.dialect.name == "postgresql":
        query = select(sum(func.pg_relation_size(name) + func.pg_indexes_size(name) for name in names))
    else:
        query = text("SELECT sum(pgsize) FROM dbstat WHERE name LIKE '%chunks%' OR name LIKE '%quarters%'")
    async with reading(store.engine) as connection:
        return int((await connection.execute(query)).scalar_one())
