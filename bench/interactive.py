"""How long an interactive call waits for the quota while an import runs: one call a second over four processes.

The figure is the gateways' own `passerelle_quota_wait_seconds`. Naive: one line for everybody, first come, first
served. Alone: `python bench/interactive.py [SECONDS]`.
"""

import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from http import HTTPStatus
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from installations import Estate, home, homes_here, households, processes, start
from result import Result

GATEWAYS, SECONDS, A_SECOND = 4, 40.0, 1.0
IMPORTED = households(GATEWAYS)
IMPORT_CALLS = 105
"""Two years of load curve."""

INTERACTIVE_OF_EACH = 10
"""The first calls of a request are interactive, whatever its range."""

TWO_YEARS = {"start": "2024-11-24", "end": "2026-11-24"}
DAY = {"start": "2026-11-16", "end": "2026-11-17"}
CALLS_A_SECOND = 5 / 1.06
METRIC = "passerelle_quota_wait_seconds"


async def ask(made: Estate, gateway: int, point: str, span: dict[str, str]) -> float:
    """Milliseconds of the answer."""
    began = time.perf_counter()
    path = f"/v1/usage-points/{point}/consumption/load-curve"
    answer = await made.get(path, gateway=gateway, params=span, headers={"Prefer": "wait=300"})
    if answer.status_code != HTTPStatus.OK or not answer.json()["readings"]:
        raise SystemExit(f"an interactive call failed: {answer.status_code}")
    return (time.perf_counter() - began) * 1000


async def waits(made: Estate) -> Counter[float]:
    """Interactive calls by the upper bound of their wait, of all gateways, each counted in every wider one too."""
    found: Counter[float] = Counter()
    for gateway in made.gateways:
        text = (await made.http.get(f"{gateway.url}/metrics")).text
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name == f"{METRIC}_bucket" and sample.labels["priority"] == "interactive":
                    found[float(sample.labels["le"])] += int(sample.value)
    return found


def quantile(counts: Counter[float], part: float) -> float:
    """As Prometheus has it: even inside a bucket. In the unit of the bounds."""
    wanted = part * max(counts.values())
    below, before = 0.0, 0.0
    for bound in sorted(counts):
        if counts[bound] >= wanted:
            return below + (bound - below) * (wanted - before) / (counts[bound] - before)
        below, before = bound, counts[bound]
    return below


async def run(folder: Path, name: str, seconds: float) -> tuple[float, list[float]]:
    """The 95th percentile of the wait, and the milliseconds of each answer."""
    chance = random.Random(5)
    async with AsyncExitStack() as stack:
        place = await stack.enter_async_context(home(name, folder))
        made = await stack.enter_async_context(processes(folder, GATEWAYS, **place.settings))
        points = households(round(4 * seconds * A_SECOND), first=GATEWAYS)
        await start(made, [*IMPORTED, *points])
        imports = [asyncio.create_task(ask(made, at, point, TWO_YEARS)) for at, point in enumerate(IMPORTED)]
        await _under_way(made)
        before = await waits(made)
        asked: list[asyncio.Task[float]] = []
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            await asyncio.sleep(chance.expovariate(A_SECOND))
            point, gateway = points[len(asked)], chance.randrange(GATEWAYS)
            asked.append(asyncio.create_task(ask(made, gateway, point, DAY)))
        took: Sequence[Any] = await asyncio.gather(*asked)
        if any(each.done() for each in imports):
            raise SystemExit("an import ended before the interactive calls did")
        after = await waits(made)
        for each in imports:
            each.cancel()
        await asyncio.gather(*imports, return_exceptions=True)
    return quantile(after - before, 0.95) * 1000, list(took)


async def _under_way(made: Estate) -> None:
    """Wait until nothing of the imports is interactive any more."""
    # The simulator tells only whoever asks.
    while len(await made.calls()) < GATEWAYS * (INTERACTIVE_OF_EACH + 4):  # noqa: ASYNC110 — another process makes the calls
        await asyncio.sleep(0.5)


def naive(seconds: float) -> float:
    """Milliseconds, 95th percentile: behind all calls of the imports that are still to be made."""
    left = [GATEWAYS * IMPORT_CALLS - at * (CALLS_A_SECOND - A_SECOND) for at in range(int(seconds))]
    return statistics.quantiles([1000 * max(0.0, each) / CALLS_A_SECOND for each in left], n=20)[-1]


def measure(folder: Path, seconds: float = SECONDS) -> Iterator[Result]:
    for name in homes_here():
        own = folder / f"interactive-{name}"
        own.mkdir()
        wait, took = asyncio.run(run(own, name, seconds))
        what = f"interactive during an import, {name}"
        yield Result(f"{what}: wait, p95", wait, "ms", 1000 / CALLS_A_SECOND, naive(seconds))
        yield Result(f"{what}: answer, p95", statistics.quantiles(took, n=20)[-1], "ms")


if __name__ == "__main__":
    given = [float(each) for each in sys.argv[1:2]]
    with tempfile.TemporaryDirectory() as folder_name:
        for result in measure(Path(folder_name), *given):
            print(f"{result.name:<56}{result.value:>10.0f} {result.unit} (limit {result.limit or 0:.0f})", flush=True)
