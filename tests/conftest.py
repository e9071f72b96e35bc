"""What every test may rely on, and what this machine cannot prove, said in one line."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OFFICIAL = ROOT.parent / "shared" / "enedis"
IN_CI = os.environ.get("CI") == "true"  # noqa: TID251 — the test run's own environment, not the product's

MARKERS = {
    "official": ("Enedis' official files in ../shared/enedis", OFFICIAL.is_dir()),
}
_left_out: dict[str, int] = {}


def pytest_configure(config: pytest.Config) -> None:
    for name, (what, _) in MARKERS.items():
        config.addinivalue_line("markers", f"{name}: needs {what}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what this machine cannot prove; in CI nothing may be left out."""
    absent = [name for name, (_, present) in MARKERS.items() if not present]
    if IN_CI and absent:
        raise pytest.UsageError(f"CI lacks {', '.join(MARKERS[name][0] for name in absent)}")
    for name in absent:
        out = [item for item in items if item.get_closest_marker(name)]
        if out:
            _left_out[name] = len(out)
            config.hook.pytest_deselected(items=out)
            items[:] = [item for item in items if item not in out]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for name, count in _left_out.items():
        terminalreporter.write_line(f"left out: {count} tests that need {MARKERS[name][0]}")


@pytest.fixture(scope="session")
def official() -> Path:
    """The folder of Enedis' official files and captured answers, read in place."""
    return OFFICIAL
