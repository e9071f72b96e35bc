"""Keep usage points fresh and import their past without a caller: claim a piece of work, do one call, lay it down.

A piece of work is one call to Enedis: a process that dies loses one call, an import of years stands in nobody's way,
and who is next is decided anew after each.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import blake2b
from typing import Protocol

from passerelle.access.caller import Caller
from passerelle.access.checks import require_point, require_scope
from passerelle.consent.requests import LinkedPoint
from passerelle.consent.states import Link
from passerelle.errors import ConsentError, InternalError, NotCollected, PasserelleError
from passerelle.gateway.ports import LinkStore
from passerelle.kit.clock import Clock
from passerelle.kit.logs import get_logger
from passerelle.model.days import DaySpan
from passerelle.model.priority import Priority
from passerelle.model.reading import GapReason
from passerelle.model.scopes import Scope
from passerelle.model.series import Direction, Series
from passerelle.model.usage_point import UsagePointId
from passerelle.plan.gaps import reason_of
from passerelle.plan.upkeep import (
    PAUSE_AFTER_FAILURE,
    WANTED_FOR,
    Import,
    Missing,
    Task,
    Work,
    again_at,
    import_span,
    import_start,
    imported_after,
    imported_with,
    next_refresh,
    next_step,
    wanted_span,
)

AT_ONCE = 4
"""Calls of this process under way together: enough to fill the second's allowance."""

IDLE_SECONDS = 5.0
"""How often a process with nothing to do looks again."""

ALIVE_EVERY = 3.0
"""Seconds between two signs of life: what a dead process had in hand is free ten seconds after its last one."""

CHORE_SECONDS = 60.0
WORKER, GATEWAY = "worker", "gateway"

Covers = Callable[[Link], Awaitable[Collection[Direction]]]
"""The directions that a consent covers, as far as is known."""

Chore = Callable[[datetime], Awaitable[object]]

log = get_logger(__name__)


class Book(Protocol):
    """Who is looked after, and who has which work in hand; shared by every process."""

    async def want(self, account_id: str, point_id: str, series: Sequence[Series], now: datetime) -> None:
        """Somebody reads these series: keep them fresh."""
        ...

    async def start_import(
        self, account_id: str, point_id: str, starts: Sequence[tuple[Series, date]], now: datetime
    ) -> None: ...

    async def to_import(self, now: datetime) -> list[Link]:
        """The links that a customer's journey gave and whose past nobody has begun to import."""
        ...

    async def claim(self, now: datetime, most: int) -> list[Task]:
        """Up to so many pieces of work that are due, now in this process' hands; the fairest first."""
        ...

    async def settle(self, task: Task, due_at: datetime | None, now: datetime) -> None:
        """Lay the work down: due again then, or ended."""
        ...

    async def drop(self, task: Task) -> None: ...
    async def imports_of(self, point_id: str) -> list[Import]: ...
    async def alive(self, kind: str) -> None: ...
    async def worker_lives(self) -> bool: ...
    async def leave(self) -> None: ...


class Fetching(Protocol):
    """The days of a series without a caller: what is missing, and one call for some of it."""

    async def missing(self, linked: LinkedPoint, series: Series, span: DaySpan, now: datetime) -> Missing:
        """The days of the span that are not held whole, as far as Enedis can have them."""
        ...

    async def next_worth(self, link: Link, series: Series, span: DaySpan, now: datetime) -> datetime | None:
        """When the next day of the span that is not whole will be worth asking; None if none ever will."""
        ...

    async def bring(
        self, linked: LinkedPoint, series: Series, span: DaySpan, priority: Priority
    ) -> PasserelleError | None:
        """One call. What came is kept sealed; the error, if Enedis gave none of it."""
        ...

    async def whole_days(self, link: Link, series: Series, span: DaySpan) -> Collection[date]:
        """The days of the span that are held whole: from what lies open in the store, without any key."""
        ...


@dataclass(frozen=True, slots=True)
class ImportView:
    """A first import as the account sees it: the days that it is about, and how many are held whole."""

    series: Series
    span: DaySpan
    whole: int
    began_at: datetime
    ended_at: datetime | None


