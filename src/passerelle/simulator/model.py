"""What a household uses and what its panels give, as mean watts of an interval, drawn in UTC.

Every figure is a function of the seed, the PRM and the UTC time alone: an hour has twelve slots of five minutes, each
with its own chance. Days are cut out of it afterwards, so that one of 23 or 25 hours needs no care here.
"""

import math
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

from passerelle.simulator import calendar
from passerelle.simulator.households.nouns import Appliances

SLOT_MINUTES = 5
SLOTS = 60 // SLOT_MINUTES
SLOTS_A_DAY = 24 * SLOTS
SOLAR_NOON = 11.8  # UTC hour at the longitude of Paris
KETTLE = 1800
HUNGRY = 247  # of 255: three slots in a hundred
AWAKE = range(7, 23)
WORKING_HOURS = range(7, 18)
SATURDAY = 5
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Hour(NamedTuple):
    """What is common to the intervals of one UTC hour.

    `swing` and `appetite` hold a chance for each slot, `chill` one for each half hour, all from 0 to 255. `steady` W
    run all hour, `lively` W per unit of swing; `heating` W run in the halves whose chill is under `cold`. `full` is
    what the panels give under a clear sky with the sun overhead. `idle` W, when set, are all that is drawn. `habits`
    and `heights` are the tables of `_habits` and `_heights`, from the first slot of the hour to its end.
    """

    habits: tuple[tuple[float, float], ...]
    heights: tuple[float, ...]
    swing: bytes
    chill: bytes
    appetite: bytes
    cold: float
    heating: int
    steady: float
    lively: float
    kettle: int
    full: float
    clear: float
    idle: int | None


@lru_cache(maxsize=4096)
def hour(seed: int, prm: str, own: Appliances, number: int) -> Hour:
    """The hour `number` (UTC, counted from 1970) of the household `prm`."""
    winter, weather = _sky(seed, prm, number // 24)
    chances = _chances(seed, prm, str(number))
    here = calendar.local(EPOCH + timedelta(hours=number))
    at_work = own.workshop if here.weekday() < SATURDAY and here.hour in WORKING_HOURS else 0
    tank = own.tank if (here.hour + 0.5 - own.tank_from) % 24 < 2 + weather else 0
    idle = None
    if own.empty:
        idle = chances[-1] % 2
    elif chances[-1] == 0 and chances[-2] < 32:  # noqa: PLR2004 — a power cut: one hour in two thousand
        idle = 0
    first, sun_first = here.hour * SLOTS, number % 24 * SLOTS
    return Hour(
        habits=_habits(own)[first : first + SLOTS + 1],
        heights=_heights(round(winter, 3))[sun_first : sun_first + SLOTS + 1] if own.solar else (),
        swing=chances[:SLOTS],
        chill=chances[2 * SLOTS : 2 * SLOTS + 2],
        appetite=chances[SLOTS : 2 * SLOTS],
        cold=(winter * 0.8 - 0.2 + (weather - 0.5) * 0.3) * 255,
        heating=own.heating,
        steady=tank + at_work * 0.4,
        lively=at_work / 425,
        kettle=KETTLE if own.heating and here.hour in AWAKE else 0,
        full=own.solar * (1 - 0.5 * winter),
        clear=1 - weather,
        idle=idle,
    )


def hour_of(instant: datetime) -> int:
    """The UTC hour that contains the instant, counted from 1970."""
    return int(instant.timestamp()) // 3600


def used(within: Hour, first: int, after: int) -> int:
    """Mean W that the appliances draw in the slots `[first, after[` of the hour."""
    if within.idle is not None:
        return within.idle
    still, moving = within.habits[(first + after) // 2]
    swing = sum(within.swing[first:after]) / (after - first)
    watts = still + within.steady + swing * (moving + within.lively)
    halves = within.chill[first * 2 // SLOTS : -(-after * 2 // SLOTS)]
    watts += within.heating * sum(chill < within.cold for chill in halves) / len(halves)
    appetites = within.appetite[first:after]
    if within.kettle and max(appetites) > HUNGRY:
        watts += within.kettle * sum(appetite > HUNGRY for appetite in appetites) / len(appetites)
    return int(watts + 0.5)


def given(within: Hour, first: int, after: int) -> int:
    """Mean W that the sun gives in the slots `[first, after[` of the hour."""
    height = within.heights[(first + after) // 2]
    haze = sum(within.appetite[first:after]) / (after - first) / 255
    return int(within.full * height * (0.25 + 0.75 * within.clear * (0.8 + 0.2 * haze)) + 0.5)


@lru_cache(maxsize=256)
def _habits(own: Appliances) -> tuple[tuple[float, float], ...]:
    """For each slot of the local day (and its end): the watts that are always there, and those per unit of swing."""
    slots = []
    for slot in range(SLOTS_A_DAY + 1):
        at = slot / SLOTS
        busy = own.morning * _bell(at, 7.4, 0.9) + own.evening * _bell(at, 19.6, 1.4)
        slots.append((0.7 * own.standby + 0.6 * busy, own.standby / 425 + busy / 319))
    return tuple(slots)


def _bell(at: float, peak: float, width: float) -> float:
    return math.exp(-(((at - peak) / width) ** 2) / 2)


@lru_cache(maxsize=512)
def _heights(winter: float) -> tuple[float, ...]:
    """The height of the sun, from 0 to 1, for each slot of the UTC day (and its end): a bell, wider in summer."""
    half_day = 8 - 4 * winter
    across = [(slot / SLOTS - SOLAR_NOON) / half_day for slot in range(SLOTS_A_DAY + 1)]
    return tuple(math.cos(x * math.pi / 2) ** 1.25 if abs(x) < 1 else 0.0 for x in across)


@lru_cache(maxsize=4096)
def _sky(seed: int, prm: str, day: int) -> tuple[float, float]:
    """`(winter, weather)` over one UTC day, counted from 1970.

    The first goes from 0 at midsummer to 1 in the middle of January; the second from 0, clear and mild, to 1.
    """
    of_year = (EPOCH + timedelta(days=day)).timetuple().tm_yday
    winter = 0.5 + 0.5 * math.cos((of_year - 15) * 2 * math.pi / 365.25)
    return winter, _chances(seed, prm, f"day {day}")[0] / 255


def _chances(seed: int, prm: str, what: str) -> bytes:
    return blake2b(f"{seed}/{prm}/{what}".encode(), digest_size=2 * SLOTS + 4).digest()
