"""Values as people write them; what cannot be one raises ValueError."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

SHORTEST_CHOSEN_KEY = 8
_DAYS = re.compile(r"P(\d{1,4})D", re.ASCII)


def parse_chosen_key(text: str) -> str:
    """A key that somebody made up: 8 characters or more, such as a header can carry."""
    if len(text) < SHORTEST_CHOSEN_KEY or not text.isascii() or not text.isprintable():
        raise ValueError
    return text


def parse_instant(text: str) -> datetime:
    """An ISO 8601 instant that says its offset."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError
    return instant


def parse_positive(text: str) -> int:
    """A whole number above 0."""
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def parse_days(text: str) -> timedelta:
    """An ISO 8601 duration of whole days, such as P7D; P0D too."""
    found = _DAYS.fullmatch(text)
    if found is None:
        raise ValueError
    return timedelta(days=int(found[1]))


def parse_auto(text: str) -> bool:
    """Whether it is `auto`, and not `off`."""
    if text not in ("auto", "off"):
        raise ValueError
    return text == "auto"


def at_least(length: int) -> Callable[[str], str]:
    """A parser of texts that are no shorter than this."""

    def parse(text: str) -> str:
        if len(text) < length:
            raise ValueError
        return text

    return parse
