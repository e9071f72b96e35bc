"""500 requests at once for 500 usage points, three times: one, two and three gateway processes on one database.

The loads are those of tests/flow/processes, at full size. About six minutes; alone: `python bench/soak.py`.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from result import Result

LOADS = Path(__file__).resolve().parent.parent / "tests" / "flow" / "processes" / "test_load.py"


def measure(folder: Path) -> Iterator[Result]:
    """Stops with the tests' own report when a request is lost or a sixth call comes within a second."""
    figures = folder / "soak.jsonl"
    command = [sys.executable, "-m", "pytest", "--quiet", "-k", "crowd", "--soak", str(figures), str(LOADS)]
    subprocess.run(command, check=True, stdout=sys.stderr)
    for line in figures.read_text().splitlines():
        told = json.loads(line)
        what = f"{told['requests']} requests at once, {told['gateways']} gateways"
        yield Result(f"{what}: calls to Enedis", told["rate"], "/s", 5.0)
        yield Result(f"{what}: six of them within", told["six_in_seconds"], "s", 1.0)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        for result in measure(Path(name)):
            print(f"{result.name:<52}{result.value:>10.3f} {result.unit} (limit {result.limit})")
