"""What the documents say about the tree is true."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "passerelle"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
NAMES = [str(path.relative_to(ROOT)) for path in DOCUMENTS]

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
MAKE = re.compile(r"(?:^ {4}|`)(?:[A-Z_]+=\S+ )*make (\w+)", re.MULTILINE)
FENCED_PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
TABLE_ROW = re.compile(r"^\| (.+) \|$", re.MULTILINE)


def anchors(document: Path) -> set[str]:
    """The fragments that a reader can jump to, as code hosts make them from headings."""
    titles = HEADING.findall(document.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("name", NAMES)
def test_every_relative_link_leads_somewhere(name: str):
    document = ROOT / name
    for link in LINK.findall(document.read_text(encoding="utf-8")):
        if "://" in link:
            continue
        path, _, fragment = link.partition("#")
        target = document.parent / path if path else document
        assert target.exists(), f"{name} points at {link}"
        assert not fragment or fragment in anchors(target), f"{name} points at {link}, which has no such heading"


def test_what_a_newcomer_looks_for_is_linked_from_the_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    links = {link.partition("#")[0].rstrip("/") for link in LINK.findall(readme)}
    expected = {"CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "LICENSE"}
    expected |= {"docs/decisions", "docs/problems", "docs/architecture.md"}
    assert expected <= links
    pages = {str(path.relative_to(ROOT)) for path in DOCUMENTS} - {"README.md"}
    unlinked = {
        page for page in pages if page not in links and not page.startswith(("docs/decisions/", "docs/problems/"))
    }
    assert not unlinked


def test_the_readme_speaks_of_make_targets_that_exist():
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for document in DOCUMENTS:
        named = set(MAKE.findall(document.read_text(encoding="utf-8")))
        assert named <= targets, document.name
    assert {"demo", "test", "check", "lock", "clean"} <= targets


def test_python_in_the_documents_is_python():
    found = [code for path in DOCUMENTS for code in FENCED_PYTHON.findall(path.read_text(encoding="utf-8"))]
    assert found
    for code in found:
        ast.parse(code)


def test_decisions_are_numbered_without_a_hole_and_told_in_four_short_parts():
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))
    for path in DECISIONS:
        text = path.read_text(encoding="utf-8")
        assert text.startswith(f"# {path.name[:4]} "), path.name
        parts = re.findall(r"^\*\*(\w+)\.\*\*", text, re.MULTILINE)
        assert parts == ["Context", "Choice", "Rejected", "Consequence"], path.name
        assert len([line for line in text.splitlines() if line]) <= 14, path.name


def layers() -> list[set[str]]:
    """The rooms from top to bottom, those of one height together, as the contract has them."""
    contracts = tomllib.loads((ROOT / "importlinter.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    (downhill,) = [contract for contract in contracts["contracts"] if contract["type"] == "layers"]
    return [set(layer.split(" | ")) for layer in downhill["layers"]]


def test_the_architecture_draws_the_rooms_that_the_contract_holds():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rooms = page.split("## The rooms")[1].split("\n## ")[0]
    rows = [row.split(" | ")[0] for row in TABLE_ROW.findall(rooms)]
    drawn = [set(re.findall(r"`(\w+)`", cell)) for cell in rows if "`" in cell]
    assert drawn == layers()
    there = {path.name for path in SOURCE.iterdir() if path.is_dir() and list(path.glob("*.py"))}
    assert there - {"testing"} <= set().union(*drawn)


def test_each_place_that_the_architecture_names_exists():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = page.split("## Where a rule lives")[1].split("\n## ")[0]
    places = [place for row in TABLE_ROW.findall(table) for place in re.findall(r"`([\w/.]+)`", row.split(" | ")[1])]
    assert len(places) > 10
    absent = [place for place in places if not any((SOURCE / f"{place}{end}").exists() for end in ("", ".py"))]
    assert not absent


def test_no_file_speaks_of_the_machine_it_was_written_on():
    own_folders = re.compile(r"(?<![\w.])/(?:work|root|tmp|home)/")
    texts = [
        *DOCUMENTS,
        *ROOT.glob("*.toml"),
        ROOT / "Makefile",
        ROOT / ".ci" / "run",
        *ROOT.glob("requirements/*.txt"),
    ]
    texts += [*SOURCE.rglob("*.py"), *SOURCE.rglob("*.html"), *(ROOT / "tests").rglob("*.py")]
    found = [str(path.relative_to(ROOT)) for path in texts if own_folders.search(path.read_text(encoding="utf-8"))]
    assert not found
