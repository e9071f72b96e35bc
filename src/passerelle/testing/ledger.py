"""The ledger of open days, in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from passerelle.model.reading import GapReason
from passerelle.model.series import Series


@dataclass
class MemoryLedger:
    """Satisfies `gateway.ports.OpenDayLog`: what was noted, and nothing forgotten."""

    noted: dict[tuple[str, Series, date], GapReason] = field(default_factory=dict)

    async def note(self, point_id: str, series: Series, days: Sequence[date], reason: GapReason) -> None:
        self.noted.update({(point_id, series, day): reason for day in days})

    async def open_days(self, point_id: str) -> Mapping[Series, Mapping[date, GapReason]]:
        found: dict[Series, dict[date, GapReason]] = {}
        for (point, series, day), reason in self.noted.items():
            if point == point_id:
                found.setdefault(series, {})[day] = reason
        return found
