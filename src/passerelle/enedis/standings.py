"""Where the standings of `auto` are kept, for all processes together (`preference` says what they mean)."""

from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

from passerelle.model.generation import Standing

Answer = TypeVar("Answer")


class Standings(Protocol):
    """One standing an API; an API of which none was kept has the first one, `Standing()`."""

    async def read(self) -> tuple[Mapping[str, Standing], float]:
        """Those that were kept, and the time now. Raises InternalError when they cannot be read."""
        ...

    async def change(self, api: str, rule: Callable[[Standing, float], tuple[Standing, Answer]]) -> Answer:
        """One step that no other process comes between: from the standing and the time to what is kept and answered.

        Raises InternalError when it cannot be made; nothing has changed then.
        """
        ...
