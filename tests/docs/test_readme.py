"""What README.md says of commands, addresses and versions is so, and docs/index.md leads to every page."""

import re
import tomllib
from pathlib import Path

import pytest

from passerelle.config import SETTINGS
from passerelle.model.sandbox import consenting_points

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
INDEX = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
LINK = re.compile(r"\]\(([^)\s#]+)")


def test_the_index_leads_to_every_page():
    linked = {(ROOT / "docs" / link).resolve() for link in LINK.findall(INDEX)}
    pages = {*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")} - {ROOT / "docs" / "index.md"}
    assert pages <= linked
    folders = {path for path in (ROOT / "docs").iterdir() if path.is_dir()}
    assert all(folder in linked or folder / "README.md" in linked for folder in folders)


def test_the_newcomer_is_told_the_python_that_the_project_needs():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert f"Python {project['requires-python'].removeprefix('>=')} or newer" in README


@pytest.mark.parametrize("page", ["README.md", "docs/api.md", "docs/sdk.md", "docs/consents.md", "docs/simulator.md"])
def test_examples_speak_to_the_addresses_where_things_listen(page: str):
    text = (ROOT / page).read_text(encoding="utf-8")
    known = {SETTINGS[name].default.strip("`") for name in ("LISTEN", "SIMULATOR_LISTEN")}
    # 9000 is the example of another address.
    assert set(re.findall(r"127\.0\.0\.1:\d+", text)) - {"127.0.0.1:9000"} <= known


def test_the_usage_points_of_the_readme_can_be_read_in_the_demo():
    named = set(re.findall(r"\b\d{14}\b", README))
    assert named
    assert named <= set(consenting_points())


def test_the_extra_that_the_readme_installs_exists():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = set(re.findall(r"\.\[(\w+)\]", README))
    assert extras
    assert extras <= project["optional-dependencies"].keys()
