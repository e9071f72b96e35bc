"""Gateways in processes of their own: what goes wrong in one fails the test, and none outlives who started it."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from tests.flow.fleet import FLEET, HOSTS, ROOT, Fleet, together
from tests.flow.homes import SQLITE, Home

from passerelle.config import Settings

STARTS_AND_WAITS = """
import asyncio, sys
from tests.flow.fleet import Fleet
fleet = Fleet()
host = fleet._take()
async def main():
    try:
        await host.ask("nothing")
    except AssertionError:
        print(fleet._mothers[0].pid, flush=True)
    sys.stdin.read()
asyncio.run(main())
"""


@pytest.fixture
def home() -> Home:
    """A house with one more gateway, which is a process."""
    return Home(SQLITE, gateways=2)


async def test_another_gateway_is_another_process_that_serves_the_same(house):
    (other,) = house.others
    assert other.url != house.settings.listen.url
    for _ in range(2):
        assert len((await house.get("/v1/usage-points")).json()["usage_points"]) == 12
    pids = {process for mother in FLEET._mothers for process in children(mother.pid)}
    assert len(pids) >= HOSTS
    assert os.getpid() not in pids


async def test_it_fails_with_the_traceback_of_the_process(house):
    nowhere = replace(house.settings, data_dir=Path("/dev/null/nowhere"), database_url="sqlite:////dev/null/nowhere/db")
    with pytest.raises(AssertionError, match=r"Traceback[\s\S]*StartRefused"):
        async with FLEET.gateways(1, nowhere):
            pass
    async with FLEET.gateways(1, house.settings):  # which the process outlives
        pass


async def test_a_warning_of_the_process_fails_too(house):
    with pytest.raises(AssertionError, match="ResourceWarning: unclosed"):
        async with FLEET.gateways(1, house.settings) as (host,):
            await host.ask("leave_open")


async def test_what_it_logs_is_heard(house):
    heard: list[str] = []
    keep, FLEET.keep = FLEET.keep, heard.append
    try:
        async with FLEET.gateways(1, house.settings) as (host,):
            await house.http.get(f"{host.url}/health/live")
    finally:
        FLEET.keep = keep
    assert '"route": "/health/live"' in "".join(heard)


async def test_a_process_that_ended_is_told_and_another_takes_its_place(house):
    fleet = Fleet()
    try:
        with pytest.raises(AssertionError, match="has ended"):
            await lose_all(fleet, house.settings)
        async with fleet.gateways(1, house.settings) as (host,):
            assert (await house.http.get(f"{host.url}/health/live")).status_code == 200
    finally:
        fleet.end()


async def lose_all(fleet: Fleet, settings: Settings) -> None:
    async with fleet.gateways(HOSTS, settings) as hosts:
        for process in children(fleet._mothers[0].pid):
            os.kill(process, signal.SIGKILL)
        await together(host.ask("forget") for host in hosts)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_none_outlives_who_started_it(number):
    tests = subprocess.Popen(
        [sys.executable, "-c", STARTS_AND_WAITS], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with tests:
        assert tests.stdout is not None
        mother = int(tests.stdout.readline())
        family = [mother, *children(mother)]
        assert len(family) == 1 + HOSTS
        tests.send_signal(number)
        tests.wait()
    given_up = time.monotonic() + 20
    while any(lives(process) for process in family):
        assert time.monotonic() < given_up


def children(process: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def lives(process: int) -> bool:
    """A dead one that nobody has asked about yet does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
