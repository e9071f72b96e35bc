"""An in-memory twin of the store of days."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from passerelle.access.caller import Caller
from passerelle.errors import InternalError
from passerelle.model.days import DaySpan
from passerelle.model.held import Held
from passerelle.model.reading import EvenReadings, Quality, Reading, Readings
from passerelle.model.series import Kind, Series

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class MemoryKeyring:
    """A keyring that opens the days of one account; another `opener` opens none of them."""

    account_id: str
    opener: str = "its own"


@dataclass(frozen=True, slots=True)
class _Kept:
    readings: Readings
    version: int = 1
    revised: bool = False


class MemoryDays:
    """Passes the contract of `store.days.Days`. Without a caller days are kept as if one had kept them."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str, Series], dict[date, _Kept]] = {}

    async def held(self, caller: Caller, point_id: str, series: Series, span: DaySpan) -> Held:
        kept = self._kept.get((caller.account_id, point_id, series), {})
        if kept and caller.keyring != MemoryKeyring(caller.account_id):
            raise InternalError("Days do not open with this key.", "Des journées ne s'ouvrent pas avec cette clé.")
        within = {day: kept[day] for day in sorted(kept) if day in span}
        return Held(
            {day: each.readings for day, each in within.items()},
            {day: each.version for day, each in within.items()},
            frozenset(day for day, each in within.items() if _derived(each.readings)),
            NOW if any(each.revised for each in within.values()) else None,
            repr([(day, each.version) for day, each in within.items()]).encode(),
        )

    async def keep(
        self,
        caller: Caller | None,  # noqa: ARG002 — the port's signature
        account_id: str,
        point_id: str,
        series: Series,
        days: Mapping[date, Readings],
    ) -> frozenset[date]:
        kept = self._kept.setdefault((account_id, point_id, series), {})
        changed = set()
        for day, readings in days.items():
            before = kept.get(day)
            if before is None:
                kept[day] = _Kept(readings)
            else:
                now = _merged(series, before.readings, readings)
                if list(now) == list(before.readings):
                    continue
                lost = {_said(each) for each in before.readings} - {_said(each) for each in now}
                kept[day] = replace(
                    before, readings=now, version=before.version + 1, revised=before.revised or bool(lost)
                )
            changed.add(day)
        return frozenset(changed)

    async def present(self, account_id: str, point_id: str, series: Series, span: DaySpan) -> frozenset[date]:
        return frozenset(day for day in self._kept.get((account_id, point_id, series), {}) if day in span)


def _derived(readings: Readings) -> bool:
    return bool(readings) and readings[0].quality is Quality.DERIVED


def _merged(series: Series, before: Readings, now: Readings) -> Readings:
    if _derived(now) and not _derived(before):
        return before
    if series.kind is not Kind.CURVE or isinstance(now, EvenReadings):
        return now
    fresh = [each for each in now if isinstance(each, Reading)]
    stays = [
        each
        for each in before
        if isinstance(each, Reading) and not any(each.start < new.end and new.start < each.end for new in fresh)
    ]
    return tuple(sorted([*stays, *fresh], key=lambda each: each.start))


def _said(reading: object) -> str:
    return repr([getattr(reading, name, None) for name in ("start", "end", "at", "value", "registers", "total")])
