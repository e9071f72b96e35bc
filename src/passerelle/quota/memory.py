"""Rows and a home in memory: for one process and for tests. A restart forgets the hour's count."""

import time
from collections.abc import Callable
from typing import Generic

from passerelle.quota.bucket import Bucket
from passerelle.quota.row_home import RowHome
from passerelle.quota.rows import Answer, Rule, State


class MemoryRows(Generic[State]):
    """Rows of this process. No lock: nothing is awaited within a step."""

    def __init__(
        self,
        empty: State,
        *,
        wall_ns: Callable[[], int] = time.time_ns,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._empty = empty
        self._wall_ns = wall_ns
        self._monotonic = monotonic
        self._states: dict[str, State] = {}

    async def change(self, key: str, rule: Rule[State, Answer]) -> Answer:
        before = self._states.get(key, self._empty)
        after, answer = rule(before, self._wall_ns() // 1000, self._monotonic())
        self._states[key] = after
        return answer


class MemoryHome(RowHome):
    """Home in this process (`MemoryRows`)."""

    def __init__(
        self, *, wall_ns: Callable[[], int] = time.time_ns, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(MemoryRows(Bucket(), wall_ns=wall_ns, monotonic=monotonic))
