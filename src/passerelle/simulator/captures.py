"""A folder of captured answers: what each one answers, whose points they name, and when they were current."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from urllib.parse import parse_qsl

import msgspec

from passerelle.errors import StartRefused
from passerelle.simulator import calendar

INDEX = "INDEX.json"
MORNING = time(9)
# Bodies are searched as text: a capture that was cut short, or masked until it is no JSON any more, still tells.
_POINTS = re.compile(
    r"\b(?:usage_point_id|idPrm|pointId)\"?\s*[:=]\s*\"?((?:[0-9]{14}(?:%3B|[;,])?)+)(?![0-9])", re.IGNORECASE
)
_PRM = re.compile(r"(?<![0-9])[0-9]{14}")
_STAMP = re.compile(r"\"(?:date|d)\"\s*:\s*\"(20[0-9]{2}-[0-9]{2}-[0-9]{2})")
_START = re.compile(r"\"(?:start|dateDebut)\"\s*:\s*\"([0-9]{4}-[0-9]{2}-[0-9]{2})")
_END = re.compile(r"\"(?:end|dateFin)\"\s*:\s*\"([0-9]{4}-[0-9]{2}-[0-9]{2})")
_AUTHORISATION = re.compile(r"\"autorisationId\"\s*:\s*([0-9]+)")
_POINT_NAMES, _START_NAMES, _END_NAMES = ("usage_point_id", "pointId"), ("start", "dateDebut"), ("end", "dateFin")
_TYPES = {".html": "text/html", ".htm": "text/html", ".txt": "text/plain"}


class Entry(msgspec.Struct):
    """A line of INDEX.json; what else it says is for its reader."""

    file: str
    endpoint: str
    http_status: int
    content_type: str | None = None


@dataclass(frozen=True, slots=True)
class Capture:
    """An answer as it was received, and the requests that it answers. `end` is excluded."""

    path: re.Pattern[str]
    query: Mapping[str, str]
    status: int
    content_type: str
    body: bytes = field(repr=False)
    points: frozenset[str]
    start: date | None
    end: date | None

    def answers(self, path: str, query: Mapping[str, str]) -> bool:
        """Whether the endpoint is this one, and what the body names fits.

        A usage point must be the one asked, in the query or in the path. A period must share a day with the one asked:
        a gateway cuts its calls by its own rules, and takes of a longer answer the days that it asked for.
        """
        if self.path.fullmatch(path) is None or not self.query.items() <= query.items():
            return False
        if self.points and self.points.isdisjoint([*_PRM.findall(path), _first(query, _POINT_NAMES)]):
            return False
        if self.start is None:
            return True
        start, end = _day(_first(query, _START_NAMES)), _day(_first(query, _END_NAMES))
        if start is None or end is None:
            return False
        return self.start < end and start < (self.end or self.start + calendar.DAY)


@dataclass(frozen=True, slots=True)
class PostedCapture:
    """An answer to a POST: of `subscribed_services`, the one API that is asked so (F§10)."""

    path: re.Pattern[str]
    status: int
    content_type: str
    body: bytes = field(repr=False)
    authorisations: frozenset[str]

    def answers(self, path: str, content: str) -> bool:
        """Whether the endpoint is this one, a final slash or not, and names the authorisation asked for, or none."""
        if self.path.fullmatch(path.removesuffix("/")) is None:
            return False
        return not self.authorisations or not self.authorisations.isdisjoint(_AUTHORISATION.findall(content))


@dataclass(frozen=True, slots=True)
class Captures:
    """What a folder holds.

    `points`: every usage point named in its files, in order. `latest`: the day of the latest stamp of a value.
    """

    answers: tuple[Capture, ...]
    points: tuple[str, ...]
    latest: date | None
    posted: tuple[PostedCapture, ...] = ()

    def find_posted(self, path: str, content: str) -> PostedCapture | None:
        """The first capture that answers a POST of this content."""
        return next((each for each in self.posted if each.answers(path, content)), None)

    def find(self, path: str, query: Mapping[str, str]) -> Capture | None:
        """The first capture that answers a GET of this path."""
        return next((each for each in self.answers if each.answers(path, query)), None)

    @property
    def starts_at(self) -> datetime | None:
        """Where the simulated clock starts: 09:00 in Paris on the day after the latest stamp."""
        return None if self.latest is None else calendar.wall(self.latest + calendar.DAY, MORNING)


def read_captures(folder: Path) -> Captures:
    """The captures that the folder's INDEX.json lists. Raises StartRefused when something of it cannot be read.

    Only entries whose endpoint is `GET /path` or `POST /path` are served: what came from `any` address tells no request
    apart, and tokens are the simulator's own. Usage points and stamps are looked for in all files.
    """
    entries = _read_index(folder / INDEX)
    bodies = [_read_file(folder / entry.file) for entry in entries]
    texts = [body.decode(errors="replace") for body in bodies]
    read = list(zip(entries, bodies, texts, strict=True))
    served = [_capture(*each) for each in read if each[0].endpoint.startswith("GET /")]
    posted = [_posted(*each) for each in read if each[0].endpoint.startswith("POST /")]
    points = dict.fromkeys(prm for text in texts for prm in _points(text))
    stamps = [day for text in texts for day in map(_day, _STAMP.findall(text)) if day is not None]
    return Captures(tuple(served), tuple(points), max(stamps, default=None), tuple(posted))


def _read_index(path: Path) -> list[Entry]:
    try:
        return msgspec.json.decode(_read_file(path), type=list[Entry])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise StartRefused(
            f"--replay: {path} must be a JSON list of objects with `file`, `endpoint` and `http_status`.",
            f"--replay : {path} doit être une liste JSON d'objets avec « file », « endpoint » et « http_status ».",
        ) from error


def _read_file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        why = (error.strerror or "unreadable").lower()
        raise StartRefused(
            f"--replay: {path} cannot be read ({why}).", f"--replay : {path} ne peut être lu ({why})."
        ) from error


def _capture(entry: Entry, body: bytes, text: str) -> Capture:
    path, _, query = entry.endpoint.removeprefix("GET ").strip().partition("?")
    start, end = _START.search(text), _END.search(text)
    return Capture(
        path=_pattern(path),
        query=dict(parse_qsl(query, keep_blank_values=True)),
        status=entry.http_status,
        content_type=_content_type(entry),
        body=body,
        points=frozenset(_points(text)),
        start=_day(start[1]) if start else None,
        end=_day(end[1]) if end else None,
    )


def _posted(entry: Entry, body: bytes, text: str) -> PostedCapture:
    path = entry.endpoint.removeprefix("POST ").strip()
    named = frozenset(_AUTHORISATION.findall(text))
    return PostedCapture(_pattern(path.removesuffix("/")), entry.http_status, _content_type(entry), body, named)


def _content_type(entry: Entry) -> str:
    return entry.content_type or _TYPES.get(Path(entry.file).suffix.lower(), "application/json")


def _pattern(path: str) -> re.Pattern[str]:
    """`*` stands for anything, `{name}` for one segment."""
    wild = {"*": ".*"}
    pieces = enumerate(re.split(r"(\*|\{[^{}/]*\})", path))
    return re.compile("".join(wild.get(each, "[^/]+") if at % 2 else re.escape(each) for at, each in pieces))


def _points(text: str) -> list[str]:
    return [prm for named in _POINTS.findall(text) for prm in re.findall(r"[0-9]{14}", named)]


def _first(query: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((query[name] for name in names if name in query), "")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
