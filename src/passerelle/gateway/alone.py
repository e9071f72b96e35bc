"""The days of a series without a caller: what is missing, seen from what lies open, and one call for some of it."""

from datetime import date, datetime

from passerelle.consent.requests import LinkedPoint
from passerelle.consent.states import Link
from passerelle.errors import UpstreamTimeout
from passerelle.gateway.bring import Bring
from passerelle.gateway.flights import Order, Want
from passerelle.gateway.ports import DayLedger, DayStore, LinkStore
from passerelle.kit.clock import Clock
from passerelle.model.days import DaySpan
from passerelle.model.priority import Priority
from passerelle.model.series import Series
from passerelle.plan.freshness import due, in_force, silent_from
from passerelle.plan.ledger import Known
from passerelle.plan.rules import clip, days_per_call, first_served, published_end
from passerelle.plan.upkeep import Missing, Progress, holes_of
from passerelle.plan.wanted import Asking, held_up, worth_asking
from passerelle.problem import PasserelleError

LONGEST_CALL = 120.0
"""Seconds: above what a call waits for its turn in the second."""

COME_BACK = 60
"""Seconds after which work whose call is still under way looks for what it brought."""


class FetchAlone:
    """Satisfies `gateway.upkeep.Fetching`. It knows which days are held, not what is in them."""

    def __init__(self, *, links: LinkStore, days: DayStore, ledger: DayLedger, bring: Bring, clock: Clock) -> None:
        self._links = links
        self._days = days
        self._ledger = ledger
        self._bring = bring
        self._clock = clock

    async def missing(
        self, linked: LinkedPoint, series: Series, span: DaySpan, now: datetime, *, holes: bool = False
    ) -> Missing:
        """The days of the span that are not held whole and that Enedis can have: never asked, or worth asking again.

        `holes`: also the older days, as far as the history reaches, that Enedis had not and that are worth it again.
        Then no day of a silent series before its next call, though it was never asked.
        """
        link = linked.link
        usable = await self._usable(link, series, span, now)
        if usable is None or not self._bring.serves(series):
            return Missing()
        known = await self._ledger.known(link.point_id, series, usable)
        whole = await self._whole(link, series, usable, known)
        asked = worth_asking(usable, whole, known, Asking(now, link.granted_at), days_per_call(series))
        refusal = held_up(known, link.granted_at, now)
        unasked, again = asked - known.days.keys(), asked & known.days.keys()
        if holes and in_force(known.refusals, link.granted_at, now) is None:
            again |= await self._older_holes(link, series, usable.start, now)
        silent = silent_from(known.days, whole, link.granted_at, now) if holes else None
        if silent is not None:
            unasked = frozenset(day for day in unasked if day < silent)
        return Missing(unasked, again, refusal)

    async def _older_holes(self, link: Link, series: Series, before: date, now: datetime) -> frozenset[date]:
        older = await self._usable(link, series, DaySpan(first_served(series, now), published_end(now)), now)
        if older is None or older.start >= before:
            return frozenset()
        known = await self._ledger.known(link.point_id, series, DaySpan(older.start, before))
        return frozenset(day for day in holes_of(known, before) if due(known.days[day], link.granted_at, now))

    async def next_worth(self, link: Link, series: Series, span: DaySpan, now: datetime) -> datetime | None:
        """When the next day of the span that is not whole, or older hole, will be worth asking; None if none waits."""
        history = DaySpan(min(span.start, first_served(series, now)), span.end)
        known = await self._ledger.known(link.point_id, series, history)
        holes = holes_of(known, span.start)
        waiting = [
            each.next_at for day, each in known.days.items() if day in holes or (day in span and not each.covered)
        ]
        refusal = in_force(known.refusals, link.granted_at, now)
        if refusal is not None and refusal.until is not None:
            return refusal.until
        return min((each for each in waiting if each > now), default=None)

    async def bring(
        self, linked: LinkedPoint, series: Series, span: DaySpan, priority: Priority
    ) -> PasserelleError | None:
        """Have the span brought, in the lane that callers use too; the error, if there was one."""
        link = linked.link

        async def look() -> frozenset[date]:
            missing = await self.missing(linked, series, span, await self._clock.now())
            return missing.unasked | missing.due

        looked_at = self._bring.moment
        days = set(await look())
        if not days:
            return None
        proven = bool(await self._days.present(link.account_id, link.point_id, series, span))
        want = Want(
            Order(None, linked.usage_point_id, link, series),
            look,
            days,
            looked_at,
            proven=proven,
            priority=priority,
        )
        await self._bring.serve(want, LONGEST_CALL)
        if not want.done.done():
            return UpstreamTimeout("The call waits for its turn.", "L'appel attend son tour.", retry_after=COME_BACK)
        return want.told[0].error if want.told else None

    async def progress(self, link: Link, series: Series, span: DaySpan, now: datetime) -> Progress:
        """How far the span is, as far as Enedis can have its days."""
        usable = await self._usable(link, series, span, now)
        if usable is None:
            return Progress(span.end, span.end, 0, 0)
        known = await self._ledger.known(link.point_id, series, usable)
        whole = await self._whole(link, series, usable, known)
        unasked = len(usable) - len(whole | known.days.keys())
        said = [each for each in known.refusals.values() if each.until is not None]
        refusal = max(said, key=lambda each: each.asked_at, default=None)
        return Progress(usable.start, usable.end, len(whole), unasked, refusal)

    async def _whole(self, link: Link, series: Series, span: DaySpan, known: Known) -> frozenset[date]:
        present = await self._days.present(link.account_id, link.point_id, series, span)
        partial = {day for day, row in known.days.items() if not row.covered}
        return present - partial

    async def _usable(self, link: Link, series: Series, span: DaySpan, now: datetime) -> DaySpan | None:
        activated_on = await self._links.activation(link.point_id, series.direction)
        return clip(span, series, now, activated_on).usable
