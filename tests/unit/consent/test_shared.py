"""How far a list of services is believed, and what it gives (F§4, F§10)."""

from datetime import UTC, date, datetime, timedelta

import pytest

from passerelle.consent.shared import (
    LATE_SERVICES,
    Believed,
    Unbelieved,
    denial,
    gives_records,
    judged,
    pause_before_asking_again,
)
from passerelle.model.reading import GapReason
from passerelle.model.series import Direction, Series
from passerelle.model.shared_services import ServiceKind, SharedService
from passerelle.model.usage_point import UsagePointId

ONE, OTHER = UsagePointId("22516914714270"), UsagePointId("11453290002823")
IN, OUT = Direction.CONSUMPTION, Direction.PRODUCTION
REQUESTED = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
"""00:30 on 24 November in Paris."""
TODAY, YESTERDAY, LAST = date(2026, 11, 24), date(2026, 11, 23), date(2027, 11, 23)


def service(kind=ServiceKind.DAILY, *directions, point=ONE, starts_on=TODAY, ends_on=LAST):
    return SharedService(point, kind, frozenset(directions or {IN}), starts_on, ends_on)


def verdict(*services, after=timedelta(0)):
    came_back = REQUESTED + timedelta(minutes=5)
    return judged(services, requested_at=REQUESTED, began_at=came_back, now=came_back + after)


def test_what_began_on_the_day_of_the_request_is_believed():
    """The civil day in Paris: it is still the 23rd in UTC."""
    curve = service(ServiceKind.CURVE)
    assert verdict(service(), curve, service(point=OTHER)) == Believed((service(), curve, service(point=OTHER)))
    assert verdict(service(), curve, service(point=OTHER)).points == (ONE, OTHER)


@pytest.mark.parametrize("starts_on", [YESTERDAY, None], ids=["the day before", "never said"])
def test_what_was_shared_before_is_not_believed(starts_on):
    older = service(starts_on=starts_on)
    assert verdict(older) is Unbelieved.NOTHING_YET
    assert verdict(older, after=LATE_SERVICES - timedelta(seconds=1)) is Unbelieved.NOTHING_YET
    assert verdict(older, after=LATE_SERVICES) is Unbelieved.OLDER
    assert verdict(older, service(point=OTHER), after=LATE_SERVICES) == Believed((service(point=OTHER),))


def test_nothing_and_what_is_over_are_waited_for():
    assert verdict(after=LATE_SERVICES) is Unbelieved.NOTHING_YET
    over = service(ends_on=YESTERDAY)
    assert verdict(over, after=LATE_SERVICES) is Unbelieved.NOTHING_YET
    assert verdict(service(ends_on=TODAY)) == Believed((service(ends_on=TODAY),))


@pytest.mark.parametrize(
    ("ends", "end"),
    [
        ([LAST], datetime(2027, 11, 23, 23, tzinfo=UTC)),
        ([date(2027, 3, 27), date(2027, 3, 28)], datetime(2027, 3, 28, 22, tzinfo=UTC)),
        ([LAST, None], None),
    ],
)
def test_the_consent_ends_after_the_last_day_of_its_last_service(ends, end):
    assert Believed(tuple(service(ends_on=each) for each in ends)).ends_at == end


def test_the_pauses_grow_within_bounds():
    ages = (-5, 0, 1, 10, 60, 3600, 86400)
    assert [pause_before_asking_again(timedelta(seconds=age)) for age in ages] == [0.5, 0.5, 0.5, 5, 30, 600, 600]


CURVE, DAILY, MAX_POWER = Series.CONSUMPTION_LOAD_CURVE, Series.CONSUMPTION_DAILY, Series.CONSUMPTION_MAX_POWER
OUT_CURVE, INDEX = Series.PRODUCTION_LOAD_CURVE, Series.CONSUMPTION_INDEX


@pytest.mark.parametrize(
    ("services", "series", "reason"),
    [
        ([service(ServiceKind.CURVE)], CURVE, None),
        ([service(ServiceKind.CURVE, IN, OUT)], OUT_CURVE, None),
        ([service(ServiceKind.INDEX)], INDEX, None),
        ([service(ServiceKind.DAILY)], CURVE, GapReason.NOT_COLLECTED),
        ([service(ServiceKind.CURVE), service(ServiceKind.DAILY, OUT)], OUT_CURVE, GapReason.NOT_COLLECTED),
        ([service(ServiceKind.CURVE)], OUT_CURVE, GapReason.WRONG_DIRECTION),
        ([service(ServiceKind.CURVE), service(ServiceKind.CONTRACT, OUT)], OUT_CURVE, GapReason.WRONG_DIRECTION),
        ([service(ServiceKind.CURVE)], DAILY, GapReason.NO_CONSENT),
        ([service(ServiceKind.DAILY)], MAX_POWER, GapReason.NO_CONSENT),
        ([service(ServiceKind.CONTRACT)], DAILY, GapReason.NO_CONSENT),
        ([], CURVE, GapReason.NO_CONSENT),
        ([service(ServiceKind.CURVE, ends_on=YESTERDAY), service()], CURVE, GapReason.NOT_COLLECTED),
    ],
)
def test_what_the_services_deny(services, series, reason):
    assert denial(services, series, TODAY) is reason


def test_customer_records_come_with_the_contract_service():
    assert gives_records([service(), service(ServiceKind.CONTRACT)], TODAY)
    assert not gives_records([service()], TODAY)
    assert not gives_records([service(ServiceKind.CONTRACT, ends_on=YESTERDAY)], TODAY)
