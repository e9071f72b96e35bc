"""The standings of both generations in memory."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from passerelle.errors import StorageUnavailable
from passerelle.model.generation import Standing

Answer = TypeVar("Answer")


@dataclass
class MemoryStandings:
    """Satisfies `enedis.standings.Standings` for the processes that share it; `now` tells seconds. `away`: fails."""

    now: Callable[[], float]
    kept: dict[str, Standing] = field(default_factory=dict)
    away: bool = False

    async def read(self) -> tuple[Mapping[str, Standing], float]:
        self._require()
        return dict(self.kept), self.now()

    async def change(self, api: str, rule: Callable[[Standing, float], tuple[Standing, Answer]]) -> Answer:
        self._require()
        self.kept[api], answer = rule(self.kept.get(api, Standing()), self.now())
        return answer

    def _require(self) -> None:
        if self.away:
            raise StorageUnavailable("away", "partie", retry_after=5)
