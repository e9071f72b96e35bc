from urllib.parse import parse_qsl, urlsplit

import pytest

from passerelle.enedis.settings import EnedisSettings
from passerelle.enedis.v5 import ConsentPageV5, authorize_url
from passerelle.errors import OperatorActionNeeded

SETTINGS = EnedisSettings("https://api.example", "https://page.example/", "id with space", "secret")


def test_the_four_parameters_and_no_redirect():
    address = urlsplit(authorize_url(SETTINGS, "s" * 100, "P1Y"))
    assert (
        f"{address.scheme}://{address.netloc}{address.path}" == "https://page.example/dataconnect/v1/oauth2/authorize"
    )
    assert dict(parse_qsl(address.query)) == {
        "client_id": "id with space",
        "response_type": "code",
        "state": "s" * 100,
        "duration": "P1Y",
    }
    assert ConsentPageV5(SETTINGS).address(state="s" * 100, duration="P1Y") == address.geturl()


def test_a_state_that_enedis_would_refuse():
    with pytest.raises(ValueError, match="100"):
        authorize_url(SETTINGS, "s" * 101, "P1Y")


def test_without_a_client_id():
    with pytest.raises(OperatorActionNeeded):
        authorize_url(EnedisSettings("https://api.example", "https://page.example"), "s", "P1Y")


def test_settings_do_not_show_the_secret():
    assert "secret'" not in repr(SETTINGS)
