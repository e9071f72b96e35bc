"""docs/settings.md lists every variable that is read, with its default, and no other."""

import re
from pathlib import Path

import pytest

from passerelle.config import PREFIX, SETTINGS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "settings.md").read_text(encoding="utf-8")
OF_THE_READING_COMMANDS = {"URL", "KEY"}
SECTIONS = {
    section.partition("\n")[0].removeprefix(PREFIX): section.partition("\n")[2]
    for section in re.split(r"^#{2,3} ", PAGE, flags=re.MULTILINE)
    if section.startswith(PREFIX)
}


def test_every_variable_has_its_heading_and_every_heading_its_variable():
    assert SECTIONS.keys() - OF_THE_READING_COMMANDS == SETTINGS.keys()
    assert list(SECTIONS)[-2:] == ["URL", "KEY"]


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_the_default_that_is_told_is_the_default(name: str):
    told = SECTIONS[name].partition("Default: ")[2]
    assert told, name
    if " " not in SETTINGS[name].default:
        words = set(re.findall(r"[^\s`,;]+(?<!\.)", told))
        assert SETTINGS[name].default.strip("`") in words, name


def test_no_page_speaks_of_a_variable_that_does_not_exist():
    root = Path(__file__).resolve().parents[2]
    known = SETTINGS.keys() | OF_THE_READING_COMMANDS
    for page in [*root.glob("*.md"), *root.glob("docs/**/*.md")]:
        named = {name.removesuffix("_FILE") for name in re.findall(rf"\b{PREFIX}([A-Z_]+)", page.read_text("utf-8"))}
        assert named <= known, page.name
