"""SIGTERM and Ctrl-C: requests under way end with their answers, the work is found again, the status is 0."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")

POINT = "22516914714270"
AT_ONCE = 4
"""Calls of one import that may be under way when the time is over, and are then made again."""

PASSERELLE = Path(sys.executable).with_name("passerelle")


async def curve(made: Any, start: str, end: str, *, wait: int = 300) -> Any:
    path = f"/v1/usage-points/{POINT}/consumption/load-curve"
    return await made.get(path, params={"start": start, "end": end}, headers={"Prefer": f"wait={wait}"})


async def arrived(made: Any, count: int) -> list[dict[str, Any]]:
    """Ask the simulator until so many data calls have come."""
    async with asyncio.timeout(20):
        while True:
            data = [call for call in await made.calls() if call["api"] != "oauth2"]
            if len(data) >= count:
                return data


async def running(estate: Any, **settings: str) -> Any:
    made = estate(**settings)
    await made.simulator.start()
    await made.furnish([POINT])
    await made.gateways[0].start()
    return made


@pytest.mark.timeout(60)
async def test_a_request_whose_call_is_under_way_gets_its_answer(estate: Any):
    made = await running(estate)
    await made.control("PUT", "faults", {"api": "metering_data_clc", "delay_ms": 1500})
    asked = asyncio.create_task(curve(made, "2026-11-16", "2026-11-17"))
    await arrived(made, 1)
    assert await made.gateways[0].end(signal.SIGTERM) == 0
    answer = await asked
    assert answer.status_code == 200
    assert len(answer.json()["readings"]) == 48


@pytest.mark.timeout(90)
async def test_a_long_import_is_answered_with_what_there_is_and_found_again_later(estate: Any):
    made = await running(estate)
    asked = asyncio.create_task(curve(made, "2025-10-01", "2026-11-24"))
    await arrived(made, 8)
    async with asyncio.timeout(9.5):  # a container's supervisor kills after 10 s
        assert await made.gateways[0].end(signal.SIGTERM) == 0
    answer = await asked
    assert answer.status_code == 200
    assert {gap["reason"] for gap in answer.json()["gaps"]} == {"pending"}
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json()["readings"]
    await made.gateways[0].start()
    again = await curve(made, "2025-10-01", "2026-11-24")
    truth = await made.control(
        "GET",
        f"truth/{POINT}",
        params={"series": "consumption/load-curve", "start": "2025-10-01", "end": "2026-11-24"},
    )
    assert again.json()["readings"] == truth["readings"]
    data = [call for call in await made.calls() if call["api"] != "oauth2"]
    assert {call["status"] for call in data} <= {200, None}  # None: the gateway had gone before the answer
    twice = Counter(call["query"]["start"] for call in data)
    assert twice.total() - len(twice) <= AT_ONCE


@pytest.mark.timeout(90)
@pytest.mark.parametrize("through_make", [False, True])
async def test_ctrl_c_ends_the_demo_without_a_word(estate: Any, tmp_path: Path, *, through_make: bool):
    """The whole process group gets the signal, as from a terminal. Make itself ends by it, but prints no error."""
    (tmp_path / "Makefile").write_text(f"demo:\n\t@exec {PASSERELLE} demo\n")  # as ours, without the installation
    command = ["make", "-f", str(tmp_path / "Makefile"), "demo"] if through_make else [str(PASSERELLE), "demo"]
    settings = {**estate().gateways[0].environment, "PASSERELLE_LOG_LEVEL": "info"}
    process = await asyncio.create_subprocess_exec(
        *command,
        stdout=PIPE,
        stderr=PIPE,
        env={**os.environ, **settings},  # noqa: TID251 — the environment of a process to come
        start_new_session=True,
    )
    async with asyncio.timeout(60):
        async for line in process.stdout:
            if b"API key" in line:
                break
    os.killpg(process.pid, signal.SIGINT)
    async with asyncio.timeout(20):
        _, errors = await process.communicate()
    assert errors.decode() == ""
    assert process.returncode == (-signal.SIGINT if through_make else 0)
