"""Where a customer's browser may be sent: an address that every browser reads as we do."""

import pytest

from passerelle.consent.addresses import checked_redirect_uri, checked_return_url
from passerelle.errors import InvalidRequest

GOOD = [
    "https://app.example",
    "http://127.0.0.1:8080/back?user=7",
    "https://app.example/%C3%A9?a=b;c",
    "http://[::1]:1/",
]
BAD = [
    "",
    "app.example",
    "/back",
    "//app.example",
    "https:app.example",
    "https://",
    "https://:80",
    "https://app.example:0",
    "https://app.example:70000",
    "https://[::1",
    "javascript:alert(1)",
    "java\tscript:alert(1)",
    " https://app.example",
    "https://app.example/\u2028",
    "https://app.example\\@evil.example",
    "https://user@app.example",
    "ftp://app.example",
    'https://app.example/"',
    "https://app.example/<b>",
    "https://app.example/" + "x" * 2000,
]


@pytest.mark.parametrize("address", GOOD)
def test_good_addresses_are_kept_as_they_are(address: str):
    assert checked_return_url(address) == address
    assert checked_redirect_uri(address) == address


@pytest.mark.parametrize("check", [checked_return_url, checked_redirect_uri])
@pytest.mark.parametrize("address", BAD)
def test_bad_addresses_are_refused(check, address: str):
    with pytest.raises(InvalidRequest):
        check(address)


def test_only_a_link_may_have_a_fragment():
    """What follows `#` never reaches a server: a callback there would lose its parameters."""
    assert checked_return_url("https://app.example/#top")
    with pytest.raises(InvalidRequest):
        checked_redirect_uri("https://app.example/#top")
