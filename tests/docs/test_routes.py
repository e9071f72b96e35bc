"""docs/api.md tells every route of the gateway, docs/simulator.md those of the control API; no page tells others."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount, Route

from passerelle.config import read_settings
from passerelle.model.reading import GapReason, Quality
from passerelle.model.series import Unit
from passerelle.simulator.app import HOUSE
from passerelle.web.api.series import SeriesQuery
from passerelle.web.routes import ROUTES
from passerelle.web.routes import Route as OurRoute
from passerelle.wiring import open_gateway

ROOT = Path(__file__).resolve().parents[2]
API = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
SIMULATOR = (ROOT / "docs" / "simulator.md").read_text(encoding="utf-8")
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
CONTROL = "/_control"

METHOD = r"(?:GET|POST|PUT|DELETE)"
HEADING = re.compile(rf"^### ({METHOD} /\S*)$", re.MULTILINE)
ROW = re.compile(rf"^\| `({METHOD} /enedis/\S+)` \| .+ \| (.+) \|$", re.MULTILINE)
NAMED = re.compile(rf"\b({METHOD}) (/(?:v1|oauth|consent|health|metrics|docs|openapi|enedis|_control)[^\s`?;,)]*)")
SCOPE = re.compile(r"^(?:.* )?Scope: (?:\[`([a-z:-]+)`\]|(none))", re.MULTILINE)
OF_EVERY_RECORD = {"usage_point_id", "customer_id"}

PART_OF_A_PAGE = {"GET /docs/start.js"}
"""Not for a person: the page that needs it names it."""


def sections(page: str) -> dict[str, str]:
    """The text under each heading that is a route."""
    parts = HEADING.split(page)[1:]
    return {
        title: re.split(r"^##", text, flags=re.MULTILINE)[0] for title, text in zip(*[iter(parts)] * 2, strict=True)
    }


def methods_and_paths(routes: list[BaseRoute]) -> set[str]:
    return {
        f"{method} {route.path}"
        for route in routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }


@pytest.fixture
async def served(tmp_path: Path) -> set[str]:
    """Every method and path of a gateway as it really runs, what is mounted as a whole left out."""
    async with open_gateway(read_settings({"PASSERELLE_DATA_DIR": str(tmp_path)})) as gateway:
        assert isinstance(gateway.app, Starlette)
        assert {route.path for route in gateway.app.routes if isinstance(route, Mount)} == {"/docs/assets", "/enedis"}
        return methods_and_paths(gateway.app.routes)


async def test_every_route_has_its_heading_or_row_and_each_of_these_its_route(served: set[str]):
    told = [*HEADING.findall(API), *(name for name, _ in ROW.findall(API))]
    assert len(told) == len(set(told))
    assert set(told) == served - PART_OF_A_PAGE
    assert all(path.removeprefix("GET ") in API for path in PART_OF_A_PAGE)


async def test_no_page_names_a_route_that_does_not_exist(served: set[str]):
    known = [re.compile(re.sub(r"\{\w+\}", "[^/]+", name)) for name in served | methods_and_paths(HOUSE)]
    for page in PAGES:
        named = {f"{method} {path.rstrip('.:')}" for method, path in NAMED.findall(page.read_text(encoding="utf-8"))}
        assert not [name for name in named if not any(each.fullmatch(name) for each in known)], page.name


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_the_section_tells_the_scope_and_what_the_route_takes_and_gives(route: OurRoute):
    section = sections(API)[f"{route.method} {route.path}"]
    ((scope, none),) = SCOPE.findall(section)
    assert (scope or None) == (route.scope and route.scope.value)
    assert bool(none) is (route.scope is None)
    inputs = [
        *(route.query.__struct_fields__ if route.query else ()),
        *(route.body.__struct_fields__ if route.body else ()),
        *route.form,
        *route.answer.media,
    ]
    absent = [name for name in inputs if f"`{name}`" not in section]
    assert not absent
    assert route.answer.status == 200 or str(route.answer.status) in section


def fields_of(shape: Any) -> Iterator[str]:
    """The names of the fields of a struct, and of the structs that it lists."""
    for each in msgspec.structs.fields(shape) if shape is not None else ():
        yield each.encode_name
        for item in get_args(each.type):
            if isinstance(item, type) and issubclass(item, msgspec.Struct):
                yield from fields_of(item)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_the_fields_of_the_answer_are_told(route: OurRoute):
    is_series = route.query is SeriesQuery
    where = API.partition("## Routes")[0] if is_series else sections(API)[f"{route.method} {route.path}"]
    fields = set(fields_of(route.answer.shape)) - OF_EVERY_RECORD
    absent = {name for name in fields if not re.search(rf"[`\"]{name}[`\"]", where)}
    assert not absent


def test_reasons_qualities_and_units_are_told():
    reasons = re.findall(r"^\| `([a-z-]+)` \|", API.split("### Gaps")[1].split("\n### ")[0], re.MULTILINE)
    assert reasons == [reason.value for reason in GapReason]
    for word in (*Quality, *Unit):
        assert f"`{word.value}`" in API


def test_every_route_of_the_control_api_has_its_heading():
    told = [name for name in HEADING.findall(SIMULATOR) if CONTROL in name]
    control = {name for name in methods_and_paths(HOUSE) if CONTROL in name}
    assert len(told) == len(set(told))
    assert set(told) == control
