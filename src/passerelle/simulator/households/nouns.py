"""A household: what it draws, how its meter measures, and who its customer is."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from passerelle.simulator import calendar

WEDNESDAY = 2


class CurveState(StrEnum):
    """Whether load curves exist for the point (F§7)."""

    COLLECTED = "collected"
    NOT_COLLECTED = "not-collected"
    OBJECTED = "objected"


class Steps(StrEnum):
    """How long the intervals of the load curve are, in minutes, and when that changes."""

    TEN = "10"
    FIFTEEN = "15"
    THIRTY = "30"
    SIXTY = "60"
    MONDAYS = "10 in odd ISO weeks, 30 in even ones: changes at a day boundary"
    MIDWEEK = "60 from Monday to Wednesday noon, then 15: changes inside a day"

    def minutes(self, start: datetime) -> int:
        """The length of the interval that begins at `start`."""
        here = calendar.local(start)
        if self is Steps.MONDAYS:
            return 10 if here.isocalendar().week % 2 else 30
        if self is Steps.MIDWEEK:
            return 60 if (here.weekday(), here.hour) < (WEDNESDAY, 12) else 15
        return int(self.value)


class Gaps(StrEnum):
    """What the meter fails to deliver (F§7: silently)."""

    NONE = "none"
    TUESDAYS_WEDNESDAYS = "every Tuesday and Wednesday"
    SINGLE_INTERVALS = "a single interval now and then"
    WHOLE_DAYS = "a whole day now and then"


@dataclass(frozen=True, slots=True)
class Appliances:
    """What draws and gives power, in W at full swing. `tank_from` is the local hour at which water begins to heat."""

    standby: int = 80
    heating: int = 2400
    morning: int = 500
    evening: int = 1300
    tank: int = 0
    tank_from: float = 23.0
    solar: int = 0
    workshop: int = 0
    empty: bool = False

    @property
    def most(self) -> int:
        """W that all together may draw, with some room for a peak."""
        return self.standby * 2 + self.heating + self.tank + (self.morning + self.evening) + 2500


@dataclass(frozen=True, slots=True)
class Offpeak:
    """Daily off-peak ranges as local `(hour, minute)` pairs; `text` is the spelling that the contract shows."""

    ranges: tuple[tuple[tuple[int, int], tuple[int, int]], ...]
    text: str


@dataclass(frozen=True, slots=True)
class Person:
    title: str
    firstname: str
    lastname: str


@dataclass(frozen=True, slots=True)
class Company:
    name: str
    trading_name: str
    business: str
    industry: str
    siret_number: str


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address; coordinates in degrees and metres, None where Enedis does not know them."""

    street: str
    postal_code: str
    insee_code: str
    city: str
    locality: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    altitude: int | None = None
    country: str = "France"


@dataclass(frozen=True, slots=True)
class Customer:
    """The holder of one or several points."""

    customer_id: str
    person: Person | None
    company: Company | None
    phone: str | None
    email: str | None


@dataclass(frozen=True, slots=True)
class Contract:
    """The supply contract of a consumption point."""

    segment: str
    power_kva: int
    tariff: str
    offpeak: Offpeak | None
    tariff_changed: date | None
    status: str = "SERVC"
    kind: str = "Contrat GRD-F"
    meter_type: str = "AMM"
    communicating: bool = True


@dataclass(frozen=True, slots=True)
class Supply:
    """How a point is connected and metered, which only 2026 tells (F§10). Connection powers in kVA.

    `mobile` says which of two fields 2026 puts the holder's one telephone number in.
    """

    connection_number: int
    meter_number: str
    phases: int
    consumption_kva: int | None
    generation_kva: int | None
    contract_start: date
    power_changed: date | None
    building: str | None
    staircase: str | None
    mobile: bool


@dataclass(frozen=True, slots=True)
class Household:
    """One usage point. `nets` means self-consumption: what the sun gives is used first, the rest is injected.

    `late` points publish some days at 08:00 on D+2 (F§7).
    """

    prm: str
    profile: str
    activated: date
    appliances: Appliances
    customer: Customer
    address: Address
    contract: Contract | None
    consumes: bool = True
    produces: bool = False
    curve: CurveState = CurveState.COLLECTED
    steps: Steps = Steps.THIRTY
    gaps: Gaps = Gaps.NONE
    late: bool = False

    @property
    def nets(self) -> bool:
        return self.consumes and self.produces
