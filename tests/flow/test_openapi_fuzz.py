"""The gateway keeps what its own OpenAPI document says, for requests that the document allows and for others."""

import asyncio
import json
import logging
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
import pytest_asyncio
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.flow.conftest import Installation, installed

from passerelle.model.sandbox import consenting_points
from passerelle.web.openapi import openapi_document
from passerelle.web.routes import ROUTES

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
ALLOWED, OTHERS = 200, 40
"""Examples an operation: of requests as the document allows them, and of ones that it does not."""

STRANGERS = ("26584978546985", "00000000000000", "22 516 914 714 270", "2251691471427", "x", "%2F")
FORMS = (
    "application/json",
    "text/csv",
    "application/x-ndjson",
    "*/*",
    "image/png",
    "text/*;q=0.5, application/json;q=0",
)
PATIENCE = ("wait=0", "wait=1", "wait=20", "respond-async, wait=10", "wait", "wait=-1", "wait=1e9", "soon", "")
MARKS = ('W/"00"', '"00", W/"11"', "*", "00", "", ",")
OF_FEW = settings(
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Installation]:
    """What the document promises depends on no home of the data; 2026 has every operation."""
    async with installed(tmp_path_factory.mktemp("shared"), GENERATION="2026") as running:
        yield running


class Doors:
    """Where the requests go, and what makes some of them good: the key, its points, consents that may be forgotten."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self.key = key
        logging.getLogger("urllib3").setLevel(logging.WARNING)  # it writes addresses, this client is the test's own
        self.session = requests.Session()
        self.session.trust_env = False
        self.statuses: Counter[int] = Counter()

    def consents(self) -> Iterator[str]:
        """Ids of consents made to be forgotten: those of the demo's points stay."""
        while True:
            answer = self.session.post(f"{self.url}/v1/consents", json={}, headers=self.bearer, timeout=10)
            yield answer.json()["id"]

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}


def days(chance: Random) -> dict[str, str]:
    """A range of days that Enedis has, in part at least; short, so that many are read."""
    start = date(2026, 11, 30) - timedelta(days=chance.randrange(chance.choice((10, 60, 1200))))
    return {"start": start.isoformat(), "end": (start + timedelta(days=chance.randint(1, 9))).isoformat()}


def steer(case: Any, chance: Random, doors: Doors, consents: Iterator[str]) -> None:
    """Often put into the request what makes it succeed; leave it as it was drawn otherwise.

    By a chance of its own: the engine repeats its draws, and most requests would end at one and the same refusal.
    """

    def often(share: float) -> bool:
        return chance.random() < share

    if "prm" in case.path_parameters and often(0.75):
        case.path_parameters["prm"] = chance.choice([*consenting_points() * 2, *STRANGERS])
    if case.path_parameters.get("id") and often(0.25):
        case.path_parameters["id"] = next(consents)
    if "start" in case.query and often(0.75):
        case.query.update(days(chance))
    if isinstance(case.body, dict) and "grant_type" in case.body and often(0.6):
        case.body.update(grant_type="client_credentials", client_id="demo", client_secret=doors.key)
        if often(0.5):
            case.body["scope"] = chance.choice(("", "contract", "contract usage-points:read", "nothing"))
    if isinstance(case.body, dict) and "duration" in case.body and often(0.5):
        case.body.update(duration=chance.choice(("P1Y", "P3M", None)), return_url=None)
    if often(0.9):
        case.headers["Authorization"] = f"Bearer {doors.key}"
    if often(0.5):
        case.headers["Accept"] = chance.choice(FORMS)
    if often(0.5):
        case.headers["Prefer"] = chance.choice(PATIENCE)
    if often(0.2):
        case.headers["If-None-Match"] = chance.choice(MARKS)


def fuzz(doors: Doors, document: dict[str, Any], name: str, mode: GenerationMode, examples: int) -> int:
    """Send so many requests of the operation and hold each answer against the document; how many were sent."""
    schema = schemathesis.openapi.from_dict(document).include(operation_id=name)
    (operation,) = [found.ok() for found in schema.get_all_operations()]
    # All headers of the document are free text: ours are drawn from fewer and quicker.
    headers: dict[str, Any] | None = {} if mode is GenerationMode.POSITIVE else None
    cases, consents = operation.as_strategy(generation_mode=mode, headers=headers), doors.consents()
    sent = 0

    @settings(OF_FEW, max_examples=examples)
    @given(cases, st.integers(0, 2**64))
    def one(case: Any, seed: int) -> None:
        nonlocal sent
        steer(case, Random(f"{name} {seed} {case.path_parameters} {case.query}"), doors, consents)
        # Not `case.call`: with a session of ours it leaves out the Accept header of the case.
        answer = doors.session.request(**case.as_transport_kwargs(base_url=doors.url), timeout=30)
        sent += 1
        doors.statuses[answer.status_code] += 1
        # A customer record that is not there within `wait=0` is a timeout; nothing else may fail here.
        assert answer.status_code < 500 or answer.status_code == 504, answer.text
        case.validate_response(answer, checks=CHECKS)

    one()
    return sent


@pytest.mark.parametrize("name", [route.name for route in ROUTES])
async def test_the_operation_keeps_its_word(shared_house, name):
    doors = Doors(shared_house.gateway_url, shared_house.key)
    document = (await shared_house.get("/openapi.json")).json()
    assert document == json.loads(openapi_document())
    try:
        sent = await asyncio.to_thread(fuzz, doors, document, name, GenerationMode.POSITIVE, ALLOWED)
        if parameters_of(document, name):
            await asyncio.to_thread(fuzz, doors, document, name, GenerationMode.NEGATIVE, OTHERS)
    finally:
        doors.session.close()
    assert sent >= ALLOWED or not parameters_of(document, name)
    good = sum(count for status, count in doors.statuses.items() if 200 <= status < 300)
    assert good >= ALLOWED // 10, doors.statuses
    points = (await shared_house.get("/v1/usage-points")).json()["usage_points"]
    granted = {point["usage_point_id"] for point in points if point["consent"]["state"] == "granted"}
    assert granted == set(consenting_points())


def parameters_of(document: dict[str, Any], name: str) -> bool:
    """Whether there is anything to vary in the operation."""
    operations = [each for path in document["paths"].values() for each in path.values()]
    (operation,) = [each for each in operations if each["operationId"] == name]
    return bool(operation["parameters"] or "requestBody" in operation)
