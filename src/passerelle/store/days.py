"""Completed days, each sealed for its place under the account's content key."""

from collections.abc import Mapping
from datetime import date

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncEngine

from passerelle.access.caller import Caller
from passerelle.consent.states import ConsentState
from passerelle.errors import InternalError
from passerelle.kit.clock import Clock
from passerelle.kit.crypto import Seal, SealBroken, context, derive, within
from passerelle.model.days import DaySpan
from passerelle.model.reading import Readings
from passerelle.model.series import Series
from passerelle.store import tables
from passerelle.store.day_codec import pack_day, unpack_day
from passerelle.store.engine import inserting, writing
from passerelle.store.vault import broken
from passerelle.store.warm import Prepared, WarmReads

_FORM = "1"
_HELD = Prepared(
    select(tables.days.c.day, tables.days.c.sealed)
    .where(
        tables.days.c.point_id == bindparam("point"),
        tables.days.c.series == bindparam("series"),
        tables.days.c.day >= bindparam("start"),
        tables.days.c.day < bindparam("end"),
        tables.days.c.account_id == bindparam("account"),
    )
    .order_by(tables.days.c.day)
)


class Days:
    """The store of completed days."""

    def __init__(self, engine: AsyncEngine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._warm = WarmReads(engine)

    async def held(self, caller: Caller, point_id: str, series: Series, span: DaySpan) -> Mapping[date, Readings]:
        """The completed days of the span, in order.

        Raises InternalError for a day that does not open with the caller's content key: it is held, so it is no miss.
        """
        rows = await self._warm.rows(
            _HELD, point=point_id, series=series.value, start=span.start, end=span.end, account=caller.account_id
        )
        shelf = _Shelf(caller, point_id, series)
        return {day: shelf.open(day, sealed) for day, sealed in rows}

    async def keep(self, caller: Caller, point_id: str, series: Series, days: Mapping[date, Readings]) -> None:
        """Keep these days, replacing what was held for them.

        Nothing is kept for a point that the account no longer has: what was still on its way from Enedis when the
        account forgot the point must not come back. Raises InternalError for a day that the form cannot hold.
        """
        if not days:
            return
        now = await self._clock.now()
        shelf = _Shelf(caller, point_id, series)
        rows = [
            {
                "account_id": caller.account_id,
                "point_id": point_id,
                "series": series.value,
                "day": day,
                "sealed": shelf.close(day, found),
                "kept_at": now,
            }
            for day, found in days.items()
        ]
        still_there = (
            select(tables.links.c.id)
            .where(
                tables.links.c.point_id == point_id,
                tables.links.c.account_id == caller.account_id,
                tables.links.c.state.not_in((ConsentState.FORGOTTEN.value, ConsentState.DISPUTED.value)),
            )
            .with_for_update(read=True)
        )
        async with writing(self._engine) as connection:
            if (await connection.execute(still_there)).first() is None:
                return
            insert = inserting(connection, tables.days)
            replaced = {name: insert.excluded[name] for name in ("sealed", "kept_at")}
            await connection.execute(insert.on_conflict_do_update(index_elements=_PLACE, set_=replaced), rows)


_PLACE = ["point_id", "series", "day"]


class _Shelf:
    """The place of a point's series: a day opens only where it was kept, one cannot be passed off as another."""

    __slots__ = ("_bound", "_seal")

    def __init__(self, caller: Caller, point_id: str, series: Series) -> None:
        self._seal = Seal(derive(caller.content_key, "days", caller.account_id, point_id))
        self._bound = context("day", _FORM, caller.account_id, point_id, series.value)

    def close(self, day: date, found: Readings) -> bytes:
        """The day, sealed. Raises InternalError if it does not fit its form."""
        try:
            packed = pack_day(found)
        except ValueError as error:
            raise InternalError(
                f"A day of readings cannot be kept: {error}.",
                "Une journée de mesures ne peut pas être conservée.",
            ) from error
        return self._seal.close(packed, within(self._bound, day.isoformat()))

    def open(self, day: date, sealed: bytes) -> Readings:
        """The day. Raises InternalError if it was sealed with another key, for another place, or altered."""
        try:
            return unpack_day(day, self._seal.open(sealed, within(self._bound, day.isoformat())))
        except SealBroken as error:
            raise broken("the caller's content key") from error
        except ValueError as error:
            raise InternalError(
                f"A day of readings cannot be read: {error}.",
                "Une journée de mesures ne peut pas être lue.",
            ) from error
