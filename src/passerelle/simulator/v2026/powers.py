"""The maximum powers of 2026: by day or by month, of the whole point or of each phase as well (F§9)."""

from datetime import date
from hashlib import blake2b
from typing import NamedTuple

from passerelle.simulator import calendar
from passerelle.simulator.households import supplies
from passerelle.simulator.households.nouns import Household
from passerelle.simulator.measures import Peak

WHOLE, PHASES = "PMA", ("PMA1", "PMA2", "PMA3")
ALL = "TOUT"
MONTHLY = "P1M"


class Power(NamedTuple):
    """What the body shows of one day or month: VA, and the local stamp of the instant."""

    va: int
    stamp: str


def quantities(seed: int, household: Household, peaks: list[Peak], step: str, wanted: str) -> dict[str, list[Power]]:
    """The powers of each `grandeurPhysique`, in the order of the body.

    That order is drawn for each first day: a reader that goes by position is wrong three times in four.
    """
    of_each = {WHOLE: peaks}
    if peaks and wanted == ALL and supplies.supply(seed, household).phases == len(PHASES):
        of_each |= {name: [_of_phase(seed, household.prm, name, peak) for peak in peaks] for name in PHASES}
        names = list(of_each)
        turn = _chance(seed, household.prm, "order", calendar.day_of(peaks[0].at)) % len(names)
        of_each = {name: of_each[name] for name in names[turn:] + names[:turn]}
    if step == MONTHLY:
        of_each = {name: _of_months(each) for name, each in of_each.items()}
    return {name: [Power(peak.va, calendar.stamp(peak.at)) for peak in each] for name, each in of_each.items()}


def _of_phase(seed: int, prm: str, name: str, peak: Peak) -> Peak:
    """A phase carries a third or more of the whole at its peak, and never all of it; in steps of 10 VA."""
    percent = 34 + _chance(seed, prm, name, calendar.day_of(peak.at)) % 40
    return peak._replace(va=min(-(-peak.va * percent // 1000) * 10, peak.va))


def _of_months(peaks: list[Peak]) -> list[Peak]:
    """The highest of each civil month, the first one when several are."""
    highest: dict[date, Peak] = {}
    for peak in peaks:
        month = calendar.day_of(peak.at).replace(day=1)
        if month not in highest or peak.va > highest[month].va:
            highest[month] = peak
    return list(highest.values())


def _chance(seed: int, prm: str, of: str, day: date) -> int:
    return int.from_bytes(blake2b(f"{seed}/{prm}/{of}/{day}".encode(), digest_size=4).digest(), "big")
