"""Keep usage points fresh and import their past without a caller: claim a piece of work, do one call, lay it down.

A piece of work is one call to Enedis: a process that dies loses one call, an import of years stands in nobody's way,
and who is next is decided anew for each: of all processes one stands in front, with one call that waits for its slot.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import blake2b

from passerelle.access.caller import Caller
from passerelle.access.checks import require_point, require_scope
from passerelle.consent.states import Link
from passerelle.errors import (
    ConsentError,
    InternalError,
    NotCollected,
    QuotaExhausted,
    StorageUnavailable,
)
from passerelle.gateway.hands import Hands
from passerelle.gateway.ports import LinkStore
from passerelle.gateway.upkeep_ports import Book, Fetching
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
    COVERS_NOTHING,
    CURVE_OF,
    PAUSE_AFTER_FAILURE,
    ImportState,
    Missing,
    Progress,
    Task,
    Work,
    again_at,
    comes_first,
    import_span,
    import_start,
    import_state,
    imported_after,
    imported_with,
    leaves_the_rest,
    next_refresh,
    next_step,
    refreshed,
    rest,
    wanted_span,
)

AT_ONCE = 8
"""Calls of this process under way together: enough to fill the second's allowance with answers that take a second."""

A_FEW = 4
"""Pieces of work of one `work` that nobody told how many."""

IDLE_SECONDS = 5.0
"""How often a process with nothing to do looks again."""

LOOK_SECONDS = 1.0
"""How often a process at work looks for what else there is to do: new consents, and work that has become due."""

ALIVE_EVERY = 3.0
"""Seconds between two signs of life: what a dead process had in hand is free ten seconds after its last one."""

CHORE_SECONDS = 60.0
WORKER, GATEWAY = "worker", "gateway"

Covers = Callable[[Link], Awaitable[Collection[Direction]]]
"""The directions that a consent covers, as far as is known."""

