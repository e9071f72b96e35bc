"""Processes that the benches ask: the simulator, the gateway, a server that only gives bytes, and the naive way.

Started on a core of their own where there are two, so that the load does not take their time.
"""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
SERVER_CORE, LOAD_CORE = 0, 1
START_SECONDS = 120
LAST_POINT = b"26584978546985"
"""The usage point that the demo links last: once it is there, all are."""


def pinned(core: int, command: list[str]) -> list[str]:
    """The command on this core, where the machine has several and can pin."""
    several = hasattr(os, "sched_setaffinity") and len(os.sched_getaffinity(0)) > 1
    return ["taskset", "-c", str(core), *command] if several else command


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@contextmanager
def process(command: list[str], environment: Mapping[str, str], url: str) -> Iterator[subprocess.Popen[bytes]]:
    """A server process from the moment its address answers to the end of the block."""
    variables = {**os.environ, **environment}  # noqa: TID251 — a bench is no part of the product
    with subprocess.Popen(command, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        try:
            until = time.monotonic() + START_SECONDS
            while not answers(url):
                if running.poll() is not None or time.monotonic() > until:
                    raise SystemExit(f"{command} did not start")
                time.sleep(0.02)
            yield running
        finally:
            running.send_signal(signal.SIGINT)
            running.wait(15)


def answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=30)  # noqa: S310 — an address of this machine
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


@dataclass(frozen=True)
class Demo:
    """A running demo: where it is, its key, its process."""

    url: str
    simulator: str
    key: str
    folder: Path
    process: subprocess.Popen[bytes]


@contextmanager
def demo(folder: Path, **more: str) -> Iterator[Demo]:
    """`passerelle demo` on ports of its own, with a quota that does not slow the benches."""
    url, simulator = f"http://127.0.0.1:{free_port()}", f"http://127.0.0.1:{free_port()}"
    environment = {
        "PASSERELLE_LISTEN": url.removeprefix("http://"),
        "PASSERELLE_SIMULATOR_LISTEN": simulator.removeprefix("http://"),
        "PASSERELLE_DATA_DIR": str(folder),
        "PASSERELLE_DEMO_KEY": secrets.token_urlsafe(32),
        "PASSERELLE_QUOTA_PER_SECOND": "1000",
        "PASSERELLE_GENERATION": "v5",  # so does the naive way beside it
        **{f"PASSERELLE_{name}": value for name, value in more.items()},
    }
    command = pinned(SERVER_CORE, [sys.executable, "-m", "passerelle", "demo"])
    with process(command, environment, f"{url}/v1/usage-points") as running:
        made = Demo(url, simulator, environment["PASSERELLE_DEMO_KEY"], folder, running)
        until = time.monotonic() + START_SECONDS
        while LAST_POINT not in fetch(f"{url}/v1/usage-points", made.key)[1]:
            if time.monotonic() > until:
                raise SystemExit("the demo account did not appear")
            time.sleep(0.05)
        yield made


def fetch(url: str, key: str, *, wait: int = 30) -> tuple[int, bytes, float]:
    """Status, body and seconds of one GET."""
    headers = {"Authorization": f"Bearer {key}", "Prefer": f"wait={wait}"}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 — an address of this machine
    started = time.perf_counter()
    try:
        with urllib.request.urlopen(request, timeout=wait + 30) as answer:  # noqa: S310 — the same
            status, body = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        status, body = error.code, error.read()
    return status, body, time.perf_counter() - started


def load(url: str, key: str | None, *, connections: int = 32, seconds: float = 5) -> dict[str, float]:
    """What `load.py` measured, from a process on the other core."""
    command = pinned(LOAD_CORE, [sys.executable, str(HERE / "load.py"), url])
    command += ["--connections", str(connections), "--seconds", str(seconds)]
    command += [f"--key={key}"] if key else []  # a key may begin with a dash
    out = subprocess.run(command, check=True, capture_output=True, timeout=seconds + 120)
    measured: dict[str, float] = json.loads(out.stdout)
    return measured


@contextmanager
def beside(module: str, file: Path) -> Iterator[str]:
    """One of our small comparison servers (`bare` or `naive`) on this file; its address."""
    port = free_port()
    command = pinned(SERVER_CORE, [sys.executable, str(HERE / f"{module}.py"), str(port), str(file)])
    url = f"http://127.0.0.1:{port}/"
    with process(command, {}, url):
        yield url
