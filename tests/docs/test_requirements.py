"""The requirement files can be installed anywhere, give the same bytes everywhere, and agree with each other."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMES = ["client", "server", "dev", "build"]
PIN = re.compile(r"^([A-Za-z0-9][\w.-]*)==([^\s;\\]+)")
NAMED_IN_PROSE = re.compile(r"\b([a-z][a-z0-9-]+) (\d+(?:\.\d+)+)")


def blocks(name: str) -> list[str]:
    """One text a requirement: its line and the hashes that go with it."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    return [block for block in re.split(r"\n(?=\S)", text) if block.strip()]


def pins(name: str) -> dict[str, str]:
    return dict(match.groups() for block in blocks(name) if (match := PIN.match(block)))


def asked(names: list[str]) -> set[str]:
    """The bare names of requirements such as `sqlalchemy[asyncio]>=2; python_version > "3"`."""
    return {re.split(r"[\s\[<>=;!~]", name, maxsplit=1)[0].lower() for name in names}


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_installed_unchecked_and_no_address_is_recorded(name: str):
    for block in blocks(name):
        assert PIN.match(block), block
        assert "--hash=sha256:" in block, block
        assert "://" not in block, block
        assert not re.search(r"^\s*(-i|-f|--index-url|--extra-index-url|--find-links)\b", block, re.MULTILINE), block


def test_all_files_pin_one_version_of_a_package():
    everything = pins("dev")
    for name in ("client", "server", "build"):
        shared = {package: version for package, version in pins(name).items() if package in everything}
        assert shared.items() <= everything.items(), name
    assert pins("client").keys() <= pins("server").keys() <= everything.keys()


def test_what_the_project_asks_for_is_pinned():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    bare = asked(project["project"]["dependencies"])
    server = bare | asked(project["project"]["optional-dependencies"]["server"])
    dev = server | asked(project["dependency-groups"]["dev"])
    assert bare <= pins("client").keys()
    assert server <= pins("server").keys()
    assert dev <= pins("dev").keys()
    assert asked(project["build-system"]["requires"]) <= pins("build").keys()


def test_the_bare_install_carries_nothing_of_the_server():
    heavy = {"starlette", "uvicorn", "sqlalchemy", "cryptography", "jinja2", "alembic", "structlog"}
    assert not heavy & pins("client").keys()


def test_decisions_name_the_versions_that_are_pinned():
    pinned = pins("dev") | pins("build")
    checked = set()
    for path in sorted((ROOT / "docs" / "decisions").glob("*.md")):
        text = path.read_text(encoding="utf-8")
        for package, version in NAMED_IN_PROSE.findall(text):
            if package in pinned:
                assert version == pinned[package], f"{path.name}: {package}"
                checked.add(package)
    assert {"starlette", "httpx2", "sqlalchemy", "cryptography", "typer", "hypothesis"} <= checked


def test_no_lock_file_with_addresses_is_committed():
    assert "uv.lock" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
