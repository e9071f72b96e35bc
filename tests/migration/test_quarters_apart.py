"""A database of 0011 that holds a week of a curve and a quarter of daily values: each has its own table afterwards."""

import asyncio
from datetime import UTC, date, datetime

from sqlalchemy import select, text

from passerelle.store.engine import open_engine, reading, writing
from passerelle.store.tables import chunks, quarters
from passerelle.store.upgrade import _upgrade, migrate

ROWS = (
    "INSERT INTO accounts (id, name, created_at) VALUES ('a', 'alice', :now)",
    """INSERT INTO pairs (number, id, account_id, place, epoch, suite, public, mac, waiting)
       VALUES (1, 'p', 'a', 'cell p consumption:load-curve', 1, 1, :blob, :blob, :no),
              (2, 'q', 'a', 'cell p consumption:daily', 1, 1, :blob, :blob, :no)""",
    """INSERT INTO chunks (cell, start, era, marks, revised, sealed)
       VALUES (1, :monday, 7, :week, :blob, :blob), (2, :first, 7, :quarter, NULL, :blob)""",
)
MONDAY, FIRST = date(2026, 10, 5), date(2026, 10, 1)
VALUES = {
    "now": datetime(2026, 11, 1, 9, tzinfo=UTC),
    "no": False,
    "blob": b"sealed",
    "monday": MONDAY,
    "first": FIRST,
    "week": b"\1\0" * 7,
    "quarter": b"\2\0" * 90,
}


async def test_quarters_move_as_they_are(url):
    await asyncio.to_thread(_upgrade, url, "0011")
    engine = open_engine(url)
    try:
        async with writing(engine) as connection:
            for row in ROWS:
                await connection.execute(text(row), {key: each for key, each in VALUES.items() if f":{key}" in row})
        await migrate(url)
        async with reading(engine) as connection:
            week, quarter = [(await connection.execute(select(table))).one() for table in (chunks, quarters)]
        assert tuple(week) == (1, MONDAY, 7, VALUES["week"], b"sealed", b"sealed")
        assert tuple(quarter) == (2, FIRST, 7, VALUES["quarter"], None, b"sealed")
    finally:
        await engine.dispose()
