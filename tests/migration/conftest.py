"""An empty database of the test's own."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from passerelle.kit.crypto import random_id


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/store.db"
        return
    name = f"passerelle_test_{random_id()}"
    server = await asyncpg.connect("postgresql://postgres@127.0.0.1:5432/postgres")
    await server.execute(f"CREATE DATABASE {name}")
    try:
        yield f"postgresql://postgres@127.0.0.1:5432/{name}"
    finally:
        await server.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await server.close()
