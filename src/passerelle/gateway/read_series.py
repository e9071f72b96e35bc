"""Read a series of a usage point over any range of days: the main use case."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from itertools import chain

from passerelle.access.caller import Caller
from passerelle.access.checks import require_point, require_scope
from passerelle.consent.states import Link
from passerelle.errors import NotServed, UpstreamTimeout, error_of
from passerelle.gateway.bring import Bring
from passerelle.gateway.flights import Order, Want
from passerelle.gateway.ports import DayLedger, DayStore, ForcedCalls, LinkStore, Sights
from passerelle.kit.clock import Clock
from passerelle.model.days import DaySpan
from passerelle.model.held import Held
from passerelle.model.reading import AnyReading, Gap, GapReason, Readings
from passerelle.model.series import Series
from passerelle.model.usage_point import UsagePointId
from passerelle.plan.gaps import reason_of
from passerelle.plan.lacks import Lack, Told, lacks
from passerelle.plan.ledger import NOTHING_KNOWN, Known
from passerelle.plan.merge import Merged, merge
from passerelle.plan.rules import DayGap, clip, days_per_call, first_served, published_end
from passerelle.plan.wanted import Asking, forced_calls, whole_days, worth_asking
from passerelle.problem import PasserelleError


class CacheUse(StrEnum):
    """How much of an answer came from the store (RFC 9211). `stale`: all of it, though it was asked again."""

    HIT = "hit"
    MISS = "miss"
    PARTIAL = "partial"
    STALE = "stale"


@dataclass(slots=True)
class SeriesAsk:
    """`wait`: seconds after which what is not there yet is answered as `pending`.

    `fresh`: ask again what may have changed (`Cache-Control: no-cache`). `own_only`: values of Enedis alone, for which
    a derived one is as good as none.
    """

    caller: Caller
    point: UsagePointId
    series: Series
    span: DaySpan
    wait: float
    fresh: bool = False
    own_only: bool = False


@dataclass(slots=True)
class SeriesAnswer:
    """Readings and gaps that together cover every day asked; `failure`: what failed at Enedis, if anything did.

    `revised_at`: when readings of the range last changed after they were first kept. `tag`: changes with the answer and
    says nothing of its values; None where there are no readings. `unrenewed`: why whole days that were asked again are
    served as they were held.
    """

    point: UsagePointId
    series: Series
    span: DaySpan
    days: tuple[Readings, ...]
    gaps: tuple[Gap, ...]
    as_of: datetime
    cache: CacheUse
    failure: PasserelleError | None = None
    revised_at: datetime | None = None
    tag: bytes | None = None
    unrenewed: PasserelleError | None = None

    @property
    def readings(self) -> tuple[AnyReading, ...]:
        """All readings in order of time, made one by one: writers that can take a day at once use `days`."""
        return tuple(chain.from_iterable(self.days))

    @property
    def unfinished(self) -> bool:
        """Whether asking again soon may bring more."""
        return any(gap.reason in (GapReason.PENDING, GapReason.UPSTREAM_ERROR) for gap in self.gaps)


ServicesAllow = Callable[[Link, Series, datetime, float], Awaitable[GapReason | None]]
"""Why the services that the customer shared do not give this series now; None where they do, or are not known.

The last argument: seconds to wait for Enedis to tell what is shared; after them it is `pending`.
"""


@dataclass(slots=True)
class _Sight:
    """What is held and known of the days that can be asked. `due`: those that are worth a call now."""

    held: Held
    days: Mapping[date, Readings]
    whole: frozenset[date]
    known: Known
    due: frozenset[date]


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What is known before Enedis is asked, and what is to be asked."""

    now: datetime
    link: Link
    usable: DaySpan
    sight: _Sight
    want: Want


_BLIND = _Sight(Held(), {}, frozenset(), NOTHING_KNOWN, frozenset())


