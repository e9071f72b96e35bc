"""Bytes at rest of a year of half-hours, brought through the whole product: sealed, with indexes, ledger and the rest.

On SQLite the growth of the files, on PostgreSQL that of all relations. Limit: the numbers alone, two bytes each. Naive:
a row for each answer of Enedis, as JSON. Alone: `python bench/size.py`.
"""

import asyncio
import json
import sqlite3
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import date
from pathlib import Path

import asyncpg

from installations import NOW, home, homes_here, households, installed
from result import Result

CURVE = "consumption/load-curve"
START, END = date(2025, 1, 1), date(2026, 1, 1)
NUMBERS = 365 * 48
POINTS = 10
"""Of which the mean is told: pages are bigger than what one point leaves in the last of them."""

Sizes = Callable[[], Awaitable[int]]


async def grown(folder: Path, name: str, *, tidy: bool, points: int) -> float:
    """Bytes that a year of one point adds, the mean of so many points.

    The first one comes before and is not counted: with it come the pages that tables begin with. `tidy`: after VACUUM.
    """
    folder.mkdir()
    async with AsyncExitStack() as stack:
        place = await stack.enter_async_context(home(name, folder))
        house = await stack.enter_async_context(installed(folder / "house", SIMULATOR_NOW=NOW, **place.settings))
        size = postgres(place.settings["DATABASE_URL"], tidy=tidy) if name == "PostgreSQL" else sqlite(folder, tidy=tidy)
        first, *measured = households(points + 1)
        before = 0
        for point in (first, *measured):
            await house.hold(point)
            answer = await house.series(point, CURVE, str(START), str(END), headers={"Prefer": "wait=200"}, timeout=220)
            if len(answer.json()["readings"]) != NUMBERS:
                raise SystemExit("the year did not come whole")
            if point == first:
                before = await size()
        return (await size() - before) / points


def sqlite(folder: Path, *, tidy: bool) -> Sizes:
    """The database and that of the erasure secrets, once their logs are folded in."""

    async def size() -> int:
        files = [folder / "house" / name for name in ("passerelle.db", "erasure.db")]
        for file in files:
            with sqlite3.connect(file) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                if tidy:
                    connection.execute("VACUUM")
                    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return sum(file.stat().st_size for file in files)

    return size


def postgres(url: str, *, tidy: bool) -> Sizes:
    """All relations with their indexes and what is stored outside of the row, but for the quota, which holds no year."""

    async def size() -> int:
        connection = await asyncpg.connect(url)
        if tidy:
            await connection.execute("VACUUM FULL")
        total: int = await connection.fetchval(
            "SELECT sum(pg_total_relation_size(oid)) FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'quota'"
        )
        await connection.close()
        return int(total)

    return size


def naive() -> int:
    """Enedis' answers of the year, kept as they came."""
    point = json.dumps({"value": "1234", "date": "2026-01-01 00:30:00", "interval_length": "PT30M", "measure_type": "B"})
    return NUMBERS * (len(point) + len(", "))


def measure(folder: Path) -> Iterator[Result]:
    for name in homes_here():
        if name == "Redis":
            continue  # it holds no reading
        for tidy in (False, True):
            value = asyncio.run(grown(folder / f"size-{name}-{tidy}", name, tidy=tidy, points=POINTS))
            how = "after VACUUM" if tidy else "as written"
            yield Result(f"a year of half-hours, {name}, {how}", value, "bytes", 2 * NUMBERS, naive())


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder_name:
        for result in measure(Path(folder_name)):
            print(f"{result.name:<52}{result.value:>10,.0f} {result.unit}", flush=True)
