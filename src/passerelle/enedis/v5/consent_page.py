"""The address of Enedis' consent page, first version (F§3)."""

from urllib.parse import urlencode

from passerelle.enedis.settings import EnedisSettings
from passerelle.errors import OperatorActionNeeded

PATH = "/dataconnect/v1/oauth2/authorize"
LONGEST_STATE = 100


def authorize_url(settings: EnedisSettings, state: str, duration: str) -> str:
    """Where to send the customer's browser. No `redirect_uri`: the callback is the one registered on DataHub (F§3).

    `duration` is ISO 8601, checked before (`consent.duration`). Raises OperatorActionNeeded without a client id,
    ValueError for a state of more than 100 characters.
    """
    if len(state) > LONGEST_STATE:
        raise ValueError("Enedis takes a state of 100 characters at most")
    if not settings.client_id:
        raise OperatorActionNeeded(
            "The gateway has no client id for Enedis.", "La passerelle n'a pas d'identifiant client pour Enedis."
        )
    query = urlencode({"client_id": settings.client_id, "response_type": "code", "state": state, "duration": duration})
    return f"{settings.authorize_url.rstrip('/')}{PATH}?{query}"


class ConsentPageV5:
    """Enedis' consent page for one application."""

    def __init__(self, settings: EnedisSettings) -> None:
        self._settings = settings

    def address(self, *, state: str, duration: str) -> str:
        """The address to send the customer's browser to. Raises as `authorize_url`."""
        return authorize_url(self._settings, state, duration)
