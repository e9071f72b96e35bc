"""How large a year of half-hours is at rest."""

from datetime import date, timedelta

from sqlalchemy import func, literal_column, select, text

from passerelle.model.paris import day_bounds
from passerelle.model.reading import EvenReadings, Quality
from passerelle.model.series import Series
from passerelle.model.usage_point import UsagePointId
from passerelle.store.engine import reading
from passerelle.store.tables import chunks

PRM = UsagePointId("22516914714270")
CURVE = Series.CONSUMPTION_LOAD_CURVE
MONDAY = date(2026, 11, 2)


async def test_a_week_of_a_curve_is_small_enough_for_fifty_kilobytes_a_year(store):
    """Twenty rows in a page of SQLite, ten in one of PostgreSQL: 53 weeks, with their index, below 50 kB.

    Two days of the week were revised, which few weeks are.
    """
    caller = await store.caller()
    await store.grant(caller.account_id, PRM)
    point = (await store.links.find(caller.account_id, PRM)).point_id
    half_hour = timedelta(minutes=30)
    for value, days in ((60_000, 7), (0, 2)):
        week = {
            day: EvenReadings(day_bounds(day)[0], half_hour, [value] * 48, Quality.RAW)
            for at in range(days)
            for day in [MONDAY + timedelta(days=at)]
        }
        await store.days.keep(caller, caller.account_id, point, CURVE, week)
    [size] = await sizes(store)
    assert size <= {"sqlite": 16376 // 20 - 2, "postgresql": 8168 // 10 - 4}[store.engine.dialect.name]


async def sizes(store) -> list[int]:
    if store.engine.dialect.name == "postgresql":
        query = select(func.pg_column_size(literal_column("chunks.*"))).select_from(chunks)
    else:
        query = (
            select(text("pgsize - unused - 8 - 2 * ncell")).select_from(text("dbstat")).where(text("name = 'chunks'"))
        )
    async with reading(store.engine) as connection:
        return list((await connection.execute(query)).scalars())
