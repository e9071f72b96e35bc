"""Usage points kept fresh, curve only, for two days on a simulated clock: 20,000 with 1,000 calls an hour, or a tenth.

One worker does it: the real upkeep and quota, and the real book of work on SQLite, for which the simulated clock stands
still; ledger, leases and links are in memory, and of the days only their dates are kept. Enedis answers in 0.3 s with
what it has: a day from 08:00 of the next one (F§7), or a day later still for every 50th point, each day other ones.
`PRAGMA synchronous=OFF`: what the book costs is told without what a disk takes.

Alone: `python bench/refresh.py`, a tenth of both; `python bench/refresh.py --long`, the whole.
"""

import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import suppress
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import cycle
from pathlib import Path
from typing import Any

from sqlalchemy import Table, event, insert

from passerelle.access.caller import Caller
from passerelle.consent.states import ConsentState, Link
from passerelle.gateway.alone import FetchAlone
from passerelle.gateway.bring import Bring
from passerelle.gateway.fetch_days import FetchDays
from passerelle.gateway.flights import Flights
from passerelle.gateway.ports import Errand
from passerelle.gateway.upkeep import WORKER, Upkeep
from passerelle.kit.crypto import random_id
from passerelle.model.days import DaySpan
from passerelle.model.paris import ONE_DAY, midnight
from passerelle.model.reading import AnyReading, Readings
from passerelle.model.series import Direction, Series
from passerelle.model.usage_point import UsagePointId
from passerelle.quota.memory import MemoryHome
from passerelle.quota.permits import QuotaPermits
from passerelle.quota.settings import Limits
from passerelle.store.engine import close_engine, open_engine, writing
from passerelle.store.links import PRM
from passerelle.store.tables import accounts, consents, links, points, upkeep
from passerelle.store.upgrade import migrate
from passerelle.store.upkeep import UpkeepBook
from passerelle.store.vault import Secrets
from passerelle.testing.clock import FakeClock
from passerelle.testing.days import MemoryDays
from passerelle.testing.enedis import ScriptedEnedis, day_of
from passerelle.testing.ledger import MemoryLeases, MemoryLedger
from passerelle.testing.links import MemoryLinks
from result import Result

ACCOUNTS, DAYS, LATE_EVERY, BUCKET = 40, 2, 50, "v5"
WHOLE, TENTH = (20_000, 1_000), (2_000, 100)
"""Usage points, and calls an hour."""
household = lru_cache(day_of)

CURVE = Series.CONSUMPTION_LOAD_CURVE
FIRST = date(2026, 11, 24)
PUBLISHED = timedelta(hours=8)
BEGIN = midnight(FIRST) + PUBLISHED

Row = dict[str, Any]
Came = dict[tuple[str, date], datetime]
"""When each day of a curve of each point was kept."""


class StandingClock(FakeClock):
    """Time stands still while real work is under way; `seconds`: the real time that this took."""

    def __init__(self) -> None:
        super().__init__(BEGIN)
        self.seconds = 0.0
        self._busy, self._since = 0, 0.0

    def __enter__(self) -> None:
        if not self._busy:
            self._since = time.perf_counter()
        self._busy += 1

    def __exit__(self, *_: object) -> None:
        self._busy -= 1
        if not self._busy:
            self.seconds += time.perf_counter() - self._since

    def wall_ns(self) -> int:
        return round((BEGIN.timestamp() + self.monotonic()) * 1e9)

    def _tick(self, loop: asyncio.AbstractEventLoop, turns: int) -> None:
        if self._busy:
            loop.call_later(0.0005, self._tick, loop, 50)
        else:
            super()._tick(loop, turns)


class StandingBook:
    """The real book, for whose work the clock stands still."""

    def __init__(self, book: UpkeepBook, clock: StandingClock) -> None:
        self._book = book
        self._clock = clock

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        work = getattr(self._book, name)

        async def standing(*told: Any) -> Any:
            with self._clock:
                return await work(*told)

        return standing


class DatesOnly(MemoryDays):
    """Days without their readings, and when each day of a curve came."""

    def __init__(self, clock: StandingClock) -> None:
        super().__init__()
        self.came: Came = {}
        self._clock = clock

    async def keep(
        self, caller: Caller | None, account_id: str, point_id: str, series: Series, days: Mapping[date, Readings]
    ) -> frozenset[date]:
        if series is CURVE:
            for day in days:
                self.came.setdefault((point_id, day), await self._clock.now())
        return await super().keep(caller, account_id, point_id, series, dict.fromkeys(days, ()))


