"""The one HTTP door to Enedis: permits, timeouts, bounded retries, and foreign errors translated once.

A permit is taken for each request that leaves, retries, renewals and token calls included: after the connection is made
and before the first byte, so that the time of a TLS handshake does not disturb the spacing of calls.
"""

import logging
import random
import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from http import HTTPStatus
from typing import Any, Final

import httpx2

from passerelle.enedis.catalogue import COME_BACK, classify
from passerelle.enedis.permits import Breakers, Errand, Permits, Unbroken
from passerelle.enedis.seen import DAMAGED, LOST, TIMEOUT, Seen, Watch, nobody, read_date
from passerelle.enedis.settings import EnedisSettings
from passerelle.enedis.throttling import read_throttle
from passerelle.enedis.token import FORM, TokenKeeper, credentials
from passerelle.errors import QuotaExhausted, UpstreamBroken, UpstreamError, UpstreamTimeout, UpstreamUnavailable
from passerelle.kit.clock import Clock
from passerelle.kit.logs import get_logger
from passerelle.model.priority import Priority
from passerelle.problem import PasserelleError

MOST_RETRIES: Final = 2
MOST_BYTES: Final = 20 * 1024 * 1024
TOKEN_API: Final = "oauth2"  # noqa: S105 — the name of an API, not a secret
TOKEN_PATH: Final = "/oauth2/v3/token"  # noqa: S105 — a path, not a secret
_LONGEST_WAIT: Final = 3600
_IDLE_SECONDS: Final = 1.0
"""How long an unused connection is kept. Whoever takes it waits for its slot with it, and one that the server closes
meanwhile (often after 5 s without a word) costs a call."""
_SECONDS: Final = re.compile(r"[0-9]{1,9}")
_TALKATIVE: Final = ("httpx2", "httpcore2")
"""Loggers of the HTTP library: they write addresses with PRMs, and headers with tokens."""

_AWAY: Final = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT})

_BYTES_LEAVE: Final = "send_request_headers.started"
_BYTES_LEFT: Final = "send_request_headers.complete"

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """A 200 of Enedis whose body is neither empty, nor `{}`, nor a page."""

    status: int
    content_type: str | None
    body: bytes


@dataclass(frozen=True, slots=True)
class _Reply:
    """Any answer, as it came. `wait`: whole seconds of its Retry-After; `date`: what its own clock said."""

    status: int
    content_type: str | None
    wait: int | None
    date: datetime | None
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Own:
    """The application's own errand: everyone, first of all those who wait, needs the token."""

    account_id: str = "passerelle"
    priority: Priority = Priority.INTERACTIVE


