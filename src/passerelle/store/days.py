"""Completed days, each sealed for its place under the account's content key."""

from collections.abc import Mapping
from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from passerelle.access.caller import Caller
from passerelle.consent.states import ConsentState
from passerelle.errors import InternalError
from passerelle.kit.clock import Clock
from passerelle.kit.crypto import Seal, SealBroken, context, derive
from passerelle.model.days import DaySpan
from passerelle.model.reading import AnyReading
from passerelle.model.series import Series
from passerelle.store import tables
from passerelle.store.day_codec import pack_day, unpack_day
from passerelle.store.engine import inserting, reading, writing
from passerelle.store.vault import broken

_FORM = "1"


class Days:
    """The store of completed days."""

    def __init__(self, engine: AsyncEngine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    async def held(
        self, caller: Caller, point_id: str, series: Series, span: DaySpan
    ) -> Mapping[date, tuple[AnyReading, ...]]:
        """The completed days of the span, in order.

        Raises InternalError for a day that does not open with the caller's content key: it is held, so it is no miss.
        """
        query = (
            select(tables.days.c.day, tables.days.c.sealed)
            .where(
                tables.days.c.point_id == point_id,
                tables.days.c.series == series.value,
                tables.days.c.day >= span.start,
                tables.days.c.day < span.end,
                tables.days.c.account_id == caller.account_id,
            )
            .order_by(tables.days.c.day)
        )
        async with reading(self._engine) as connection:
            rows = (await connection.execute(query)).all()
        seal = _seal(caller, point_id)
        return {row.day: _opened(seal, caller, point_id, series, row.day, row.sealed) for row in rows}

    async def keep(
        self, caller: Caller, point_id: str, series: Series, days: Mapping[date, tuple[AnyReading, ...]]
    ) -> None:
        """Keep these days, replacing what was held for them.

        Nothing is kept for a point that the account no longer has: what was still on its way from Enedis when the
        account forgot the point must not come back. Raises InternalError for a day that the form cannot hold.
        """
        if not days:
            return
        now = await self._clock.now()
        seal = _seal(caller, point_id)
        rows = [
            {
                "account_id": caller.account_id,
                "point_id": point_id,
                "series": series.value,
                "day": day,
                "sealed": seal.close(_packed(found), _place(caller, point_id, series, day)),
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


def _seal(caller: Caller, point_id: str) -> Seal:
    return Seal(derive(caller.content_key, "days", caller.account_id, point_id))


def _place(caller: Caller, point_id: str, series: Series, day: date) -> bytes:
    """A day opens only where it was kept: one cannot be passed off as another."""
    return context("day", _FORM, caller.account_id, point_id, series.value, day.isoformat())


def _packed(found: tuple[AnyReading, ...]) -> bytes:
    try:
        return pack_day(found)
    except ValueError as error:
        raise InternalError(
            f"A day of readings cannot be kept: {error}.",
            "Une journée de mesures ne peut pas être conservée.",
        ) from error


def _opened(
    seal: Seal, caller: Caller, point_id: str, series: Series, day: date, sealed: bytes
) -> tuple[AnyReading, ...]:
    try:
        return unpack_day(day, seal.open(sealed, _place(caller, point_id, series, day)))
    except SealBroken as error:
        raise broken("the caller's content key") from error
    except ValueError as error:
        raise InternalError(
            f"A day of readings cannot be read: {error}.",
            "Une journée de mesures ne peut pas être lue.",
        ) from error
