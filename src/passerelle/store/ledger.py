"""The ledger of days: what was asked of Enedis and did not come whole, and what was refused. No value is in it.

A day that is whole has no row, unless a caller has just had it asked again. What Enedis said is kept without its body.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from passerelle.model.days import DaySpan
from passerelle.model.reading import GapReason
from passerelle.model.series import Series
from passerelle.plan.freshness import FORCED_AGAIN, REFUSED_FOR
from passerelle.plan.ledger import Entry, Known, OpenDay, Refusal
from passerelle.problem import Actor, Problem, Upstream
from passerelle.store.engine import inserting, reading, writing
from passerelle.store.tables import ledger_days, refusals
from passerelle.store.warm import Prepared, WarmReads

_DAY_COLUMNS = (
    ledger_days.c.day,
    ledger_days.c.reason,
    ledger_days.c.first_asked_at,
    ledger_days.c.asked_at,
    ledger_days.c.next_at,
    ledger_days.c.tries,
    ledger_days.c.missing,
    ledger_days.c.told,
    ledger_days.c.forced_at,
    ledger_days.c.covered,
)
REFUSAL_COLUMNS = (
    refusals.c.reason,
    refusals.c.problem,
    refusals.c.asked_at,
    refusals.c.until,
    refusals.c.start_day,
    refusals.c.end_day,
    refusals.c.tries,
    refusals.c.forced_at,
)
_DAYS = Prepared(
    select(*_DAY_COLUMNS).where(
        ledger_days.c.point_id == bindparam("point"),
        ledger_days.c.series == bindparam("series"),
        ledger_days.c.day >= bindparam("start"),
        ledger_days.c.day < bindparam("end"),
    )
)
_REFUSALS = Prepared(
    select(*REFUSAL_COLUMNS).where(refusals.c.point_id == bindparam("point"), refusals.c.series == bindparam("series"))
)
_REASONS = frozenset(reason.value for reason in GapReason)
_SERIES = [series.value for series in Series]
_DAY, _REFUSAL = ("point_id", "series", "day"), ("point_id", "series", "reason")


class Ledger:
    """Satisfies `gateway.ports.DayLedger` and `gateway.list_points.Ledger`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._warm = WarmReads(engine)

    async def known(self, point_id: str, series: Series, span: DaySpan) -> Known:
        """What it says of these days, and every refusal of the series."""
        place = {"point": point_id, "series": series.value}
        days = await self._warm.rows(_DAYS, **place, start=span.start, end=span.end)
        return _known(days, await self._warm.rows(_REFUSALS, **place))

    async def write(self, point_id: str, series: Series, entry: Entry) -> None:
        """Change it in one transaction."""
        async with writing(self._engine) as connection:
            await _forget(connection, point_id, series, entry)
            rows = [_day_row(day, opened) for day, opened in entry.days.items()]
            rows += [_looked_row(day, at) for day, at in entry.looked.items()]
            if rows:
                await _put(connection, point_id, series, rows)
            if entry.refusal is not None:
                insert = inserting(connection, refusals).values(
                    point_id=point_id, series=series.value, **refusal_row(entry.refusal)
                )
                changed = {column.name: insert.excluded[column.name] for column in REFUSAL_COLUMNS}
                await connection.execute(insert.on_conflict_do_update(index_elements=_REFUSAL, set_=changed))
            if (until := entry.silent_until) is not None:
                await _move(connection, point_id, series, until, ledger_days.c.next_at < until)
            if entry.awake is not None:
                before, at = entry.awake
                sooner = and_(ledger_days.c.next_at > at, ledger_days.c.day < before)
                await _move(connection, point_id, series, at, sooner)

    async def cover(self, point_id: str, series: Series, days: Collection[date]) -> None:
        """From now on a derived value stands in for those of these days that are open."""
        change = update(ledger_days).where(
            ledger_days.c.point_id == point_id,
            ledger_days.c.series == series.value,
            ledger_days.c.day.in_(list(days)),
        )
        async with writing(self._engine) as connection:
            await connection.execute(change.values(covered=True))

    async def of_point(self, point_id: str) -> Mapping[Series, Known]:
        """All that it says of a usage point, but for days that a derived value stands in for."""
        async with reading(self._engine) as connection:
            days = await _grouped(connection, _of_point(ledger_days, _DAY_COLUMNS, point_id))
            refused = await _grouped(connection, _of_point(refusals, REFUSAL_COLUMNS, point_id))
        return {
            Series(name): _known([row for row in days.get(name, ()) if not row[-1]], refused.get(name, ()))
            for name in sorted({*days, *refused})
        }

    async def refused(self, point_ids: Collection[str]) -> Mapping[str, AbstractSet[Series]]:
        """By point, the series whose last answer refused the whole kind."""
        query = select(refusals.c.point_id, refusals.c.series).where(
            refusals.c.point_id.in_(point_ids),
            refusals.c.series.in_(_SERIES),
            refusals.c.reason.in_([reason.value for reason in REFUSED_FOR]),
        )
        async with reading(self._engine) as connection:
            rows = (await connection.execute(query.distinct())).all()
        found: dict[str, set[Series]] = {}
        for row in rows:
            found.setdefault(row.point_id, set()).add(Series(row.series))
        return found


