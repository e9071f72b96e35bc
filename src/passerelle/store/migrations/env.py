"""Alembic's entry: the migrations run on the database of `config.attributes["url"]`, in one transaction.

Started by `store.upgrade.migrate` in a thread of its own, hence with a loop of its own.
"""

import asyncio

from alembic import context
from sqlalchemy import Connection

from passerelle.store.engine import alone, close_engine, open_engine, writing
from passerelle.store.tables import metadata


def _run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()


async def _migrate() -> None:
    engine = open_engine(context.config.attributes["url"], patient=True)
    try:
        async with writing(engine) as connection:
            # Two processes may start at once: the second one waits, and finds nothing left to do.
            await alone(connection, b"migrations")
            await connection.run_sync(_run)
    finally:
        await close_engine(engine)


asyncio.run(_migrate())
