"""Every known error of Enedis, and the reading of an answer into one of ours (F§13, `errors.json`)."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from importlib.resources import files

import msgspec

from passerelle.errors import (
    PROBLEMS,
    QuotaExhausted,
    TokenRejected,
    UpstreamBroken,
    UpstreamTimeout,
    UpstreamUnavailable,
    UpstreamUnknown,
)
from passerelle.kit.redaction import redact
from passerelle.problem import Actor, PasserelleError, Upstream

COME_BACK = 60
"""Seconds after which an absent Enedis is worth another call, when it does not say itself."""

_LONGEST_MESSAGE = 500


class Row(msgspec.Struct, frozen=True):
    """One known error: what Enedis sends, what it means, and what becomes of it here."""

    id: str
    generation: str
    api: str
    http_status: int | None
    code: str | None
    message: str | None
    shape: str | None
    content_type: str | None
    meaning_fr: str
    meaning_en: str
    retryable: bool
    action_fr: str
    action_en: str
    problem: str
    gap: str | None
    status: int | None
    who_acts_for_our_caller: Actor


_FILE = files("passerelle.enedis").joinpath("errors.json")

ROWS = msgspec.convert([row for row in msgspec.json.decode(_FILE.read_bytes()) if row["problem"]], tuple[Row, ...])
"""All rows that are errors, in the order of the file."""

_SHARED_2026 = "ITC 2026"
"""Rows of all APIs but the measures, where they have no words of their own: `Pas de services souscrits` above all."""

_NAMED_2026 = re.compile(r"([a-z_]+) v[0-9]+")

APIS_2026 = frozenset(
    found[1] for row in ROWS if row.generation == "2026" and (found := _NAMED_2026.fullmatch(row.api)) is not None
) - {"authorize"}
"""The APIs of 2026 that the catalogue knows, in Enedis' own names."""


@dataclass(frozen=True, slots=True)
class Said:
    """What an error answer says: the form of its body, and the code and message found in it."""

    shape: str
    code: str | None = None
    message: str | None = None


def read_body(body: bytes) -> Said:
    """The form of a body. Shapes of `errors.json`, and `text` or `json` for what has none of them.

    The content type is not asked: Enedis announces `text/html` over JSON (F§2).
    """
    stripped = body.strip()
    if not stripped:
        return Said("empty")
    if stripped.startswith(b"<"):
        return Said("html")
    try:
        content = msgspec.json.decode(stripped)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Said("text")
    return _read_json(content)


def _read_json(content: object) -> Said:
    match content:
        case [{"code": code, **rest}, *_]:
            shape, message = "list", rest.get("message")
        case {"fault": {"code": code, **rest}}:
            shape, message = "fault", rest.get("message") or rest.get("description")
        case {"error": code, **rest} if code is not None:
            shape, message = "oauth", rest.get("error_description")
        case {"code": code, **rest} if code is not None:
            shape, message = "wso2", rest.get("message") or rest.get("description")
        case {"message": str() as message}:
            return Said("wso2", None, message)
        case _:
            return Said("json" if content != {} else "ok-empty")
    return Said(shape, _text(code), _text(message))


def _text(value: object) -> str | None:
    return str(value).strip() if isinstance(value, (str, int)) and not isinstance(value, bool) else None


def classify(
    api: str, status: int, content_type: str | None, body: bytes, *, retry_after: int | None = None
) -> PasserelleError:
    """The error that this answer of `api` is (`metering_data_dc`, `oauth2`…), to be raised by the caller.

    `retry_after`: seconds, if Enedis said. The error keeps the answer (`problem.upstream`), personal data masked in all
    but its raw body.
    """
    said = read_body(body)
    upstream = Upstream(status, _shown(said.code), _shown(said.message), content_type, body, said.shape)
    row = _find(api, status, said)
    if row is None:
        return _unknown(status, said, upstream, retry_after)
    return _meant(row, upstream, retry_after)


def not_subscribed() -> PasserelleError:
    """What Enedis says of an API that the application is not subscribed to (F§12), from memory: without its body."""
    row = next(row for row in ROWS if row.id == _NOT_SUBSCRIBED)
    return _meant(row, Upstream(row.http_status, row.code, "Resource forbidden", shape=row.shape))


_NOT_SUBSCRIBED = "wso2-900908-not-subscribed"


def _meant(row: Row, upstream: Upstream, retry_after: int | None = None) -> PasserelleError:
    """The error that this row is."""
    kind = PROBLEMS[row.problem]
    return kind(
        row.meaning_en,
        row.meaning_fr,
        retry_after=_wait(kind, retry_after),
        upstream=upstream,
        who_acts=row.who_acts_for_our_caller,
        action=(row.action_en, row.action_fr),
        retryable=row.retryable,
    )


def _shown(text: str | None) -> str | None:
    return redact(text)[:_LONGEST_MESSAGE] if text else None


def _wait(kind: type[PasserelleError], retry_after: int | None) -> int | None:
    """Those of 503 and 504 say when to come back (INTERFACE section 5)."""
    says_when = issubclass(kind, (QuotaExhausted, UpstreamUnavailable, UpstreamTimeout))
    return (retry_after or COME_BACK) if says_when else None


def _find(api: str, status: int, said: Said) -> Row | None:
    """The row that fits best: of this API before those of others, of this code before this message or this shape."""
    groups = _groups(api)
    for rows in groups:
        found = _by_code(rows, status, said) or _by_message(rows, status, said)
        if found is not None:
            return found
    if api in APIS_2026:
        return _by_status(groups[0], status, said) or _by_shape((*groups[0], *groups[1]), status, said)
    return _by_shape(groups[0], status, said)


