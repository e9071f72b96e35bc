"""Real processes on one database, in real time: what they may do together, and what a kill leaves behind."""

import asyncio
import sys
from pathlib import Path

import pytest

from passerelle.quota.bucket import Bucket
from passerelle.quota.sqlite import SqliteHome
from passerelle.quota.tables import quota_metadata
from passerelle.store.engine import open_engine

SCRIPT = Path(__file__).with_name("departing.py")


@pytest.fixture
async def database(tmp_path: Path):
    path = tmp_path / "quota.db"
    engine = open_engine(f"sqlite:///{path}")
    async with engine.begin() as connection:
        await connection.run_sync(quota_metadata.create_all)
    await engine.dispose()
    return path


async def depart(database: Path, priority: str, seconds: float):
    return await asyncio.create_subprocess_exec(
        sys.executable, str(SCRIPT), str(database), priority, str(seconds), stdout=-1, stderr=-1
    )


async def recorded(database: Path) -> Bucket:
    engine = open_engine(f"sqlite:///{database}")
    state, _ = await SqliteHome(engine).read("v5")
    await engine.dispose()
    return state


def calls(state: Bucket) -> int:
    return sum(count.calls for count in state.hours)


async def test_four_processes_together_never_send_six_calls_within_a_second(database: Path):
    loads = [("INTERACTIVE", 2.5), ("INTERACTIVE", 2.5), ("IMPORT", 4.5), ("REFRESH", 4.5)]
    processes = [await depart(database, name, seconds) for name, seconds in loads]
    outputs = [await process.communicate() for process in processes]
    assert [errors for _, errors in outputs] == [b""] * 4
    arrivals = sorted(int(line) for output, _ in outputs for line in output.split())
    spans = [later - first for first, later in zip(arrivals, arrivals[5:], strict=False)]
    assert all(span >= 1_000_000_000 for span in spans)
    assert len(arrivals) > 5
    assert calls(await recorded(database)) == len(arrivals)


async def test_a_process_killed_at_any_moment_leaves_at_least_what_it_sent_counted(database: Path):
    sent = 0
    for kills, lines in enumerate((1, 3, 7), start=1):
        process = await depart(database, "INTERACTIVE", 60)
        seen = [await process.stdout.readline() for _ in range(lines)]
        process.kill()
        rest, errors = await process.communicate()
        assert errors == b""
        sent += len(seen) + len(rest.split())
        assert sent <= calls(await recorded(database)) <= sent + 2 * kills
