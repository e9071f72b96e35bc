"""What the account holds: its usage points, what they can deliver, and the days that are not whole."""

from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from passerelle.access.caller import Caller
from passerelle.access.checks import require_point, require_scope
from passerelle.consent.states import ConsentState, Link, standing
from passerelle.gateway.ports import LinkStore
from passerelle.kit.clock import Clock
from passerelle.model.customer import CustomerRecord
from passerelle.model.days import DaySpan, runs
from passerelle.model.reading import GapReason
from passerelle.model.scopes import Scope
from passerelle.model.series import Series
from passerelle.model.usage_point import UsagePointId


class Ledger(Protocol):
    """What is known of days that are not whole."""

    async def open_days(self, point_id: str) -> Mapping[Series, Mapping[date, GapReason]]:
        """By series, the days that Enedis was asked for and did not give whole, with the last reason."""
        ...

    async def refused(self, point_ids: Collection[str]) -> Mapping[str, AbstractSet[Series]]:
        """By point, the series of which nothing was ever given and whose last answer refused the whole kind.

        A point without any is absent.
        """
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
class OpenDays:
    """A run of days of one series that is not whole, for one reason."""

    series: Series
    span: DaySpan
    reason: GapReason


class ListPoints:
    """The account's usage points and their open days."""

    def __init__(self, *, links: LinkStore, ledger: Ledger, clock: Clock) -> None:
        self._links = links
        self._ledger = ledger
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
        refused = await self._ledger.refused([linked.link.point_id for linked in points])
        # Consumption points alone have customer data (F§8), and only its direction refuses all of a daily series.
        records = tuple(each for each in CustomerRecord if each.scope in caller.scopes)
        series = [each for each in Series if each.scope in caller.scopes]
        return [
            PointView(
                linked.usage_point_id,
                linked.link,
                standing(linked.link, now),
                tuple(each for each in series if each not in refused.get(linked.link.point_id, ())),
                () if Series.CONSUMPTION_DAILY in refused.get(linked.link.point_id, ()) else records,
            )
            for linked in points
        ]

    async def open_days(self, caller: Caller, point: UsagePointId) -> list[OpenDays]:
        """The days of this point that were asked for and are not whole, by series and by day.

        Raises ScopeMissing, UsagePointUnknown or a ConsentError.
        """
        require_scope(caller, Scope.USAGE_POINTS_READ)
        now = await self._clock.now()
        link = require_point(caller, point, await self._links.find(caller.account_id, point), now)
        found: list[OpenDays] = []
        for series, days in sorted((await self._ledger.open_days(link.point_id)).items()):
            for reason in sorted(set(days.values())):
                spans = runs(day for day, why in days.items() if why is reason)
                found.extend(OpenDays(series, span, reason) for span in spans)
        return sorted(found, key=lambda each: (each.series, each.span))