class Upkeep:
    """Work without a caller, for one process. `kind`: `worker` or `gateway`.

    `covers` tells what a new consent lets import; `chores` are done once a minute.
    """

    def __init__(
        self,
        *,
        book: Book,
        fetching: Fetching,
        links: LinkStore,
        clock: Clock,
        kind: str,
        covers: Covers,
        chores: Sequence[Chore] = (),
    ) -> None:
        self._book = book
        self._fetching = fetching
        self._links = links
        self._clock = clock
        self._kind = kind
        self._covers = covers
        self._chores = chores
        self._chores_at = clock.monotonic()
        self._told: dict[tuple[str, Series], date] = {}
        self._failed = False

    async def wanted(self, link: Link, series: Series) -> None:
        """A caller read this series. Written down once a day for each."""
        now = await self._clock.now()
        lane = (link.point_id, series)
        if self._told.get(lane) == now.date():
            return
        if len(self._told) > _MOST_TOLD:
            self._told.clear()
        with suppress(InternalError):  # what is held can be read while nothing can be written
            await self._book.want(link.account_id, link.point_id, [series], now)
            self._told[lane] = now.date()

    async def begin_imports(self) -> None:
        """Where a customer consented, import the past of what the consent covers, and keep it fresh from now on.

        Told by the book and not by the journey: a process that dies between both leaves no consent without its past.
        """
        now = await self._clock.now()
        for link in await self._book.to_import(now):
            await self._begin_import(link, imported_with(await self._covers(link)), now)

    async def _begin_import(self, link: Link, series: Sequence[Series], now: datetime) -> None:
        """Import these series, and keep them fresh from now on."""
        await self._book.start_import(
            link.account_id, link.point_id, [(each, import_start(each, now)) for each in series], now
        )
        await self._book.want(link.account_id, link.point_id, series, now)

    async def imports(self, caller: Caller, point: UsagePointId) -> list[ImportView]:
        """The imports of a point. Raises ScopeMissing, UsagePointUnknown or a ConsentError."""
        require_scope(caller, Scope.USAGE_POINTS_READ)
        now = await self._clock.now()
        link = require_point(caller, point, await self._links.find(caller.account_id, point), now)
        views = []
        for each in await self._book.imports_of(link.point_id):
            span = import_span(each.import_from, each.ended_at or now)
            if span is not None:
                whole = await self._fetching.whole_days(link, each.series, span)
                views.append(ImportView(each.series, span, len(whole), each.began_at, each.ended_at))
        return views

    async def run(self) -> None:
        """Work until cancelled. A gateway rests while a worker lives."""
        try:
            while True:
                if not await self._round():
                    await self._clock.sleep(IDLE_SECONDS)
        finally:
            with suppress(InternalError):  # the database is away: what this process held returns by itself
                await self._book.leave()

    async def _beat(self) -> None:
        """Give signs of life beside the work, which may wait for minutes for one call."""
        while True:
            await self._clock.sleep(ALIVE_EVERY)
            with suppress(InternalError):
                await self._book.alive(self._kind)

    async def _round(self) -> int:
        """One look at what there is to do. What a round that failed left in this process' hands is laid down first."""
        try:
            if self._failed:
                await self._book.leave()
                self._failed = False
            await self._book.alive(self._kind)
            if self._kind == GATEWAY and await self._book.worker_lives():
                return 0
            await self._do_chores()
            await self.begin_imports()
            return await self.work()
        except InternalError as error:
            log.warning("upkeep_away", problem=error.problem.code)
        except Exception as error:  # one piece of work that fails must not end all the others for good
            log.exception("upkeep_failed", error=type(error).__name__)
        self._failed = True
        return 0

    async def _do_chores(self) -> None:
        """What wants doing now and then whatever is due, each at most once a minute."""
        if self._clock.monotonic() < self._chores_at:
            return
        self._chores_at = self._clock.monotonic() + CHORE_SECONDS
        now = await self._clock.now()
        for chore in self._chores:
            await chore(now)

    async def work(self) -> int:
        """One round: claim what is due, do it side by side, lay it down. How many pieces there were."""
        now = await self._clock.now()
        tasks = await self._book.claim(now, AT_ONCE)
        beating = asyncio.create_task(self._beat())
        try:
            ended = await asyncio.gather(*(self._do(task, now) for task in tasks), return_exceptions=True)
        finally:
            beating.cancel()
        for error in ended:  # raised once none of them is under way any more
            if error is not None:
                raise error
        return len(tasks)

    async def _do(self, task: Task, now: datetime) -> None:
        if task.work is Work.REFRESH and now - task.wanted_at > WANTED_FOR:
            await self._book.drop(task)
            return
        span = wanted_span(task, now)
        missing = Missing()
        if span is not None:
            missing = await self._fetching.missing(task.linked, task.series, span, now)
        step = next_step(task, missing)
        if step is None:
            await self._book.settle(task, await self._without_a_call(task, span, missing, now), now)
            return
        error = await self._fetching.bring(task.linked, task.series, step.span, task.work.priority)
        after = await self._clock.now()
        if error is not None and reason_of(error) is GapReason.UPSTREAM_ERROR:
            # Not an answer about data: the same call is worth another try, but not at once.
            told = timedelta(seconds=error.problem.retry_after or PAUSE_AFTER_FAILURE.total_seconds())
            await self._book.settle(task, after + min(told, PAUSE_AFTER_FAILURE), after)
            return
        # A consent not known yet (F§3), or a series not collected, has ended nothing: the next look says when to go on.
        ended = step.last and not isinstance(error, ConsentError | NotCollected)
        await self._book.settle(task, await self._later(task, span, after) if ended else now, after)

    async def _without_a_call(
        self, task: Task, span: DaySpan | None, missing: Missing, now: datetime
    ) -> datetime | None:
        """When work that has nothing to ask now is due again: once a refusal is worn out, or as `_later` says."""
        again = again_at(task, missing.refusal)
        if again is None:
            return await self._later(task, span, now)
        if missing.refusal is not None and missing.refusal.reason is GapReason.NOT_COLLECTED:
            await self._hand_on(task, now)  # daily values may be collected where the curve is not
        return again

    async def _later(self, task: Task, span: DaySpan | None, now: datetime) -> datetime | None:
        """When a refresh has its next turn; an import that has asked for all its days ends, and hands on."""
        if task.work is Work.IMPORT:
            await self._hand_on(task, now)
            return None
        morning = next_refresh(_share(task.linked.link.point_id), now)
        worth = None if span is None else await self._fetching.next_worth(task.linked.link, task.series, span, now)
        return morning if worth is None else min(morning, worth)

    async def _hand_on(self, task: Task, now: datetime) -> None:
        """Begin the import that follows this one, unless it began since this one did."""
        following = imported_after(task.series)
        if following is None:
            return
        begun = await self._book.imports_of(task.linked.link.point_id)
        if not any(each.series is following and each.began_at >= task.began_at for each in begun):
            await self._begin_import(task.linked.link, [following], now)


_MOST_TOLD = 100_000


def _share(point_id: str) -> float:
    """A number from 0 to 1 that stays with the point."""
    return int.from_bytes(blake2b(point_id.encode(), digest_size=4).digest()) / 2**32
