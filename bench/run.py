"""make bench: every figure beside the limit (a bare server, or the least work) and the naive way, in one run.

About eight minutes, six of them the soak: 500 requests at once, three times.

Prints a table and writes bench/results.json: [{"name", "value", "unit", "limit", "naive", "at", "machine"}].
"""

import json
import os
import platform
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import cold
import normalising
import soak
import starting
import warm
from result import Result
from servers import demo

HERE = Path(__file__).parent
BENCHES: tuple[Callable[..., Iterator[Result]], ...] = (warm.measure, cold.measure)
ALONE: tuple[Callable[[Path], Iterator[Result]], ...] = (normalising.measure, starting.measure)


@dataclass(frozen=True)
class Line:
    """One line of results.json. `limit` and `naive` in the unit of `value`; None where there is no such thing."""

    name: str
    value: float
    unit: str
    limit: float | None
    naive: float | None
    at: str
    machine: str


def machine() -> str:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{platform.system()} {platform.machine()}, {cores} cores, Python {platform.python_version()}"


def main() -> None:
    lines: list[Line] = []
    here = machine()
    print(f"{'what':<52}{'value':>12}{'limit':>12}{'naive':>12}  unit")

    def show(result: Result) -> None:
        line = Line(**asdict(result), at=datetime.now(UTC).isoformat(timespec="seconds"), machine=here)
        lines.append(line)
        print(
            f"{line.name:<52}{_figure(line.value)}{_figure(line.limit)}{_figure(line.naive)}  {line.unit}", flush=True
        )

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for alone in ALONE:
            for result in alone(folder):
                show(result)
        with demo(folder / "demo") as running:
            for bench in BENCHES:
                for result in bench(running):
                    show(result)
        write(lines)
        for result in soak.measure(folder):
            show(result)
    write(lines)


def write(lines: list[Line]) -> None:
    (HERE / "results.json").write_text(json.dumps([asdict(line) for line in lines], indent=1) + "\n")


def _figure(value: float | None) -> str:
    if value is None:
        return f"{'-':>12}"
    return f"{value:>12,.0f}" if abs(value) >= 100 else f"{value:>12.2f}"  # noqa: PLR2004 — three digits


if __name__ == "__main__":
    main()
