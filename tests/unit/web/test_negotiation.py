"""What the caller accepts and how long they wait."""

import pytest

from passerelle.errors import NotAcceptable, UpstreamUnavailable
from passerelle.gateway.read_series import CacheUse
from passerelle.web.negotiation import cache_status, choose_media, names_etag, wait_of, wants_fresh
from passerelle.web.render.series import CSV, FORMS, JSON, NDJSON


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("text/csv", CSV),
        ("text/*", CSV),
        ("application/x-ndjson", NDJSON),
        ("text/html, application/json;q=0.9, */*;q=0.1", JSON),
        ("application/json;q=0.2, text/csv;q=0.8", CSV),
        ("application/json;q=0, */*", CSV),
        ("TEXT/CSV; charset=utf-8", CSV),
    ],
)
def test_the_preferred_form_is_chosen(accept: str | None, media: str):
    assert choose_media(accept, FORMS) == media


@pytest.mark.parametrize("accept", ["text/html", "application/json;q=0", "image/*", "application/json;q=x"])
def test_a_form_that_does_not_exist_is_refused(accept: str):
    with pytest.raises(NotAcceptable):
        choose_media(accept, FORMS)


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        (None, 30),
        ("", 30),
        ("wait=5", 5),
        ("respond-async, wait=120", 120),
        ("wait=9999", 300),
        ("wait=0", 0),
        ("wait=-1", 30),
        ("wait=x", 30),
        ("wait=1e3", 30),
        ("wait=²", 30),
        ("wait=" + "9" * 5000, 300),
        ("wait=" + "0" * 5000 + "7", 7),
        ('wait="5"; why=none, respond-async', 5),
    ],
)
def test_the_wait_is_read_and_bounded(prefer: str | None, seconds: int):
    assert wait_of(prefer) == seconds


@pytest.mark.parametrize(
    ("held", "named"),
    [
        (None, False),
        ("", False),
        ('W/"a"', True),
        ('"a"', True),
        ('"b", W/"a"', True),
        ("*", True),
        ('W/"b"', False),
        ("a", False),
    ],
)
def test_an_etag_is_named_weakly_or_by_a_star(held: str | None, *, named: bool):
    assert names_etag(held, 'W/"a"') is named


@pytest.mark.parametrize(
    ("header", "fresh"),
    [
        (None, False),
        ("", False),
        ("no-cache", True),
        ("max-age=0, No-Cache", True),
        ("no-store", False),
        ("max-age=no-cache", False),
    ],
)
def test_no_cache_asks_again(header: str | None, fresh: bool):  # noqa: FBT001 — a column of the table
    assert wants_fresh(header) is fresh


def test_the_cache_status_says_whether_enedis_was_asked():
    assert [cache_status(use) for use in (CacheUse.HIT, CacheUse.MISS, CacheUse.PARTIAL, CacheUse.STALE)] == [
        "passerelle; hit",
        "passerelle; fwd=miss",
        "passerelle; fwd=partial",
        "passerelle; fwd=stale",
    ]


def test_what_could_not_be_renewed_is_told_apart_from_what_was():
    away = UpstreamUnavailable("away", "absent")
    assert cache_status(CacheUse.STALE, away) == "passerelle; fwd=stale; detail=upstream-unavailable"
    assert cache_status(CacheUse.PARTIAL, away) == "passerelle; fwd=partial; detail=upstream-unavailable"