Chore = Callable[[datetime], Awaitable[object]]

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ImportView:
    """A first import as the account sees it: how far the days that it is about are, as far as they can be had."""

    series: Series
    state: ImportState
    progress: Progress
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
        self._tells_at = clock.monotonic()
        self._failed = False
        self._hands = Hands(AT_ONCE)
        self._rests_until = clock.monotonic()
        self._looks_at = clock.monotonic()

    def departed(self, priority: Priority) -> None:
        """A call of this process has left: what it does in the background may take up the next piece of work."""
        if priority is not Priority.INTERACTIVE:
            self._hands.left()

    async def wanted(self, link: Link, series: Series) -> None:
        """A caller read this series. Written down once a day for each, as far as anything can be written."""
        now = await self._clock.now()
        lane = (link.point_id, series)
        if self._told.get(lane) == now.date() or self._clock.monotonic() < self._tells_at:
            return
        if len(self._told) > _MOST_TOLD:
            self._told.clear()
        try:
            await self._book.want(link.account_id, link.point_id, [series], now)
        except InternalError:  # what is held can be read while nothing can be written, and readers do not wait for it
            self._tells_at = self._clock.monotonic() + IDLE_SECONDS
            return
        self._told[lane] = now.date()

    async def begin_imports(self) -> None:
        """Where a customer consented, import the past of what the consent covers, and keep it fresh from now on.

        Told by the book and not by the journey: a process that dies between both leaves no consent without its past.
        """
        now = await self._clock.now()
        for link in await self._book.to_import(now):
            try:
                series = imported_with(await self._covers(link))
                if series:
                    await self._begin_import(link, series, now)
                else:
                    await self._book.put_off(link, now + COVERS_NOTHING, now)
            except StorageUnavailable:
                raise
            except Exception as error:  # one consent that cannot be read must not end the work for all others
                log.exception("import_not_begun", point_id=link.point_id, error=type(error).__name__)
                await self._book.put_off(link, now + PAUSE_AFTER_FAILURE, now)

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
                progress = await self._fetching.progress(link, each.series, span, now)
                state = import_state(each, progress)
                views.append(ImportView(each.series, state, progress, each.began_at, each.ended_at))
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
            self._looks_at = self._clock.monotonic()
            return await self.work(None, self._may_go_on) if await self._may_go_on() else 0
        except InternalError as error:
            log.warning("upkeep_away", problem=error.problem.code)
        except Exception as error:  # one piece of work that fails must not end all the others for good
            log.exception("upkeep_failed", error=type(error).__name__)
        self._failed = True
        return 0

    async def _may_go_on(self) -> bool:
        """Whether this process is to work, looked at now and then, with all else that there is to do beside the work.

        Not after the quota has said that the hour is used up; nor a gateway beside a worker.
        """
        if self._clock.monotonic() >= self._looks_at:
            self._looks_at = self._clock.monotonic() + LOOK_SECONDS
            if self._kind == GATEWAY and await self._book.worker_lives():
                self._rests_until = self._clock.monotonic() + IDLE_SECONDS
                return False
            await self._do_chores()
            await self.begin_imports()
        return self._clock.monotonic() >= self._rests_until

    async def _do_chores(self) -> None:
        """What wants doing now and then whatever is due, each at most once a minute."""
        if self._clock.monotonic() < self._chores_at:
            return
        self._chores_at = self._clock.monotonic() + CHORE_SECONDS
        now = await self._clock.now()
        for chore in self._chores:
            await chore(now)

    async def work(self, most: int | None = A_FEW, goes_on: Callable[[], Awaitable[bool]] | None = None) -> int:
        """Do what is due, up to so many pieces, and lay it down; until `goes_on` says no. How many pieces there were.

        One is claimed at a time, the next once it has left or ended.
        """
        hands, taken, in_front = self._hands, 0, False
        beating = asyncio.create_task(self._beat())
        try:
            while not hands.failed:
                if hands.free and taken != most and (goes_on is None or await goes_on()):
                    now = await self._clock.now()
                    tasks = await self._book.claim(now, 1)
                    in_front = bool(tasks)
                    for task in tasks:
                        hands.take(self._do(task, now))
                    taken += len(tasks)
                if in_front and not hands.waits:
                    await self._book.pass_on()
                    in_front = False
                if hands.empty:
                    break
                await hands.news(self._clock, LOOK_SECONDS)
            await hands.lay_down()
        finally:
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)
            await hands.drop()
            self._hands = Hands(AT_ONCE)
        return taken

    async def _do(self, task: Task, now: datetime) -> None:
        """One piece of work. One that fails here comes back later, and holds up nobody until then."""
        try:
            await self._look_and_ask(task, now)
        except StorageUnavailable:
            raise
        except Exception as error:
            log.exception("work_failed", point_id=task.linked.link.point_id, error=type(error).__name__)
            after = await self._clock.now()
            await self._book.settle(task, after + PAUSE_AFTER_FAILURE, after)

    async def _look_and_ask(self, task: Task, now: datetime) -> None:
        span = wanted_span(task, now)
        missing, left_until = Missing(), None
        if span is not None:
            holes = task.work is Work.REFRESH
            missing = await self._fetching.missing(task.linked, task.series, span, now, holes=holes)
            missing, left_until = await self._left_to_the_curve(task, span, missing, now)
        step = next_step(task, missing)
        if step is None:
            due_at = await self._without_a_call(task, span, missing, now)
            await self._book.settle(task, _sooner(due_at, left_until), now)
            return
        error = await self._fetching.bring(task.linked, task.series, step.span, task.work.priority)
        after = await self._clock.now()
        if isinstance(error, QuotaExhausted):
            self._rests_until = self._clock.monotonic() + rest(error).total_seconds()
        if error is not None and reason_of(error) is GapReason.UPSTREAM_ERROR:
            # Not an answer about data: the same call is worth another try, but not at once.
            told = timedelta(seconds=error.problem.retry_after or PAUSE_AFTER_FAILURE.total_seconds())
            await self._book.settle(task, after + min(told, PAUSE_AFTER_FAILURE), after)
            return
        # A consent not known yet (F§3), or a series not collected, has ended nothing: the next look says when to go on.
        # Nor have days that failed and wait for their time.
        ended = step.last and missing.refusal is None and not isinstance(error, ConsentError | NotCollected)
        due_at = _sooner(await self._later(task, span, after), left_until) if ended else now
        await self._book.settle(task, due_at, after)

    async def _left_to_the_curve(
        self, task: Task, span: DaySpan, missing: Missing, now: datetime
    ) -> tuple[Missing, datetime | None]:
        """What is to be asked of daily energy beside the days that its curve's refresh asks first, and until when."""
        curve, point_id = CURVE_OF.get(task.series), task.linked.link.point_id
        if task.work is not Work.REFRESH or curve is None or next_step(task, missing) is None:
            return missing, None
        turn = await self._book.turn(point_id, curve)
        if turn is None or not comes_first(turn, _share(point_id), now):
            return missing, None
        of_curve = await self._fetching.missing(task.linked, curve, span, turn.due_at, holes=True)
        beside = missing.without(refreshed(of_curve, turn.began_at))
        return beside, None if beside == missing else turn.due_at

    async def _without_a_call(
        self, task: Task, span: DaySpan | None, missing: Missing, now: datetime
    ) -> datetime | None:
        """When work that has nothing to ask now is due again: once a refusal is worn out, or as `_later` says."""
        again = again_at(task, missing.refusal)
        if again is None:
            return await self._later(task, span, now)
        if leaves_the_rest(missing.refusal):
            await self._hand_on(task, now)
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


def _sooner(due_at: datetime | None, other: datetime | None) -> datetime | None:
    return min((each for each in (due_at, other) if each is not None), default=None)


def _share(point_id: str) -> float:
    """A number from 0 to 1 that stays with the point."""
    return int.from_bytes(blake2b(point_id.encode(), digest_size=4).digest()) / 2**32
