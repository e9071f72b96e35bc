"""The days of a series without a caller, in the lane that callers use too."""

from datetime import date

from passerelle.consent.requests import LinkedPoint
from passerelle.errors import UpstreamTimeout
from passerelle.gateway.alone import FetchAlone
from passerelle.gateway.bring import Bring
from passerelle.gateway.fetch_days import FetchDays
from passerelle.gateway.patience import Patience
from passerelle.model.days import DaySpan
from passerelle.model.priority import Priority
from passerelle.testing.enedis import ScriptedEnedis
from passerelle.testing.reading import CURVE, NOW, PRM, ReadingHouse

WEEK = DaySpan(date(2026, 11, 16), date(2026, 11, 23))


async def test_a_call_that_is_still_under_way_is_no_call_that_ended():
    enedis = ScriptedEnedis()
    house, patience = ReadingHouse(enedis), Patience(last_seconds=0.0)
    fetch = FetchDays(enedis=enedis, days=house.days, ledger=house.ledger, links=house.links, clock=house.clock)
    bring = Bring(fetch=fetch, flights=house.flights, leases=house.leases, clock=house.clock, patience=patience)
    alone = FetchAlone(links=house.links, days=house.days, ledger=house.ledger, bring=bring, clock=house.clock)
    linked = LinkedPoint(PRM, house.link)
    enedis.gate.clear()
    patience.run_out()
    error = await alone.bring(linked, CURVE, WEEK, Priority.IMPORT)
    assert isinstance(error, UpstreamTimeout)
    enedis.gate.set()
    await house.flights.drain(5)
    assert (await alone.missing(linked, CURVE, WEEK, NOW)).unasked == frozenset()
    assert house.measure_calls == [WEEK]
