"""The main use case with its doubles around it, at 09:00 on 24 November 2026."""

from dataclasses import replace
from datetime import date, datetime, timedelta

from passerelle.access.caller import Caller
from passerelle.gateway.bring import Bring
from passerelle.gateway.fetch_days import FetchDays
from passerelle.gateway.flights import Flights
from passerelle.gateway.ports import Sights
from passerelle.gateway.read_series import ReadSeries, SeriesAnswer, SeriesAsk
from passerelle.model.days import DaySpan
from passerelle.model.scopes import ALL_SCOPES
from passerelle.model.series import Series
from passerelle.model.usage_point import UsagePointId
from passerelle.testing.clock import FakeClock
from passerelle.testing.days import MemoryDays, MemoryKeyring
from passerelle.testing.enedis import ScriptedEnedis
from passerelle.testing.ledger import MemoryLeases, MemoryLedger
from passerelle.testing.links import MemoryLinks
from passerelle.testing.sights import OneByOne

NOW = datetime.fromisoformat("2026-11-24T09:00:00+01:00")
PRM = UsagePointId("22516914714270")
READER = Caller("account", "key", ALL_SCOPES, MemoryKeyring("account"))
CURVE = Series.CONSUMPTION_LOAD_CURVE


class ReadingHouse:
    """The use case, its doubles, and one linked usage point.

    One that stands `beside` another is a second process on its database.
    """

    def __init__(self, enedis: ScriptedEnedis, *, holder: str = "only", beside: "ReadingHouse | None" = None) -> None:
        self.enedis = enedis
        self.links: MemoryLinks = beside.links if beside else MemoryLinks()
        self.days: MemoryDays = beside.days if beside else MemoryDays()
        self.ledger: MemoryLedger = beside.ledger if beside else MemoryLedger()
        self.clock: FakeClock = beside.clock if beside else FakeClock(NOW)
        self.flights = Flights()
        self.leases: MemoryLeases = replace(beside.leases, holder=holder) if beside else MemoryLeases(holder)
        fetch = FetchDays(enedis=enedis, days=self.days, ledger=self.ledger, links=self.links, clock=self.clock)
        self.bring = Bring(fetch=fetch, flights=self.flights, leases=self.leases, clock=self.clock)
        self.read = self.reading(OneByOne(self.links, self.days))
        self.link = self.links.link("account", PRM, since=NOW - timedelta(days=60))

    def reading(self, sights: Sights) -> ReadSeries:
        """The use case with these eyes."""
        return ReadSeries(
            links=self.links, days=self.days, ledger=self.ledger, bring=self.bring, sights=sights, clock=self.clock
        )

    def pass_time(self, until: str) -> None:
        """Let the clock go on to this instant."""
        self.clock.advance((datetime.fromisoformat(until) - NOW).total_seconds() - self.clock.monotonic())

    async def ask(
        self, start: str, end: str, *, series: Series = CURVE, wait: float = 5, caller: Caller = READER, **how: bool
    ) -> SeriesAnswer:
        """What the use case answers for these days."""
        span = DaySpan(date.fromisoformat(start), date.fromisoformat(end))
        return await self.read(SeriesAsk(caller, PRM, series, span, wait, **how))

    @property
    def measure_calls(self) -> list[DaySpan]:
        """The spans of the calls for measures, in order."""
        return [call.span for call in self.enedis.calls if call.span is not None]
