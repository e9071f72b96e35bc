"""Warm reads through /v1: key check, decryption and rendering included, 32 connections, one core for the server.

Beside the limit, a bare server that gives the same bytes, and the naive way. Alone: `python bench/warm.py [postgres]`.
"""

import asyncio
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from installations import PINNED, homes_here, on_postgres, postgres_database
from result import Result
from servers import Demo, beside, demo, fetch, load

POINT = "22516914714270"
RANGES = {"one week": 7, "60 days": 60, "24 months": 730}
SECONDS = 5.0


def address(url: str, days: int) -> str:
    """The load curve of so many days up to the day before yesterday."""
    end = datetime.now(UTC).date() - timedelta(days=1)
    start = end - timedelta(days=days)
    return f"{url}/v1/usage-points/{POINT}/consumption/load-curve?start={start}&end={end}"


def measure(demo: Demo, where: str = "") -> Iterator[Result]:
    """Answers a second and the slowest of a hundred under load, and how long an answer takes alone."""
    for name, days in RANGES.items():
        what = f"warm read of {name}{where}"
        url = address(demo.url, days)
        status, body, _ = fetch(url, demo.key, wait=200)
        if status != 200 or b"pending" in body:  # noqa: PLR2004 — HTTP
            raise SystemExit(f"the store could not be filled with {name}: {status}")
        file = demo.folder / "answer.json"
        file.write_bytes(body)
        with beside("bare", file) as bare:
            limit = load(bare, None, seconds=SECONDS)
            alone = load(bare, None, connections=1, seconds=SECONDS / 2)
        with beside("naive", file) as naive:
            slow = load(naive, None, seconds=SECONDS)
            slow_alone = load(naive, None, connections=1, seconds=SECONDS / 2)
        ours = load(url, demo.key, seconds=SECONDS)
        if ours["failed"] or ours["bytes"] != len(body):
            raise SystemExit(f"the warm read of {name} failed under load")
        yield Result(what, ours["rate"], "answers/s", limit["rate"], slow["rate"])
        yield Result(f"{what}, p99", ours["p99_ms"], "ms", limit["p99_ms"], slow["p99_ms"])
        ours_alone = load(url, demo.key, connections=1, seconds=SECONDS / 2)
        yield Result(f"{what}, alone", ours_alone["p50_ms"], "ms", alone["p50_ms"], slow_alone["p50_ms"])


def measure_postgres(folder: Path) -> Iterator[Result]:
    """The same with the store in PostgreSQL, which has processes of its own."""
    if "PostgreSQL" not in homes_here():
        print("left out: warm reads from PostgreSQL, there is none here", file=sys.stderr)
        return
    with (
        _Held(postgres_database()) as url,
        demo(folder / "postgres", **on_postgres(url, folder), **PINNED) as running,
    ):
        yield from measure(running, ", PostgreSQL")


class _Held:
    """An asynchronous context for a block that is not: a loop of its own opens and closes it."""

    def __init__(self, context: AbstractAsyncContextManager[str]) -> None:
        self._context = context
        self._runner = asyncio.Runner()

    def __enter__(self) -> str:
        return self._runner.run(self._context.__aenter__())

    def __exit__(self, *_: object) -> None:
        self._runner.run(self._context.__aexit__(None, None, None))
        self._runner.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder_name:
        at = Path(folder_name)
        if sys.argv[1:] == ["postgres"]:
            found = measure_postgres(at)
            for each in found:
                print(f"{each.name:<52}{each.value:>10.1f}{each.limit or 0:>10.1f}{each.naive or 0:>10.1f} {each.unit}")
        else:
            with demo(at / "demo", **PINNED) as started:
                for each in measure(started):
                    figures = f"{each.value:>10.1f}{each.limit or 0:>10.1f}{each.naive or 0:>10.1f}"
                    print(f"{each.name:<52}{figures} {each.unit}")
