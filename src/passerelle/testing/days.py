"""An in-memory twin of the store of completed days."""

from collections.abc import Mapping
from datetime import date

from passerelle.access.caller import Caller
from passerelle.errors import InternalError
from passerelle.model.days import DaySpan
from passerelle.model.reading import Readings
from passerelle.model.series import Series


class MemoryDays:
    """Passes the contract of `store.days.Days`, whose days open only with the content key that kept them."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str, Series, date], tuple[bytes, Readings]] = {}

    async def held(self, caller: Caller, point_id: str, series: Series, span: DaySpan) -> Mapping[date, Readings]:
        found: dict[date, Readings] = {}
        for day in span:
            kept = self._kept.get((caller.account_id, point_id, series, day))
            if kept is None:
                continue
            if kept[0] != caller.content_key:
                raise InternalError("A day does not open with this key.", "Une journée ne s'ouvre pas avec cette clé.")
            found[day] = kept[1]
        return found

    async def keep(self, caller: Caller, point_id: str, series: Series, days: Mapping[date, Readings]) -> None:
        for day, found in days.items():
            self._kept[caller.account_id, point_id, series, day] = (caller.content_key, found)
