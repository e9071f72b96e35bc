"""The caller's own limit: how many requests of one account are under way at once."""

from collections import defaultdict
from types import TracebackType

from passerelle.errors import TooManyRequests

PLACES = 1_000
"""Far above what a well-behaved application needs, far below what would hurt the others."""


class Crowd:
    """Counts the requests under way in this process, by account."""

    def __init__(self, places: int = PLACES) -> None:
        self._places = places
        self._inside: defaultdict[str, int] = defaultdict(int)

    def place(self, account_id: str) -> "_Place":
        """Hold a place, in a `with` block. Entering raises TooManyRequests when there is none."""
        return _Place(self._inside, self._places, account_id)


class _Place:
    """One request of the account, from the beginning of the block to its end."""

    __slots__ = ("_account_id", "_inside", "_places")

    def __init__(self, inside: defaultdict[str, int], places: int, account_id: str) -> None:
        self._inside = inside
        self._places = places
        self._account_id = account_id

    def __enter__(self) -> None:
        if self._inside[self._account_id] >= self._places:
            raise TooManyRequests(
                f"This account has {self._places} requests under way.",
                f"Ce compte a {self._places} requêtes en cours.",
                retry_after=1,
            )
        self._inside[self._account_id] += 1

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._inside[self._account_id] -= 1
        if not self._inside[self._account_id]:
            del self._inside[self._account_id]
