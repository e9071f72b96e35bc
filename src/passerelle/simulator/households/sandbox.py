"""The sandbox customers of F§11: the last digit of `state` names one, each has its usage points."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from random import Random

from passerelle.simulator.households import people
from passerelle.simulator.households.nouns import Appliances, CurveState, Gaps, Household, Offpeak

ROLL_OUT = date(2015, 12, 1)
REVOKES_AT_ONCE = "26584978546985"
ALWAYS_REFUSES = "9"


@dataclass(frozen=True, slots=True)
class Point:
    """A usage point of F§11: its profile in French, for the consent page, and what makes it differ."""

    prm: str
    profile: str
    shape: Callable[[Household], Household] = lambda household: household


def _production(household: Household) -> Household:
    roof = Appliances(standby=0, heating=0, morning=0, evening=0, solar=3000)
    return replace(household, consumes=False, produces=True, contract=None, appliances=roof)


def _self_consumption(household: Household) -> Household:
    return replace(household, produces=True, appliances=replace(household.appliances, solar=5200))


def _second_home(household: Household) -> Household:
    return replace(household, appliances=Appliances(empty=True))


def _workshop(household: Household) -> Household:
    trade = people.customer(Random(household.prm), company=True, both=True)  # noqa: S311 — draws, not secrets
    holder = replace(household.customer, company=trade.company)
    contract = household.contract and replace(household.contract, segment="C4", power_kva=60, meter_type="PMEI")
    machines = Appliances(standby=300, heating=0, workshop=52_000)
    return replace(household, customer=holder, contract=contract, appliances=machines)


CUSTOMERS: dict[str, tuple[Point, ...]] = {
    "0": (Point("22516914714270", "consommation"),),
    "1": (
        Point("11453290002823", "consommation, mise en service le 27/08/2019",
              lambda h: replace(h, activated=date(2019, 8, 27))),
    ),
    "2": (
        Point("32320647321714", "consommation, courbe non activée",
              lambda h: replace(h, curve=CurveState.NOT_COLLECTED)),
    ),
    "3": (
        Point("12345678901234", "consommation"),
        Point("10284856584123", "production", _production),
    ),
    "4": (
        Point("42900589957123", "consommation, trous le mardi et le mercredi",
              lambda h: replace(h, gaps=Gaps.TUESDAYS_WEDNESDAYS)),
    ),
    "5": (Point("24880057139941", "production", _production),),
    "6": (Point("12655648759651", "autoconsommation", _self_consumption),),
    "7": (
        Point("64975835695673", "consommation, résidence principale"),
        Point("63695879465986", "consommation, résidence secondaire", _second_home),
        Point("22315546958763", "consommation, atelier", _workshop),
    ),
    "8": (Point(REVOKES_AT_ONCE, "consommation, révoque aussitôt"),),
}  # fmt: skip
POINTS = {point.prm: (digit, point) for digit, points in CUSTOMERS.items() for point in points}


def household(seed: int, prm: str) -> Household:
    """The household of one of the PRMs in `POINTS`."""
    digit, point = POINTS[prm]
    who = Random(f"{seed}/customer/{digit}")  # noqa: S311 — draws, not secrets
    place = Random(f"{seed}/point/{prm}")  # noqa: S311 — draws, not secrets
    offpeak = people.OFFPEAKS[int(prm[-2:]) % 4]
    own = appliances(place, with_tank=offpeak is not None, tank_from=_first_hour(offpeak))
    plain = Household(
        prm=prm,
        profile=point.profile,
        activated=ROLL_OUT,
        appliances=own,
        customer=people.customer(who),
        address=people.address(place),
        contract=people.contract(place, ROLL_OUT, offpeak, own),
    )
    return point.shape(plain)


def _first_hour(offpeak: Offpeak | None) -> float:
    hour, minute = offpeak.ranges[0][0] if offpeak else (23, 0)
    return hour + minute / 60


def appliances(chance: Random, *, with_tank: bool, tank_from: float) -> Appliances:
    """An ordinary home's appliances, drawn."""
    return Appliances(
        standby=chance.randrange(40, 180),
        heating=chance.choice((1500, 2400, 3600)),
        morning=chance.randrange(200, 900),
        evening=chance.randrange(700, 2200),
        tank=chance.choice((1800, 2400)) if with_tank else 0,
        tank_from=tank_from,
    )
