"""What arrived while nobody was there who opens the cell: sealed to its public half, merged by the next one who does.

Sealing to a public half does not say who sealed. So each row carries a proof under the server's secret, and a row that
somebody else wrote into the database is refused.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Select, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from passerelle.kit.logs import get_logger
from passerelle.store.cells import Cell, Drawer, mark_waiting
from passerelle.store.tables import AnyRow, inbox
from passerelle.store.vault import Secrets

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Letter:
    """What is put into an inbox. `start` and `days` (one bit a day, the lowest first) are in clear, for planning."""

    content: str
    start: date | None
    days: bytes
    plaintext: bytes
    at: datetime


def bits(offsets: list[int], length: int) -> bytes:
    """One bit a day, those at the offsets set."""
    return sum(1 << at for at in offsets).to_bytes((length + 7) // 8, "little")


def offsets_of(days: bytes) -> list[int]:
    """The offsets of the bits that are set."""
    number = int.from_bytes(days, "little")
    return [at for at in range(len(days) * 8) if number >> at & 1]


async def post(connection: AsyncConnection, secrets: Secrets, drawer: Drawer, letter: Letter) -> None:
    """Put the letter into the cell's inbox."""
    at = letter.at.astimezone(UTC)
    place = _place(drawer, letter.content, letter.start, letter.days, at)
    sealed = drawer.post(letter.plaintext, place)
    values = {
        "cell": drawer.pair.number,
        "era": drawer.era,
        "content": letter.content,
        "start": letter.start,
        "days": letter.days,
        "kept_at": at,
        "sealed": sealed,
        "mac": secrets.prove("inbox", place, sealed),
    }
    await connection.execute(insert(inbox).values(**values))
    await mark_waiting(connection, drawer.pair, waiting=True)


async def letters(connection: AsyncConnection, secrets: Secrets, cell: Cell) -> AsyncIterator[Letter]:
    """Every letter of the cell, oldest first, and then the inbox is empty.

    A row that is not ours is dropped, and told in the log: it keeps nobody from the others. So is, silently, what was
    sealed before the point was erased.
    """
    rows = (await connection.execute(_of(cell).with_for_update())).all()
    for row in rows:
        letter = _opened(secrets, cell, row)
        if letter is not None:
            yield letter
    await connection.execute(delete(inbox).where(inbox.c.id.in_([row.id for row in rows])))


async def left_letters(connection: AsyncConnection, secrets: Secrets, cell: Cell) -> list[Letter]:
    """As `letters`, but they stay where they are: for a database that cannot be written to now."""
    rows = (await connection.execute(_of(cell))).all()
    return [letter for row in rows if (letter := _opened(secrets, cell, row)) is not None]


def _of(cell: Cell) -> Select[Any]:
    return select(inbox).where(inbox.c.cell == cell.pair.number).order_by(inbox.c.id)


def _opened(secrets: Secrets, cell: Cell, row: AnyRow) -> Letter | None:
    if row.era != cell.era:
        return None
    place = _place(cell, row.content, row.start, row.days, row.kept_at)
    if not secrets.proves(row.mac, "inbox", place, row.sealed):
        log.error("inbox_row_refused", content=row.content)
        return None
    return Letter(row.content, row.start, row.days, cell.take(row.sealed, place), row.kept_at)


def _place(drawer: Drawer, content: str, start: date | None, days: bytes, at: datetime) -> bytes:
    return drawer.place_of("inbox", content, "" if start is None else start.isoformat(), days, at.isoformat())
