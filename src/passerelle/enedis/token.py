"""The application's token at Enedis: one for all usage points, fetched once for all who wait (F§2)."""

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable

import msgspec

from passerelle.enedis.settings import EnedisSettings
from passerelle.errors import CredentialsMissing, UpstreamBroken
from passerelle.kit.clock import Clock

MARGIN = 60.0
"""Seconds before its end at which a token is renewed."""

USUAL_LIFETIME = 12_600.0
"""Seconds, for an answer that does not say (F§2)."""

FORM = {"grant_type": "client_credentials"}


class TokenBody(msgspec.Struct):
    """The answer. `expires_in`: seconds; the specification says a string, the wire carries an integer (F§2)."""

    access_token: str
    expires_in: int | float | str | None = None


def credentials(settings: EnedisSettings) -> str:
    """The Authorization header of the token call: the only place of the credentials, since two are refused (F§2).

    Raises CredentialsMissing when there are none.
    """
    if not settings.client_id or not settings.client_secret:
        raise CredentialsMissing(
            "The gateway has no credentials for Enedis.",
            "La passerelle n'a pas d'identifiants pour Enedis.",
            action=(
                "The operator sets PASSERELLE_ENEDIS_CLIENT_ID and PASSERELLE_ENEDIS_CLIENT_SECRET.",
                "L'exploitant renseigne PASSERELLE_ENEDIS_CLIENT_ID et PASSERELLE_ENEDIS_CLIENT_SECRET.",
            ),
        )
    return "Basic " + b64encode(f"{settings.client_id}:{settings.client_secret}".encode()).decode()


class TokenKeeper:
    """Holds the token in force. `fetch` makes one token call and returns the body of its answer.

    Ages are counted on the monotonic clock, from before the call.
    """

    def __init__(self, fetch: Callable[[], Awaitable[bytes]], clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._token: str | None = None
        self._renew_at = 0.0
        self._task: asyncio.Task[str] | None = None

    async def current(self) -> str:
        """The token, fetched or renewed if need be. Whoever gives up waiting does not stop the fetch of the others.

        Raises what the fetch raises, and UpstreamBroken for an answer without a token.
        """
        if self._token is not None and self._clock.monotonic() < self._renew_at:
            return self._token
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._renew())
            self._task.add_done_callback(self._landed)
        return await asyncio.shield(self._task)

    def invalidate(self, token: str) -> None:
        """Drop a token that Enedis rejected, unless another has already replaced it."""
        if self._token == token:
            self._token = None

    async def close(self) -> None:
        """Stop a fetch that nobody will use any more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _renew(self) -> str:
        asked_at = self._clock.monotonic()
        token, lifetime = _read(await self._fetch())
        self._token = token
        self._renew_at = asked_at + lifetime - min(MARGIN, lifetime / 2)
        return token

    def _landed(self, task: asyncio.Task[str]) -> None:
        if self._task is task:
            self._task = None
        if not task.cancelled():
            task.exception()  # seen, even if all who waited have left


def _read(body: bytes) -> tuple[str, float]:
    """The token and its lifetime in seconds."""
    try:
        answer = msgspec.json.decode(body, type=TokenBody)
        lifetime = USUAL_LIFETIME if answer.expires_in is None else float(answer.expires_in)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise _unreadable() from error
    token = answer.access_token
    if not token or not token.isascii() or not token.isprintable() or not 0 < lifetime < float("inf"):
        raise _unreadable()
    return token, lifetime


def _unreadable() -> UpstreamBroken:
    return UpstreamBroken("Enedis' token answer cannot be read.", "La réponse de jeton d'Enedis est illisible.")
