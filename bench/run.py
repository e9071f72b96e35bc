"""make bench: every figure beside the limit (a bare server, or the least work) and the naive way, in one run.

About twenty-five minutes; `--long` adds the soak (six minutes: 500 requests at once, three times) and the refresh of
20,000 points (half an hour). `--only NAME` for one.

Prints a table and writes bench/results.json: [{"name", "value", "unit", "limit", "naive", "at", "machine"}].
"""

import argparse
import json
import os
import platform
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import arrivals
import calls
import cold
import hours
import interactive
import normalising
import refresh
import size
import soak
import starting
import warm
from installations import PINNED
from result import Result
from servers import demo

HERE = Path(__file__).parent
Bench = Callable[[Path], Iterator[Result]]


def reads(folder: Path) -> Iterator[Result]:
    """Those that ask one demo."""
    with demo(folder / "demo", **PINNED) as running:
        yield from warm.measure(running)
        yield from cold.measure(running)


BENCHES: dict[str, Bench] = {
    "normalising": normalising.measure,
    "starting": starting.measure,
    "reads": reads,
    "postgres": warm.measure_postgres,
    "size": size.measure,
    "calls": calls.measure,
    "hours": hours.measure,
    "interactive": interactive.measure,
    "arrivals": arrivals.measure,
    "refresh": refresh.measure,
}
"""In the order in which they run: what a busy machine would spoil comes first."""

LONG: dict[str, Bench] = {"soak": soak.measure, "refresh-whole": refresh.measure_whole}


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
    options = argparse.ArgumentParser(description="figures beside the limit and the naive way")
    options.add_argument("--long", action="store_true", help="the soak and the whole refresh too")
    options.add_argument("--only", metavar="NAME", choices=[*BENCHES, *LONG], help=", ".join([*BENCHES, *LONG]))
    asked = options.parse_args()
    every = BENCHES | LONG
    chosen = {asked.only: every[asked.only]} if asked.only else every if asked.long else BENCHES
    lines: list[Line] = []
    here = machine()
    print(f"{'what':<60}{'value':>12}{'limit':>12}{'naive':>12}  unit")
    with tempfile.TemporaryDirectory() as folder:
        for name, bench in chosen.items():
            (Path(folder) / name).mkdir()
            for result in bench(Path(folder) / name):
                line = Line(**asdict(result), at=datetime.now(UTC).isoformat(timespec="seconds"), machine=here)
                lines.append(line)
                figures = "".join(_figure(each) for each in (line.value, line.limit, line.naive))
                print(f"{line.name:<60}{figures}  {line.unit}", flush=True)
            write(lines, part=asked.only is not None)


def write(lines: list[Line], *, part: bool) -> None:
    """Into results.json; a part replaces its own lines."""
    file = HERE / "results.json"
    new = [asdict(line) for line in lines]
    if part and file.exists():
        names = {line.name for line in lines}
        new = [each for each in json.loads(file.read_text()) if each["name"] not in names] + new
    file.write_text(json.dumps(new, indent=1) + "\n")


def _figure(value: float | None) -> str:
    if value is None:
        return f"{'-':>12}"
    return f"{value:>12,.0f}" if abs(value) >= 100 else f"{value:>12.2f}"  # noqa: PLR2004 — three digits


if __name__ == "__main__":
    main()
