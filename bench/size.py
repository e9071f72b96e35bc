"""Bytes at rest of a year of half-hours, brought through the whole product: sealed, with indexes, ledger and the rest.

On SQLite the growth of the files, on PostgreSQL that of all relations, with a plain VACUUM after each year: autovacuum
runs every minute, and a year takes 53 calls, of which Enedis allows 1,000 an hour. Limit: the numbers alone, two bytes
each. Naive: a row for each answer of Enedis, as JSON. Alone: `python bench/size.py`.
"""

import asyncio
import json
import sqlite3
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, closing
from datetime import date
from pathlib import Path

import asyncpg

from installations import NOW, Installation, home, homes_here, households, installed
from result import Result

CURVE = "consumption/load-curve"
START, END = date(2025, 1, 1), date(2026, 1, 1)
NUMBERS = 365 * 48
POINTS = 50
"""Of which the mean is told: pages are bigger than what one point leaves in the last of them."""

HOW = ("as written", "written anew")
"""The second by VACUUM of SQLite, and by VACUUM FULL, which nobody runs."""

Sizes = Callable[[bool], Awaitable[int]]
"""The bytes as they are, or once tidied."""


async def grown(folder: Path, name: str) -> tuple[float, float]:
    """Bytes that a year of one point adds: as it was written, and once all is written anew.

    The first point comes before and is not counted: with it come the pages that tables begin with.
    """
    async with AsyncExitStack() as stack:
        place = await stack.enter_async_context(home(name, folder))
        house = await stack.enter_async_context(installed(folder / "house", SIMULATOR_NOW=NOW, **place.settings))
        url = place.settings.get("DATABASE_URL")
        size = sqlite(folder / "house") if url is None else postgres(url)
        first, *others = households(POINTS + 1)
        await bring_year(house, first)
        before = await size(True)
        for point in others:
            await bring_year(house, point)
            if url is not None:
                await vacuum(url)
        written, tidied = await size(False), await size(True)
        return (written - before) / POINTS, (tidied - before) / POINTS


async def bring_year(house: Installation, point: str) -> None:
    await house.hold(point)
    answer = await house.series(point, CURVE, str(START), str(END), headers={"Prefer": "wait=200"}, timeout=220)
    if len(answer.json()["readings"]) != NUMBERS:
        raise SystemExit("the year did not come whole")


def sqlite(folder: Path) -> Sizes:
    """The database and that of the erasure secrets, once their logs are folded in; tidied, as VACUUM writes them."""

    async def size(tidy: bool) -> int:  # noqa: FBT001 — the one question
        total = 0
        for name in ("passerelle.db", "erasure.db"):
            with closing(sqlite3.connect(folder / name)) as connection:
                if tidy:
                    with tempfile.TemporaryDirectory() as beside:
                        connection.execute("VACUUM INTO ?", (f"{beside}/{name}",))
                        total += Path(beside, name).stat().st_size  # noqa: ASYNC240 — nothing else runs here
                else:
                    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                    total += (folder / name).stat().st_size
        return total

    return size


def postgres(url: str) -> Sizes:
    """All relations with indexes and what is stored outside of the row, but for the quota, which holds no year.

    Without each table's maps of free room and of visibility: 32 kB, the same for one point and for a thousand.
    """

    async def size(tidy: bool) -> int:  # noqa: FBT001 — the same
        connection = await asyncpg.connect(url)
        if tidy:
            await connection.execute("VACUUM FULL")
        total: int = await connection.fetchval(
            "SELECT sum(pg_total_relation_size(oid) - pg_relation_size(oid, 'fsm') - pg_relation_size(oid, 'vm'))"
            " FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'quota'"
        )
        await connection.close()
        return int(total)

    return size


async def vacuum(url: str) -> None:
    """As autovacuum does it: room is given to later rows, not back."""
    connection = await asyncpg.connect(url)
    await connection.execute("VACUUM")
    await connection.close()


def naive() -> int:
    """Enedis' answers of the year, kept as they came."""
    point = json.dumps(
        {"value": "1234", "date": "2026-01-01 00:30:00", "interval_length": "PT30M", "measure_type": "B"}
    )
    return NUMBERS * (len(point) + len(", "))


def measure(folder: Path) -> Iterator[Result]:
    for name in homes_here():
        if name == "Redis":
            continue  # it holds no reading
        own = folder / f"size-{name}"
        own.mkdir()
        for how, value in zip(HOW, asyncio.run(grown(own, name)), strict=True):
            yield Result(f"a year of half-hours, {name}, {how}", value, "bytes", 2 * NUMBERS, naive())


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder_name:
        for result in measure(Path(folder_name)):
            print(f"{result.name:<52}{result.value:>10,.0f} {result.unit}", flush=True)
