"""The address of Enedis' consent page; its path alone differs from one version to the next (F§3, F§4)."""

from urllib.parse import urlencode

from passerelle.enedis.settings import EnedisSettings
from passerelle.errors import OperatorActionNeeded

LONGEST_STATE = 100
"""Characters: a limit of the first version that the second keeps (F§4)."""


class ConsentPage:
    """Enedis' consent page for one application. A subclass says where it is."""

    path: str

    def __init__(self, settings: EnedisSettings) -> None:
        self._settings = settings

    def address(self, *, state: str, duration: str) -> str:
        """Where to send the customer's browser. No `redirect_uri`: the callback is the one registered on DataHub.

        `duration` is ISO 8601, checked before (`consent.duration`). Raises OperatorActionNeeded without a client id,
        ValueError for a state of more than 100 characters.
        """
        if len(state) > LONGEST_STATE:
            raise ValueError("Enedis takes a state of 100 characters at most")
        client_id = self._settings.client_id
        if not client_id:
            raise OperatorActionNeeded(
                "The gateway has no client id for Enedis.", "La passerelle n'a pas d'identifiant client pour Enedis."
            )
        query = urlencode({"client_id": client_id, "response_type": "code", "state": state, "duration": duration})
        return f"{self._settings.authorize_url.rstrip('/')}{self.path}?{query}"