class ReadSeries:
    """Check, look at what is held and known, have the rest brought in the fewest calls, look again, merge.

    `sights` looks into `links` and `days` at once. `forced` counts what callers
    have asked again before its time. `allows` tells which series the customer shared, where Enedis lists it. `wanted`
    is told what is read, `watch` how much of each answer the store had.
    """

    def __init__(  # noqa: PLR0913 — every port of the main use case
        self,
        *,
        links: LinkStore,
        days: DayStore,
        ledger: DayLedger,
        bring: Bring,
        sights: Sights,
        clock: Clock,
        endless_history: bool = False,
        forced: ForcedCalls | None = None,
        allows: ServicesAllow | None = None,
        wanted: Callable[[Link, Series], Awaitable[None]] | None = None,
        watch: Callable[[CacheUse], None] | None = None,
    ) -> None:
        self._watch = watch
        self._links = links
        self._days = days
        self._sights = sights
        self._ledger = ledger
        self._bring = bring
        self._clock = clock
        self._endless_history = endless_history
        self._forced = forced
        self._allows = allows
        self._wanted = wanted

    async def __call__(self, ask: SeriesAsk) -> SeriesAnswer:
        """The answer, whole or with its gaps named.

        Raises ScopeMissing, UsagePointUnknown, a ConsentError or NotServed before Enedis is asked. A failure at Enedis
        is a gap; it is raised only by `refuse_if_empty`.
        """
        with self._bring.approaching(ask.caller.account_id, ask.point, ask.series) as came_at:
            found = await self._before_asking(ask)
        if isinstance(found, SeriesAnswer):
            return found
        found.want.came_at = came_at
        return await self._fetched(ask, found)

    async def _before_asking(self, ask: SeriesAsk) -> "SeriesAnswer | _Prepared":
        """The answer from what is held and known, or what is to be asked of Enedis first."""
        now = await self._clock.now()
        require_scope(ask.caller, ask.series.scope)
        looked_at = self._bring.moment  # before the look: what lands meanwhile makes it out of date
        usable, clipped = self._clip(ask, None, now)
        seen = await self._sights.look(ask.caller, ask.point, ask.series, usable)
        link = require_point(ask.caller, ask.point, seen.link, now)
        if not self._bring.serves(ask.series):
            raise NotServed(
                "The generation of Enedis' API that this gateway uses has no such series.",
                "La génération de l'API d'Enedis que cette passerelle utilise n'a pas cette série.",
            )
        if self._wanted is not None:
            await self._wanted(link, ask.series)
        if seen.activated_on is not None and seen.activated_on > ask.span.start:
            usable, clipped = self._clip(ask, seen.activated_on, now)
        if usable is None:
            return self._answer(ask, merge(ask.span, clipped, {}, {}), now, _BLIND, CacheUse.HIT)
        sight = await self._sight(ask, link, usable, now, await seen.held(usable))
        if ask.fresh and not await self._may_force(ask, link, usable, sight, now):
            ask = replace(ask, fresh=False)
            sight = await self._look(ask, link, usable, now)
        if not sight.due:
            return self._from_store(ask, link, now, usable, clipped, sight)
        withheld = await self._allows(link, ask.series, now, ask.wait) if self._allows is not None else None
        if withheld is not None:
            lacking = dict.fromkeys(usable, Lack(withheld))
            return self._answer(ask, merge(ask.span, clipped, sight.days, lacking), now, sight, CacheUse.HIT)
        return _Prepared(now, link, usable, sight, await self._want(ask, link, now, usable, sight, looked_at))

    async def _may_force(self, ask: SeriesAsk, link: Link, usable: DaySpan, sight: _Sight, now: datetime) -> bool:
        """Whether what is due only because the caller forces it is within the account's own allowance."""
        asking = Asking(now, link.granted_at, forced=True)
        calls = forced_calls(usable, sight.whole, sight.known, asking, days_per_call(ask.series))
        return calls <= 0 or self._forced is None or await self._forced.take(link.account_id, calls, now)

    def _clip(
        self, ask: SeriesAsk, activated_on: date | None, now: datetime
    ) -> tuple[DaySpan | None, tuple[DayGap, ...]]:
        clipped = clip(ask.span, ask.series, now, activated_on, endless_history=self._endless_history)
        return clipped.usable, clipped.gaps

    async def _look(self, ask: SeriesAsk, link: Link, usable: DaySpan, now: datetime) -> _Sight:
        """What is held and known now."""
        held = await self._days.held(ask.caller, link.point_id, ask.series, usable)
        return await self._sight(ask, link, usable, now, held)

    async def _sight(self, ask: SeriesAsk, link: Link, usable: DaySpan, now: datetime, held: Held) -> _Sight:
        """The ledger is read only where something lacks, or is to be asked again."""
        days = held.days
        if ask.own_only and held.derived:
            days = {day: found for day, found in days.items() if day not in held.derived}
        whole = whole_days(usable, days)
        if len(whole) == len(usable) and not ask.fresh:
            return _Sight(held, days, whole, NOTHING_KNOWN, frozenset())
        known = await self._ledger.known(link.point_id, ask.series, usable)
        asking = Asking(now, link.granted_at, ask.fresh)
        return _Sight(held, days, whole, known, worth_asking(usable, whole, known, asking, days_per_call(ask.series)))

    async def _want(
        self, ask: SeriesAsk, link: Link, now: datetime, usable: DaySpan, sight: _Sight, looked_at: int
    ) -> Want:
        async def look() -> frozenset[date]:
            return (await self._look(ask, link, usable, await self._clock.now())).due

        return Want(
            Order(ask.caller, ask.point, link, ask.series),
            look,
            set(sight.due),
            looked_at,
            forced=sight.due if ask.fresh else frozenset(),
            own=ask.own_only,
            proven=bool(sight.days) or await self._proven(link, ask.series, now),
        )

    async def _fetched(self, ask: SeriesAsk, before: "_Prepared") -> SeriesAnswer:
        """Have the days brought that are due, then answer from what is held and known then."""
        now, link, sight, want = before.now, before.link, before.sight, before.want
        await self._bring.serve(want, ask.wait)
        activated_on = await self._links.activation(link.point_id, ask.series.direction)
        usable_now, clipped = self._clip(ask, activated_on, now)
        after = await self._look(ask, link, usable_now, now) if usable_now is not None else _BLIND
        if not sight.days:
            cache = CacheUse.MISS
        else:
            cache = CacheUse.STALE if len(sight.whole) == len(before.usable) else CacheUse.PARTIAL
        answer = self._from_store(ask, link, now, usable_now, clipped, after, want, cache)
        return replace(answer, unrenewed=_unrenewed(want, sight.whole))

    async def _proven(self, link: Link, series: Series, now: datetime) -> bool:
        """Whether anything of the series was ever given."""
        history = DaySpan(first_served(series, now), published_end(now))
        return bool(await self._days.present(link.account_id, link.point_id, series, history))

    def _from_store(
        self,
        ask: SeriesAsk,
        link: Link,
        now: datetime,
        usable: DaySpan | None,
        clipped: tuple[DayGap, ...],
        sight: _Sight,
        want: Want | None = None,
        cache: CacheUse = CacheUse.HIT,
    ) -> SeriesAnswer:
        lacking: Mapping[date, Lack] = {}
        if usable is not None and len(sight.whole) < len(usable):
            lacking = lacks(
                (day for day in usable if day not in sight.whole),
                sight.known,
                want.told if want else (),
                want.days if want else (),
                granted_at=link.granted_at,
                now=now,
            )
        merged = merge(ask.span, clipped, sight.days, lacking, sight.whole)
        return self._answer(ask, merged, now, sight, cache, _failure(want.told if want else (), lacking))

    def _answer(
        self,
        ask: SeriesAsk,
        merged: Merged,
        now: datetime,
        sight: _Sight,
        cache: CacheUse,
        failed: PasserelleError | None = None,
    ) -> SeriesAnswer:
        if self._watch is not None:
            self._watch(cache)
        return SeriesAnswer(
            ask.point,
            ask.series,
            ask.span,
            merged.days,
            merged.gaps,
            now,
            cache,
            failed,
            sight.held.revised_at,
            _tag(ask, sight.held, merged) if merged.days else None,
        )


