# ruff: noqa: ARG001, ARG002 — the ports give more than a bench wants
"""20,000 usage points kept fresh, curve only, with 1,000 calls an hour, on a simulated clock.

The book of work is the real one, on SQLite; Enedis is an allowance by the hour that gives every day it is asked for.
About four minutes; alone: `python bench/refresh.py`.
"""

import asyncio
import tempfile
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert

from passerelle.consent.requests import LinkedPoint
from passerelle.consent.states import ConsentState, Link
from passerelle.gateway.upkeep import WORKER, Upkeep
from passerelle.kit.crypto import random_id
from passerelle.model.days import DaySpan
from passerelle.model.paris import midnight
from passerelle.model.priority import Priority
from passerelle.model.series import Direction, Series
from passerelle.model.usage_point import UsagePointId
from passerelle.plan.rules import published_end
from passerelle.plan.upkeep import Missing
from passerelle.problem import PasserelleError
from passerelle.store.engine import open_engine, writing
from passerelle.store.links import PRM, Links
from passerelle.store.tables import accounts, consents, links, points, upkeep
from passerelle.store.upgrade import migrate
from passerelle.store.upkeep import UpkeepBook
from passerelle.store.vault import Secrets
from result import Result

POINTS, ACCOUNTS, AN_HOUR, DAYS = 20_000, 40, 1_000, 1
CURVE = Series.CONSUMPTION_LOAD_CURVE
BEGIN = midnight(date(2026, 11, 24)) + timedelta(hours=8)


@dataclass
class HourClock:
    """Civil time of the bench; it moves by what calls and waiting take."""

    at: datetime = BEGIN

    async def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - BEGIN).total_seconds()

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class Allowance:
    """Satisfies `gateway.upkeep.Fetching`: so many calls an hour, the rest waits for the next one."""

    clock: HourClock
    fresh: dict[str, date] = field(default_factory=dict)
    hours: dict[datetime, int] = field(default_factory=dict)
    last_at: dict[date, datetime] = field(default_factory=dict)
    counts: dict[date, int] = field(default_factory=dict)

    async def missing(self, linked: LinkedPoint, series: Series, span: DaySpan, now: datetime) -> Missing:
        since = self.fresh.get(linked.link.point_id, span.start)
        return Missing(unasked=frozenset(day for day in span if day >= since))

    async def next_worth(self, link: Link, series: Series, span: DaySpan, now: datetime) -> datetime | None:
        return None

    async def bring(
        self, linked: LinkedPoint, series: Series, span: DaySpan, priority: Priority
    ) -> PasserelleError | None:
        hour = self.clock.at.replace(minute=0, second=0, microsecond=0)
        if self.hours.get(hour, 0) >= AN_HOUR:
            self.clock.at = hour + timedelta(hours=1)
            hour = self.clock.at
        self.hours[hour] = self.hours.get(hour, 0) + 1
        self.clock.at += timedelta(seconds=0.21)
        self.fresh[linked.link.point_id] = span.end
        day = published_end(self.clock.at)
        self.counts[day] = self.counts.get(day, 0) + 1
        self.last_at[day] = self.clock.at
        return None

    async def whole_days(self, link: Link, series: Series, span: DaySpan) -> Collection[date]:
        return ()


async def fill(url: str, secrets: Secrets) -> None:
    """The accounts, each with its share of the points, all wanted."""
    owners = [random_id() for _ in range(ACCOUNTS)]
    consent = {owner: random_id() for owner in owners}
    named = [(random_id(), owners[number % ACCOUNTS], UsagePointId(f"{number:014}")) for number in range(POINTS)]
    before, end = BEGIN - timedelta(hours=12), BEGIN + timedelta(days=365)
    engine = open_engine(url)
    async with writing(engine) as connection:
        await connection.execute(
            insert(accounts), [{"id": each, "name": each, "created_at": before} for each in owners]
        )
        await connection.execute(
            insert(consents),
            [
                {
                    "id": consent[owner],
                    "account_id": owner,
                    "state": ConsentState.GRANTED.value,
                    "origin": "adopted",
                    "duration": "P1Y",
                    "requested_at": before,
                    "request_ends_at": before,
                }
                for owner in owners
            ],
        )
        await connection.execute(
            insert(points),
            [
                {
                    "id": point_id,
                    "account_id": owner,
                    "prm_lookup": secrets.lookup(number),
                    "prm_sealed": secrets.seal_text(number, PRM, point_id),
                }
                for point_id, owner, number in named
            ],
        )
        held = {"state": ConsentState.GRANTED.value, "granted_at": before, "expires_at": end}
        await connection.execute(
            insert(links),
            [
                {"point_id": point_id, "consent_id": consent[owner], "account_id": owner, **held}
                for point_id, owner, _ in named
            ],
        )
        work = {"series": CURVE.value, "work": "refresh", "due_at": BEGIN, "wanted_at": before, "began_at": before}
        await connection.execute(
            insert(upkeep), [{"point_id": point_id, "account_id": owner, **work} for point_id, owner, _ in named]
        )
    await engine.dispose()


async def nothing(link: Link) -> Collection[Direction]:
    return ()


async def run(folder: Path) -> tuple[Allowance, float]:
    url, secrets, clock = f"sqlite:///{folder}/refresh.db", Secrets(bytes(32)), HourClock()
    await migrate(url)
    await fill(url, secrets)
    engine = open_engine(url)
    fetching = Allowance(clock)
    keeper = Upkeep(
        book=UpkeepBook(engine, secrets, random_id(), clock.monotonic),
        fetching=fetching,
        links=Links(engine, secrets, clock),
        clock=clock,
        kind=WORKER,
        covers=nothing,
    )
    started = time.perf_counter()
    while clock.at < BEGIN + timedelta(days=DAYS):
        if not await keeper.work():
            await clock.sleep(60)
    await engine.dispose()
    return fetching, time.perf_counter() - started


def measure(folder: Path) -> Iterator[Result]:
    """Points fresh each day, when the last of a day is, and what the book costs a call."""
    done, seconds = asyncio.run(run(folder))
    first = published_end(BEGIN)
    for at in range(DAYS):
        day = first + timedelta(days=at)
        hours = (done.last_at[day] - BEGIN - timedelta(days=at)).total_seconds() / 3600
        yield Result(f"20,000 points, day {at + 1}: fresh", done.counts[day], "points", POINTS)
        yield Result(f"20,000 points, day {at + 1}: the last one after", hours, "h", POINTS / AN_HOUR)
    yield Result("most calls in an hour", max(done.hours.values()), "calls", AN_HOUR)
    yield Result("the book of work, for each call", 1000 * seconds / sum(done.hours.values()), "ms", 1000 / 4.76)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        for result in measure(Path(name)):
            print(f"{result.name:<52}{result.value:>10.2f} {result.unit} (limit {result.limit})")
