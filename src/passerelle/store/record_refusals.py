"""What Enedis answered in place of customer records, beside the refusals of series in the ledger."""

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.ext.asyncio import AsyncEngine

from passerelle.model.customer import CustomerRecord
from passerelle.plan.ledger import Refusal
from passerelle.store.engine import glancing, inserting, writing
from passerelle.store.ledger import REFUSAL_COLUMNS, read_refusal, refusal_row
from passerelle.store.tables import refusals


class RecordRefusals:
    """Satisfies `gateway.ports.RecordRefusals`: a row a record, where a series has one a reason."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def refused(self, point_id: str, record: CustomerRecord) -> Refusal | None:
        query = select(*REFUSAL_COLUMNS).where(*_at(point_id, record)).order_by(refusals.c.asked_at.desc()).limit(1)
        async with glancing(self._engine) as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else read_refusal(tuple(row))

    async def refuse(self, point_id: str, record: CustomerRecord, refusal: Refusal) -> None:
        """Remember it in place of the former one."""
        row = refusal_row(refusal)
        async with writing(self._engine) as connection:
            await connection.execute(delete(refusals).where(*_at(point_id, record)))
            new = inserting(connection, refusals).values(point_id=point_id, series=record.value, **row)
            await connection.execute(
                new.on_conflict_do_update(index_elements=["point_id", "series", "reason"], set_=row)
            )

    async def lift(self, point_id: str, record: CustomerRecord) -> None:
        """Forget it: the record came."""
        async with writing(self._engine) as connection:
            await connection.execute(delete(refusals).where(*_at(point_id, record)))


def _at(point_id: str, record: CustomerRecord) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return refusals.c.point_id == point_id, refusals.c.series == record.value
