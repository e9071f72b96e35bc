"""docs/scopes.md tells every scope and what it opens, and no page names another."""

import re
from pathlib import Path

import pytest

from passerelle.model.catalogue import CATALOGUE
from passerelle.model.scopes import Scope
from passerelle.web.routes import ROUTES

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "scopes.md").read_text(encoding="utf-8")
SECTIONS = {
    part.partition("\n")[0]: part.partition("\n")[2] for part in re.split(r"^#{2,3} ", PAGE, flags=re.MULTILINE)
}
TWO_WORDS = re.compile(r"`([a-z-]+:[a-z-]+)`|--scope ([a-z][a-z:-]*)")


def test_every_scope_has_its_heading_in_the_order_of_the_code():
    told = re.findall(r"^### (.+)$", PAGE, re.MULTILINE)
    assert told == [scope.value for scope in Scope]


@pytest.mark.parametrize("scope", Scope)
def test_the_section_lists_what_the_scope_opens(scope: Scope):
    section = SECTIONS[scope.value]
    opened = [f"{route.method} {route.path}" for route in ROUTES if route.scope is scope]
    assert re.findall(r"`((?:GET|POST|PUT|DELETE) /v1/[^`]+)`", section) == opened
    assert opened
    at_enedis = {row.path.split("/")[1] for row in CATALOGUE if row.scope is scope}
    assert all(api in section for api in at_enedis)


def test_no_page_names_a_scope_that_does_not_exist():
    known = {scope.value for scope in Scope}
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]:
        found = TWO_WORDS.findall(page.read_text(encoding="utf-8"))
        named = {quoted or given for quoted, given in found}
        assert named <= known, page.name
