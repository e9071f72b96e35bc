"""docs/commands.md tells every command and option of `passerelle`, and no page shows another."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from passerelle.cli.main import build

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
SECTIONS = {
    part.partition("\n")[0]: part.partition("\n")[2]
    for part in re.split(r"^#{2,3} ", PAGE, flags=re.MULTILINE)
    if part.startswith("passerelle")
}

OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
SHOWN = re.compile(r"(?:^|[ /`])passerelle ((?:--lang \w+ )?[a-z].*?)(?:`|$|;|\|| #)")
"""A use of the command in a code line or in backticks: what follows its name."""


def walk(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The command and all under it, by the words that lead there."""
    yield path, command
    for name in command.list_commands(None) if hasattr(command, "list_commands") else ():
        yield from walk(command.get_command(None, name), (*path, name))


TREE = dict(walk(get_command(build())))
LEAVES = {path: command for path, command in TREE.items() if not hasattr(command, "list_commands")}


def options_of(command: Any) -> set[str]:
    return {name for each in command.params if each.param_type_name == "option" for name in each.opts}


def title(path: tuple[str, ...]) -> str:
    return " ".join(("passerelle", *path))


def test_every_command_has_its_heading_and_every_heading_its_command():
    assert len(LEAVES) > 20
    assert SECTIONS.keys() == {"passerelle", *map(title, LEAVES)}


@pytest.mark.parametrize("path", [(), *LEAVES], ids=title)
def test_the_section_names_the_options_of_the_command_and_no_other(path: tuple[str, ...]):
    told = set(OPTION.findall(SECTIONS[title(path)]))
    assert told == options_of(TREE[path])


@pytest.mark.parametrize("path", LEAVES, ids=title)
def test_each_option_has_a_line_of_its_own_where_it_is_first_told(path: tuple[str, ...]):
    with_line = set(re.findall(r"^- `(--[a-z-]+)", PAGE, re.MULTILINE))
    assert options_of(LEAVES[path]) <= with_line


def uses(page: Path) -> Iterator[str]:
    for line in page.read_text(encoding="utf-8").splitlines():
        code = [line] if line.startswith("    ") else [f"`{span}`" for span in re.findall(r"`([^`]+)`", line)]
        for text in code:
            # A container or a user may have the name of the command.
            yield from (use.removeprefix("passerelle ") for use in SHOWN.findall(text))


@pytest.mark.parametrize("page", [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")], ids=lambda path: path.name)
def test_no_page_shows_a_command_or_an_option_that_does_not_exist(page: Path):
    for use in uses(page):
        words = re.sub(r"^--lang \w+ ", "", use).split()
        path = next((tuple(words[:deep]) for deep in (2, 1) if tuple(words[:deep]) in TREE), None)
        assert path is not None, f"passerelle {use}"
        unknown = set(OPTION.findall(use)) - options_of(TREE[path]) - options_of(TREE[()])
        assert not unknown, f"passerelle {use}"
