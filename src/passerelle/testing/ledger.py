"""The ledger of days, and the leases of lanes, in memory."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from passerelle.model.days import DaySpan
from passerelle.model.leases import NO_WISH, Hold, Leased, Wish
from passerelle.model.reading import GapReason
from passerelle.model.series import Series
from passerelle.plan.freshness import REFUSED_FOR
from passerelle.plan.ledger import Entry, Known, OpenDay, Refusal

_Place = tuple[str, Leased]


@dataclass
class _Page:
    days: dict[date, OpenDay] = field(default_factory=dict)
    looked: dict[date, datetime] = field(default_factory=dict)
    refusals: dict[str, Refusal] = field(default_factory=dict)


def _move(page: _Page, next_at: Callable[[date, OpenDay], datetime]) -> None:
    missing = {day: row for day, row in page.days.items() if row.reason is GapReason.MISSING}
    page.days.update({day: replace(row, next_at=next_at(day, row)) for day, row in missing.items()})


@dataclass
class MemoryLedger:
    """Satisfies `gateway.ports.DayLedger` and `gateway.list_points.Ledger`."""

    _pages: dict[tuple[str, Series], _Page] = field(default_factory=dict)

    async def known(self, point_id: str, series: Series, span: DaySpan) -> Known:
        page = self._pages.get((point_id, series), _Page())
        return Known(
            {day: found for day, found in page.days.items() if day in span},
            {day: at for day, at in page.looked.items() if day in span},
            dict(page.refusals),
        )

    async def write(self, point_id: str, series: Series, entry: Entry) -> None:
        page = self._pages.setdefault((point_id, series), _Page())
        for day in entry.whole:
            page.days.pop(day, None)
            page.looked.pop(day, None)
        for day, found in entry.days.items():
            page.looked.pop(day, None)
            page.days[day] = found
        page.looked.update(entry.looked)
        for kind in entry.lifted:
            page.refusals.pop(kind, None)
        if entry.refusal is not None:
            page.refusals[entry.refusal.kind] = entry.refusal
        if (until := entry.silent_until) is not None:
            _move(page, lambda _, row: max(row.next_at, until))
        if entry.awake is not None:
            before, at = entry.awake
            _move(page, lambda day, row: min(row.next_at, at) if day < before else row.next_at)

    async def cover(self, point_id: str, series: Series, days: Collection[date]) -> None:
        page = self._pages.get((point_id, series), _Page())
        page.days.update({day: replace(found, covered=True) for day, found in page.days.items() if day in days})

    async def of_point(self, point_id: str) -> Mapping[Series, Known]:
        return {
            series: Known(
                {day: found for day, found in page.days.items() if not found.covered},
                dict(page.looked),
                dict(page.refusals),
            )
            for (point, series), page in sorted(self._pages.items())
            if point == point_id
        }

    async def refused(self, point_ids: Collection[str]) -> Mapping[str, set[Series]]:
        found: dict[str, set[Series]] = {}
        for (point, series), page in self._pages.items():
            if point in point_ids and REFUSED_FOR.keys() & page.refusals.keys():
                found.setdefault(point, set()).add(series)
        return found


@dataclass
class MemoryLeases:
    """Satisfies `gateway.ports.Leases` for the processes that share all but `holder`; nothing expires."""

    holder: str = "only"
    taken: dict[_Place, str] = field(default_factory=dict)
    moments: Counter[_Place] = field(default_factory=Counter)
    wishes: dict[_Place, dict[str, Wish]] = field(default_factory=lambda: defaultdict(dict))

    async def claim(self, point_id: str, work: Leased, wish: Wish = NO_WISH) -> Hold:
        place = point_id, work
        self.taken.setdefault(place, self.holder)
        ours = self.taken[place] == self.holder
        if ours:
            self.wishes[place].pop(self.holder, None)
        else:
            self.wishes[place][self.holder] = wish
        return Hold(ours, 1 + self.moments[place])

    async def landed(self, point_id: str, work: Leased) -> None:
        place = point_id, work
        if self.taken.get(place) == self.holder:
            self.moments[place] += 1

    async def heard(self, point_id: str, work: Leased) -> tuple[Wish, ...]:
        wishes = self.wishes[point_id, work]
        return tuple(wishes[holder] for holder in sorted(wishes) if holder != self.holder)

    async def release(self, point_id: str, work: Leased) -> None:
        place = point_id, work
        self.wishes[place].pop(self.holder, None)
        if self.taken.get(place) == self.holder:
            del self.taken[place]
