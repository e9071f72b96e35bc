"""`subscribed_services`: what a consent shared, for the application that got its id (F§10)."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from passerelle.consent.requests import ConsentRequest
from passerelle.consent.shared import Believed
from passerelle.consent.states import ConsentState, Link
from passerelle.gateway.list_points import PointView
from passerelle.gateway.rooms import MIRROR_TOKEN
from passerelle.model.customer import CustomerRecord
from passerelle.model.scopes import ALL_SCOPES, Scope
from passerelle.model.series import Series
from passerelle.model.shared_services import ServiceKind, SharedService
from passerelle.web.mirror import errors as shared
from passerelle.web.mirror.v2026 import errors
from passerelle.web.mirror.v2026.subscribed import authorisation_id

PRM, OTHER = "22516914714270", "12345678901234"
NUMBER = authorisation_id(b"secret", "account", "consent")


def same(answer, refusal) -> bool:
    return (answer.status_code, answer.content) == (refusal.status, refusal.body)


def view(
    now, prm=PRM, *, consent="consent", state=ConsentState.GRANTED, series=tuple(Series), records=tuple(CustomerRecord)
):
    link = Link("point", "account", consent, ConsentState.GRANTED, now - timedelta(days=10), now + timedelta(days=355))
    return PointView(prm, link, state, series, records)


@pytest.fixture
async def now(house):
    return await house.clock.now()


def ask(**more):
    return {"autorisationId": NUMBER, "comptage": False} | more


async def codes(house, **more):
    body = (await house.services(ask(**more))).json()
    listed = [(each["pointId"], each["mesuresTypeCode"]) for each in body.get("serviceSouscrit", [])]
    assert body["nbTotalServices"] == len(listed)
    return listed


@pytest.mark.parametrize("path", ["/subscribed_services/v1", "/subscribed_services/v1/"])
async def test_a_point_has_a_service_for_each_kind_of_measure_and_one_for_its_contract(house, now, path):
    house.points.views = [
        view(now, series=(Series.CONSUMPTION_DAILY, Series.CONSUMPTION_LOAD_CURVE, Series.PRODUCTION_LOAD_CURVE))
    ]
    answer = await house.services(ask(), path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    body = answer.json()
    assert [(each["mesuresTypeCode"], each["soutirage"], each["injection"]) for each in body["serviceSouscrit"]] == [
        ("ENERGIE", True, False),
        ("CDC", True, True),
        ("ITC", True, False),
    ]
    assert body["serviceSouscrit"][0] == {
        "injection": False,
        "soutirage": True,
        "serviceCode": "ACCES",
        "dateDebut": "2026-11-14",
        "dateFin": "2027-11-14",
        "etatCode": "ACTIF",
        "etatLibelle": "Actif",
        "pointId": PRM,
        "mesuresTypeCode": "ENERGIE",
        "mesuresPas": "P1D",
        "autorisation": {"autorisationId": NUMBER, "autorisationType": "EXPLICITE"},
    }
    assert body["nbTotalServices"] == 3


async def test_the_last_day_is_the_one_that_enedis_named(house, now):
    """A share whose `dateFin` is the 13th counts until the midnight after it (`consent.shared`)."""
    service = SharedService(PRM, ServiceKind.DAILY, frozenset(), now.date(), date(2027, 11, 13))
    given = view(now)
    house.points.views = [replace(given, link=replace(given.link, expires_at=Believed((service,)).ends_at))]
    services = (await house.services(ask())).json()["serviceSouscrit"]
    assert {each["dateFin"] for each in services} == {"2027-11-13"}


async def test_only_the_points_of_the_consent_are_told(house, now):
    house.points.views = [view(now), view(now, OTHER, consent="another")]
    assert {point for point, _ in await codes(house)} == {PRM}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"serviceType": "ACCES"}, {"CDC", "ENERGIE", "PMAX", "IDX", "ITC"}),
        ({"serviceType": ["ACCES"], "autorisation": True}, {"CDC", "ENERGIE", "PMAX", "IDX", "ITC"}),
        ({"serviceType": "CCDC"}, set()),
        ({"autorisation": False}, set()),
        ({"mesureTypeCode": ["CDC", "ITC"]}, {"CDC", "ITC"}),
        ({"injection": True}, {"CDC", "ENERGIE", "IDX"}),
        ({"soutirage": False}, set()),
        ({"pointId": [OTHER]}, set()),
        ({"etatCode": ["TERMINE"]}, set()),
        ({"dateDebut": "2026-11-15"}, set()),
        ({"dateFin": "2027-11-15"}, set()),
        ({"dateFin": "2027-11-14", "dateDebut": "2026-11-14", "page": 1}, {"CDC", "ENERGIE", "PMAX", "IDX", "ITC"}),
    ],
)
async def test_the_filters_of_the_request(house, now, filters, expected):
    house.points.views = [view(now)]
    assert {code for _, code in await codes(house, **filters)} == expected


async def test_counting_tells_the_number_alone(house, now):
    house.points.views = [view(now)]
    assert (await house.services(ask(comptage=True))).json() == {"nbTotalServices": 5}


async def test_a_consent_that_ended_has_no_active_service(house, now):
    house.points.views = [view(now, state=ConsentState.REVOKED)]
    assert (await house.services(ask())).json() == {"nbTotalServices": 0}
    ended = (await house.services(ask(etatCode=["TERMINE"]))).json()
    assert {each["etatCode"] for each in ended["serviceSouscrit"]} == {"TERMINE"}


async def test_a_consent_without_a_point_has_no_service_and_an_unknown_one_does_not_exist(house, now):
    assert same(await house.services(ask()), errors.NO_SUCH_AUTHORISATION)
    house.consents.requests = [ConsentRequest("consent", "account", ConsentState.REVOKED, "P1Y", now, now, None)]
    assert (await house.services(ask())).json() == {"nbTotalServices": 0}
    assert same(await house.services(ask(autorisationId=NUMBER + 1)), errors.NO_SUCH_AUTHORISATION)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"comptage": false}',
        {"autorisationId": NUMBER},
        {"autorisationId": str(NUMBER), "comptage": False},
        {"autorisationId": NUMBER, "comptage": "false"},
        {"autorisationId": NUMBER, "comptage": False, "usagePoint": PRM},
        {"autorisationId": NUMBER, "comptage": False, "etatCode": "ACTIF"},
        {"autorisationId": NUMBER, "comptage": False, "pointId": ["x" * 100_000]},
    ],
)
async def test_what_the_specification_does_not_know_is_500(house, now, body):
    house.points.views = [view(now)]
    assert same(await house.services(body), errors.OUTSIDE_SPECIFICATION)


async def test_it_needs_the_scope_that_lists_usage_points(house):
    _, caller = house.keys.of["mirror.token"]
    house.keys.of["mirror.token"] = (MIRROR_TOKEN, replace(caller, scopes=ALL_SCOPES - {Scope.USAGE_POINTS_READ}))
    assert same(await house.services(ask()), shared.NOT_SUBSCRIBED)


def test_an_id_is_stable_and_of_one_account_one_consent_and_one_gateway():
    assert authorisation_id(b"secret", "account", "consent") == NUMBER
    others = [(b"other", "account", "consent"), (b"secret", "other", "consent"), (b"secret", "account", "other")]
    assert NUMBER not in {authorisation_id(*each) for each in others}
    many = {authorisation_id(b"secret", "account", str(each)) for each in range(1000)}
    assert len(many) == 1000
    assert all(0 < each < 2**53 for each in many)
    assert max(many) > 2**52
