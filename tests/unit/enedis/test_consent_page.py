from urllib.parse import parse_qsl, urlsplit

import pytest

from passerelle.enedis.generations import CONSENT_PAGES
from passerelle.enedis.settings import EnedisSettings
from passerelle.errors import OperatorActionNeeded
from passerelle.model.generation import Speaking

SETTINGS = EnedisSettings("https://api.example", "https://page.example/", "id with space", "secret")


@pytest.mark.parametrize(
    ("speaking", "version"), [(Speaking.V5, "v1"), (Speaking.V2026, "v2"), (Speaking.AUTO, "v2")], ids=str
)
def test_the_four_parameters_and_no_redirect(speaking, version):
    """F§3, F§4."""
    address = urlsplit(CONSENT_PAGES[speaking](SETTINGS).address(state="s" * 100, duration="P1Y"))
    assert f"{address.scheme}://{address.netloc}" == "https://page.example"
    assert address.path == f"/dataconnect/{version}/oauth2/authorize"
    assert dict(parse_qsl(address.query)) == {
        "client_id": "id with space",
        "response_type": "code",
        "state": "s" * 100,
        "duration": "P1Y",
    }


@pytest.mark.parametrize("page", CONSENT_PAGES.values())
def test_a_state_that_enedis_would_refuse(page):
    with pytest.raises(ValueError, match="100"):
        page(SETTINGS).address(state="s" * 101, duration="P1Y")


@pytest.mark.parametrize("page", CONSENT_PAGES.values())
def test_without_a_client_id(page):
    with pytest.raises(OperatorActionNeeded):
        page(EnedisSettings("https://api.example", "https://page.example")).address(state="s", duration="P1Y")


def test_settings_do_not_show_the_secret():
    assert "secret'" not in repr(SETTINGS)
