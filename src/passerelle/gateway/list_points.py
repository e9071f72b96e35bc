"""What the account holds: its usage points, what they can deliver, and the days that are not whole."""

from collections.abc import Callable, Collection, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from passerelle.access.caller import Caller
from passerelle.access.checks import require_point, require_scope
from passerelle.consent.shared import KnownServices, denial, gives_records
from passerelle.consent.states import ConsentState, Link, standing
from passerelle.gateway.ports import LinkStore
from passerelle.kit.clock import Clock
from passerelle.model.customer import CustomerRecord
from passerelle.model.paris import civil_day
from passerelle.model.scopes import Scope
from passerelle.model.series import Series
from passerelle.model.usage_point import UsagePointId
from passerelle.plan.ledger import Known
from passerelle.plan.overview import OpenRun, overview


class Ledger(Protocol):
    """What is known of days that are not whole."""

    async def of_point(self, point_id: str) -> Mapping[Series, Known]:
        """By series, what is known of days that are not whole, but for those that a derived value stands in for."""
        ...

    async def refused(self, point_ids: Collection[str]) -> Mapping[str, AbstractSet[Series]]:
        """By point, the series whose last answer refused the whole kind.

        A point without any is absent.
        """
        ...


class ServiceList(Protocol):
    """What is known of the services of usage points."""

    async def of_points(self, point_ids: Collection[str]) -> Mapping[str, KnownServices]:
        """By point, what is known; a point of which nothing is known is absent."""
        ...


@dataclass(frozen=True, slots=True)
class PointView:
    """One usage point as the account sees it. `series` and `records`: what it can deliver, as far as is known."""

    usage_point_id: UsagePointId
    link: Link
    state: ConsentState
    series: tuple[Series, ...]
    records: tuple[CustomerRecord, ...]


@dataclass(frozen=True, slots=True)
class _Held:
    """What is known of one point: the series that Enedis refused whole, and the services shared.

    `of_all`: whether the generation in use has customer data of points that only produce.
    """

    of_all: bool
    refused: AbstractSet[Series]
    known: KnownServices | None
    day: date

    def gives(self, series: Series) -> bool:
        shared = self.known is None or denial(self.known.services, series, self.day) is None
        return shared and series not in self.refused

    def gives_records(self) -> bool:
        """What was shared decides, where it is known.

        In v5 consumption points alone have customer data (F§8), and only its direction refuses all of a daily series.
        """
        if self.known is not None:
            return gives_records(self.known.services, self.day)
        return self.of_all or Series.CONSUMPTION_DAILY not in self.refused


class ListPoints:
    """The account's usage points and their open days."""

    def __init__(
        self,
        *,
        links: LinkStore,
        ledger: Ledger,
        services: ServiceList,
        serves: Callable[[Series], bool],
        clock: Clock,
    ) -> None:
        """`serves`: whether the generation in use has such a series at all."""
        self._links = links
        self._ledger = ledger
        self._services = services
        self._serves = serves
        self._clock = clock

    async def __call__(self, caller: Caller) -> list[PointView]:
        """The points of the account that this key may see. Raises ScopeMissing."""
        require_scope(caller, Scope.USAGE_POINTS_READ)
        now = await self._clock.now()
        points = [
            linked
            for linked in await self._links.of_account(caller.account_id)
            if caller.usage_points is None or linked.usage_point_id in caller.usage_points
        ]
        ids = [linked.link.point_id for linked in points]
        refused, known = await self._ledger.refused(ids), await self._services.of_points(ids)
        records = tuple(each for each in CustomerRecord if each.scope in caller.scopes)
        series = [each for each in Series if each.scope in caller.scopes and self._serves(each)]
        modern = self._serves(Series.PRODUCTION_INDEX)  # which 2026 alone has, as it has contracts of injection (F§10)
        views: list[PointView] = []
        for linked in points:
            point_id, state = linked.link.point_id, standing(linked.link, now)
            held = _Held(modern, refused.get(point_id, frozenset()), known.get(point_id), civil_day(now))
            own = tuple(each for each in series if held.gives(each))
            views.append(
                PointView(linked.usage_point_id, linked.link, state, own, records if held.gives_records() else ())
            )
        return views

    async def open_days(self, caller: Caller, point: UsagePointId) -> list[tuple[Series, OpenRun]]:
        """The days of this point that were asked for and are not whole, by series and by day.

        Raises ScopeMissing, UsagePointUnknown or a ConsentError.
        """
        require_scope(caller, Scope.USAGE_POINTS_READ)
        now = await self._clock.now()
        link = require_point(caller, point, await self._links.find(caller.account_id, point), now)
        known = await self._ledger.of_point(link.point_id)
        return [(series, run) for series in sorted(known) for run in overview(known[series], link.granted_at, now)]
