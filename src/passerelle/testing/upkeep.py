"""The work without a caller, in memory: a book in one process, and an Enedis that gives whole days."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from passerelle.consent.requests import LinkedPoint
from passerelle.consent.states import Link
from passerelle.model.days import DaySpan
from passerelle.model.paris import civil_day
from passerelle.model.priority import Priority
from passerelle.model.series import Series
from passerelle.plan.upkeep import CURVE_OF, LOOK_AFTER, Import, Missing, Progress, Task, Turn, Work
from passerelle.problem import PasserelleError

NEVER = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class _Row:
    account_id: str
    task: Task
    due_at: datetime | None
    began_at: datetime
    ended_at: datetime | None = None
    held: bool = False


@dataclass
class MemoryBook:
    """Satisfies `gateway.upkeep.Book`, in one process. `points`: the usage points by their id.

    `granted`: links whose import is to begin. Processes share all but `holder` (`dataclasses.replace`).
    """

    points: dict[str, LinkedPoint]
    holder: str = "only"
    front: list[str] = field(default_factory=list)
    later: dict[str, datetime] = field(default_factory=dict)
    rows: dict[tuple[str, Series, Work], _Row] = field(default_factory=dict)
    served: dict[str, int] = field(default_factory=dict)
    granted: list[Link] = field(default_factory=list)
    lives: dict[str, str] = field(default_factory=dict)
    worker: bool = False

    @property
    def left(self) -> bool:
        return self.holder not in self.lives

    async def want(self, account_id: str, point_id: str, series: Sequence[Series], now: datetime) -> None:
        for each in series:
            self._put(account_id, point_id, each, Work.REFRESH, now, None)

    async def start_import(
        self, account_id: str, point_id: str, starts: Sequence[tuple[Series, date]], now: datetime
    ) -> None:
        for series, first in starts:
            self._put(account_id, point_id, series, Work.IMPORT, now, first)

    def _put(
        self, account_id: str, point_id: str, series: Series, work: Work, now: datetime, first: date | None
    ) -> None:
        task = Task(self.points[point_id], series, work, first, now, now)
        due = now if work is Work.IMPORT else now + LOOK_AFTER
        row = self.rows.setdefault((point_id, series, work), _Row(account_id, task, due, began_at=now))
        row.task = replace(row.task, wanted_at=now)
        if row.due_at is None:
            row.due_at, row.began_at, row.ended_at = due, now, None
            row.task = replace(row.task, began_at=now, import_from=first)

    async def to_import(self, now: datetime) -> list[Link]:
        told = [link for link in self.granted if self.later.get(link.point_id, now) <= now]
        return [link for link in told if not self._begun(link)]

    def _begun(self, link: Link) -> bool:
        return any(
            point_id == link.point_id and work is Work.IMPORT and row.began_at >= link.granted_at
            for (point_id, _, work), row in self.rows.items()
        )

    async def put_off(self, link: Link, until: datetime, now: datetime) -> None:
        self.later[link.point_id] = max(until, now)

    async def pass_on(self) -> None:
        if self.front == [self.holder]:
            self.front.clear()

    async def claim(self, now: datetime, most: int) -> list[Task]:
        if self.front not in ([], [self.holder]):
            return []
        claimed: list[Task] = []
        while len(claimed) < most:
            due = {key: row for key, row in self.rows.items() if row.due_at is not None and row.due_at <= now}
            free = [key for key, row in due.items() if not (row.held or ((of := _curve(key)) in due and due[of].held))]
            if not free:
                break
            key = min(free, key=lambda each: self._place(due[each]))
            row = due.get(_curve(key) or key) or due[key]
            row.held = True
            self.served[row.account_id] = 1 + max(self.served.values(), default=0)
            claimed.append(row.task)
        self.front[:] = [self.holder] if claimed else []
        return claimed

    def _place(self, row: _Row) -> tuple[bool, int, float]:
        last = self.served.get(row.account_id, 0)
        return row.task.work is Work.IMPORT, last, -row.task.wanted_at.timestamp()

    async def settle(self, task: Task, due_at: datetime | None, now: datetime) -> None:
        row = self.rows[self._key(task)]
        row.due_at, row.held = due_at, False
        row.ended_at = now if due_at is None else row.ended_at

    async def turn(self, point_id: str, series: Series) -> Turn | None:
        row = self.rows.get((point_id, series, Work.REFRESH))
        return None if row is None or row.due_at is None else Turn(row.due_at, row.began_at)

    async def imports_of(self, point_id: str) -> list[Import]:
        return [
            Import(series, row.task.import_from or date.min, row.began_at, row.ended_at)
            for (point, series, work), row in sorted(self.rows.items())
            if point == point_id and work is Work.IMPORT
        ]

    async def alive(self, kind: str) -> None:
        self.lives[self.holder] = kind

    async def worker_lives(self) -> bool:
        return self.worker

    async def leave(self) -> None:
        self.lives.pop(self.holder, None)
        await self.pass_on()
        for row in self.rows.values():
            row.held = False

    @staticmethod
    def _key(task: Task) -> tuple[str, Series, Work]:
        return task.linked.link.point_id, task.series, task.work


def _curve(key: tuple[str, Series, Work]) -> tuple[str, Series, Work] | None:
    """The refresh whose call tells what this one is to ask."""
    point_id, series, work = key
    return (point_id, CURVE_OF[series], work) if work is Work.REFRESH and series in CURVE_OF else None


@dataclass(frozen=True, slots=True)
class Brought:
    """One call without a caller."""

    point_id: str
    series: Series
    span: DaySpan
    priority: Priority


@dataclass
class ScriptedFetching:
    """Satisfies `gateway.upkeep.Fetching`: whatever is asked comes whole, but for `late` days.

    `worth_at`: when the late days are worth asking again. `errors`: raised by the next calls, one each, instead.
    """

    whole: dict[tuple[str, Series], set[date]] = field(default_factory=dict)
    late: set[date] = field(default_factory=set)
    worth_at: datetime = NEVER
    errors: list[PasserelleError] = field(default_factory=list)
    calls: list[Brought] = field(default_factory=list)
    asked: dict[tuple[str, Series], set[date]] = field(default_factory=dict)

    async def missing(
        self, linked: LinkedPoint, series: Series, span: DaySpan, now: datetime, *, holes: bool = False
    ) -> Missing:
        held = self.whole.get((linked.link.point_id, series), set())
        asked = self.asked.get((linked.link.point_id, series), set())
        absent = frozenset(day for day in span if day not in held)
        older = frozenset(day for day in asked - held if day < span.start) if holes else frozenset[date]()
        due = (absent & asked) | older if self.worth_at <= now else frozenset[date]()
        return Missing(absent - asked, due)

    async def next_worth(self, link: Link, series: Series, span: DaySpan, now: datetime) -> datetime | None:
        waiting = self.late.difference(self.whole.get((link.point_id, series), set()))
        return self.worth_at if waiting.intersection(span) and self.worth_at > now else None

    async def bring(
        self, linked: LinkedPoint, series: Series, span: DaySpan, priority: Priority
    ) -> PasserelleError | None:
        self.calls.append(Brought(linked.link.point_id, series, span, priority))
        self.asked.setdefault((linked.link.point_id, series), set()).update(span)
        if self.errors:
            return self.errors.pop(0)
        held = self.whole.setdefault((linked.link.point_id, series), set())
        held.update(day for day in span if day not in self.late)
        return None

    async def progress(self, link: Link, series: Series, span: DaySpan, now: datetime) -> Progress:
        """As if Enedis had every day until yesterday."""
        end = min(span.end, civil_day(now))
        whole = self.whole.get((link.point_id, series), set()).intersection(span)
        return Progress(min(span.start, end), end, len(whole), 0)