def _of_point(table: Any, columns: tuple[Any, ...], point_id: str) -> Select[Any]:
    """Of the series alone: customer records have refusals too (`store.record_refusals`)."""
    return select(table.c.series, *columns).where(table.c.point_id == point_id, table.c.series.in_(_SERIES))


async def _grouped(connection: AsyncConnection, query: Select[Any]) -> dict[str, list[tuple[Any, ...]]]:
    found: dict[str, list[tuple[Any, ...]]] = {}
    for series, *row in await connection.execute(query):
        found.setdefault(series, []).append(tuple(row))
    return found


async def _forget(connection: AsyncConnection, point_id: str, series: Series, entry: Entry) -> None:
    """Take out the days that are whole, refusals that no longer stand, and what a caller looked at a while ago."""
    here = (ledger_days.c.point_id == point_id, ledger_days.c.series == series.value)
    if entry.whole:
        await connection.execute(delete(ledger_days).where(*here, ledger_days.c.day.in_(list(entry.whole))))
    if entry.looked:
        oldest = max(entry.looked.values()) - FORCED_AGAIN
        await connection.execute(
            delete(ledger_days).where(*here, ledger_days.c.reason.is_(None), ledger_days.c.asked_at < oldest)
        )
    if entry.lifted:
        await connection.execute(
            delete(refusals).where(
                refusals.c.point_id == point_id,
                refusals.c.series == series.value,
                refusals.c.reason.in_(sorted(entry.lifted)),
            )
        )


async def _put(connection: AsyncConnection, point_id: str, series: Series, rows: list[dict[str, Any]]) -> None:
    place = {"point_id": point_id, "series": series.value}
    insert = inserting(connection, ledger_days)
    changed = {column.name: insert.excluded[column.name] for column in _DAY_COLUMNS}
    await connection.execute(
        insert.on_conflict_do_update(index_elements=_DAY, set_=changed), [place | row for row in rows]
    )


async def _move(
    connection: AsyncConnection, point_id: str, series: Series, next_at: datetime, which: ColumnElement[bool]
) -> None:
    """When these days that Enedis did not have are worth a call."""
    change = update(ledger_days).where(
        ledger_days.c.point_id == point_id,
        ledger_days.c.series == series.value,
        ledger_days.c.reason == GapReason.MISSING.value,
        which,
    )
    await connection.execute(change.values(next_at=next_at))


def _known(days: Iterable[Sequence[Any]], refused: Iterable[Sequence[Any]]) -> Known:
    opened: dict[date, OpenDay] = {}
    looked: dict[date, datetime] = {}
    for day, kind, first_asked_at, asked_at, next_at, tries, missing, told, forced_at, covered in days:
        if kind is None:
            looked[day] = asked_at
            continue
        stretches = tuple((_instant(start), _instant(end)) for start, end in missing or ())
        reason, failure = _told(kind)
        opened[day] = OpenDay(
            reason, first_asked_at, asked_at, next_at, tries, stretches, told, forced_at, covered, failure
        )
    return Known(opened, looked, {row[0]: read_refusal(row) for row in refused})


def read_refusal(row: Sequence[Any]) -> Refusal:
    """The refusal of a row of `REFUSAL_COLUMNS`."""
    kind, problem, *rest = row
    return Refusal(_told(kind)[0], _problem(problem), *rest)


def _told(kind: str) -> tuple[GapReason, str | None]:
    """The reason that a kind stands for, and the code of the failure if it is one."""
    return (GapReason(kind), None) if kind in _REASONS else (GapReason.UPSTREAM_ERROR, kind)


def _day_row(day: date, opened: OpenDay) -> dict[str, Any]:
    return {
        "day": day,
        "reason": opened.kind,
        "first_asked_at": opened.first_asked_at,
        "asked_at": opened.asked_at,
        "next_at": opened.next_at,
        "tries": opened.tries,
        "missing": [[int(start.timestamp()), int(end.timestamp())] for start, end in opened.missing] or None,
        "told": opened.told,
        "forced_at": opened.forced_at,
        "covered": opened.covered,
    }


def _looked_row(day: date, at: datetime) -> dict[str, Any]:
    """A day that is whole and was asked again: nothing is missing, nothing is planned."""
    return {
        "day": day,
        "reason": None,
        "first_asked_at": at,
        "asked_at": at,
        "next_at": at,
        "tries": 0,
        "missing": None,
        "told": False,
        "forced_at": at,
        "covered": False,
    }


def refusal_row(refusal: Refusal) -> dict[str, Any]:
    return {
        "reason": refusal.kind,
        "problem": asdict(refusal.problem) | {"upstream": _said(refusal.problem.upstream)},
        "asked_at": refusal.asked_at,
        "until": refusal.until,
        "start_day": refusal.start,
        "end_day": refusal.end,
        "tries": refusal.tries,
        "forced_at": refusal.forced_at,
    }


def _said(upstream: Upstream | None) -> dict[str, Any] | None:
    """What Enedis said, without the body."""
    if upstream is None:
        return None
    return {name: value for name, value in asdict(upstream).items() if name != "body"}


def _problem(kept: Mapping[str, Any]) -> Problem:
    said = kept["upstream"]
    return Problem(
        **{name: value for name, value in kept.items() if name not in {"upstream", "who_acts"}},
        who_acts=Actor(kept["who_acts"]),
        upstream=None if said is None else Upstream(**said),
    )


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
