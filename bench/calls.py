"""The table of calls: what each workload costs at Enedis through the running product, against the simulator.

Beside the least that it can cost, and the naive way: a client that asks Enedis for each request, in the longest calls
that Enedis takes, and keeps nothing. Only calls for the series count. Alone: `python bench/calls.py [2026]`.
"""

import asyncio
import sys
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from http import HTTPStatus
from pathlib import Path

from installations import NOW, Estate, Installation, installed, processes, start
from passerelle.model.paris import PARIS, midnight
from result import Result

POINT, PRODUCER = "22516914714270", "24880057139941"
CURVE, DAILY = "consumption/load-curve", "consumption/daily"
WEEK, YEAR = 7, 365
"""Days of a call that Enedis takes: of curve, of daily energy (F§5)."""

ADOPTED = "2026-10-25T12:00:00+01:00"
"""When the account got its consents: a refusal from before them would not count."""

TODAY = date(2026, 11, 24)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
DATA_APIS = ("metering_data_clc", "metering_data_dc", "mesure_synchrone_auto")


@dataclass(frozen=True)
class Row:
    """A workload; `limit` and `naive` in calls."""

    name: str
    limit: int
    naive: int
    work: Callable[[Installation], Awaitable[None]]


def naive_calls(ranges: Sequence[tuple[date, date]], longest: int = WEEK) -> int:
    return sum(-(-(end - start).days // longest) for start, end in ranges)


async def read(house: Installation, series: str, start: date, end: date, point: str = POINT) -> str:
    """Ask until the end of the work; the answer's Cache-Status."""
    headers = {"Prefer": "wait=300"}
    answer = await house.series(point, series, str(start), str(end), headers=headers, timeout=320)
    if answer.status_code != HTTPStatus.OK or "pending" in answer.text:
        raise SystemExit(f"a read failed: {answer.status_code} {answer.text[:200]}")
    return str(answer.headers["cache-status"])


async def count(house: Installation) -> int:
    return len([call for call in await house.calls() if call["api"] in DATA_APIS])


def hours_of_a_month() -> list[datetime]:
    """Every full hour of 30 days, from 09:00 of the first."""
    first = datetime(2026, 10, 26, 9, tzinfo=PARIS)
    last = datetime(2026, 11, 24, 23, tzinfo=PARIS)
    return [first + at * HOUR for at in range(round((last - first) / HOUR) + 1)]


def window(at: datetime) -> tuple[date, date]:
    """The seven days that end with yesterday."""
    return at.date() - WEEK * DAY, at.date()


async def hourly(house: Installation) -> None:
    for at in hours_of_a_month():
        await house.set_clock(at.isoformat())
        await read(house, CURVE, *window(at))


async def hourly_with_late_days(house: Installation) -> None:
    """Every fifth day comes a day late, and a hole is filled three days after it should have come."""
    first = hours_of_a_month()[0].date()
    late = [first + at * DAY for at in range(4, 30, 5)]
    hole = first + 12 * DAY
    for day, days in [*((each, 2) for each in late), (hole, 4)]:
        published = midnight(day + days * DAY) + 8 * HOUR
        order = {"series": CURVE, "day": str(day), "publish_at": published.isoformat()}
        await house.control("PUT", f"values/{POINT}", order)
    await hourly(house)


async def two_years_of_curve(house: Installation) -> None:
    await house.set_clock(NOW)
    await read(house, CURVE, TODAY.replace(year=2024), TODAY)


async def three_years_of_energy(house: Installation) -> None:
    """The curve of the last 24 months is held; it is not counted."""
    await two_years_of_curve(house)
    await house.control("DELETE", "calls")
    await read(house, DAILY, TODAY.replace(year=2023), TODAY)


def ranges_of_a_month() -> list[tuple[date, date]]:
    """A hundred different ones, which together need every day of October."""
    first = date(2026, 10, 1)
    pairs = [(first + start * DAY, first + end * DAY) for start in range(31) for end in range(start + 1, 32)]
    return pairs[:30:3] + pairs[31:-1:5][:89] + [(first, first + 31 * DAY)]


async def refused(house: Installation) -> None:
    """The consumption of a meter that only produces, every quarter of an hour of a day."""
    begin = midnight(TODAY)
    for at in range(100):
        await house.set_clock((begin + at * timedelta(minutes=14)).isoformat())
        await read(house, CURVE, TODAY - 9 * DAY, TODAY - 2 * DAY, PRODUCER)


TWO_YEARS = [(TODAY.replace(year=2024), TODAY)]
THREE_YEARS = [(TODAY.replace(year=2023), TODAY)]
WINDOWS = [window(at) for at in hours_of_a_month()]
ROWS = (
    Row("a 7-day window every hour for 30 days", 30, naive_calls(WINDOWS), hourly),
    Row("the same, days late and a hole (at most 42)", 30, naive_calls(WINDOWS), hourly_with_late_days),
    Row("24 months of load curve", 105, naive_calls(TWO_YEARS), two_years_of_curve),
    Row("36 months of energy, curve held for 24", 2, naive_calls(THREE_YEARS, YEAR), three_years_of_energy),
    Row("a refused range asked 100 times in a day", 1, 100, refused),
)


async def at_once(made: Estate, ranges: Sequence[tuple[date, date]]) -> int:
    """The calls that these cold requests cost, which come to four processes in turn."""
    await start(made, [POINT])
    answers = await asyncio.gather(*(ask(made, at % 4, *each) for at, each in enumerate(ranges)))
    held = {each: await ask(made, 0, *each) for each in dict.fromkeys(ranges)}
    if any(answer != held[each] for each, answer in zip(ranges, answers, strict=True)):
        raise SystemExit("identical requests had different answers")
    return len([call for call in await made.calls() if call["api"] in DATA_APIS])


async def ask(made: Estate, gateway: int, start: date, end: date) -> object:
    """The readings of the curve."""
    path, params = f"/v1/usage-points/{POINT}/{CURVE}", {"start": str(start), "end": str(end)}
    answer = await made.get(path, gateway=gateway, params=params, headers={"Prefer": "wait=60"})
    if answer.status_code != HTTPStatus.OK or answer.json()["gaps"]:
        raise SystemExit(f"a read failed: {answer.status_code} {answer.text[:200]}")
    return answer.json()["readings"]


TWENTY = [(TODAY - 8 * DAY, TODAY - DAY)] * 20


async def counted(folder: Path, generation: str) -> AsyncGenerator[Result, None]:
    async with processes(folder / "twenty", GENERATION=generation) as made:
        found = await at_once(made, TWENTY)
    yield Result("calls: 20 identical cold requests, 4 processes", found, "calls", 1, 20)
    async with processes(folder / "hundred", GENERATION=generation) as made:
        found = await at_once(made, ranges_of_a_month())
    naive = naive_calls(ranges_of_a_month())
    yield Result("calls: 100 ranges inside one month at once, 4 processes", found, "calls", 5, naive)
    for number, row in enumerate(ROWS):
        async with installed(folder / f"row{number}", GENERATION=generation, SIMULATOR_NOW=ADOPTED) as house:
            await row.work(house)
            yield Result(f"calls: {row.name}", await count(house), "calls", row.limit, row.naive)


def measure(folder: Path, generation: str = "v5") -> Iterator[Result]:
    async def all_rows() -> list[Result]:
        async with aclosing(counted(folder, generation)) as rows:
            return [row async for row in rows]

    yield from asyncio.run(all_rows())


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        for result in measure(Path(name), *sys.argv[1:2]):
            print(f"{result.name:<56}{result.value:>8.0f}{result.limit:>8.0f}{result.naive:>8.0f}")
