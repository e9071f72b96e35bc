"""Bodies of the catalogue that carry more than their row says."""

from datetime import UTC, datetime

import pytest

from passerelle.simulator import errors
from passerelle.simulator.errors import Context

NOW = datetime(2026, 12, 31, 23, 5, 7, tzinfo=UTC)


def test_the_next_access_is_the_next_round_hour_in_the_observed_form():
    assert errors.next_access(NOW) == "2027-Jan-01 00:00:00+0000 UTC"


def test_the_time_of_the_threshold_is_filled_in():
    body = errors.render("v5-quota-q3-per-second", Context(NOW)).body
    assert b"Call threshold allowed on 0:05:08" in body


@pytest.mark.parametrize(
    ("callback", "location"),
    [
        ("https://a.example/cb", "https://a.example/cb?x=a%3Bb%20c"),
        ("https://a.example/cb?t=1", "https://a.example/cb?t=1&x=a%3Bb%20c"),
    ],
)
def test_a_redirect_keeps_the_query_of_the_callback(callback, location):
    assert errors.redirect(callback, {"x": "a;b c"}).location == location


def test_a_refusal_of_the_2026_page_has_no_code():
    location = errors.render("authorize-v2-demande-non-aboutie", Context(NOW, "https://a.example/cb", "s1")).location
    assert location == ("https://a.example/cb?error=invalid_request&error_description=demande_non_aboutie&state=s1")


def test_html_is_escaped():
    assert b"<b>" not in errors._page("<b>").encode()
