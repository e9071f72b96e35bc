"""The tree keeps the shape that CONTRIBUTING.md and docs/architecture.md promise."""

import ast
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SOURCE = ROOT / "src" / "passerelle"
TESTS = ROOT / "tests"
MODULES = sorted(SOURCE.rglob("*.py"))

MOST_LINES = 400
NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "common", "manager", "service", "services", "base", "misc"}
TEST_KINDS = {"unit", "property", "contract", "wire", "flow", "browser", "migration", "docs"}
NEVER_IN_TESTS = {
    "time.sleep",
    "pytest.skip",
    "pytest.xfail",
    "pytest.mark.skip",
    "pytest.mark.skipif",
    "pytest.mark.xfail",
}


def dotted(node: ast.expr) -> str:
    """`a.b.c` for such an expression, else nothing."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return ""


def names_used(path: Path) -> Iterator[str]:
    """Every dotted name and every import of a module, whole: `os.environ` for `from os import environ` too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute):
            yield dotted(node)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def where(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


def test_no_module_is_longer_than_a_reader_can_hold():
    assert not where([path for path in MODULES if len(path.read_text(encoding="utf-8").splitlines()) > MOST_LINES])


def test_every_module_name_says_what_is_inside():
    assert not where([path for path in SOURCE.rglob("*") if path.stem.lstrip("_") in NAMES_THAT_SAY_NOTHING])


def test_every_room_says_what_it_is_for():
    rooms = [path.parent for path in MODULES if path.parent != SOURCE]
    silent = []
    for room in set(rooms):
        door = room / "__init__.py"
        if "migrations" not in room.parts and not (door.exists() and ast.get_docstring(ast.parse(door.read_text()))):
            silent.append(room)
    assert not where(silent)


def test_only_config_reads_the_environment():
    readers = {"os.environ", "os.environb", "os.getenv", "os.getenvb"}
    assert not where([path for path in MODULES if path != SOURCE / "config.py" and readers & set(names_used(path))])


def test_tests_stand_under_the_question_that_they_ask():
    folders = {path.name for path in TESTS.iterdir() if path.is_dir() and list(path.rglob("test_*.py"))}
    assert folders <= TEST_KINDS


def test_unit_tests_mirror_the_rooms():
    rooms = {path.name for path in SOURCE.iterdir() if path.is_dir()} | {path.stem for path in SOURCE.glob("*.py")}
    mirrors = {path.name for path in (TESTS / "unit").iterdir() if list(path.rglob("test_*.py"))}
    assert mirrors - {"layout"} <= rooms


def test_no_test_sleeps_mocks_or_is_left_out():
    for path in TESTS.rglob("*.py"):
        used = set(names_used(path))
        assert not used & NEVER_IN_TESTS, path
        assert not any(name.startswith("unittest.mock") for name in used), path


@pytest.mark.official
def test_official_files_are_read_in_place_and_never_copied(official: Path):
    theirs = [*official.glob("openapi-*/*"), *official.glob("fixtures/**/*"), official / "FACTS.md"]
    digests = {hashlib.sha256(path.read_bytes()).digest() for path in theirs if path.is_file()}
    assert len(digests) > 20
    ours = [path for folder in (SOURCE, TESTS, ROOT / "docs") for path in folder.rglob("*") if path.is_file()]
    assert not where([path for path in ours if hashlib.sha256(path.read_bytes()).digest() in digests])