def _groups(api: str) -> tuple[tuple[Row, ...], ...]:
    """The rows to look into, one group after the other.

    An API of v5, or the token: its own and those of both, then the rest; never those of 2026. An API of 2026: its own,
    those of both, then those of v5, whose ADAM codes come from the same business behind (F§13).
    """
    if api in APIS_2026:
        of_2026 = [row for row in ROWS if row.generation == "2026"]
        own = tuple(row for row in of_2026 if row.api.startswith((f"{api} ", "2026 APIs")))
        own += tuple(row for row in of_2026 if row.api.startswith(_SHARED_2026))
        both = tuple(row for row in ROWS if row.generation == "both" and row.api.startswith(("gateway", "any")))
        return own, both, tuple(row for row in ROWS if row.generation == "v5" and _is_of_a_call(row))
    older = [row for row in ROWS if row.generation != "2026"]
    mine = tuple(row for row in older if _concerns(row, api))
    return mine, tuple(row for row in older if row not in mine and _is_of_a_call(row))


def _is_of_a_call(row: Row) -> bool:
    """Rather than of the consent page."""
    return not row.api.startswith(("authorize", "consent page"))


def _concerns(row: Row, api: str) -> bool:
    if api == "oauth2":
        return row.api.startswith(("oauth2", "gateway", "any"))
    return row.api.startswith(("metering", "load curves", "gateway", "any"))


def _by_code(rows: Iterable[Row], status: int, said: Said) -> Row | None:
    if said.code is None:
        return None
    same = [row for row in rows if row.code is not None and _spelling(row.code) == _spelling(said.code)]
    same = [row for row in same if row.id != _WORDS_DECIDE or _same_message(row, said)]
    tests: tuple[Callable[[Row], bool], ...] = (
        lambda row: row.http_status == status and _same_message(row, said),
        lambda row: _same_message(row, said),
        lambda row: row.http_status == status and row.id == _GENERAL,
        lambda row: row.http_status == status,
        lambda _: True,
    )
    return next((row for fits in tests for row in same if fits(row)), None)


_WORDS_DECIDE = "v2026-itc-no-subscribed-service-400"
"""Its code says no more than the status does (`Bad request`)."""

_GENERAL = "v5-bad-request-format"
"""Of the rows that share the code `Invalid_request`, the one that fits a message not seen before."""


def _by_message(rows: Iterable[Row], status: int, said: Said) -> Row | None:
    """A 200 is no status for an error: there the words alone decide."""
    own = (row for row in rows if row.code is None and status in (row.http_status, HTTPStatus.OK))
    return next((row for row in own if _same_message(row, said)), None)


def _by_status(rows: Iterable[Row], status: int, said: Said) -> Row | None:
    """For 2026, whose codes nobody published (F§16.6): a 403 is the customer's and a 404 the absence of data.

    Unless the code is one of the gateway in front, which has its own reasons.
    """
    if said.shape not in ("wso2", "oauth", "list") or status not in (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND):
        return None
    if said.code is not None and _GATEWAY_CODE.fullmatch(said.code):
        return None
    return next((row for row in rows if row.http_status == status), None)


_GATEWAY_CODE = re.compile(r"90[0-9]{4}")


def _by_shape(rows: Iterable[Row], status: int, said: Said) -> Row | None:
    if said.shape not in ("html", "empty", "ok-empty") or status == HTTPStatus.TOO_MANY_REQUESTS:
        return None
    same = [row for row in rows if row.shape == said.shape and row.code is None and row.http_status in (status, None)]
    # The API's own row goes before that of any API, an exact status before none.
    return min(same, key=lambda row: (row.api == "any", row.http_status is None), default=None)


def _spelling(code: str) -> str:
    """Codes compare without case, and with `_` for `-` (F§13)."""
    return code.strip().lower().replace("_", "-")


def _same_message(row: Row, said: Said) -> bool:
    return row.message is not None and said.message is not None and _words(row.message) == _words(said.message)


def _words(message: str) -> str:
    return re.sub(r"\s+", " ", message.replace("\u2019", "'")).strip(" .").casefold()


def _unknown(status: int, said: Said, upstream: Upstream, retry_after: int | None) -> PasserelleError:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return QuotaExhausted(
            "Enedis refuses more calls for now, without a known reason.",
            "Enedis refuse d'autres appels pour l'instant, sans raison connue.",
            retry_after=retry_after or COME_BACK,
            upstream=upstream,
        )
    if said.shape == "html" or status < HTTPStatus.BAD_REQUEST:
        return UpstreamBroken(
            "Enedis answered something else than data.",
            "Enedis a répondu autre chose que des données.",
            upstream=upstream,
        )
    if status == HTTPStatus.UNAUTHORIZED:
        return TokenRejected(
            "Enedis rejected the token, without a known reason.",
            "Enedis a rejeté le jeton, sans raison connue.",
            upstream=upstream,
        )
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return UpstreamUnavailable(
            f"Enedis answered {status}, without a known reason.",
            f"Enedis a répondu {status}, sans raison connue.",
            retry_after=retry_after or COME_BACK,
            upstream=upstream,
        )
    return UpstreamUnknown(
        f"Enedis answered {status} with an error that is not known.",
        f"Enedis a répondu {status} avec une erreur inconnue.",
        upstream=upstream,
    )
