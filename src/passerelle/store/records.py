"""Customer records, each in a cell of its own."""

from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from passerelle.access.caller import Caller
from passerelle.errors import InternalError, StorageUnavailable
from passerelle.kit.clock import Clock
from passerelle.kit.crypto import SealBroken
from passerelle.model.customer import AnyRecord, CustomerRecord
from passerelle.store.cells import Cell, Cells, Drawer, settle
from passerelle.store.engine import inserting, reading, writing
from passerelle.store.inbox import Letter, left_letters, letters, post
from passerelle.store.record_form import kind_of, pack_record, unpack_record
from passerelle.store.shred import ShredKeys
from passerelle.store.tables import records
from passerelle.store.vault import Secrets, broken
from passerelle.store.warm import Prepared, WarmReads

_FIND = Prepared(
    select(records.c.kept_at, records.c.sealed).where(
        records.c.cell == bindparam("cell"), records.c.era == bindparam("era")
    )
)


class Records:
    """Satisfies `gateway.ports.RecordStore`."""

    def __init__(self, engine: AsyncEngine, secrets: Secrets, shred: ShredKeys, clock: Clock) -> None:
        self._engine = engine
        self._secrets = secrets
        self._clock = clock
        self._warm = WarmReads(engine)
        self._cells = Cells(engine, secrets, shred)

    async def held(self, caller: Caller, point_id: str, record: CustomerRecord) -> tuple[AnyRecord, datetime] | None:
        """The record and when it was kept; None if it is not. Raises InternalError if it does not open."""
        cell = await self._cells.find(caller, point_id, record.scope)
        if cell is None:
            return None
        if cell.pair.waiting or cell.opened.unfolded is not None:
            try:
                async with writing(self._engine) as connection:
                    await self._fold(connection, cell)
            except StorageUnavailable:  # a full disk, say: it may still be read
                latest = await self._unfolded(cell)
                if latest is not None:
                    return _unpacked(record, latest.plaintext), latest.at
        rows = await self._warm.rows(_FIND, cell=cell.pair.number, era=cell.era)
        if not rows:
            return None
        kept_at, sealed = rows[0]
        try:
            plaintext = cell.seal.open(sealed, _place(cell, kept_at))
        except SealBroken as error:
            raise broken("the caller's credential") from error
        return _unpacked(record, plaintext), kept_at

    async def _unfolded(self, cell: Cell) -> Letter | None:
        """The letter that will count once the inbox is emptied."""
        async with reading(self._engine) as connection:
            waiting = await left_letters(connection, self._secrets, cell)
        return waiting[-1] if waiting else None

    async def keep(self, caller: Caller | None, account_id: str, point_id: str, found: AnyRecord) -> None:
        """Keep the record in place of the former one; without a caller who opens the cell, in its inbox.

        Nothing is kept for a point that the account no longer has. Raises InternalError for one that is too long.
        """
        now = await self._clock.now()
        record = kind_of(found)
        try:
            plaintext = pack_record(found)
        except ValueError as error:
            raise InternalError("A record cannot be kept.", "Une fiche ne peut pas être conservée.") from error
        async with writing(self._engine) as connection:
            drawer = await self._cells.ensure(connection, caller, account_id, point_id, record.scope)
            if isinstance(drawer, Cell):
                await self._fold(connection, drawer)
                await _write(connection, drawer, plaintext, now)
            elif isinstance(drawer, Drawer):
                await post(connection, self._secrets, drawer, Letter(record.value, None, b"", plaintext, now))

    async def _fold(self, connection: AsyncConnection, cell: Cell) -> None:
        """Do what was left for whoever opens the cell. The last letter counts."""
        await settle(connection, cell)
        if cell.pair.waiting:
            async for letter in letters(connection, self._secrets, cell):
                await _write(connection, cell, letter.plaintext, letter.at)


def _unpacked(record: CustomerRecord, plaintext: bytes) -> AnyRecord:
    try:
        return unpack_record(record, plaintext)
    except ValueError as error:
        raise InternalError("A kept record cannot be read.", "Une fiche conservée est illisible.") from error


async def _write(connection: AsyncConnection, cell: Cell, plaintext: bytes, now: datetime) -> None:
    values = {
        "cell": cell.pair.number,
        "era": cell.era,
        "kept_at": now,
        "sealed": cell.seal.close(plaintext, _place(cell, now)),
    }
    insert = inserting(connection, records).values(**values)
    replaced = {name: insert.excluded[name] for name in ("era", "kept_at", "sealed")}
    await connection.execute(insert.on_conflict_do_update(index_elements=["cell"], set_=replaced))


def _place(cell: Drawer, at: datetime) -> bytes:
    return cell.place_of("record", str(int(at.timestamp() * 1_000_000)))
