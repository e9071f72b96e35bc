"""From the command to the first answer, what a gateway weighs then, and what a year of half-hours weighs on disk."""

import asyncio
import json
import sqlite3
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from passerelle.config import read_settings
from passerelle.consent.duration import end_of
from passerelle.gateway.adopt import Adoption, adopt
from passerelle.model.days import DaySpan
from passerelle.model.paris import day_bounds
from passerelle.model.reading import EvenReadings, Quality
from passerelle.model.scopes import ALL_SCOPES
from passerelle.model.series import Series
from passerelle.model.usage_point import UsagePointId
from passerelle.wiring import bring_up_to_date, open_store
from result import Result
from servers import SERVER_CORE, free_port, pinned, process

YEAR = DaySpan(date(2025, 1, 1), date(2026, 1, 1))
HALF_HOUR = timedelta(minutes=30)


def resident(pid: int) -> float:
    """MiB of memory of a process, where the machine tells."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return 0.0
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


def started(command: list[str], environment: dict[str, str], url: str) -> tuple[float, float]:
    """Milliseconds until the address answers, and MiB then."""
    begun = time.perf_counter()
    with process(pinned(SERVER_CORE, command), environment, url) as running:
        return (time.perf_counter() - begun) * 1000, resident(running.pid)


def measure(folder: Path) -> Iterator[Result]:
    data = folder / "starting"
    settings = read_settings({"PASSERELLE_DATA_DIR": str(data)})
    asyncio.run(bring_up_to_date(settings))
    port = free_port()
    environment = {"PASSERELLE_DATA_DIR": str(data), "PASSERELLE_LISTEN": f"127.0.0.1:{port}"}
    ours = started([sys.executable, "-m", "passerelle", "serve"], environment, f"http://127.0.0.1:{port}/health/live")
    file = folder / "small.json"
    file.write_text("{}")
    port = free_port()
    bare = started(
        [sys.executable, str(Path(__file__).parent / "bare.py"), str(port), str(file)], {}, f"http://127.0.0.1:{port}/"
    )
    yield Result("start of the gateway to its first answer", ours[0], "ms", bare[0])
    yield Result("memory of the gateway at rest", ours[1], "MiB", bare[1])
    yield from sizes(folder)


def sizes(folder: Path) -> Iterator[Result]:
    """Bytes on disk of a year of half-hours: ours sealed, the numbers alone (two bytes each), Enedis' JSON."""
    settings = read_settings({"PASSERELLE_DATA_DIR": str(folder / "sizes"), "PASSERELLE_ENVIRONMENT": "production"})
    database = folder / "sizes" / "passerelle.db"

    async def fill() -> int:
        async with open_store(settings) as stores:
            now = datetime.now(UTC)
            account = await stores.accounts.create("bench", now)
            _, key = await stores.accounts.create_first_key(account.id, ALL_SCOPES, "bench", now)
            caller = await stores.accounts.authenticate(key, now)
            point = UsagePointId("22516914714270")
            await adopt(stores.consents, Adoption(account.id, [point], "P1Y", end_of("P1Y", now), "adopted"), now)
            link = await stores.links.find(account.id, point)
            assert link is not None  # noqa: S101 — adopted above
            days = {day: house(day) for day in YEAR}
            before = size(database)
            await stores.days.keep(caller, account.id, link.point_id, Series.CONSUMPTION_LOAD_CURVE, days)
            return size(database) - before

    count = sum(len(house(day)) for day in YEAR)
    one = json.dumps({"value": "1234", "date": "2026-01-01 00:30:00", "interval_length": "PT30M", "measure_type": "B"})
    yield Result("a year of half-hours on disk, sealed", asyncio.run(fill()), "bytes", 2 * count, count * len(one))


def house(day: date) -> EvenReadings:
    start, end = day_bounds(day)
    count = (end - start) // HALF_HOUR
    return EvenReadings(start, HALF_HOUR, [(day.toordinal() * 7 + at * 131) % 9000 for at in range(count)], Quality.RAW)


def size(database: Path) -> int:
    """Bytes of the database once its log is folded in."""
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return database.stat().st_size
