"""What every test may rely on, and what this machine cannot prove, said in one line."""

import gc
import importlib.util
import os
import shutil
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
OFFICIAL = ROOT.parent / "shared" / "enedis"
IN_CI = os.environ.get("CI") == "true"  # noqa: TID251 — the test run's own environment, not the product's


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.5):
            return True
    except OSError:
        return False


def _has_redis() -> bool:
    return _answers(6379) and shutil.which("redis-server") is not None


MARKERS = {
    "official": ("Enedis' official files in ../shared/enedis", OFFICIAL.is_dir()),
    "postgres": ("a PostgreSQL server on its standard local port", _answers(5432)),
    "redis": ("a Redis server on its standard local port, and the program redis-server", _has_redis()),
    "browser": ("the browser /usr/bin/chromium", Path("/usr/bin/chromium").exists()),
}
"""What some tests need beyond Python: what it is, and whether it is here."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--soak", metavar="FILE", help="loads of full size; figures are written to FILE, a JSON line each")


def pytest_configure(config: pytest.Config) -> None:
    for name, (what, _) in MARKERS.items():
        config.addinivalue_line("markers", f"{name}: needs {what}")
    config.pluginmanager.register(_plugin("silence").Silence(), "silence")
    config.pluginmanager.register(_plugin("servers"), "servers")


def _plugin(name: str) -> Any:
    """A module beside this file: test folders are no packages, so it is loaded by its path."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def pytest_sessionstart(session: pytest.Session) -> None:
    """In CI nothing may be left out."""
    absent = [what for what, present in MARKERS.values() if not present]
    if IN_CI and absent and not hasattr(session.config, "workerinput"):
        pytest.exit(f"CI lacks {', '.join(absent)}", returncode=1)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what this machine cannot prove, and begin with what takes longest."""
    for name, (_, present) in MARKERS.items():
        out = [] if present else [item for item in items if item.get_closest_marker(name)]
        if out:
            config.hook.pytest_deselected(items=out)
            items[:] = [item for item in items if item not in out]
    # These wait for real seconds: begun first, they pass while the other workers compute.
    items.sort(key=lambda item: "processes" not in item.path.parent.name)


def pytest_collection_finish() -> None:
    """What was imported and collected by now lives to the end: nobody looks in it for garbage again and again."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for what, present in MARKERS.values():
        if not present:
            terminalreporter.write_line(f"left out: the tests that need {what}")


@pytest.fixture(scope="session")
def official() -> Path:
    """The folder of Enedis' official files and captured answers, read in place."""
    return OFFICIAL


@pytest.fixture(scope="session")
def keep_log(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Hand over what another process logged: it is searched like the logs of this one."""
    silence: Any = request.config.pluginmanager.get_plugin("silence")
    write: Callable[[str], None] = silence.write
    return write


@pytest.fixture(scope="session")
def soak(request: pytest.FixtureRequest) -> Path | None:
    """Where figures go when loads are of full size (`--soak`)."""
    asked: str | None = request.config.getoption("--soak")
    return Path(asked).absolute() if asked else None
