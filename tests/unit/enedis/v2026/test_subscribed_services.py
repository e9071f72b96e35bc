import json
from datetime import date

import pytest

from passerelle.enedis.bodies import decode
from passerelle.enedis.v2026.subscribed_services import MOST_PAGES, Pages, request
from passerelle.enedis.v2026.wire import ServicesBody
from passerelle.errors import UpstreamBroken
from passerelle.model.series import Direction, Series
from passerelle.model.shared_services import ServiceKind

PRM, OTHER = "22516914714270", "11453290002823"
SERVICE = {
    "id": "1",
    "pointId": PRM,
    "soutirage": True,
    "injection": False,
    "serviceCode": "ACCES",
    "mesuresTypeCode": "CDC",
    "etatCode": "ACTIF",
    "dateDebut": "2026-11-24",
    "dateFin": "2029-11-24",
    "autorisation": {"autorisationId": 11, "autorisationStatut": "ACTIVE"},
}


def page(*services: dict[str, object], total: object = None) -> ServicesBody:
    content = {"nbTotalServices": total, "serviceSouscrit": list(services)}
    return decode(json.dumps(content).encode(), ServicesBody)


def read(*services: dict[str, object]):
    pages = Pages()
    pages.add(page(*services, total=len(services)))
    return pages.services(11)


def test_the_request_is_that_of_the_field():
    """F§4, F§10."""
    asked = {"autorisationId": 11, "comptage": False, "etatCode": ["ACTIF", "DEMANDE"], "serviceType": "ACCES"}
    assert request(11, None) == asked
    assert request(11, 2) == asked | {"page": 2}


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("CDC", ServiceKind.CURVE),
        ("ENERGIE", ServiceKind.DAILY),
        ("PMAX", ServiceKind.POWER),
        ("IDX", ServiceKind.INDEX),
        ("ITC", ServiceKind.CONTRACT),
    ],
)
def test_kinds(code, kind):
    (found,) = read(SERVICE | {"mesuresTypeCode": code})
    assert (found.kind, found.usage_point_id) == (kind, PRM)
    assert (found.starts_on, found.ends_on) == (date(2026, 11, 24), date(2029, 11, 24))


def test_directions():
    (both,) = read(SERVICE | {"injection": True})
    (none,) = read(SERVICE | {"soutirage": None})
    assert both.directions == frozenset(Direction)
    assert not none.directions
    assert read(SERVICE)[0].gives(Series.CONSUMPTION_LOAD_CURVE)
    assert not read(SERVICE)[0].gives(Series.PRODUCTION_LOAD_CURVE)


@pytest.mark.parametrize(
    "other",
    [
        {"mesuresTypeCode": "NEW"},
        {"mesuresTypeCode": None},
        {"etatCode": "TERMINE"},
        {"etatCode": "SUPPRIME"},
        {"etatCode": None},
        {"serviceCode": "CCDC"},
        {"serviceCode": "OPPENR"},
        {"autorisation": {"autorisationId": 12}},
    ],
)
def test_what_is_not_shared_here_and_now_is_left_out(other):
    assert read(SERVICE | other) == ()
    assert len(read(SERVICE | other | {"id": "2"}, SERVICE)) == 1


@pytest.mark.parametrize("spelling", [{"etatCode": "demande"}, {"serviceCode": None}, {"autorisation": None}])
def test_what_may_be_left_unsaid(spelling):
    assert len(read(SERVICE | spelling)) == 1


@pytest.mark.parametrize(
    "spoilt", [{"pointId": "123"}, {"pointId": None}, {"dateFin": "20XX-XX-XX"}, {"dateDebut": "x"}]
)
def test_a_point_or_a_date_that_cannot_be_read_is_an_error(spoilt):
    """Never a consent without an end."""
    with pytest.raises(UpstreamBroken) as raised:
        read(SERVICE | spoilt)
    assert PRM not in str(raised.value)
    assert read(SERVICE | {"dateFin": None})[0].ends_on is None


def numbered(*ids: int) -> list[dict[str, object]]:
    return [SERVICE | {"id": str(each), "pointId": f"{each:014}"} for each in ids]


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_all_pages_whichever_number_the_first_has(first, size):
    """F§16.8: neither the size of a page nor the number of the first is known."""
    everything = numbered(*range(1, 6))
    pages, number, calls = Pages(), None, 0
    while True:
        at = (first if number is None else number) - first
        number = pages.add(page(*everything[at * size : (at + 1) * size], total=5))
        calls += 1
        if number is None:
            break
    assert len(pages.services(11)) == 5
    assert calls <= -(-5 // size) + first


def test_pages_end_where_nothing_new_comes():
    pages = Pages()
    assert pages.add(page(*numbered(1, 2), total=9)) == 1
    assert pages.add(page(*numbered(1, 2), total=9)) == 2
    assert pages.add(page(*numbered(2, 1), total=9)) is None
    assert len(pages.services(11)) == 2


def test_an_empty_answer_is_one_page_of_nothing():
    for body in (page(total=0), ServicesBody(nb_total_services=0), ServicesBody(), page(total=4)):
        pages = Pages()
        assert pages.add(body) is None
        assert pages.services(11) == ()


def test_pages_are_bounded():
    pages = Pages()
    numbers = [pages.add(page(*numbered(each), total=10**6)) for each in range(1, MOST_PAGES + 1)]
    assert numbers[-2:] == [MOST_PAGES - 1, None]


def test_services_without_an_id_are_told_apart_by_what_they_say():
    unnamed = SERVICE | {"id": None}
    assert len(read(unnamed, unnamed, unnamed | {"mesuresTypeCode": "IDX"})) == 2
