"""The examples of the READMEs and the documents, run as a newcomer runs them: beside a demo, in a second terminal."""

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import pytest

ROOT = Path(__file__).resolve().parents[3]
STAND_IN = Path(__file__).with_name("curl_stand_in.py")
READMES = ["README.md", "README.fr.md"]
PAGES = [*READMES, "docs/api.md", "docs/sdk.md", "docs/consents.md", "docs/simulator.md"]
NOW = "2026-11-24T09:00:00+01:00"
REVOKED = "26584978546985"

RUN = re.compile(r"^<!-- a test runs this -->\n\n(?:```python\n([\s\S]*?)^```$|((?: {4}.*\n)+))", re.MULTILINE)
COMPARE = re.compile(r"^<!-- a test compares this with the answer -->\n\n```json\n([\s\S]*?)^```$", re.MULTILINE)
LEFT_OUT = re.compile(r" {4}curl -X DELETE .*/v1/consents/[0-9a-f]{32}")
"""The one example that cannot run: it names a consent of somebody's."""


@dataclass(frozen=True)
class Demo:
    """`passerelle demo`, started by hand. `key` is the one that it printed."""

    url: str
    simulator: str
    key: str

    def here(self, text: str) -> str:
        """An example that speaks to this demo."""
        own = {
            "http://127.0.0.1:8420": self.url,
            "http://127.0.0.1:8421": self.simulator,
            "PASSERELLE_KEY=…": f"PASSERELLE_KEY={self.key}",
            'key="…"': f'key="{self.key}"',
        }
        for told, real in own.items():
            text = text.replace(told, real)
        return text

    def get(self, path: str) -> Any:
        # The demo is ours, on this machine.
        request = Request(self.url + path, headers={"Authorization": f"Bearer {self.key}"})  # noqa: S310 — see above
        try:
            with build_opener(ProxyHandler({})).open(request, timeout=60) as answer:
                return json.load(answer)
        except HTTPError as refused:
            return json.load(refused)


def environment(**own: str) -> dict[str, str]:
    """That of a terminal in which nothing of ours is set but `own`."""
    outside = os.environ.items()  # noqa: TID251 — the test run's own environment, not the product's
    return {name: value for name, value in outside if not name.startswith("PASSERELLE_")} | own


def run(command: list[str], **own: str) -> str:
    """What the command prints in English, in the folder of the clone. It must succeed."""
    done = subprocess.run(
        command,
        env=environment(PASSERELLE_LANG="en", **own),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def free_ports() -> tuple[int, int]:
    with socket.socket() as first, socket.socket() as second:
        for each in (first, second):
            each.bind(("127.0.0.1", 0))
        return first.getsockname()[1], second.getsockname()[1]


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    """A demo with a folder of its own, which ends by Ctrl-C."""
    gateway, simulator = free_ports()
    own = {
        "PASSERELLE_LISTEN": f"127.0.0.1:{gateway}",
        "PASSERELLE_SIMULATOR_LISTEN": f"127.0.0.1:{simulator}",
        "PASSERELLE_SIMULATOR_NOW": NOW,
        "PASSERELLE_DATA_DIR": str(tmp_path / "data"),
        "PYTHONUNBUFFERED": "1",
    }
    with subprocess.Popen(
        [sys.executable, "-m", "passerelle", "demo"], env=environment(**own), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            line = next(line for line in process.stdout if "API key:" in line)
            key = line.partition("API key:")[2].split()[0]
            yield Demo(f"http://127.0.0.1:{gateway}", f"http://127.0.0.1:{simulator}", key)
        finally:
            process.send_signal(signal.SIGINT)
            process.stdout.read()
    assert process.returncode == 0


def examples(page: str) -> list[tuple[str, str]]:
    """What is marked to be run, in order: its Python or its shell, one of them empty."""
    return RUN.findall((ROOT / page).read_text(encoding="utf-8"))


def shell_of(page: str, demo: Demo, *, curl: str) -> str:
    """The commands of the page as one script that ends at the first failure."""
    lines = [line.removeprefix("    ") for _, block in examples(page) for line in block.splitlines()]
    script = demo.here("\n".join(lines)).replace(".venv/bin/", f"{Path(sys.executable).parent}/")
    return f'set -eu\ncurl() {{ {curl} "$@"; }}\n{script}\n'


def run_shell(page: str, demo: Demo, *, curl: str) -> str:
    # READMEs tell how to come to a key; the other pages go on from there.
    known = {} if page in READMES else {"PASSERELLE_KEY": demo.key}
    return run(["/bin/sh", "-c", shell_of(page, demo, curl=curl)], PASSERELLE_URL=demo.url, **known)


STAND_IN_COMMAND = f"{shlex.quote(sys.executable)} {shlex.quote(str(STAND_IN))}"
CURL = "command curl --fail --silent --show-error --noproxy '*'" if shutil.which("curl") else STAND_IN_COMMAND


@pytest.mark.parametrize("page", PAGES)
def test_the_examples_of_the_page_work(page: str, demo: Demo):
    pieces = examples(page)
    assert pieces
    # The first of all: a day without data that is asked for again is told with Enedis' words on it.
    for answer in COMPARE.findall((ROOT / page).read_text(encoding="utf-8")):
        compare(demo, json.loads(demo.here(answer)))
    if any(shell for _, shell in pieces):
        assert run_shell(page, demo, curl=CURL)
    for python in filter(None, (python for python, _ in pieces)):
        assert run([sys.executable, "-W", "error", "-c", demo.here(python)])


def compare(demo: Demo, told: dict[str, Any]) -> None:
    """An answer that a page shows, a series or the problem of a revoked consent, with the one that the demo gives."""
    whose, series = told.get("usage_point_id", REVOKED), told.get("series", "consumption/daily")
    start, end = told.get("start", "2026-10-24"), told.get("end", "2026-10-28")
    found = demo.get(f"/v1/usage-points/{whose}/{series}?start={start}&end={end}")
    assert told.keys() == found.keys()
    for of_this_time in ("as_of", "request_id"):
        assert len(told.pop(of_this_time, "")) == len(found.pop(of_this_time, ""))
    assert found == told


def test_the_readme_can_be_followed_without_curl(demo: Demo):
    told = run_shell("README.md", demo, curl=STAND_IN_COMMAND)
    assert "2026-11-17 00:00+01:00" in told
    assert '"reason":"missing"' in told
    assert told.count(",W,raw,") == 50


def test_an_answer_is_shown_where_a_newcomer_looks():
    assert all(COMPARE.search((ROOT / page).read_text(encoding="utf-8")) for page in [*READMES, "docs/api.md"])


@pytest.mark.parametrize("page", PAGES)
def test_every_example_of_the_page_is_run(page: str):
    rest = RUN.sub("", (ROOT / page).read_text(encoding="utf-8"))
    assert "```python" not in rest
    assert not [line for line in rest.splitlines() if line.startswith("    curl") and not LEFT_OUT.match(line)]
