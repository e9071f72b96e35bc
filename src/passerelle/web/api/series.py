"""GET /v1/usage-points/{prm}/<series>: readings over any range of days."""

import hmac
from collections.abc import Awaitable, Callable
from datetime import date

from msgspec import Struct
from starlette.responses import Response

from passerelle.errors import InvalidRequest
from passerelle.gateway.read_series import SeriesAnswer, SeriesAsk, refuse_if_empty
from passerelle.model.days import DaySpan
from passerelle.model.series import Series
from passerelle.model.usage_point import parse_usage_point_id
from passerelle.problem import PasserelleError
from passerelle.web.call import Call
from passerelle.web.negotiation import cache_status, choose_media, names_etag, wait_of, wants_fresh
from passerelle.web.render.series import CSV, FORMS, JSON, NDJSON, SeriesWriter

FIRST_YEAR, LAST_YEAR = 1912, 2200
"""Far beyond any history. Before 1912 the offset of Paris has seconds, which RFC 3339 cannot write."""
COME_BACK = 5
"""Seconds after which a caller with pending gaps looks again."""
COME_BACK_LATE = 3_600
_VARY = (b"vary", b"Accept, Authorization")
_CONTENT_TYPES = {JSON: b"application/json", CSV: b"text/csv; charset=utf-8", NDJSON: b"application/x-ndjson"}


class SeriesQuery(Struct, frozen=True):
    """Civil days in Europe/Paris, `end` excluded; any length."""

    start: date
    end: date


def read_span(query: SeriesQuery) -> DaySpan:
    """The days asked. Raises InvalidRequest."""
    if query.start >= query.end:
        raise InvalidRequest("`start` must be before `end` (excluded).", "« start » doit précéder « end » (exclu).")
    if query.start.year < FIRST_YEAR or query.end.year > LAST_YEAR:
        raise InvalidRequest(
            f"Years go from {FIRST_YEAR} to {LAST_YEAR}.", f"Les années vont de {FIRST_YEAR} à {LAST_YEAR}."
        )
    return DaySpan(query.start, query.end)


def series_handler(series: Series) -> Callable[[Call], Awaitable[Response]]:
    """The handler of one series."""

    async def handle(call: Call) -> Response:
        media = choose_media(call.header(b"accept"), FORMS)
        assert isinstance(call.query, SeriesQuery)  # noqa: S101 — the route table declares it
        span = read_span(call.query)
        point = parse_usage_point_id(call.request.path_params["prm"])
        wait = wait_of(call.header(b"prefer"))
        fresh = wants_fresh(call.header(b"cache-control"))
        answer = await call.gateway.read_series(SeriesAsk(call.caller, point, series, span, wait, fresh))
        return _respond(call, refuse_if_empty(answer), media)

    return handle


class _Answer(Response):
    """A body and headers in their last form: nothing of them is worked out again."""

    def __init__(self, body: bytes, headers: list[tuple[bytes, bytes]], status: int = 200) -> None:
        self.status_code = status
        self.background = None
        self.body = body
        self.raw_headers = headers


def _respond(call: Call, answer: SeriesAnswer, media: str) -> Response:
    writer = SeriesWriter(answer, call.settings.docs_url, call.request_id)
    headers = [(b"cache-status", cache_status(answer.cache, answer.unrenewed).encode()), _VARY]
    if answer.unfinished:
        headers.append((b"cache-control", b"no-store"))
        headers.append((b"retry-after", str(_come_back(answer.failure)).encode()))
    else:
        etag = _etag(call, answer.tag or writer.identity(), media)
        headers.append((b"cache-control", b"private, no-cache"))
        headers.append((b"etag", etag.encode()))
        if names_etag(call.header(b"if-none-match"), etag):
            return _Answer(b"", headers, 304)
    body = writer.write(media)
    headers.append((b"content-length", str(len(body)).encode()))
    headers.append((b"content-type", _CONTENT_TYPES[media]))
    return _Answer(body, headers)


def _come_back(failure: PasserelleError | None) -> int:
    """Seconds after which asking again may bring more: soon while work goes on, late where somebody must act first."""
    if failure is None:
        return COME_BACK
    return failure.problem.retry_after or (COME_BACK if failure.problem.retryable else COME_BACK_LATE)


def _etag(call: Call, identity: bytes, media: str) -> str:
    """A keyed mark of the answer, weak because `as_of` moves; a plain hash would let a daily value be guessed."""
    message = b"\0".join((media.encode(), call.caller.account_id.encode(), identity))
    return f'W/"{hmac.digest(call.settings.secret, message, "sha256").hex()[:32]}"'
