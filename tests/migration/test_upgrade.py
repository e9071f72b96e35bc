"""From nothing to today's tables, and what a database of another version is told."""

import asyncio
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from passerelle.errors import StartRefused
from passerelle.quota.tables import quota_metadata
from passerelle.store import migrations
from passerelle.store.engine import open_engine, reading, writing
from passerelle.store.tables import metadata
from passerelle.store.upgrade import VERSIONS, SchemaState, migrate, require_current, schema_state


@asynccontextmanager
async def opened(url):
    engine = open_engine(url)
    try:
        yield engine
    finally:
        await engine.dispose()


def differences(connection):
    context = MigrationContext.configure(connection, opts={"compare_type": True, "target_metadata": metadata})
    return compare_metadata(context, [metadata, quota_metadata])


async def test_an_empty_database_becomes_current_and_stays_so(url):
    async with opened(url) as engine:
        assert await schema_state(engine) is SchemaState.EMPTY
        with pytest.raises(StartRefused, match="passerelle migrate"):
            await require_current(engine)
        await migrate(url)
        await migrate(url)
        assert await schema_state(engine) is SchemaState.CURRENT
        await require_current(engine)


async def test_the_migrations_make_the_tables_that_the_code_knows(url):
    await migrate(url)
    async with opened(url) as engine, reading(engine) as connection:
        assert await connection.run_sync(differences) == []


async def test_migrations_in_one_process_wait_for_each_other(url):
    await asyncio.gather(*(migrate(url) for _ in range(3)))
    async with opened(url) as engine:
        assert await schema_state(engine) is SchemaState.CURRENT


async def test_processes_that_migrate_at_once_all_succeed(url):
    script = f"import asyncio; from passerelle.store.upgrade import migrate; asyncio.run(migrate({url!r}))"
    processes = [await asyncio.create_subprocess_exec(sys.executable, "-W", "error", "-c", script) for _ in range(3)]
    assert await asyncio.gather(*(process.wait() for process in processes)) == [0, 0, 0]
    async with opened(url) as engine:
        assert await schema_state(engine) is SchemaState.CURRENT


async def test_a_newer_database_is_refused_and_left_alone(url):
    await migrate(url)
    async with opened(url) as engine:
        async with writing(engine) as connection:
            await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        assert await schema_state(engine) is SchemaState.NEWER
        with pytest.raises(StartRefused, match="newer version"):
            await require_current(engine)
        with pytest.raises(StartRefused, match="newer version"):
            await migrate(url)
        async with reading(engine) as connection:
            assert (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar() == "9999"


def test_the_listed_versions_are_those_of_the_migrations():
    scripts = ScriptDirectory(str(Path(migrations.__file__ or "").parent))
    assert tuple(reversed([script.revision for script in scripts.walk_revisions()])) == VERSIONS
