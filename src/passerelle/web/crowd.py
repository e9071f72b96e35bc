"""The caller's own limit: how many requests of one account are under way at once."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from passerelle.errors import TooManyRequests

PLACES = 1_000
"""Far above what a well-behaved application needs, far below what would hurt the others."""


class Crowd:
    """Counts the requests under way in this process, by account."""

    def __init__(self, places: int = PLACES) -> None:
        self._places = places
        self._inside: Counter[str] = Counter()

    @contextmanager
    def place(self, account_id: str) -> Iterator[None]:
        """Hold a place. Raises TooManyRequests when there is none."""
        if self._inside[account_id] >= self._places:
            raise TooManyRequests(
                f"This account has {self._places} requests under way.",
                f"Ce compte a {self._places} requêtes en cours.",
                retry_after=1,
            )
        self._inside[account_id] += 1
        try:
            yield
        finally:
            self._inside[account_id] -= 1
            if not self._inside[account_id]:
                del self._inside[account_id]
