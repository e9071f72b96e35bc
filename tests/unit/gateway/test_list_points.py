"""What a usage point can deliver, as far as is known: refusals, services (F§10), and the generation in use (F§9)."""

from datetime import UTC, date, datetime

import pytest

from passerelle.consent.shared import KnownServices
from passerelle.gateway.list_points import ListPoints
from passerelle.model.customer import CustomerRecord
from passerelle.model.scopes import ALL_SCOPES, Scope
from passerelle.model.series import MEASURES, Direction, Series
from passerelle.model.shared_services import ServiceKind, SharedService
from passerelle.model.usage_point import UsagePointId
from passerelle.testing.clock import FakeClock
from passerelle.testing.consents import MemoryServices
from passerelle.testing.enedis import ScriptedEnedis
from passerelle.testing.links import MemoryLinks

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
PRM = UsagePointId("22516914714270")
LAST = date(2027, 11, 23)


class Refusals:
    """Satisfies what is asked of the ledger here."""

    def __init__(self) -> None:
        self.series: dict[str, frozenset[Series]] = {}

    async def refused(self, point_ids):
        return {point: self.series[point] for point in point_ids if point in self.series}


class Asker:
    """The limits of a credential."""

    account_id, usage_points = "alice", None

    def __init__(self, scopes=ALL_SCOPES) -> None:
        self.scopes = scopes


class House:
    def __init__(self) -> None:
        self.links, self.refusals, self.services = MemoryLinks(), Refusals(), MemoryServices()
        self.enedis = ScriptedEnedis()
        self.point = self.links.link("alice", PRM, since=NOW).point_id

    async def view(self, caller=None):
        use_case = ListPoints(
            links=self.links,
            ledger=self.refusals,
            services=self.services,
            serves=self.enedis.serves,
            clock=FakeClock(NOW),
        )
        (view,) = await use_case(caller or Asker())
        return view.series, view.records

    def share(self, *kinds, directions=(Direction.CONSUMPTION,), ends_on=LAST):
        shared = tuple(SharedService(PRM, kind, frozenset(directions), NOW.date(), ends_on) for kind in kinds)
        self.services.known[self.point] = KnownServices(PRM, shared, NOW)


@pytest.fixture
def house():
    return House()


async def test_where_no_services_are_known_everything_may_be_had(house):
    assert await house.view() == (tuple(Series), tuple(CustomerRecord))


async def test_an_index_is_listed_where_the_generation_has_one(house):
    house.enedis.indexes = False
    assert (await house.view())[0] == MEASURES


async def test_services_say_what_can_be_had(house):
    house.share(ServiceKind.DAILY, ServiceKind.INDEX)
    assert await house.view() == ((Series.CONSUMPTION_DAILY, Series.CONSUMPTION_INDEX), ())
    house.share(ServiceKind.CURVE, ServiceKind.CONTRACT, directions=Direction)
    curves = (Series.CONSUMPTION_LOAD_CURVE, Series.PRODUCTION_LOAD_CURVE)
    assert await house.view() == (curves, tuple(CustomerRecord))
    house.share(*ServiceKind, ends_on=date(2026, 11, 23))
    assert await house.view() == ((), ())


async def test_refusals_and_scopes_narrow_it_further(house):
    house.share(*ServiceKind, directions=Direction)
    house.refusals.series[house.point] = frozenset({Series.CONSUMPTION_DAILY})
    series, records = await house.view()
    assert (set(Series) - set(series), records) == ({Series.CONSUMPTION_DAILY}, tuple(CustomerRecord))
    few = Asker(frozenset({Scope.USAGE_POINTS_READ, Scope.CONSUMPTION_INDEX}))
    assert await house.view(few) == ((Series.CONSUMPTION_INDEX,), ())


@pytest.mark.parametrize(("indexes", "records"), [(False, ()), (True, tuple(CustomerRecord))])
async def test_a_point_that_only_produces_has_customer_data_in_2026_alone(house, indexes, records):
    """F§8, F§10; 2026 alone has indexes."""
    house.refusals.series[house.point] = frozenset({Series.CONSUMPTION_DAILY})
    house.enedis.indexes = indexes
    assert (await house.view())[1] == records
