"""The calls that an account may have made before their time in an hour, counted for all processes together."""

from datetime import datetime

from sqlalchemy import case, or_
from sqlalchemy.ext.asyncio import AsyncEngine

from passerelle.errors import InternalError
from passerelle.kit.logs import get_logger
from passerelle.store.engine import inserting, writing
from passerelle.store.tables import forced_calls

log = get_logger(__name__)


class ForcedCalls:
    """Satisfies `gateway.ports.ForcedCalls`: each account has `most` calls in a clock hour."""

    def __init__(self, engine: AsyncEngine, most: int) -> None:
        self._engine = engine
        self._most = most

    async def take(self, account_id: str, calls: int, now: datetime) -> bool:
        """Charge the account with so many calls; False, and nothing is charged, if its hour has not so many left.

        A range is had or not had as a whole. What cannot be counted is not allowed.
        """
        if calls > self._most:
            return False
        row = {"account_id": account_id, "hour": now.replace(minute=0, second=0, microsecond=0), "calls": calls}
        try:
            async with writing(self._engine) as connection:
                insert = inserting(connection, forced_calls).values(**row)
                same_hour = forced_calls.c.hour == insert.excluded.hour
                together = forced_calls.c.calls + insert.excluded.calls
                charged = case((same_hour, together), else_=insert.excluded.calls)
                taking = insert.on_conflict_do_update(
                    index_elements=["account_id"],
                    set_={"hour": insert.excluded.hour, "calls": charged},
                    where=or_(~same_hour, together <= self._most),
                )
                return (await connection.execute(taking.returning(forced_calls.c.calls))).first() is not None
        except InternalError as error:
            log.warning("forced_calls_away", problem=error.problem.code)
            return False