class Households(ScriptedEnedis):
    """Enedis with one household for all, and the calls that came in each hour."""

    def __init__(self, clock: StandingClock, permits: QuotaPermits) -> None:
        super().__init__()
        self.arrived: Counter[int] = Counter()
        self._clock = clock
        self._permits = permits

    async def fetch_measure(
        self, point: UsagePointId, series: Series, span: DaySpan, errand: Errand
    ) -> tuple[AnyReading, ...]:
        async with self._permits.turn(BUCKET, errand.account_id, errand.priority) as turn:
            await turn.depart()
            await turn.departed()
        now = await self._clock.now()
        self.arrived[(now - BEGIN) // timedelta(hours=1)] += 1
        await self._clock.sleep(0.3)
        return tuple(reading for day in span if published(point, day) <= now for reading in household(series, day))


def published(point: UsagePointId, day: date) -> datetime:
    """From when on Enedis has this day of this point."""
    late = (int(point) + day.toordinal()) % LATE_EVERY == 0
    return midnight(day + (2 if late else 1) * ONE_DAY) + PUBLISHED


async def fill(url: str, secrets: Secrets, count: int) -> dict[str, UsagePointId]:
    """Accounts with as many points each, their curves wanted since last evening. The points by ids."""
    numbers = {random_id(): UsagePointId(f"{number:014}") for number in range(count)}
    owners = [random_id() for _ in range(ACCOUNTS)]
    before = BEGIN - timedelta(hours=12)
    granted: Row = {"state": ConsentState.GRANTED.value}
    asked: Row = granted | {"origin": "adopted", "duration": "P1Y", "requested_at": before, "request_ends_at": before}
    held: Row = granted | {"granted_at": before, "expires_at": BEGIN + timedelta(days=365)}
    work: Row = {"series": CURVE.value, "work": "refresh", "due_at": BEGIN, "wanted_at": before, "began_at": before}
    places: list[Row] = [{"point_id": at, "account_id": owner} for at, owner in zip(numbers, cycle(owners))]
    sealed: list[Row] = [
        {"id": each, "prm_lookup": secrets.lookup(prm), "prm_sealed": secrets.seal_text(prm, PRM, each)}
        for each, prm in numbers.items()
    ]
    rows: dict[Table, list[Row]] = {
        accounts: [{"id": each, "name": each, "created_at": before} for each in owners],
        consents: [{"id": each, "account_id": each} | asked for each in owners],
        points: [row | {"account_id": at["account_id"]} for row, at in zip(sealed, places, strict=True)],
        links: [at | {"consent_id": at["account_id"]} | held for at in places],
        upkeep: [at | work for at in places],
    }
    engine = open_engine(url)
    async with writing(engine) as connection:
        for table, new in rows.items():
            await connection.execute(insert(table), new)
    await close_engine(engine)
    return numbers


async def nothing(_: Link) -> Collection[Direction]:
    return ()


async def run(folder: Path, count: int, an_hour: int) -> list[Result]:
    url, secrets, clock = f"sqlite:///{folder}/refresh.db", Secrets(bytes(32)), StandingClock()
    await migrate(url)
    numbers = await fill(url, secrets, count)
    engine = open_engine(url)
    event.listen(engine.sync_engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous = OFF"))
    home, limits = MemoryHome(wall_ns=clock.wall_ns, monotonic=clock.monotonic), {BUCKET: Limits(5, an_hour)}
    permits = QuotaPermits(home, limits, clock, wall_ns=clock.wall_ns, watch=lambda each, _: keeper.departed(each))
    enedis, days, ledger, held = Households(clock, permits), DatesOnly(clock), MemoryLedger(), MemoryLinks()
    fetch = FetchDays(enedis=enedis, days=days, ledger=ledger, links=held, clock=clock)
    bring = Bring(fetch=fetch, flights=Flights(), leases=MemoryLeases(), clock=clock)
    book: Any = StandingBook(UpkeepBook(engine, secrets, random_id(), lambda: clock.wall_ns() / 1e9), clock)
    keeper = Upkeep(
        book=book,
        fetching=FetchAlone(links=held, days=days, ledger=ledger, bring=bring, clock=clock),
        links=held,
        clock=clock,
        kind=WORKER,
        covers=nothing,
    )
    working = asyncio.create_task(keeper.run())
    await clock.sleep(DAYS * 86_400)
    working.cancel()
    with suppress(asyncio.CancelledError):
        await working
    await close_engine(engine)
    each_call = Result(f"{count:,} points: book of work, a call", 1000 * clock.seconds / enedis.arrived.total(), "ms")
    return [*figures(numbers, days.came, enedis.arrived, an_hour), each_call]


def figures(numbers: Mapping[str, UsagePointId], came: Came, arrived: Counter[int], an_hour: int) -> Iterator[Result]:
    """Of what each morning published: how much was fresh before the next one, and when the last of it was."""
    name, least = f"{len(numbers):,} points", len(numbers)
    wanted = DaySpan(FIRST - ONE_DAY, FIRST + (DAYS - 1) * ONE_DAY)
    for number in range(DAYS):
        what, morning = f"{name}, day {number + 1}", BEGIN + number * ONE_DAY
        due = [(each, day) for each, prm in numbers.items() for day in wanted if published(prm, day) == morning]
        after = [came[each] - morning for each in due if each in came]
        calls = sum(arrived[24 * number + hour] for hour in range(24))
        yield Result(f"{what}: fresh", sum(each < ONE_DAY for each in after), "days", len(due))
        yield Result(f"{what}: the last one after", max(after) / timedelta(hours=1), "h", least / an_hour)
        yield Result(f"{what}: calls", calls, "calls", least)
    yield Result(f"{name}: most calls in an hour", max(arrived.values()), "calls", an_hour)


def measure(folder: Path) -> Iterator[Result]:
    yield from asyncio.run(run(folder, *TENTH))


def measure_whole(folder: Path) -> Iterator[Result]:
    yield from asyncio.run(run(folder, *WHOLE))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        for result in (measure_whole if "--long" in sys.argv else measure)(Path(name)):
            print(f"{result.name:<52}{result.value:>10.2f} {result.unit} (limit {result.limit})")
