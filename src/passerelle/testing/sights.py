"""One look into a store: link, activation and days, each asked on its own."""

from dataclasses import dataclass
from datetime import date

from passerelle.access.caller import Caller
from passerelle.consent.states import Link
from passerelle.gateway.ports import DayStore, LinkStore
from passerelle.model.days import DaySpan
from passerelle.model.held import Held
from passerelle.model.series import Series
from passerelle.model.usage_point import UsagePointId


@dataclass(frozen=True, slots=True)
class _Looked:
    days: DayStore
    caller: Caller
    series: Series
    link: Link | None
    activated_on: date | None

    async def held(self, span: DaySpan) -> Held:
        if self.link is None:
            return Held()
        return await self.days.held(self.caller, self.link.point_id, self.series, span)


class OneByOne:
    """Satisfies `gateway.ports.Sights` over stores that have no look of their own."""

    def __init__(self, links: LinkStore, days: DayStore) -> None:
        self._links = links
        self._days = days

    async def look(self, caller: Caller, point: UsagePointId, series: Series, span: DaySpan | None) -> _Looked:  # noqa: ARG002 — it reads the days when they are asked for
        link = await self._links.find(caller.account_id, point)
        activated_on = None if link is None else await self._links.activation(link.point_id, series.direction)
        return _Looked(self._days, caller, series, link, activated_on)
