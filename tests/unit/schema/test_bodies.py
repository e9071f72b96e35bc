from datetime import UTC, date, datetime

import msgspec
import pytest

from passerelle.consent.states import ConsentState
from passerelle.model.paris import in_paris
from passerelle.model.reading import GapReason, Quality
from passerelle.model.series import Series, Unit
from passerelle.schema import catalogue, consents, customer, problem, series, token, usage_points

BODIES = [
    series.IntervalSeries,
    series.PeakSeries,
    series.IndexSeries,
    series.GapLine,
    series.SummaryLine,
    usage_points.UsagePointList,
    usage_points.GapLedger,
    consents.ConsentOrder,
    consents.ConsentStarted,
    consents.ConsentList,
    customer.ContractBody,
    customer.AddressBody,
    customer.IdentityBody,
    customer.ContactBody,
    catalogue.CatalogueBody,
    token.TokenBody,
    problem.TokenErrorBody,
    problem.ProblemBody,
]
PRM = "22516914714270"


def paris(*when: int) -> datetime:
    return in_paris(datetime(*when, tzinfo=UTC))


def test_a_series_is_written_as_interface_shows_it():
    body = series.IntervalSeries(
        usage_point_id=PRM,
        series=Series.CONSUMPTION_LOAD_CURVE,
        unit=Unit.WATT,
        start=date(2026, 3, 28),
        end=date(2026, 3, 30),
        readings=[
            series.IntervalReading(
                start=paris(2026, 3, 27, 23), end=paris(2026, 3, 27, 23, 30), value=540, quality=Quality.RAW
            )
        ],
        gaps=[
            series.SeriesGap(start=paris(2026, 3, 28, 23), end=paris(2026, 3, 29, 22), reason=GapReason.NOT_PUBLISHED)
        ],
        energy_wh=12345,
        as_of=paris(2026, 3, 29, 6, 4, 11),
    )
    assert msgspec.json.encode(body).decode() == (
        '{"usage_point_id":"22516914714270","series":"consumption/load-curve","unit":"W",'
        '"start":"2026-03-28","end":"2026-03-30","timezone":"Europe/Paris",'
        '"readings":[{"start":"2026-03-28T00:00:00+01:00","end":"2026-03-28T00:30:00+01:00","value":540,"quality":"raw"}],'
        '"gaps":[{"start":"2026-03-29T00:00:00+01:00","end":"2026-03-30T00:00:00+02:00","reason":"not-published"}],'
        '"energy_wh":12345,"as_of":"2026-03-29T08:04:11+02:00"}'
    )


@pytest.mark.parametrize("body", [series.PeakSeries, series.IndexSeries])
def test_peaks_and_registers_have_no_energy(body):
    assert "energy_wh" not in body.__struct_fields__


def test_a_register_has_a_class_and_what_is_not_known_is_absent():
    reading = series.IndexReading(
        day=date(2026, 3, 28),
        at=paris(2026, 3, 27, 23),
        registers=[series.RegisterValue(tariff_class="HC", value=7)],
        quality=Quality.RAW,
    )
    assert msgspec.json.encode(reading).decode() == (
        '{"day":"2026-03-28","at":"2026-03-28T00:00:00+01:00","registers":[{"class":"HC","value":7}],"quality":"raw"}'
    )


def test_what_is_not_known_of_a_customer_is_absent():
    body = customer.ContractBody(
        usage_point_id=PRM,
        subscribed_power_kva=6,
        offpeak_hours=[customer.OffpeakHours(start="22:50", end="06:50")],
        last_activation_date=date(2017, 7, 15),
    )
    assert msgspec.json.decode(msgspec.json.encode(body)) == {
        "usage_point_id": PRM,
        "subscribed_power_kva": 6,
        "offpeak_hours": [{"start": "22:50", "end": "06:50"}],
        "last_activation_date": "2017-07-15",
    }


def test_a_problem_says_null_where_it_knows_neither_a_time_nor_an_upstream():
    body = problem.ProblemBody(
        type="https://example.test/problems/no-data",
        title="t",
        status=404,
        detail="d",
        code="no-data",
        detail_fr="d",
        who_acts=problem.Actor.CUSTOMER,
        action="a",
        action_fr="a",
        retryable=True,
        request_id="r",
    )
    written = msgspec.json.decode(msgspec.json.encode(body))
    assert written["retry_after"] is None
    assert written["upstream"] is None


def test_the_states_are_those_of_the_consent_rules():
    assert list(consents.CONSENT_STATES) == [state.value for state in ConsentState]


def test_a_reader_passes_over_keys_and_names_that_it_does_not_know():
    text = (
        b'{"usage_points": [{"usage_point_id": "22516914714270", "consent": {"id": "c", "state": "suspended"},'
        b' "series": ["index/consumption"], "customer": [], "later": 1}]}'
    )
    point = msgspec.json.decode(text, type=usage_points.UsagePointList).usage_points[0]
    assert point.series == ["index/consumption"]
    assert point.consent.state == "suspended"


@pytest.mark.parametrize("text", [b"{}", b'{"duration": null, "return_url": null}'])
def test_a_consent_may_be_asked_for_without_saying_more(text: bytes):
    assert msgspec.json.decode(text, type=consents.ConsentOrder) == consents.ConsentOrder()


def test_a_misspelt_key_of_an_order_is_refused():
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"duraton": "P1Y"}', type=consents.ConsentOrder)


def test_every_body_has_a_description_of_its_own():
    _, components = msgspec.json.schema_components(BODIES)
    described = {name: part.get("description") for name, part in components.items() if part.get("type") == "object"}
    assert None not in described.values()
    assert len(set(described.values())) == len(described)
