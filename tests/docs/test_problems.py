"""docs/problems has a page for every problem that can be met over HTTP, and each says what the code says."""

import json
import re
from importlib.resources import files
from pathlib import Path

import msgspec
import pytest

from passerelle.errors import PROBLEMS
from passerelle.schema.problem import ProblemBody
from passerelle.web.pages.docs import ACTORS

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "problems"
ROWS = json.loads((files("passerelle.enedis") / "errors.json").read_bytes())
SAYS_WHEN = {"too-many-requests", "quota-exhausted", "upstream-unavailable", "upstream-timeout", "storage-unavailable"}


def page_of(code: str) -> tuple[str, dict[str, str]]:
    """What stands above the headings of the page, and the text under each of them, folded to single spaces."""
    head, *parts = re.split(r"^## ", (FOLDER / f"{code}.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    sections = {}
    for part in parts:
        title, _, text = part.partition("\n")
        sections[title] = " ".join(text.split())
    return head, sections


def rows_of(code: str) -> list[str]:
    return [row["id"] for row in ROWS if row["problem"] == code]


def test_every_problem_has_its_page_and_every_page_its_problem():
    assert {path.stem for path in FOLDER.glob("*.md")} - {"README"} == PROBLEMS.keys()


@pytest.mark.parametrize("code", PROBLEMS)
def test_the_page_says_it_in_both_languages(code: str):
    problem = PROBLEMS[code]
    head, sections = page_of(code)
    assert head.split() == ["#", code, f"`{code}`", "·", "HTTP", str(problem.status)]
    assert list(sections) == [problem.title(), problem.title_fr, "Example · Exemple", "Enedis"]
    actor_fr, actor_en = ACTORS[problem.actor]
    retry_en, retry_fr = ("may be enough", "peut suffire") if problem.may_retry else ("is not enough", "ne suffit pas")
    english, french = sections[problem.title()], sections[problem.title_fr]
    for text, lines in (
        (english, ("Who must act: " + actor_en, "What to do: " + problem.advice, "Trying again later: " + retry_en)),
        (
            french,
            ("Qui doit agir : " + actor_fr, "Que faire : " + problem.advice_fr, "Réessayer plus tard : " + retry_fr),
        ),
    ):
        meaning, *bullets = text.split(" - ")
        assert len(meaning) > 40
        assert [bullet.startswith(line) for bullet, line in zip(bullets, lines, strict=True)] == [True] * 3
        # Where the rows of one problem differ the page may not promise one thing for all.
        told = [(row["retryable"], row["who_acts_for_our_caller"]) for row in ROWS if row["problem"] == code]
        assert ("`retryable`" in text) is any(each is not problem.may_retry for each, _ in told)
        assert ("`who_acts`" in text) is any(each != problem.actor for _, each in told)


@pytest.mark.parametrize("code", PROBLEMS)
def test_the_example_is_a_body_that_the_gateway_could_send(code: str):
    _, sections = page_of(code)
    text = sections["Example · Exemple"].removeprefix("```json").removesuffix("```")
    body = msgspec.json.decode(text, type=ProblemBody, strict=True)
    problem = PROBLEMS[code]
    assert json.loads(text).keys() == set(ProblemBody.__struct_fields__)
    assert (body.code, body.status, body.title) == (code, problem.status, problem.title())
    assert body.type.endswith(f"/docs/problems/{code}")
    assert (body.retry_after is not None) is (code in SAYS_WHEN)
    if body.upstream is None:
        assert (body.action, body.action_fr) == (problem.advice, problem.advice_fr)


@pytest.mark.parametrize("code", PROBLEMS)
def test_the_page_lists_the_errors_of_enedis_that_lead_to_it(code: str):
    _, sections = page_of(code)
    assert re.findall(r" - `([^`]+)`", f" {sections['Enedis']}") == rows_of(code)


def test_the_index_lists_every_problem():
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| \[(\S+)\]\((\S+)\.md\) \| (\d+) \| (.+) \| (.+) \|$", text, re.MULTILINE)
    assert listed == [
        (code, code, str(problem.status), problem.title(), problem.title_fr) for code, problem in PROBLEMS.items()
    ]
