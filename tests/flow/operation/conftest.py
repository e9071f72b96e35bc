"""The command line as an operator runs it: in a process of its own, beside the installation of the test."""

import asyncio
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.flow.homes import SQLITE, Home

BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    status: int
    out: str
    err: str


@dataclass(frozen=True)
class Shell:
    """The operator's shell on the machine of this house."""

    house: Any

    def variables(self, **more: str) -> dict[str, str]:
        """Its environment; `more` are settings without prefix, as they are for `install`."""
        settings = self.house.settings
        given = {
            "LISTEN": f"127.0.0.1:{settings.listen.port}",
            "SIMULATOR_LISTEN": f"127.0.0.1:{settings.simulator_listen.port}",
            "DATA_DIR": str(settings.data_dir),
            "QUOTA_PER_SECOND": str(settings.limits.per_second),
            "QUOTA_PER_HOUR": str(settings.limits.per_hour),
            "GENERATION": settings.generation.value,
            "LANG": "en",
            **more,
        }
        return {"PATH": f"{BIN}:/usr/bin:/bin", **{f"PASSERELLE_{name}": value for name, value in given.items()}}

    async def run(self, *words: str, extra: dict[str, str] | None = None, **more: str) -> Ran:
        """Run to the end, while the servers of the test go on answering."""
        process = await asyncio.create_subprocess_exec(
            *words,
            env=self.variables(**more) | (extra or {}),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        return Ran(process.returncode or 0, out.decode(), err.decode())

    async def passerelle(self, *words: str, **more: str) -> Ran:
        return await self.run(sys.executable, "-m", "passerelle", *words, **more)


@pytest.fixture
def shell(house) -> Shell:
    return Shell(house)


@pytest.fixture
def home() -> Home:
    """What an operator finds on the machine: files, hence SQLite."""
    return Home(SQLITE)
