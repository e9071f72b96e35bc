"""One secret for each usage point, outside the main database: destroying it erases the point from every backup.

What is kept of a point opens with the credential's key and this one together. It lives in a database of its own, with
a backup of its own that is kept for days, not for years; so that a backup of the main database, and a key that is still
valid, read nothing of a point that was erased. Losing this database loses what is kept, and Enedis is asked again.
"""

import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from sqlalchemy import Column, Integer, LargeBinary, MetaData, String, Table, bindparam, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.schema import CreateSchema

from passerelle.kit.crypto import random_key
from passerelle.store.engine import alone, close_engine, inserting, open_engine, reading, scrub, writing
from passerelle.store.warm import Prepared, WarmReads

TTL_SECONDS = 2.0
"""How long another process may still open what this one erased."""

POOL = 4
"""Connections to PostgreSQL: what is remembered asks for few, and a server takes a hundred of all processes."""

CAPACITY = 4096
_AT_ONCE = 500
"""Parameters of one statement, well below what any database allows."""

shred_metadata = MetaData()
shred_keys = Table(
    "shred_keys",
    shred_metadata,
    Column("point_id", String(32), primary_key=True),
    Column("era", Integer, nullable=False),
    Column("key", LargeBinary, nullable=False),
)
"""`era`: a random number that what is sealed carries in clear: what was erased is told from what was altered."""

paired = Table("paired_with", shred_metadata, Column("id", String(32), primary_key=True))
"""One row: the id of the main database that these secrets belong to, which keeps the same one."""

_FIND = Prepared(select(shred_keys.c.era, shred_keys.c.key).where(shred_keys.c.point_id == bindparam("point")))


@dataclass(frozen=True, slots=True)
class ShredKey:
    """The secret of a usage point and its era."""

    era: int
    key: bytes = field(repr=False)


SCHEMA = "passerelle_erasure"
"""Where they lie on PostgreSQL, so that a backup of a database that holds both can leave them out."""


class ShredKeys:
    """The store of these secrets, on a database of its own. `ticks` tells monotonic seconds."""

    def __init__(self, engine: AsyncEngine, ticks: Callable[[], float]) -> None:
        apart = engine.dialect.name == "postgresql"
        self._engine = engine.execution_options(schema_translate_map={None: SCHEMA}) if apart else engine
        self._ticks = ticks
        self._warm = WarmReads(self._engine)
        self._recent: dict[str, tuple[float, ShredKey]] = {}

    async def prepare(self) -> None:
        """Make the one table, if it is not there yet: it has no versions, so that losing the file needs no repair."""
        async with writing(self._engine) as connection:
            await alone(connection, b"shred keys")
            if connection.dialect.name == "postgresql":
                await connection.execute(CreateSchema(SCHEMA, if_not_exists=True))
            await connection.run_sync(shred_metadata.create_all)

    async def belongs_to(self) -> str | None:
        """The id of the main database that these secrets belong to; None if they were never given to one."""
        async with reading(self._engine) as connection:
            found: str | None = (await connection.execute(select(paired.c.id))).scalar()
        return found

    async def belong_to(self, installation_id: str) -> str:
        """Give these secrets to this main database, unless they belong to one; the one that they belong to."""
        async with writing(self._engine) as connection:
            await alone(connection, b"shred keys")
            found: str | None = (await connection.execute(select(paired.c.id))).scalar()
            if found is None:
                await connection.execute(insert(paired).values(id=installation_id))
        return found or installation_id

    async def find(self, point_id: str) -> ShredKey | None:
        """The point's secret; None if it has none, or none any more."""
        recent = self._recent.get(point_id)
        if recent is not None and self._ticks() < recent[0]:
            return recent[1]
        rows = await self._warm.rows(_FIND, point=point_id)
        if not rows:
            self._recent.pop(point_id, None)
            return None
        return self._remember(point_id, ShredKey(*rows[0]))

    async def ensure(self, point_id: str) -> ShredKey:
        """The point's secret, made if it has none."""
        found = await self.find(point_id)
        if found is not None:
            return found
        key = random_key()
        made = {"point_id": point_id, "era": int.from_bytes(key[:4], "big") >> 1, "key": random_key()}
        async with writing(self._engine) as connection:
            await connection.execute(inserting(connection, shred_keys).values(**made).on_conflict_do_nothing())
            row = (await connection.execute(select(shred_keys).where(shred_keys.c.point_id == point_id))).one()
        return self._remember(point_id, ShredKey(row.era, row.key))

    async def destroy(self, point_ids: Iterable[str]) -> None:
        """Destroy the secrets of these points: nothing that was kept of them opens any more, here or in a backup."""
        gone = sorted(set(point_ids))
        if not gone:
            return
        async with writing(self._engine) as connection:
            for at in range(0, len(gone), _AT_ONCE):
                some = gone[at : at + _AT_ONCE]
                await connection.execute(delete(shred_keys).where(shred_keys.c.point_id.in_(some)))
        for point_id in gone:
            self._recent.pop(point_id, None)
        await scrub(self._engine)

    def _remember(self, point_id: str, found: ShredKey) -> ShredKey:
        self._recent.pop(point_id, None)
        while len(self._recent) >= CAPACITY:
            del self._recent[next(iter(self._recent))]
        self._recent[point_id] = (self._ticks() + TTL_SECONDS, found)
        return found


@asynccontextmanager
async def open_shred(url: str) -> AsyncIterator[ShredKeys]:
    """The secrets of this database, which is apart from the main one: its backups are kept for days only."""
    engine = open_engine(url, pool=POOL)
    try:
        shred = ShredKeys(engine, time.monotonic)
        await shred.prepare()
        yield shred
    finally:
        await close_engine(engine)
