"""The main database and the erasure database know each other: with another one, what is kept would read as erased.

An empty or wrong erasure database opens nothing and says nothing: all would be asked of Enedis again, and two processes
with different ones would each erase what the other keeps.
"""

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from passerelle.errors import StartRefused
from passerelle.kit.crypto import random_id
from passerelle.store.engine import alone, reading, writing
from passerelle.store.shred import ShredKeys
from passerelle.store.tables import installation


async def require_pair(engine: AsyncEngine, shred: ShredKeys) -> None:
    """Raise StartRefused unless both belong together. Where neither is known yet, from now on they do.

    The erasure database is told first: who is killed in between finds its id there.
    """
    ours, theirs = await _own_id(engine), await shred.belongs_to()
    if ours is None:
        ours = await _take_id(engine, theirs or await shred.belong_to(random_id()))
        theirs = await shred.belongs_to()
    if theirs is None:
        raise StartRefused(
            "The erasure database is empty, but this installation had one: put its file or database back, or correct "
            "PASSERELLE_ERASURE_DATABASE_URL or PASSERELLE_DATA_DIR. If it is lost for good, so is what was kept: "
            "`passerelle migrate --erasure-lost` goes on without it, and Enedis is asked again.",
            "La base d'effacement est vide, or cette installation en avait une : remettre son fichier ou sa base, ou "
            "corriger PASSERELLE_ERASURE_DATABASE_URL ou PASSERELLE_DATA_DIR. Si elle est perdue pour de bon, ce qui "
            "était gardé l'est aussi : « passerelle migrate --erasure-lost » continue sans elle, et Enedis est "
            "interrogé de nouveau.",
        )
    if theirs != ours:
        raise _another()


async def give_up_the_old(engine: AsyncEngine, shred: ShredKeys) -> None:
    """Go on with a new erasure database, the old one being lost. Raises StartRefused if it has another id."""
    ours = await _own_id(engine)
    if ours is not None and await shred.belong_to(ours) != ours:
        raise _another()


async def _own_id(engine: AsyncEngine) -> str | None:
    async with reading(engine) as connection:
        found: str | None = (await connection.execute(select(installation.c.id))).scalar()
    return found


async def _take_id(engine: AsyncEngine, wanted: str) -> str:
    """The id of the main database: this one, unless another process was faster."""
    async with writing(engine) as connection:
        await alone(connection, b"installation")
        found: str | None = (await connection.execute(select(installation.c.id))).scalar()
        if found is None:
            await connection.execute(insert(installation).values(id=wanted))
    return found or wanted


def _another() -> StartRefused:
    return StartRefused(
        "The erasure database is that of another installation: correct PASSERELLE_ERASURE_DATABASE_URL or "
        "PASSERELLE_DATA_DIR. All processes of an installation use the same one.",
        "La base d'effacement est celle d'une autre installation : corriger PASSERELLE_ERASURE_DATABASE_URL ou "
        "PASSERELLE_DATA_DIR. Tous les processus d'une installation utilisent la même.",
    )
