"""Two gateways side by side, one speaks v5 and one 2026, each in front of a simulator of the same seed and clock."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from tests.flow.conftest import Installation, installed
from tests.flow.homes import SQLITE, Home

ENDINGS = ("17", "41", "49", "53", "62", "65", "69", "77", "81", "85", "91", "93", "95", "98")
SEEDED = tuple(f"400000000000{ending}" for ending in ENDINGS)
"""Further households of the seed (INTERFACE section 7), beside those of F§11: one of each kind that both know."""
FIFTEEN_MINUTES = ("40000000000044", "40000000000057")
"""Their curves are, or become, of 15 minutes, which the specification of 2026 does not have (F§9)."""


@dataclass(frozen=True)
class Pair:
    """The same households behind both generations."""

    v5: Installation
    v2026: Installation

    @property
    def both(self) -> tuple[Installation, Installation]:
        return self.v5, self.v2026


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pair(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pair]:
    """Their clocks stand still, so that both say the same. Tests carry `pytest.mark.asyncio(loop_scope="module")`."""
    folder = tmp_path_factory.mktemp("pair")
    async with (
        installed(folder / "v5", GENERATION="v5") as old,
        installed(folder / "2026", GENERATION="2026") as new,
    ):
        for each in (old, new):
            await each.set_clock("2026-11-24T09:00:00+01:00")
            for prm in SEEDED + FIFTEEN_MINUTES:
                await each.hold(prm)
        yield Pair(old, new)


@pytest.fixture
def home() -> Home:
    """One gateway: which generation is in use is known to each process for itself."""
    return Home(SQLITE)