@dataclass(frozen=True, slots=True)
class _Call:
    """One call, to be sent as often as the rules allow."""

    api: str
    bucket: str
    method: str
    path: str
    errand: Errand
    headers: Mapping[str, str] = field(repr=False)
    params: Mapping[str, str] | None = field(default=None, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    content: Mapping[str, Any] | None = field(default=None, repr=False)


@cache
def _trusted() -> ssl.SSLContext:
    """Whose certificates are trusted. Reading the list takes 25 ms, so the clients of a process share it."""
    return httpx2.create_ssl_context(trust_env=False)


def open_client(settings: EnedisSettings) -> httpx2.AsyncClient:
    """A client for Enedis. It asks nothing of the environment, which belongs to `config`."""
    return httpx2.AsyncClient(
        timeout=httpx2.Timeout(settings.read_timeout, connect=settings.connect_timeout),
        limits=httpx2.Limits(keepalive_expiry=_IDLE_SECONDS),
        follow_redirects=False,
        trust_env=False,
        verify=_trusted(),
    )


class Transport:
    """Speaks to Enedis for the whole process. `client` is closed here only if it was made here.

    `watch` is told of every request that left, each retry too. `breakers`: which APIs are left alone for now.
    """

    def __init__(
        self,
        settings: EnedisSettings,
        permits: Permits,
        clock: Clock,
        *,
        client: httpx2.AsyncClient | None = None,
        chance: Callable[[], float] = random.random,
        watch: Watch = nobody,
        breakers: Breakers | None = None,
    ) -> None:
        self._breakers = breakers or Unbroken()
        self._watch = watch
        self._settings = settings
        self._permits = permits
        self._clock = clock
        self._client = client or open_client(settings)
        self._owned = client is None
        self._chance = chance
        self._tokens = TokenKeeper(self._fetch_token, clock)
        for name in _TALKATIVE:
            logging.getLogger(name).setLevel(logging.WARNING)

    async def aclose(self) -> None:
        await self._tokens.close()
        if self._owned:
            await self._client.aclose()

    async def get(
        self, api: str, path: str, params: Mapping[str, str], errand: Errand, *, bucket: str | None = None
    ) -> Answer:
        """The answer to a GET with the application's token; a token rejected by a 401 is renewed once (F§2).

        `bucket`: the allowance that it counts in, v5's own if None. Raises the error that the answer means
        (`catalogue.classify`), QuotaExhausted, UpstreamTimeout, UpstreamUnavailable, UpstreamBroken,
        OperatorActionNeeded.
        """
        call = _Call(api, bucket or self._settings.bucket, "GET", path, errand, {}, params=params)
        return await self._with_token(call)

    async def post_json(
        self, api: str, path: str, content: Mapping[str, Any], errand: Errand, *, bucket: str | None = None
    ) -> Answer:
        """The answer to a POST of JSON with the application's token. Otherwise as `get`."""
        call = _Call(api, bucket or self._settings.bucket, "POST", path, errand, {}, content=content)
        return await self._with_token(call)

    async def _with_token(self, call: _Call) -> Answer:
        token = await self._tokens.current()
        try:
            return await self._exchange(_bearing(call, token))
        except PasserelleError as error:
            if _status_of(error) != HTTPStatus.UNAUTHORIZED:
                raise
        self._tokens.invalidate(token)
        return await self._exchange(_bearing(call, await self._tokens.current()))

    async def ensure_token(self) -> None:
        """Fetch the application's token, unless one is in force. Raises as `get`."""
        await self._tokens.current()

    async def post_form(
        self, api: str, path: str, form: Mapping[str, str], headers: Mapping[str, str], errand: Errand
    ) -> Answer:
        """The answer to a form; `headers` carry the credentials. Raises as `get`, and renews no token."""
        return await self._exchange(_Call(api, self._settings.bucket, "POST", path, errand, headers, form=form))

    async def _fetch_token(self) -> bytes:
        headers = {"Authorization": credentials(self._settings), "Accept": "application/json"}
        return (await self.post_form(TOKEN_API, TOKEN_PATH, FORM, headers, _Own())).body

    async def _exchange(self, call: _Call) -> Answer:
        """Send until an answer stands: again after what may pass, and once after a 429 of the second."""
        await self._breakers.allow(call.api)
        retries, slowed = 0, False
        while True:
            try:
                reply = await self._once(call)
                if reply.status == HTTPStatus.TOO_MANY_REQUESTS:
                    await self._learn(call, reply, give_up=slowed)
                    slowed = True
                    continue
                if reply.status != HTTPStatus.OK or not _holds_data(reply.body):
                    raise classify(call.api, reply.status, reply.content_type, reply.body, retry_after=reply.wait)
                return Answer(reply.status, reply.content_type, reply.body)
            except UpstreamError as error:
                if retries == MOST_RETRIES or not _may_pass(error):
                    raise
                log.warning("enedis_retry", api=call.api, problem=error.problem.code, retry=retries + 1)
            # Cut by up to half at random, so that those who failed together do not come back together.
            await self._clock.sleep(self._settings.retry_pause * 2**retries * (1 - self._chance() / 2))
            retries += 1

    async def _learn(self, call: _Call, reply: _Reply, *, give_up: bool) -> None:
        """Tell the quota what a 429 taught. Raises QuotaExhausted, unless it was one of the second and the first."""
        now = await self._clock.now()
        throttle = read_throttle(reply.body.decode(errors="replace"), reply.wait, now)
        await self._permits.hold(call.bucket, resume_at=throttle.resume_at, spacing=throttle.spacing)
        if give_up or not throttle.spacing:
            wait = throttle.retry_after(now)
            raise classify(call.api, reply.status, reply.content_type, reply.body, retry_after=wait)

    async def _once(self, call: _Call) -> _Reply:
        """One request on the wire, under one permit. Nothing is counted when the connection cannot be made.

        No redirect is followed: the token must not travel elsewhere.
        """
        async with self._permits.turn(call.bucket, call.errand.account_id, call.errand.priority) as turn:

            async def trace(event: str, _: Mapping[str, object]) -> None:
                if event.endswith(_BYTES_LEAVE):
                    await turn.depart()
                elif event.endswith(_BYTES_LEFT):
                    await turn.departed()

            request = self._client.build_request(
                call.method,
                self._settings.api_url.rstrip("/") + call.path,
                params=call.params,
                data=call.form,
                json=call.content,
                headers=call.headers,
                extensions={"trace": trace},
            )
            try:
                reply = await _send(self._client, request)
            except (UpstreamTimeout, UpstreamUnavailable, UpstreamBroken) as error:
                self._watch(Seen(call.api, _OUTCOMES[type(error)]))
                if not isinstance(error, UpstreamBroken):
                    await self._breakers.failed(call.api)
                raise
            self._watch(Seen(call.api, str(reply.status), reply.date))
            await self._tell_breaker(call.api, reply.status)
            return reply

    async def _tell_breaker(self, api: str, status: int) -> None:
        """A 500 tells nothing of the API's health: 2026 answers it to a request outside the specification (F§13)."""
        if status in _AWAY:
            await self._breakers.failed(api)
        elif status != HTTPStatus.INTERNAL_SERVER_ERROR:
            await self._breakers.worked(api)


def _bearing(call: _Call, token: str) -> _Call:
    return replace(call, headers={"Authorization": f"Bearer {token}", "Accept": "application/json"})


_OUTCOMES: Final[Mapping[type[PasserelleError], str]] = {
    UpstreamTimeout: TIMEOUT,
    UpstreamUnavailable: LOST,
    UpstreamBroken: DAMAGED,
}


async def _send(client: httpx2.AsyncClient, request: httpx2.Request) -> _Reply:
    """The whole answer. What the HTTP library raises is translated here and nowhere else."""
    answered = False
    try:
        response = await client.send(request, stream=True, follow_redirects=False)
        answered = True
        try:
            body = await _whole(response)
        finally:
            await response.aclose()
    except httpx2.TimeoutException as error:
        raise UpstreamTimeout(
            "Enedis did not answer in time.", "Enedis n'a pas répondu à temps.", retry_after=COME_BACK
        ) from error
    except httpx2.HTTPError as error:
        lost = isinstance(error, (httpx2.NetworkError, httpx2.RemoteProtocolError))
        raise (_away() if lost and not answered else _unreadable(retryable=True)) from error
    wait = response.headers.get("retry-after", "").strip()
    return _Reply(
        response.status_code,
        response.headers.get("content-type"),
        min(int(wait), _LONGEST_WAIT) if _SECONDS.fullmatch(wait) else None,
        read_date(response.headers.get("date")),
        body,
    )


async def _whole(response: httpx2.Response) -> bytes:
    body = bytearray()
    async for part in response.aiter_bytes():
        body += part
        if len(body) > MOST_BYTES:
            raise _unreadable(retryable=False)
    return bytes(body)


def _away() -> UpstreamUnavailable:
    return UpstreamUnavailable(
        "The connection to Enedis failed.", "La connexion à Enedis a échoué.", retry_after=COME_BACK
    )


def _unreadable(*, retryable: bool) -> UpstreamBroken:
    return UpstreamBroken(
        "Enedis' answer is cut short, too long or damaged.",
        "La réponse d'Enedis est coupée, trop longue ou abîmée.",
        retryable=retryable,
    )


def _holds_data(body: bytes) -> bool:
    """False for an empty body, a page, and `{}` (F§13), whatever the content type says."""
    start = body[:64].strip()
    return bool(start) and not start.startswith(b"<") and b"".join(body[:64].split()) != b"{}"


def _may_pass(error: UpstreamError) -> bool:
    """Whether the same request may succeed a moment later: a lost connection, or a 5xx known to pass (F§13)."""
    if isinstance(error, QuotaExhausted):
        return False
    status = _status_of(error)
    return error.problem.retryable and (status is None or status >= HTTPStatus.INTERNAL_SERVER_ERROR)


def _status_of(error: PasserelleError) -> int | None:
    return error.problem.upstream.status if error.problem.upstream else None


class ControlPort:
    """Reads the simulator's own control port: no call to Enedis, so no permit and no token."""

    def __init__(self, client: httpx2.AsyncClient | None = None) -> None:
        self._client = client or httpx2.AsyncClient(timeout=1.0, trust_env=False, verify=_trusted())
        self._owned = client is None

    async def read(self, url: str) -> bytes:
        """The body of a 200. Raises UpstreamTimeout, UpstreamUnavailable, UpstreamBroken."""
        reply = await _send(self._client, self._client.build_request("GET", url))
        if reply.status != HTTPStatus.OK:
            raise _unreadable(retryable=False)
        return reply.body

    async def aclose(self) -> None:
        if self._owned:
            await self._client.aclose()
