from datetime import date

import pytest

from passerelle.enedis.generations import ADAPTERS
from passerelle.enedis.v5.endpoints import MEASURES, RECORDS
from passerelle.errors import NoData, NotServed, UpstreamBroken, UpstreamUnavailable
from passerelle.model.catalogue import CATALOGUE
from passerelle.model.customer import Contact, CustomerRecord
from passerelle.model.days import DaySpan
from passerelle.model.generation import Generation, Speaking
from passerelle.model.priority import Priority
from passerelle.model.series import MEASURES as ALL_FIVE
from passerelle.model.series import Series
from passerelle.model.usage_point import UsagePointId

PRM = UsagePointId("22516914714270")
SPAN = DaySpan(date(2026, 11, 1), date(2026, 11, 3))


class Errand:
    account_id = "account-1"
    priority = Priority.INTERACTIVE


def adapter(scene):
    return ADAPTERS[Speaking.V5](scene.transport(), scene.clock)


def test_the_paths_are_those_of_the_catalogue():
    by_scope = {row.scope: row.path for row in CATALOGUE if row.generation is Generation.V5 and row.method == "GET"}
    for noun, place in (*MEASURES.items(), *RECORDS.items()):
        assert by_scope[noun.scope] == place.path
        assert place.path.startswith(f"/{place.api}/v5/")


@pytest.mark.parametrize("series", ALL_FIVE)
async def test_one_call_for_a_measure(scene, answer, series):
    points = [{"value": "5", "date": "2026-11-01 12:00:00", "interval_length": "PT30M", "new": []}]
    scene.data = [answer(200, {"meter_reading": {"usage_point_id": PRM, "interval_reading": points}, "new": 1})]
    (reading,) = await adapter(scene).fetch_measure(PRM, series, SPAN, Errand())
    assert reading.value == 5
    (request,) = scene.data_requests
    assert request.url.path == MEASURES[series].path
    assert dict(request.url.params) == {"usage_point_id": PRM, "start": "2026-11-01", "end": "2026-11-03"}


@pytest.mark.parametrize("series", [series for series in Series if series not in ALL_FIVE])
async def test_an_index_is_not_served_and_costs_no_call(scene, series):
    assert not adapter(scene).serves(series)
    with pytest.raises(NotServed):
        await adapter(scene).fetch_measure(PRM, series, SPAN, Errand())
    with pytest.raises(NotServed):
        await adapter(scene).shared_services(11, Errand())
    assert scene.requests == []


async def test_one_call_for_a_record(scene, answer):
    scene.data = [answer(200, {"contact": {"phone": "0102030405"}})]
    assert await adapter(scene).fetch_record(PRM, CustomerRecord.CONTACT, Errand()) == Contact(phone="0102030405")
    (request,) = scene.data_requests
    assert request.url.path == "/customers_cd/v5/contact_data"
    assert dict(request.url.params) == {"usage_point_id": PRM}


@pytest.mark.parametrize("measure", [{"interval_reading": []}, {"usage_point_id": PRM}])
async def test_a_measure_without_points_is_no_data(scene, answer, measure):
    scene.data = [answer(200, {"meter_reading": measure})]
    with pytest.raises(NoData):
        await adapter(scene).fetch_measure(PRM, Series.CONSUMPTION_DAILY, SPAN, Errand())


async def test_an_error_under_a_200_keeps_its_meaning(scene, answer):
    scene.data = [answer(200, {"error": "no_data_found"}), answer(200, {"error": "technical_error"})]
    with pytest.raises(NoData):
        await adapter(scene).fetch_measure(PRM, Series.CONSUMPTION_DAILY, SPAN, Errand())
    with pytest.raises(UpstreamUnavailable):
        await adapter(scene).fetch_record(PRM, CustomerRecord.CONTRACT, Errand())


@pytest.mark.parametrize(
    "body", [b'{"meter_reading": {"interval_rea', b"[]", b'"x"', b'{"a": 1}', b'{"meter_reading": []}']
)
async def test_what_cannot_be_read_is_broken(scene, answer, body):
    scene.data = [answer(200, body)] * 2
    with pytest.raises(UpstreamBroken):
        await adapter(scene).fetch_measure(PRM, Series.CONSUMPTION_DAILY, SPAN, Errand())
    with pytest.raises(UpstreamBroken):
        await adapter(scene).fetch_record(PRM, CustomerRecord.IDENTITY, Errand())
