"""From the command to the first answer, and what a gateway weighs then."""

import asyncio
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from passerelle.config import read_settings
from passerelle.wiring import bring_up_to_date
from result import Result
from servers import SERVER_CORE, free_port, pinned, process


def resident(pid: int) -> float:
    """MiB of memory of a process, where the machine tells."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return 0.0
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


def started(command: list[str], environment: dict[str, str], url: str) -> tuple[float, float]:
    """Milliseconds until the address answers, and MiB then."""
    begun = time.perf_counter()
    with process(pinned(SERVER_CORE, command), environment, url) as running:
        return (time.perf_counter() - begun) * 1000, resident(running.pid)


def measure(folder: Path) -> Iterator[Result]:
    data = folder / "starting"
    settings = read_settings({"PASSERELLE_DATA_DIR": str(data)})
    asyncio.run(bring_up_to_date(settings))
    port = free_port()
    environment = {"PASSERELLE_DATA_DIR": str(data), "PASSERELLE_LISTEN": f"127.0.0.1:{port}"}
    ours = started([sys.executable, "-m", "passerelle", "serve"], environment, f"http://127.0.0.1:{port}/health/live")
    file = folder / "small.json"
    file.write_text("{}")
    port = free_port()
    bare = started(
        [sys.executable, str(Path(__file__).parent / "bare.py"), str(port), str(file)], {}, f"http://127.0.0.1:{port}/"
    )
    yield Result("start of the gateway to its first answer", ours[0], "ms", bare[0])
    yield Result("memory of the gateway at rest", ours[1], "MiB", bare[1])
