"""Queries and bodies are read strictly; an error never repeats what was sent."""

from datetime import date

import pytest
from starlette.datastructures import QueryParams

from passerelle.errors import InvalidRequest
from passerelle.schema.consents import ConsentOrder
from passerelle.web.api.series import SeriesQuery, read_span
from passerelle.web.query import read_body, read_query

SECRET = "22516914714270"


def test_dates_are_read():
    query = read_query(SeriesQuery, QueryParams("start=2026-03-28&end=2026-03-30"))
    assert query == SeriesQuery(date(2026, 3, 28), date(2026, 3, 30))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "start=2026-03-28",
        "start=2026-03-28&end=2026-02-30",
        f"start={SECRET}&end=2026-03-30",
        f"start=2026-03-28&end=2026-03-30&{SECRET}=1",
        f"start=2026-03-28&end=2026-03-30&prm={SECRET}",
        "start=2026-03-28&start=2026-03-28&end=2026-03-30",
        "start=28/03/2026&end=2026-03-30",
        "start=2026-3-28&end=2026-03-30",
        "start=2026-03-28T00:00:00Z&end=2026-03-30",
        "start=&end=2026-03-30",
    ],
)
def test_a_bad_query_is_refused_without_repeating_it(text: str):
    with pytest.raises(InvalidRequest) as caught:
        read_query(SeriesQuery, QueryParams(text))
    assert SECRET not in caught.value.problem.detail + caught.value.problem.detail_fr + str(caught.value)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-03-28", "2026-03-28"),
        ("2026-03-29", "2026-03-28"),
        ("1911-12-31", "2026-01-01"),
        ("2026-01-01", "2201-01-01"),
    ],
)
def test_an_empty_or_absurd_range_is_refused(start: str, end: str):
    with pytest.raises(InvalidRequest):
        read_span(SeriesQuery(date.fromisoformat(start), date.fromisoformat(end)))


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"duration": 3}', b'{"other": 1}', b"\xff", b'"' + SECRET.encode()])
def test_a_bad_body_is_refused_without_repeating_it(body: bytes):
    with pytest.raises(InvalidRequest) as caught:
        read_body(ConsentOrder, body)
    assert SECRET not in str(caught.value)


def test_an_empty_body_is_an_empty_object():
    assert read_body(ConsentOrder, b"") == ConsentOrder()