def _failure(told: "list[Told] | tuple[()]", lacking: Mapping[date, Lack]) -> PasserelleError | None:
    """What failed at Enedis: in this request, or before it and not worth asking again yet, if nothing is under way."""
    failed = next((each.error for each in told if reason_of(each.error) is GapReason.UPSTREAM_ERROR), None)
    if failed is not None or any(lack.reason is GapReason.PENDING for lack in lacking.values()):
        return failed
    problems = [lack.problem for lack in lacking.values() if lack.reason is GapReason.UPSTREAM_ERROR and lack.problem]
    soonest = min(problems, key=lambda each: each.retry_after or 0, default=None)
    return error_of(soonest) if soonest is not None else None


def _unrenewed(want: Want, whole: frozenset[date]) -> PasserelleError | None:
    """What kept whole days from being renewed that a caller had asked again: Enedis, or its time."""
    again = whole & want.forced
    for told in want.told:
        if not again.isdisjoint(told.span):
            return told.error
    if again.isdisjoint(want.days):
        return None
    return UpstreamTimeout("Enedis has not answered yet.", "Enedis n'a pas encore répondu.", retry_after=5)


def refuse_if_empty(answer: SeriesAnswer) -> SeriesAnswer:
    """The answer, unless nothing of it is usable and a part failed at Enedis or for quota: then that error is raised.

    While something is still pending the answer stands (INTERFACE section 3).
    """
    pending = any(gap.reason is GapReason.PENDING for gap in answer.gaps)
    if answer.failure is not None and not answer.days and not pending:
        raise answer.failure
    return answer


def _tag(ask: SeriesAsk, held: Held, merged: Merged) -> bytes:
    """What tells two answers apart: the versions of what is held, and where there is nothing and why."""
    gaps = ",".join(f"{gap.start.timestamp():.0f}-{gap.end.timestamp():.0f}{gap.reason}" for gap in merged.gaps)
    asked = f"{ask.point}|{ask.series}|{ask.span.start}|{ask.span.end}|{ask.own_only}|{gaps}|"
    return asked.encode() + held.tag
