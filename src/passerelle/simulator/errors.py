"""Enedis' errors as it sends them: any row of `errors.json` by its id, in its status, shape and content type (F§13)."""

import html
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib import resources
from urllib.parse import quote

import msgspec

from passerelle.simulator import calendar

# Rows that the catalogue gives without a status.
STATUS_WITHOUT_ONE = {"html-503": 503}
# Errors seen with a link to their documentation (captured answers).
DOCUMENTED_IN = "https://bluecoder.enedis.fr/api-doc/consulter-souscrire"
WITH_LINK = frozenset({"adam-err0126-400", "v5-no-data-found-404"})
# WSO2 says when to come back for these; the form is the one observed for 900804.
RESUMES = frozenset({"900800", "900802", "900803", "900804"})
# The hour's refusal was observed; of a second too full, 2026 has no row of its own but that of its gateway.
PER_SECOND, PER_SECOND_2026, PER_HOUR = "v5-quota-q3-per-second", "wso2-900807-burst", "wso2-900804-throttled"
# The catalogue abridges the sentences of the token API: these are those of its specification.
SENTENCES = {
    "token-invalid-request": (
        "The request is missing a required parameter, includes an unsupported parameter value (other than grant type), "
        "repeats a parameter, includes multiple credentials, utilizes more than one mechanism for authenticating the "
        "client, or is otherwise malformed"
    ),
    "token-invalid-client": (
        "Client authentication failed (e.g., unknown client, no client authentication included, or unsupported "
        "authentication method)"
    ),
    "token-invalid-grant": (
        "The provided authorization grant (e.g. authorization code, resource owner credentials) or refresh token is "
        "invalid, expired, revoked, does not match the redirection URI used in the authorization request, or was "
        "issued to another client"
    ),
    "token-invalid-scope": (
        "The requested scope is invalid, unknown, malformed, or exceeds the scope granted by the resource owner"
    ),
}


class Row(msgspec.Struct, frozen=True):
    """What the simulator reads of a row of the catalogue."""

    id: str
    http_status: int | None
    code: str | None
    message: str | None
    shape: str | None
    content_type: str | None


@dataclass(frozen=True, slots=True)
class Context:
    """What an error may speak of: the simulated instant (UTC), where a redirect leads, and the `state` it carries."""

    now: datetime
    callback: str | None = None
    state: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer before it is sent. `location` makes it a redirect."""

    status: int
    body: bytes = b""
    content_type: str | None = None
    location: str | None = None


@cache
def rows() -> dict[str, Row]:
    """The catalogue by id."""
    text = resources.files("passerelle.simulator").joinpath("errors.json").read_bytes()
    return {row.id: row for row in msgspec.json.decode(text, type=list[Row])}


def render(name: str, context: Context) -> Reply:
    """The answer of the row `name`. A row without a shape is no error: an empty object in its content type."""
    row = rows()[name]
    status = row.http_status or STATUS_WITHOUT_ONE.get(name, 200)
    message = SENTENCES.get(name, row.message)
    match row.shape:
        case "redirect":
            return _redirect(row, context)
        case "html":
            return Reply(status, _page(message or "").encode(), row.content_type)
        case "empty":
            return Reply(status)
        case "oauth":
            body = _oauth(row, message, context)
        case "wso2":
            body = _wso2(row, status, context)
        case "fault":
            short = (message or "").partition(". ")[0]
            body = {"fault": {"code": int(row.code or 0), "message": short, "description": message}}
        case _:
            body = {"nbTotalServices": 0} if name == "v2026-subscribed-services-empty-200" else {}
    return Reply(status, msgspec.json.encode(body), row.content_type)


def _oauth(row: Row, message: str | None, context: Context) -> dict[str, object]:
    body: dict[str, object] = {"error": row.code}
    if message is not None:
        here = calendar.local(context.now + timedelta(seconds=1))
        body["error_description"] = message.replace("X:XX:XX", f"{here.hour}:{here:%M:%S}")
    if row.id in WITH_LINK:
        body["error_uri"] = DOCUMENTED_IN
    return body


def _wso2(row: Row, status: int, context: Context) -> dict[str, object]:
    short, _, description = (row.message or "").partition(" / ")
    body: dict[str, object] = {"code": row.code or f"SGT{status}", "message": short}
    if row.code in RESUMES:
        resume = next_access(context.now)
        body["description"] = f"You have exceeded your quota .You can access API after {resume}"
        body["nextAccessTime"] = resume
    elif description:
        body["description"] = description
    return body


def next_access(now: datetime) -> str:
    """The next round hour in UTC, as the gateway of Enedis was seen to write it."""
    hour = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{hour:%Y}-{months[hour.month - 1]}-{hour:%d %H:%M:%S}+0000 UTC"


def _redirect(row: Row, context: Context) -> Reply:
    """Back to the application (F§3). A failure inside Enedis loses the state; a v2 one has no `code`."""
    query: dict[str, str] = {}
    if row.http_status is not None:
        query["code"] = str(row.http_status)
    query |= {"error": row.code or "", "error_description": row.message or ""}
    if context.state is not None and row.id != "authorize-v1-server-error":
        query["state"] = context.state
    return redirect(context.callback, query)


def redirect(callback: str | None, query: dict[str, str]) -> Reply:
    """302 to the callback address with these parameters; a page that says so when none is registered."""
    if callback is None:
        page = _page("Aucune adresse de retour n'est enregistrée pour cette application.")
        return Reply(500, page.encode(), "text/html; charset=utf-8")
    pairs = "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())
    return Reply(302, location=f"{callback}{'&' if '?' in callback else '?'}{pairs}")


def _page(text: str) -> str:
    return (
        '<!DOCTYPE html>\n<html lang="fr"><head><meta charset="utf-8"><title>Erreur</title></head>\n'
        f"<body><h1>Erreur</h1><p>{html.escape(text)}</p></body></html>\n"
    )
