"""How much of each hour's allowance is used while work waits, on a simulated clock: the real quota of four processes.

A call that departs arrives 20 ms later. Alone: `python bench/hours.py`.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from passerelle.errors import QuotaExhausted
from passerelle.model.priority import Priority
from passerelle.quota.memory import MemoryHome
from passerelle.quota.permits import QuotaPermits
from passerelle.quota.settings import Limits
from passerelle.testing.clock import FakeClock
from result import Result

PROCESSES, HOURS, BUCKET = 4, 3, "v5"
ON_THE_WAY = timedelta(milliseconds=20)


async def simulate(limits: Limits, priorities: tuple[Priority, ...]) -> Counter[int]:
    """Calls that arrive in each hour from the first; each process has calls of every priority waiting."""
    clock = FakeClock()
    begin = await clock.now()

    def wall_ns() -> int:
        return round((begin.timestamp() + clock.monotonic()) * 1e9)

    home = MemoryHome(wall_ns=wall_ns, monotonic=clock.monotonic)
    arrived: Counter[int] = Counter()

    async def calls(permits: QuotaPermits, account_id: str, priority: Priority) -> None:
        while clock.monotonic() < HOURS * 3600:
            try:
                async with permits.turn(BUCKET, account_id, priority) as turn:
                    await turn.depart()
            except QuotaExhausted as refused:
                await clock.sleep(refused.problem.retry_after or 1)
            else:
                arrived[int((await clock.now() + ON_THE_WAY - begin).total_seconds()) // 3600] += 1

    gateways = [QuotaPermits(home, {BUCKET: limits}, clock, wall_ns=wall_ns) for _ in range(PROCESSES)]
    await asyncio.gather(*(calls(each, "owner", priority) for each in gateways for priority in priorities))
    return arrived


def measure(_: Path) -> Iterator[Result]:
    for per_hour in (1_000, 10_000):
        for name, priorities in {"imports": (Priority.IMPORT,), "all kinds": tuple(Priority)}.items():
            hours = asyncio.run(simulate(Limits(5, per_hour), priorities))
            whole = [hours[at] for at in range(HOURS)]
            what = f"{per_hour:,} calls an hour, {name} waiting"
            yield Result(f"{what}: most", max(whole), "calls", per_hour)
            yield Result(f"{what}: least", min(whole), "calls", per_hour)


if __name__ == "__main__":
    for result in measure(Path()):
        print(f"{result.name:<52}{result.value:>10.0f} {result.unit} (limit {result.limit})")
