"""Who is looked after without asking, and who has which piece of work in hand."""

import time
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, case, delete, exists, func, not_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from passerelle.consent.requests import LinkedPoint
from passerelle.consent.states import ConsentState, Link
from passerelle.errors import InternalError
from passerelle.kit.logs import get_logger
from passerelle.model.series import Series
from passerelle.plan.upkeep import CURVE_OF, LEAST_WANTED_WAITS, LOOK_AFTER, WANTED_FOR, Import, Task, Turn, Work
from passerelle.store.engine import inserting, reading, writing
from passerelle.store.leases import APART
from passerelle.store.links import LINK_COLUMNS, link_of, number_of
from passerelle.store.tables import AnyRow, accounts, consents, keepers, links, points, turns, upkeep
from passerelle.store.vault import Secrets

LEASE_SECONDS = 10.0
"""Renewed with each sign of life: what a killed process had in hand is free so soon."""

ALIVE_SECONDS = 60.0

BROKEN_AGAIN = timedelta(hours=1)
"""A row that cannot be read is left alone for so long: an operator may have it repaired meanwhile."""

_MOST_TRIED = 50
"""Accounts looked at for one claim: of some, other processes may be claiming all that is due. And broken rows."""

_APART = APART.total_seconds()

_PUT_OFF = "put off"
"""Stands where `work` does, for a link whose import is not to begin before `due_at`. Nobody claims it."""

_FRONT, _FRONT_NAMES = "front", 16
"""The row of `keepers` that says who stands in front of Enedis (`kind`: the beginning of its id), and until when."""

_GRANTED = ConsentState.GRANTED.value

log = get_logger(__name__)


