"""The days of a series without a caller: what is missing, seen from what lies open, and one call for some of it."""

from collections.abc import Collection
from datetime import date, datetime

from passerelle.consent.requests import LinkedPoint
from passerelle.consent.states import Link
from passerelle.errors import PasserelleError, UpstreamTimeout
from passerelle.gateway.bring import Bring
from passerelle.gateway.flights import Order, Want
from passerelle.gateway.ports import DayLedger, DayStore, LinkStore
from passerelle.kit.clock import Clock
from passerelle.model.days import DaySpan
from passerelle.model.priority import Priority
from passerelle.model.series import Series
from passerelle.plan.freshness import in_force
from passerelle.plan.ledger import Known
from passerelle.plan.rules import clip, days_per_call
from passerelle.plan.upkeep import Missing
from passerelle.plan.wanted import Asking, worth_asking

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

    async def missing(self, linked: LinkedPoint, series: Series, span: DaySpan, now: datetime) -> Missing:
        """The days of the span that are not held whole and that Enedis can have: never asked, or worth asking again."""
        link = linked.link
        usable = await self._usable(link, series, span, now)
        if usable is None or not self._bring.serves(series):
            return Missing()
        known = await self._ledger.known(link.point_id, series, usable)
        whole = await self._whole(link, series, usable, known)
        due = worth_asking(usable, whole, known, Asking(now, link.granted_at), days_per_call(series))
        refusal = in_force(known.refusals, link.granted_at, now)
        return Missing(due - known.days.keys(), due & known.days.keys(), refusal)

    async def next_worth(self, link: Link, series: Series, span: DaySpan, now: datetime) -> datetime | None:
        """When the next day of the span that is not whole will be worth asking; None if none is waiting."""
        known = await self._ledger.known(link.point_id, series, span)
        waiting = [each.next_at for each in known.days.values() if not each.covered]
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

    async def whole_days(self, link: Link, series: Series, span: DaySpan) -> Collection[date]:
        """The days of the span that are held whole."""
        return await self._whole(link, series, span, await self._ledger.known(link.point_id, series, span))

    async def _whole(self, link: Link, series: Series, span: DaySpan, known: Known) -> frozenset[date]:
        present = await self._days.present(link.account_id, link.point_id, series, span)
        partial = {day for day, row in known.days.items() if not row.covered}
        return present - partial

    async def _usable(self, link: Link, series: Series, span: DaySpan, now: datetime) -> DaySpan | None:
        activated_on = await self._links.activation(link.point_id, series.direction)
        return clip(span, series, now, activated_on).usable
