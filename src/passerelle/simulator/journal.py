"""Every call received, in the order of arrival, refused ones too."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import parse_qsl

SECRETS = frozenset({"client_secret"})


@dataclass(slots=True)
class Call:
    """One call. `at` is real time, `status` what was really sent: None while nothing was, or when it was dropped."""

    at: datetime
    simulated_at: datetime
    api: str
    method: str
    path: str
    query: dict[str, str | list[str]]
    usage_point_id: str | None
    status: int | None = None


@dataclass(slots=True)
class Journal:
    calls: list[Call] = field(default_factory=list)

    def clear(self) -> None:
        self.calls.clear()


def read_query(query_string: bytes) -> dict[str, str | list[str]]:
    """The parameters; one that is repeated is a list, a secret that should not be there is masked."""
    query: dict[str, str | list[str]] = {}
    for name, value in parse_qsl(query_string.decode("latin-1"), keep_blank_values=True):
        shown = "***" if name in SECRETS else value
        before = query.get(name)
        query[name] = shown if before is None else [*([before] if isinstance(before, str) else before), shown]
    return query


def named_point(query: Mapping[str, str | list[str]], path: str, *, in_path: bool) -> str | None:
    """The usage point that a call names, as it names it: in its query, or after the version in its path (F§10)."""
    if in_path:
        return path.strip("/").partition("/")[2].partition("/")[2] or None
    point = query.get("usage_point_id", query.get("pointId"))
    return point[0] if isinstance(point, list) else point