class UpkeepBook:
    """The book of work without a caller. `holder` names this process; `wall` tells seconds of the wall clock."""

    def __init__(
        self, engine: AsyncEngine, secrets: Secrets, holder: str, wall: Callable[[], float] = time.time
    ) -> None:
        self._engine = engine
        self._secrets = secrets
        self._holder = holder
        self._wall = wall

    async def want(self, account_id: str, point_id: str, series: Sequence[Series], now: datetime) -> None:
        """Somebody reads these series: keep them fresh. Their turn is left as it is where they have one."""
        if not series:
            return
        rows = [_row(account_id, point_id, each, Work.REFRESH, now) | {"due_at": now + LOOK_AFTER} for each in series]
        async with writing(self._engine) as connection:
            insert = inserting(connection, upkeep)
            change = insert.on_conflict_do_update(
                index_elements=_KEY,
                set_={"wanted_at": now, "due_at": func.coalesce(upkeep.c.due_at, insert.excluded.due_at)},
            )
            await connection.execute(change, rows)

    async def start_import(
        self, account_id: str, point_id: str, starts: Sequence[tuple[Series, date]], now: datetime
    ) -> None:
        """Begin these imports, in this order; one that ended begins anew, one under way goes on."""
        async with writing(self._engine) as connection:
            for place, (series, first) in enumerate(starts):
                # What is wanted last goes first, so that the first of the list is wanted a moment after the others.
                wanted = now - timedelta(microseconds=place)
                row = _row(account_id, point_id, series, Work.IMPORT, now) | {"import_from": first, "wanted_at": wanted}
                insert = inserting(connection, upkeep).values(**row)
                renewed = {name: insert.excluded[name] for name in ("due_at", "began_at", "wanted_at", "import_from")}
                change = insert.on_conflict_do_update(
                    index_elements=_KEY,
                    set_=renewed | {"ended_at": None},
                    where=upkeep.c.due_at.is_(None),
                )
                await connection.execute(change)

    async def put_off(self, link: Link, until: datetime, now: datetime) -> None:
        """The import of this link is not to begin before then."""
        row = {
            "point_id": link.point_id,
            "series": "",
            "work": _PUT_OFF,
            "account_id": link.account_id,
            "due_at": until,
            "wanted_at": now,
            "began_at": now,
        }
        async with writing(self._engine) as connection:
            insert = inserting(connection, upkeep).values(**row)
            again = {"due_at": until, "began_at": now}
            await connection.execute(insert.on_conflict_do_update(index_elements=_KEY, set_=again))

    async def to_import(self, now: datetime) -> list[Link]:
        """The links that stand, that a journey gave, and whose import neither began since nor was put off."""
        begun = exists().where(
            upkeep.c.point_id == links.c.point_id,
            upkeep.c.began_at >= links.c.granted_at,
            or_(upkeep.c.work == Work.IMPORT.value, and_(upkeep.c.work == _PUT_OFF, upkeep.c.due_at > now)),
        )
        query = (
            select(*LINK_COLUMNS)
            .join(consents, consents.c.id == links.c.consent_id)
            .where(
                consents.c.origin == "journey",
                links.c.state == _GRANTED,
                or_(links.c.expires_at.is_(None), links.c.expires_at > now),
                ~begun,
            )
            .order_by(links.c.granted_at.desc())  # a crowd that waits stands before nobody
            .limit(_MOST_TRIED)
        )
        async with reading(self._engine) as connection:
            rows = (await connection.execute(query)).all()
        return [link_of(row) for row in rows]

    async def claim(self, now: datetime, most: int) -> list[Task]:
        """Up to so many pieces of work that are due, now in this process' hands; none while another stands in front.

        Refreshes before imports; then the account that was served longest ago, so that one with thousands of points
        does not stand before the others; then what was wanted last. In the place of daily energy its curve is taken,
        if that is due; not even that while it is in hand. A claim of a dead process returns by itself. Who
        has claimed stands in front until `pass_on`, or until there was nothing to claim. A row that cannot be read is
        put off, and stands before nobody.
        """
        claimed: list[Task] = []
        async with writing(self._engine) as connection:
            wall = self._wall()  # on SQLite the lock is held by now
            if not await self._step_in_front(connection, wall):
                return []
            wall = self._wall()  # on PostgreSQL the others were waited for
            for _ in range(most + _MOST_TRIED):
                row = await self._next(connection, now, wall) if len(claimed) < most else None
                if row is None:
                    break
                linked = self._readable(row)
                if linked is None:
                    await connection.execute(update(upkeep).where(*_of(row)).values(due_at=now + BROKEN_AGAIN))
                else:
                    await self._take(connection, row, wall)
                    claimed.append(_task(linked, row))
            if not claimed:
                await self._leave_front(connection)
        return claimed

    async def pass_on(self) -> None:
        """Another process may claim: what this one has in hand waits for nothing any more."""
        async with writing(self._engine) as connection:
            await self._leave_front(connection)

    async def _step_in_front(self, connection: AsyncConnection, wall: float) -> bool:
        """Whether this process is the one that may claim. One after the other: on PostgreSQL they wait here."""
        mine = {"kind": self._holder[:_FRONT_NAMES], "seen": wall + LEASE_SECONDS}
        free = or_(keepers.c.kind == mine["kind"], *_let_go(keepers.c.seen, wall))
        insert = inserting(connection, keepers).values(id=_FRONT, **mine)
        step = insert.on_conflict_do_update(index_elements=["id"], set_=mine, where=free).returning(keepers.c.id)
        return (await connection.execute(step)).first() is not None

    async def _leave_front(self, connection: AsyncConnection) -> None:
        await connection.execute(delete(keepers).where(*self._in_front()))

    def _in_front(self) -> tuple[ColumnElement[bool], ...]:
        return keepers.c.id == _FRONT, keepers.c.kind == self._holder[:_FRONT_NAMES]

    def _readable(self, row: AnyRow) -> LinkedPoint | None:
        """The usage point of the row, if its number opens."""
        try:
            return LinkedPoint(number_of(self._secrets, row), link_of(row))
        except InternalError as error:
            log.warning("upkeep_unreadable", point_id=row.point_id, problem=error.problem.code)
            return None

    async def _next(self, connection: AsyncConnection, now: datetime, wall: float) -> AnyRow | None:
        free = _free(upkeep, now, wall)
        for some in _in_their_order(now):
            due = and_(some, free, ~_curve_in_hand(now, wall))
            whose = (
                select(accounts.c.id)
                .outerjoin(turns, turns.c.account_id == accounts.c.id)
                .where(exists().where(upkeep.c.account_id == accounts.c.id, due, *_can_be_asked(now)))
                .order_by(func.coalesce(turns.c.served, 0), accounts.c.id)
            )
            for account_id in (await connection.execute(whose.limit(_MOST_TRIED))).scalars().all():
                row: AnyRow | None = (
                    await connection.execute(_first(now, upkeep.c.account_id == account_id, due))
                ).first()
                if row is not None:
                    return await self._curve_of(connection, row, now, wall) or row
        return None

    async def _curve_of(self, connection: AsyncConnection, row: AnyRow, now: datetime, wall: float) -> AnyRow | None:
        """What is taken in the place of daily energy: its curve, whose refresh is due too, tells it (F§6)."""
        curve = CURVE_OF.get(Series(row.series)) if row.work == Work.REFRESH.value else None
        if curve is None:
            return None
        its = (upkeep.c.point_id == row.point_id, upkeep.c.series == curve.value, upkeep.c.work == row.work)
        found: AnyRow | None = (await connection.execute(_first(now, *its, _free(upkeep, now, wall)))).first()
        return found

    async def _take(self, connection: AsyncConnection, row: AnyRow, wall: float) -> None:
        await connection.execute(
            update(upkeep).where(*_of(row)).values(holder=self._holder, lease_until=wall + LEASE_SECONDS)
        )
        latest = select(func.coalesce(func.max(turns.c.served), 0) + 1).scalar_subquery()
        insert = inserting(connection, turns).values(account_id=row.account_id, served=latest)
        await connection.execute(
            insert.on_conflict_do_update(index_elements=["account_id"], set_={"served": insert.excluded.served})
        )

    async def settle(self, task: Task, due_at: datetime | None, now: datetime) -> None:
        """Lay the work down: due again then, or ended. What another process took over meanwhile is left alone."""
        mine = (*_is(task), upkeep.c.holder == self._holder)
        ended = {"ended_at": now} if due_at is None else {}
        async with writing(self._engine) as connection:
            await connection.execute(
                update(upkeep).where(*mine).values(due_at=due_at, holder=None, lease_until=None, **ended)
            )

    async def turn(self, point_id: str, series: Series) -> Turn | None:
        """When the refresh of a series is due; None where it is not kept fresh."""
        its = (upkeep.c.point_id == point_id, upkeep.c.series == series.value, upkeep.c.work == Work.REFRESH.value)
        query = select(upkeep.c.due_at, upkeep.c.began_at).where(*its, upkeep.c.due_at.is_not(None))
        async with reading(self._engine) as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else Turn(row.due_at, row.began_at)

    async def imports_of(self, point_id: str) -> list[Import]:
        """The first imports of a point, in the order in which they are done."""
        query = (
            select(upkeep.c.series, upkeep.c.import_from, upkeep.c.began_at, upkeep.c.ended_at)
            .where(upkeep.c.point_id == point_id, upkeep.c.work == Work.IMPORT.value)
            .order_by(upkeep.c.series)
        )
        async with reading(self._engine) as connection:
            rows = (await connection.execute(query)).all()
        return [Import(Series(row.series), row.import_from, row.began_at, row.ended_at) for row in rows]

    async def alive(self, kind: str) -> None:
        """Say that this process lives and looks after usage points, and goes on with what it has in hand.

        Those not heard of for long are forgotten.
        """
        async with writing(self._engine) as connection:
            wall = self._wall()
            gone = ~keepers.c.seen.between(wall - 10 * ALIVE_SECONDS, wall + 10 * ALIVE_SECONDS)
            await connection.execute(delete(keepers).where(gone))
            insert = inserting(connection, keepers).values(id=self._holder, kind=kind, seen=wall)
            await connection.execute(insert.on_conflict_do_update(index_elements=["id"], set_={"seen": wall}))
            await connection.execute(update(keepers).where(*self._in_front()).values(seen=wall + LEASE_SECONDS))
            mine = update(upkeep).where(upkeep.c.holder == self._holder)
            await connection.execute(mine.values(lease_until=wall + LEASE_SECONDS))

    async def worker_lives(self) -> bool:
        """Whether a `passerelle worker` was alive within the last minute: the gateways then leave the work to it."""
        wall = self._wall()
        lately = keepers.c.seen.between(wall - ALIVE_SECONDS, wall + ALIVE_SECONDS)  # not of a clock set back since
        query = select(keepers.c.id).where(keepers.c.kind == "worker", lately)
        async with reading(self._engine) as connection:
            return (await connection.execute(query.limit(1))).first() is not None

    async def leave(self) -> None:
        """This process ends: what it held is free at once."""
        async with writing(self._engine) as connection:
            await connection.execute(delete(keepers).where(keepers.c.id == self._holder))
            await self._leave_front(connection)
            await connection.execute(
                update(upkeep).where(upkeep.c.holder == self._holder).values(holder=None, lease_until=None)
            )


