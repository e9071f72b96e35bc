"""The simulated Enedis as one object: its clocks, its customers, its switches, and what it would serve now."""

from datetime import date, datetime

from passerelle.simulator import calendar
from passerelle.simulator.apis import Apis
from passerelle.simulator.clock import RealTime, SimulatedClock
from passerelle.simulator.consents import Consents
from passerelle.simulator.faults import Faults
from passerelle.simulator.households import sandbox, seeded
from passerelle.simulator.households.nouns import Household
from passerelle.simulator.journal import Journal
from passerelle.simulator.measures import Direction, MeterDay, measured
from passerelle.simulator.quotas import Allowances
from passerelle.simulator.settings import SimulatorSettings
from passerelle.simulator.tokens import Tokens
from passerelle.simulator.values import Values


class World:
    """Everything that a running simulator holds."""

    def __init__(self, settings: SimulatorSettings, real: RealTime | None = None) -> None:
        self.settings = settings
        self.real = real or RealTime()
        self.clock = SimulatedClock(self.real, settings.now)
        self.apis = Apis()
        self.journal = Journal()
        self.faults = Faults()
        self.tokens = Tokens(self.real)
        self.quotas = Allowances(settings.quota_per_second, settings.quota_per_hour, settings.quota_per_hour_2026)
        self.values = Values(settings.seed)
        granted = tuple(prm for prm in sandbox.POINTS if prm != sandbox.REVOKES_AT_ONCE)
        self.consents = Consents(granted, revoked=(sandbox.REVOKES_AT_ONCE,))
        self._real_start = (self.real.wall(), self.real.monotonic())
        self._households: dict[str, Household] = {}

    def today(self) -> date:
        """The civil day in Paris."""
        return calendar.day_of(self.clock.now())

    def household(self, prm: str) -> Household | None:
        """The household of a PRM of F§11, or of one that a consent names; None for any other."""
        if prm not in sandbox.POINTS and not self.consents.names(prm):
            return None
        found = self._households.get(prm)
        if found is None:
            make = sandbox.household if prm in sandbox.POINTS else seeded.household
            found = self._households[prm] = make(self.settings.seed, prm)
        return found

    def day(self, household: Household, day: date, direction: Direction) -> MeterDay:
        """What the meter measured on that day, with the values that were put over it."""
        return self.values.over(household.prm, measured(self.settings.seed, household, day, direction))

    def counted(self, household: Household, day: date, direction: Direction) -> MeterDay:
        """The same day as the meter's registers count it: without what was put over one series alone."""
        return self.values.counted(household.prm, measured(self.settings.seed, household, day, direction))

    def history_limit(self, months: int) -> date:
        """The oldest day that may be asked: today less so many months and 15 days (F§5)."""
        return calendar.months_back(self.today(), months) - 15 * calendar.DAY

    def real_instant(self, monotonic: float) -> datetime:
        """A reading of the monotonic clock as real time: two calls lie as far apart here as they did there."""
        wall, since = self._real_start
        return wall + calendar.seconds(monotonic - since)
