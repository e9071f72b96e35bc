"""The SDK without input or output: what to send for each question, and what an answer means."""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Generic, TypeVar
from urllib.parse import quote

import msgspec

from passerelle._version import __version__
from passerelle.client.errors import AnswerUnreadable, GatewayProblem
from passerelle.model.paris import civil_day
from passerelle.model.reading import GapReason
from passerelle.model.series import Kind, Series
from passerelle.model.usage_point import parse_usage_point_id
from passerelle.schema.catalogue import CatalogueBody
from passerelle.schema.consents import ConsentList, ConsentOrder, ConsentStarted
from passerelle.schema.customer import AddressBody, ContactBody, ContractBody, IdentityBody
from passerelle.schema.problem import PROBLEM_MEDIA_TYPE, ProblemBody
from passerelle.schema.series import IndexSeries, IntervalSeries, PeakSeries
from passerelle.schema.usage_points import GapLedger, UsagePointList

JSON = "application/json"
CSV = "text/csv"
NDJSON = "application/x-ndjson"

DEFAULT_PAUSE = 2
"""Seconds before asking again for an unfinished answer that does not say when."""

REPLY_MARGIN = 30.0
"""Seconds that a reply may take beyond what the gateway was asked to wait."""

GATEWAY_WAIT = 30
"""Seconds that the gateway waits for Enedis when nothing else is asked (INTERFACE section 3)."""

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
AnySeries = TypeVar("AnySeries", bound=IntervalSeries | PeakSeries | IndexSeries)
Progress = Callable[[int, int], None]
"""Told after each answer: civil days that are settled, civil days asked."""


@dataclass(frozen=True, slots=True)
class Call(Generic[T_co]):
    """One request to the gateway, and the type of its answer. `wait`: seconds that the gateway may take (RFC 7240)."""

    path: str
    answer: type[T_co]
    method: str = "GET"
    params: tuple[tuple[str, str], ...] = ()
    content: bytes | None = None
    accept: str = JSON
    wait: int | None = None

    @property
    def timeout(self) -> float:
        """Seconds to wait for the reply."""
        return (GATEWAY_WAIT if self.wait is None else self.wait) + REPLY_MARGIN

    def headers(self, key: str | None) -> dict[str, str]:
        """The headers to send with this API key."""
        headers = {"accept": self.accept, "user-agent": f"passerelle/{__version__}"}
        if key:
            headers["authorization"] = f"Bearer {key}"
        if self.wait is not None:
            headers["prefer"] = f"wait={self.wait}"
        if self.content is not None:
            headers["content-type"] = JSON
        return headers


@dataclass(frozen=True, slots=True)
class Reply(Generic[T_co]):
    """An answer, read and as it came. `retry_after`: seconds, when the gateway said that more will come."""

    body: T_co
    content: bytes
    retry_after: int | None


@dataclass(frozen=True, slots=True)
class Attempt(Generic[T_co]):
    """Send this call, `after` so many seconds."""

    call: Call[T_co]
    after: float = 0.0


def read_reply(call: Call[T], status: int, headers: Mapping[str, str], content: bytes) -> Reply[T]:
    """The answer to `call`. `headers` finds its keys in lower case.

    Raises GatewayProblem, or AnswerUnreadable for what no gateway of passerelle would say.
    """
    raise_refusal(status, headers, content)
    if status == 204:  # noqa: PLR2004 — No Content
        content = b"null"
    try:
        body = msgspec.json.decode(content, type=call.answer)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _unreadable(status) from error
    return Reply(body, content, retry_after(headers))


def raise_refusal(status: int, headers: Mapping[str, str], content: bytes) -> None:
    """Raise what an answer without success says: GatewayProblem, or AnswerUnreadable."""
    if 200 <= status < 300:  # noqa: PLR2004 — the successes of HTTP
        return
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == PROBLEM_MEDIA_TYPE:
        try:
            problem = msgspec.json.decode(content, type=ProblemBody)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _unreadable(status) from error
        raise GatewayProblem(problem)
    raise _unreadable(status)


def more_to_come(headers: Mapping[str, str]) -> bool:
    """Whether a series has `pending` or `upstream-error` gaps, told without reading it (INTERFACE section 3)."""
    return "retry-after" in headers


def retry_after(headers: Mapping[str, str]) -> int | None:
    """The seconds of Retry-After, where it is a number."""
    text = headers.get("retry-after", "")
    return int(text) if text.isascii() and text.isdigit() else None


def _unreadable(status: int) -> AnswerUnreadable:
    return AnswerUnreadable(
        f"The answer (HTTP {status}) is not one of passerelle.",
        f"La réponse (HTTP {status}) n'est pas celle d'une passerelle.",
    )