_KEY = ["point_id", "series", "work"]


def _let_go(until: ColumnElement[float], wall: float) -> tuple[ColumnElement[bool], ...]:
    """A lease that is over, or that reaches further than any may: it is one of a clock that was set back.

    The clocks of two machines differ by a little, and who waited for the database has looked at its clock before.
    """
    return until <= wall, until > wall + LEASE_SECONDS + _APART


def _in_their_order(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Refreshes before imports; but what nobody has read for long waits for imports where the hours do not suffice."""
    refresh = upkeep.c.work == Work.REFRESH.value
    behind = and_(upkeep.c.wanted_at <= now - WANTED_FOR, upkeep.c.due_at <= now - LEAST_WANTED_WAITS)
    return and_(refresh, not_(behind)), upkeep.c.work == Work.IMPORT.value, refresh


def _of(row: AnyRow) -> tuple[ColumnElement[bool], ...]:
    return upkeep.c.point_id == row.point_id, upkeep.c.series == row.series, upkeep.c.work == row.work


def _free(work: FromClause, now: datetime, wall: float) -> ColumnElement[bool]:
    """Due, and in nobody's hand."""
    return and_(work.c.due_at <= now, or_(work.c.lease_until.is_(None), *_let_go(work.c.lease_until, wall)))


def _curve_in_hand(now: datetime, wall: float) -> ColumnElement[bool]:
    """Of a row of `upkeep`: it is the refresh of daily energy, and that of its curve is being done."""
    curve = upkeep.alias("curve")
    refresh = Work.REFRESH.value
    its = case({daily.value: curve.value for daily, curve in CURVE_OF.items()}, value=upkeep.c.series)
    return and_(
        upkeep.c.work == refresh,
        exists().where(
            curve.c.point_id == upkeep.c.point_id,
            curve.c.series == its,
            curve.c.work == refresh,
            curve.c.due_at <= now,
            not_(_free(curve, now, wall)),
        ),
    )


def _first(now: datetime, *which: ColumnElement[bool]) -> Select[Any]:
    """The most wanted of these pieces of work whose consent stands."""
    return (
        select(upkeep.c.series, upkeep.c.work, upkeep.c.import_from, upkeep.c.began_at, upkeep.c.wanted_at, *_LINKED)
        .where(*which, *_can_be_asked(now))
        .order_by(upkeep.c.wanted_at.desc())
        .limit(1)
        .with_for_update(skip_locked=True, of=upkeep)
    )


def _can_be_asked(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Of a row of `upkeep`: its point, and a link to it that stands."""
    return (
        points.c.id == upkeep.c.point_id,
        points.c.prm_sealed.is_not(None),
        links.c.point_id == upkeep.c.point_id,
        links.c.state == _GRANTED,
        or_(links.c.expires_at.is_(None), links.c.expires_at > now),
    )


_LINKED = (*LINK_COLUMNS, points.c.prm_sealed)


def _row(account_id: str, point_id: str, series: Series, work: Work, now: datetime) -> dict[str, object]:
    return {
        "point_id": point_id,
        "series": series.value,
        "work": work.value,
        "account_id": account_id,
        "due_at": now,
        "wanted_at": now,
        "began_at": now,
    }


def _task(linked: LinkedPoint, row: AnyRow) -> Task:
    return Task(linked, Series(row.series), Work(row.work), row.import_from, row.began_at, row.wanted_at)


def _is(task: Task) -> tuple[ColumnElement[bool], ...]:
    point = task.linked.link.point_id
    return (upkeep.c.point_id == point, upkeep.c.series == task.series.value, upkeep.c.work == task.work.value)
