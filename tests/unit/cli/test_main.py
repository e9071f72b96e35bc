"""The application as a whole: help, status, and what works without the extra `server`."""

import os
import pty
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from typer.testing import CliRunner

from passerelle import __version__
from passerelle.cli.main import SERVER_MODULES, build, lacks_extra

ROOT = Path(__file__).resolve().parents[3]

READING = [
    ["daily"],
    ["load-curve"],
    ["max-power"],
    ["contract"],
    ["address"],
    ["identity"],
    ["contact"],
    ["usage-points"],
    ["gaps"],
    ["catalogue"],
    ["consent"],
    ["consent", "start"],
    ["consent", "list"],
    ["consent", "forget"],
]
SERVER = [["demo"], ["serve"], ["simulator"], ["migrate"], ["doctor"], ["account"], ["key"], ["consent", "adopt"]]

BARE = f"""
import sys
from importlib.abc import MetaPathFinder

class Refuse(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {set(SERVER_MODULES)!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
        return None

sys.meta_path.insert(0, Refuse())
from passerelle.cli.main import run
sys.argv = ["passerelle", *sys.argv[1:]]
run()
"""


def bare(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a command where nothing of the extra `server` can be imported."""
    environment = {**os.environ, "PASSERELLE_LANG": "en", "NO_COLOR": "1", "COLUMNS": "200"}  # noqa: TID251 — the child's
    return subprocess.run(
        [sys.executable, "-c", BARE, *words], capture_output=True, text=True, env=environment, check=False, timeout=60
    )


@pytest.mark.parametrize("command", [[], *READING, *SERVER], ids=" ".join)
def test_every_command_explains_itself(command: list[str]):
    result = CliRunner().invoke(build(), [*command, "--help"])
    assert result.exit_code == 0, result.output
    assert "--help" in result.stdout


def test_the_version_is_told():
    assert CliRunner().invoke(build(), ["--version"]).stdout.strip() == __version__


def test_the_bare_install_lists_and_reads():
    listing = bare("--help")
    assert listing.returncode == 0, listing.stderr
    assert [word for word in ("daily", "consent", "serve", "account") if word not in listing.stdout] == []
    reading = bare("catalogue", "--url", "http://127.0.0.1:1")
    assert reading.returncode == 1
    assert reading.stderr.startswith("error: No gateway answers at http://127.0.0.1:1.")


@pytest.mark.parametrize("words", [("serve",), ("account", "create", "x"), ("consent", "adopt", "--account", "A")])
def test_a_server_command_of_the_bare_install_names_the_extra_in_one_line(words: tuple[str, ...]):
    result = bare(*words)
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr == "This command needs the server: pip install 'passerelle[server]'\n"


def test_reading_imports_nothing_of_the_server():
    code = (
        "import sys; from passerelle.cli.main import build; from typer.testing import CliRunner\n"
        "CliRunner().invoke(build(), ['catalogue', '--url', 'http://127.0.0.1:1'])\n"
        f"print(*sorted({set(SERVER_MODULES)!r} & sys.modules.keys()))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert loaded.stdout.strip() == ""


WATCHED = """
from datetime import date, datetime
import msgspec
from passerelle.cli.main import build
from passerelle.cli.shell import Shell
from passerelle.schema.series import IntervalSeries, SeriesGap
from passerelle.testing.scripted_gateway import ScriptedGateway

start, end = (datetime.fromisoformat(f"2026-03-{day}T00:00:00+01:00") for day in (10, 14))
gap = SeriesGap(start=start, end=end, reason="pending")
body = IntervalSeries(usage_point_id="22516914714270", series="consumption/daily", unit="Wh", start=date(2026, 3, 10),
                      end=date(2026, 3, 20), readings=[], gaps=[gap], energy_wh=0, as_of=end)
gateway = ScriptedGateway()
path = "/v1/usage-points/22516914714270/consumption/daily"
gateway.answer(path, body, headers={"Retry-After": "1"})
gateway.answer(path, msgspec.structs.replace(body, gaps=[]))
build(Shell(connect=lambda _, key: gateway.client(key)))(
    ["daily", "22516914714270", "--start", "2026-03-10", "--end", "2026-03-20", "--format", "json"])
"""


def test_a_bar_on_the_terminal_counts_the_days_and_stays_out_of_the_answer():
    ours, theirs = pty.openpty()
    child = subprocess.run(
        [sys.executable, "-c", WATCHED], stdout=subprocess.PIPE, stderr=theirs, check=True, timeout=60
    )
    os.close(theirs)
    shown = os.read(ours, 65_536).decode()
    os.close(ours)
    assert "Fetching days" in shown
    assert "6/10" in shown
    assert child.stdout.endswith(b'"gaps":[],"energy_wh":0,"as_of":"2026-03-14T00:00:00+01:00"}\n')


def test_a_module_of_ours_that_is_missing_is_a_fault_not_an_extra():
    assert lacks_extra(ModuleNotFoundError("no", name="sqlalchemy.ext.asyncio"))
    assert not lacks_extra(ModuleNotFoundError("no", name="passerelle.store.tables"))
    assert not lacks_extra(ModuleNotFoundError("no"))


def test_the_extra_is_what_the_project_declares():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["server"]
    names = {line.split(";")[0].split(">")[0].split("[")[0].strip() for line in declared}
    modules = {
        module
        for module, packages in packages_distributions().items()
        if names & {package.lower().replace("_", "-") for package in packages}
    }
    assert modules - {"docs", "tests"} <= SERVER_MODULES | {m for m in modules if m.startswith("_")}
    assert len(SERVER_MODULES) == len(names)