def until_complete(
    call: Call[AnySeries], progress: Progress | None = None
) -> Generator[Attempt[AnySeries], Reply[AnySeries], None]:
    """Ask again while something is pending, as late as the gateway says. Yields what to send; ends with the last reply.

    The gateway's own limit (429) is waited for; any other refusal thrown in comes out again.
    """
    pause = 0.0
    while True:
        try:
            reply = yield Attempt(call, pause)
        except GatewayProblem as refusal:
            if refusal.problem.code != "too-many-requests":
                raise
            pause = float(refusal.problem.retry_after or DEFAULT_PAUSE)
            continue
        total = (reply.body.end - reply.body.start).days
        pending = pending_days(reply.body)
        if progress is not None:
            progress(max(0, total - pending), total)
        if not pending:
            return
        pause = float(reply.retry_after or DEFAULT_PAUSE)


def pending_days(answer: IntervalSeries | PeakSeries | IndexSeries) -> int:
    """How many civil days are being fetched; one that is so in part counts whole."""
    moment = timedelta(microseconds=1)
    return sum(
        (civil_day(gap.end - moment) - civil_day(gap.start)).days + 1
        for gap in answer.gaps
        if gap.reason is GapReason.PENDING
    )


def intervals(usage_point_id: str, series: Series, start: date, end: date, wait: int | None) -> Call[IntervalSeries]:
    """Daily energy or a load curve; `end` is excluded. Raises InvalidRequest for a PRM that is none."""
    path = f"{_point(usage_point_id)}/{series}"
    return Call(path, IntervalSeries, params=_days(start, end), wait=wait)


def peaks(usage_point_id: str, series: Series, start: date, end: date, wait: int | None) -> Call[PeakSeries]:
    """The daily peaks in VA. Raises InvalidRequest for a PRM that is none."""
    return Call(f"{_point(usage_point_id)}/{series}", PeakSeries, params=_days(start, end), wait=wait)


def indexes(usage_point_id: str, series: Series, start: date, end: date, wait: int | None) -> Call[IndexSeries]:
    """The registers of the meter in Wh. Raises InvalidRequest for a PRM that is none."""
    return Call(f"{_point(usage_point_id)}/{series}", IndexSeries, params=_days(start, end), wait=wait)


def either(
    usage_point_id: str, series: Series, start: date, end: date, wait: int | None
) -> Call[IntervalSeries] | Call[PeakSeries] | Call[IndexSeries]:
    """A series of whichever kind."""
    match series.kind:
        case Kind.PEAK:
            return peaks(usage_point_id, series, start, end, wait)
        case Kind.INDEX:
            return indexes(usage_point_id, series, start, end, wait)
        case Kind.DAILY | Kind.CURVE:
            return intervals(usage_point_id, series, start, end, wait)


def contract(usage_point_id: str) -> Call[ContractBody]:
    return Call(f"{_point(usage_point_id)}/contract", ContractBody)


def address(usage_point_id: str) -> Call[AddressBody]:
    return Call(f"{_point(usage_point_id)}/address", AddressBody)


def identity(usage_point_id: str) -> Call[IdentityBody]:
    return Call(f"{_point(usage_point_id)}/identity", IdentityBody)


def contact(usage_point_id: str) -> Call[ContactBody]:
    return Call(f"{_point(usage_point_id)}/contact", ContactBody)


def gaps(usage_point_id: str) -> Call[GapLedger]:
    return Call(f"{_point(usage_point_id)}/gaps", GapLedger)


def usage_points() -> Call[UsagePointList]:
    return Call("/v1/usage-points", UsagePointList)


def catalogue() -> Call[CatalogueBody]:
    return Call("/v1/catalogue", CatalogueBody)


def consents() -> Call[ConsentList]:
    return Call("/v1/consents", ConsentList)


def start_consent(duration: str | None, return_url: str | None) -> Call[ConsentStarted]:
    order = ConsentOrder(duration=duration, return_url=return_url)
    return Call("/v1/consents", ConsentStarted, method="POST", content=msgspec.json.encode(order))


def forget_consent(consent_id: str) -> Call[None]:
    return Call(f"/v1/consents/{quote(consent_id, safe='')}", type(None), method="DELETE")


def in_text(call: Call[IntervalSeries] | Call[PeakSeries] | Call[IndexSeries], media_type: str) -> Call[bytes]:
    """The same series in one of the gateway's text forms, CSV or NDJSON, to be streamed."""
    return Call(call.path, bytes, params=call.params, accept=media_type, wait=call.wait)


def _point(usage_point_id: str) -> str:
    return f"/v1/usage-points/{parse_usage_point_id(usage_point_id)}"


def _days(start: date, end: date) -> tuple[tuple[str, str], ...]:
    return (("start", start.isoformat()), ("end", end.isoformat()))
