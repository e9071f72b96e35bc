"""Warm reads through /v1: key check, decryption and rendering included, 32 connections, one core for the server."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from result import Result
from servers import Demo, beside, fetch, load

POINT = "22516914714270"
RANGES = {"one week": 7, "60 days": 60, "24 months": 730}
SECONDS = 5.0


def address(url: str, days: int) -> str:
    """The load curve of so many days up to the day before yesterday."""
    end = datetime.now(UTC).date() - timedelta(days=1)
    start = end - timedelta(days=days)
    return f"{url}/v1/usage-points/{POINT}/consumption/load-curve?start={start}&end={end}"


def measure(demo: Demo) -> Iterator[Result]:
    for name, days in RANGES.items():
        url = address(demo.url, days)
        status, body, _ = fetch(url, demo.key, wait=200)
        if status != 200 or b"pending" in body:  # noqa: PLR2004 — HTTP
            raise SystemExit(f"the store could not be filled with {name}: {status}")
        file = demo.folder / "answer.json"
        file.write_bytes(body)
        with beside("bare", file) as bare:
            limit = load(bare, None, seconds=SECONDS)
        with beside("naive", file) as naive:
            slow = load(naive, None, seconds=SECONDS)
        ours = load(url, demo.key, seconds=SECONDS)
        if ours["failed"] or ours["bytes"] != len(body):
            raise SystemExit(f"the warm read of {name} failed under load")
        yield Result(f"warm read of {name}", ours["rate"], "answers/s", limit["rate"], slow["rate"])
        yield Result(f"warm read of {name}, p99", ours["p99_ms"], "ms", limit["p99_ms"], slow["p99_ms"])
