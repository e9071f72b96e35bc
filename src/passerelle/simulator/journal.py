"""Every call received, in the order of arrival, refused ones too."""

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
