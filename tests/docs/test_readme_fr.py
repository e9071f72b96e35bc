"""The French README is the English one in French: the same parts in order, the same commands, the same links."""

import re
from itertools import zip_longest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ENGLISH = (ROOT / "README.md").read_text(encoding="utf-8")
FRENCH = (ROOT / "README.fr.md").read_text(encoding="utf-8")

LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"^ {4}.+$|^```[\s\S]*?^```$", re.MULTILINE)
REMARK = re.compile(r"\s+#.*$", re.MULTILINE)
SECTION = re.compile(r"^## ", re.MULTILINE)


def of_each(pattern: str) -> list[tuple[int, int]]:
    """How often the pattern stands in each section of the English page, and of the French one."""
    found = re.compile(pattern, re.MULTILINE)
    pairs = zip_longest(SECTION.split(ENGLISH), SECTION.split(FRENCH), fillvalue="")
    return [(len(found.findall(english)), len(found.findall(french))) for english, french in pairs]


def commands(page: str) -> list[str]:
    return [REMARK.sub("", block) for block in CODE.findall(page)]


def test_the_sections_follow_each_other_in_the_same_order():
    assert len(SECTION.split(ENGLISH)) > 5
    for pattern in (r"^#+ ", r"^\| ", r"^- "):
        assert all(english == french for english, french in of_each(pattern)), pattern


def test_the_commands_and_the_code_are_the_same():
    assert len(commands(ENGLISH)) > 10
    assert commands(FRENCH) == commands(ENGLISH)


def test_both_pages_lead_to_the_same_places_and_to_each_other():
    english, french = LINK.findall(ENGLISH), LINK.findall(FRENCH)
    assert (english.pop(0), french.pop(0)) == ("README.fr.md", "README.md")
    assert sorted(english) == sorted(french)


def test_what_is_done_in_one_language_is_done_in_the_other():
    words = {"done": "fait", "not yet": "pas encore", "under way": "en cours", "set up": "réglés"}
    stands = re.compile(rf"\| ({'|'.join(words)})[^|]* \|$", re.MULTILINE)
    tient = re.compile(rf"\| ({'|'.join(words.values())})[^|]* \|$", re.MULTILINE)
    assert [words[state] for state in stands.findall(ENGLISH)] == tient.findall(FRENCH)
    assert len(stands.findall(ENGLISH)) > 5
