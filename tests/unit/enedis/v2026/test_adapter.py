import asyncio
from datetime import UTC, date, datetime

import httpx2
import pytest

from passerelle.enedis.generations import ADAPTERS, BUCKETS_2026
from passerelle.enedis.v2026.endpoints import MEASURES
from passerelle.errors import (
    BeforeActivation,
    ConsentMissing,
    NoData,
    OperatorActionNeeded,
    QuotaExhausted,
    UpstreamBroken,
    UpstreamUnavailable,
    UsagePointUnknown,
)
from passerelle.model.customer import Address, Contact, Contract, CustomerRecord, Identity, NaturalPerson
from passerelle.model.days import DaySpan
from passerelle.model.generation import Generation, Speaking
from passerelle.model.priority import Priority
from passerelle.model.reading import IndexReading, Register
from passerelle.model.series import Kind, Series
from passerelle.model.usage_point import UsagePointId

PRM = UsagePointId("22516914714270")
SPAN = DaySpan(date(2026, 11, 1), date(2026, 11, 3))
CONTRACT, SYNTHESIS, METERING, SUPPLY = (
    f"/{api}/v1/{PRM}" for api in ("situation_contrat_auto", "synth_contrat_auto", "comptage_auto", "alimentation_auto")
)
NOT_SUBSCRIBED = {"code": "900908", "message": "Resource forbidden "}


class Errand:
    account_id = "account-1"
    priority = Priority.INTERACTIVE


def adapter(scene):
    return ADAPTERS[Speaking.V2026](scene.transport(), scene.clock)


def measure(series: Series, *points: object) -> dict[str, object]:
    named = MEASURES[series]
    entry = {"grandeurMetier": named.business, "grandeurPhysique": named.quantity, "points": list(points), "new": 1}
    return {"idPrm": PRM, "etapeMetier": "BRUT", "grandeur": [entry], "contexte": []}


class Routed:
    """Answers by path, so that calls made side by side need no order."""

    def __init__(self, scene, answer) -> None:
        self.asked: list[str] = []
        self.routes = {CONTRACT: {"segment": "C5"}, SYNTHESIS: {"new": 1}, METERING: {"new": 1}, SUPPLY: {"new": 1}}
        wire = scene.handle

        def handle(request: httpx2.Request) -> httpx2.Response:
            if request.url.path == "/oauth2/v3/token":
                return wire(request)
            self.asked.append(request.url.path)
            given = self.routes[request.url.path]
            return answer(*given) if isinstance(given, tuple) else answer(200, given, "application/octet-stream")

        scene.handle = handle


@pytest.mark.parametrize("series", [series for series in Series if series.kind is not Kind.INDEX])
async def test_one_call_for_a_measure(scene, answer, series):
    """F§9; the content type is not asked (F§13)."""
    point = {"v": "5", "d": "2026-11-01 12:00:00", "p": "PT30M", "n": "B"}
    scene.data = [answer(200, measure(series, point), "application/octet-stream")]
    (reading,) = await adapter(scene).fetch_measure(PRM, series, SPAN, Errand())
    assert reading.value == 5
    (request,) = scene.data_requests
    assert request.url.path == f"/mesure_synchrone_auto/v2/{MEASURES[series].resource}"
    extra = {"mesuresPas": "P1D", "grandeurPhysique": "PMA"} if series.kind is Kind.PEAK else {}
    asked = {"pointId": PRM, "dateDebut": "2026-11-01", "dateFin": "2026-11-03"}
    assert dict(request.url.params) == asked | extra


@pytest.mark.parametrize("series", [Series.CONSUMPTION_INDEX, Series.PRODUCTION_INDEX])
async def test_one_call_for_an_index(scene, answer, series):
    body = measure(series) | {"grandeur": []}
    total = {"codeCadran": "TOT", "valeur": [{"d": "2026-11-01 00:00:00", "v": 7, "iv": 0}]}
    base = {"codeCadran": "BASE", "valeur": [{"d": "2026-11-01 00:00:00", "v": 6, "iv": 0}]}
    entry = {"grandeurMetier": MEASURES[series].business, "grandeurPhysique": "EA", "unite": "Wh"}
    quantity = entry | {"calendrier": [{"classeTemporelle": [base]}], "cadranTotalisateur": total}
    scene.data = [answer(200, body | {"contexte": [{"etapeMetier": "BRUT", "grandeur": [quantity]}]})]
    assert adapter(scene).serves(series)
    assert await adapter(scene).fetch_measure(PRM, series, SPAN, Errand()) == (
        IndexReading(date(2026, 11, 1), datetime(2026, 10, 31, 23, tzinfo=UTC), (Register("BASE", 6),), 7),
    )
    (request,) = scene.data_requests
    assert request.url.path.endswith(("/index_consommation", "/index_production"))


@pytest.mark.parametrize("series", Series)
async def test_a_measure_without_a_point_is_no_data(scene, answer, series):
    scene.data = [answer(200, measure(series)), answer(200, measure(series) | {"grandeur": []})]
    for _ in range(2):
        with pytest.raises(NoData):
            await adapter(scene).fetch_measure(PRM, series, SPAN, Errand())


@pytest.mark.parametrize("series", [Series.CONSUMPTION_DAILY, Series.CONSUMPTION_INDEX])
@pytest.mark.parametrize("body", [b'{"grandeur": [', b'"x"', b'{"a": 1}', b'{"grandeur": 3, "contexte": 3}', b"[]"])
async def test_what_cannot_be_read_is_broken(scene, answer, series, body):
    scene.data = [answer(200, body)]
    with pytest.raises(UpstreamBroken):
        await adapter(scene).fetch_measure(PRM, series, SPAN, Errand())


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"error": "ADAM-ERR0123"}, BeforeActivation),
        ([{"code": "SGT404", "message": "Pas de mesure trouvée pour ce point"}], NoData),
        ({"error": "technical_error"}, UpstreamUnavailable),
    ],
)
async def test_an_error_under_a_200_keeps_its_meaning(scene, answer, body, kind):
    scene.data = [answer(200, body)]
    with pytest.raises(kind):
        await adapter(scene).fetch_measure(PRM, Series.CONSUMPTION_DAILY, SPAN, Errand())


async def test_each_api_counts_in_its_own_bucket(scene, answer):
    """F§12."""
    Routed(scene, answer).routes |= {
        f"/donnees_generales_auto/v1/{PRM}": {"address": {"insee_code": "60057"}},
        "/subscribed_services/v1/": {"nbTotalServices": 0},
        MEASURES[Series.CONSUMPTION_DAILY].path: measure(Series.CONSUMPTION_DAILY, {"v": 1, "d": "2026-11-01"}),
    }
    speaks = adapter(scene)
    await speaks.fetch_record(PRM, CustomerRecord.CONTRACT, Errand())
    await speaks.fetch_record(PRM, CustomerRecord.ADDRESS, Errand())
    buckets = [bucket for bucket, _, _ in scene.permits.turns]
    assert buckets[:2] == ["v5", "situation_contrat_auto"]
    assert set(buckets[2:5]) == {"synth_contrat_auto", "comptage_auto", "alimentation_auto"}
    assert buckets[5:] == ["donnees_generales_auto"]
    await speaks.shared_services(11, Errand())
    await speaks.fetch_measure(PRM, Series.CONSUMPTION_DAILY, SPAN, Errand())
    assert [bucket for bucket, _, _ in scene.permits.turns][-2:] == ["subscribed_services", "mesure_synchrone_auto"]
    assert {bucket for bucket, _, _ in scene.permits.turns} == {"v5", *BUCKETS_2026}


async def test_what_a_429_teaches_holds_the_bucket_of_the_api(scene, answer):
    scene.data = [answer(429, {"code": "SGT429", "message": "SLA dépassé"})]
    with pytest.raises(QuotaExhausted):
        await adapter(scene).fetch_record(PRM, CustomerRecord.CONTACT, Errand())
    assert [hold.bucket for hold in scene.permits.holds] == ["situation_contrat_auto"]


class TestRecords:
    async def test_a_contract_is_read_from_four_apis(self, scene, answer):
        routed = Routed(scene, answer)
        routed.routes |= {
            CONTRACT: [{"segment": "C5", "subscribed_power": {"unit": "kVA", "value": "12"}}],
            SYNTHESIS: {"consumption_last_activation_date": "2018-08-31T00:00:00+0200"},
            METERING: {"dispositifComptage": {"typeComptage": {"code": "AMM"}}},
            SUPPLY: {"phase_count": "2"},
        }
        assert await adapter(scene).fetch_record(PRM, CustomerRecord.CONTRACT, Errand()) == Contract(
            segment="C5",
            subscribed_power_kva=12,
            subscribed_power_text="12 kVA",
            last_activation_date=date(2018, 8, 31),
            last_activation_text="2018-08-31+02:00",
            meter_type="AMM",
            phases=1,
            phases_text="2",
        )
        assert routed.asked[0] == CONTRACT
        assert sorted(routed.asked[1:]) == sorted([SYNTHESIS, METERING, SUPPLY])

    async def test_without_its_situation_there_is_no_contract_and_no_other_call(self, scene, answer):
        routed = Routed(scene, answer)
        routed.routes[CONTRACT] = (403, NOT_SUBSCRIBED)
        with pytest.raises(OperatorActionNeeded):
            await adapter(scene).fetch_record(PRM, CustomerRecord.CONTRACT, Errand())
        assert routed.asked == [CONTRACT]

    @pytest.mark.parametrize(
        ("refusal", "passes"),
        [
            ((403, NOT_SUBSCRIBED), False),
            ((404, {"code": "x", "message": "Situation comptage ou PRM non existant"}), False),
            ((403, {"code": "x", "message": "Le client n'est pas autorisé pour le point demandé"}), False),
            ((500, {"code": "x", "message": "Problème technique dans l'interrogation du SI coeur"}), True),
            ((429, {"code": "900804", "message": "x"}), True),
            ((200, b"<html></html>"), True),
            ((200, b"[3"), True),
        ],
    )
    async def test_without_another_api_its_fields_are_absent(self, scene, answer, refusal, passes):
        """And the contract says whether they may still come: also while the API is left alone."""
        routed, speaks = Routed(scene, answer), adapter(scene)
        routed.routes |= {METERING: refusal, SUPPLY: {"phase_count": "4"}}
        for _ in range(2):
            found = await speaks.fetch_record(PRM, CustomerRecord.CONTRACT, Errand())
            assert found == Contract(segment="C5", phases=3, phases_text="4", partial=passes)

    async def test_records_asked_together_share_a_call_and_later_ones_do_not(self, scene, answer):
        routed, speaks = Routed(scene, answer), adapter(scene)
        routed.routes[CONTRACT] = {"person": {"lastname": "Doe"}, "contact_data": {"phone": "06"}}
        together = (CustomerRecord.CONTRACT, CustomerRecord.IDENTITY, CustomerRecord.CONTACT)
        found = await asyncio.gather(*(speaks.fetch_record(PRM, record, Errand()) for record in together))
        assert found[1:] == [Identity(natural_person=NaturalPerson(lastname="Doe")), Contact(phone="06")]
        assert routed.asked.count(CONTRACT) == 1
        await speaks.fetch_record(PRM, CustomerRecord.CONTACT, Errand())
        assert routed.asked.count(CONTRACT) == 2, "personal data are not kept"

    async def test_who_gives_up_stops_nobody_else(self, scene, answer):
        routed, speaks = Routed(scene, answer), adapter(scene)
        routed.routes[CONTRACT] = {"contact_data": {"phone": "06"}}
        first = asyncio.ensure_future(speaks.fetch_record(PRM, CustomerRecord.IDENTITY, Errand()))
        second = asyncio.ensure_future(speaks.fetch_record(PRM, CustomerRecord.CONTACT, Errand()))
        await asyncio.sleep(0)  # both have begun
        first.cancel()
        assert await second == Contact(phone="06")
        assert routed.asked == [CONTRACT]

    async def asked_again(self, scene, answer, refusal: object, seconds: float) -> bool:
        routed, speaks = Routed(scene, answer), adapter(scene)
        routed.routes[METERING] = refusal
        await speaks.fetch_record(PRM, CustomerRecord.CONTRACT, Errand())
        scene.clock.advance(seconds)
        del routed.asked[:]
        await speaks.fetch_record(PRM, CustomerRecord.CONTRACT, Errand())
        assert SUPPLY in routed.asked
        return METERING in routed.asked

    @pytest.mark.parametrize(("seconds", "again"), [(0, False), (3590, False), (3601, True)])
    async def test_an_api_that_is_not_subscribed_is_left_alone_for_an_hour(self, scene, answer, seconds, again):
        assert await self.asked_again(scene, answer, (403, NOT_SUBSCRIBED), seconds) is again

    @pytest.mark.parametrize(("seconds", "again"), [(0, False), (61, True)])
    async def test_one_that_fails_is_left_alone_for_a_minute(self, scene, answer, seconds, again):
        refusal = (500, {"code": "x", "message": "Problème technique dans l'interrogation du SI coeur"})
        assert await self.asked_again(scene, answer, refusal, seconds) is again

    async def test_what_concerns_one_point_keeps_no_other_from_asking(self, scene, answer):
        refusal = (404, {"code": "x", "message": "Situation comptage ou PRM non existant"})
        assert await self.asked_again(scene, answer, refusal, 0)

    async def test_the_three_others_are_one_call_each(self, scene, answer):
        person = {"person": {"lastname": "Doe"}, "contact_data": {"phone": "06"}}
        routed, speaks = Routed(scene, answer), adapter(scene)
        routed.routes |= {
            CONTRACT: [person | {"usage_point_id": PRM}],
            f"/donnees_generales_auto/v1/{PRM}": {"address": {"postal_code_city": "60000 BEAUVAIS"}},
        }
        address = await speaks.fetch_record(PRM, CustomerRecord.ADDRESS, Errand())
        assert address == Address(postal_code="60000", city="BEAUVAIS")
        assert await speaks.fetch_record(PRM, CustomerRecord.IDENTITY, Errand()) == Identity(
            natural_person=NaturalPerson(lastname="Doe")
        )
        assert await speaks.fetch_record(PRM, CustomerRecord.CONTACT, Errand()) == Contact(phone="06")
        assert routed.asked == [f"/donnees_generales_auto/v1/{PRM}", CONTRACT, CONTRACT]

    @pytest.mark.parametrize("record", CustomerRecord)
    async def test_an_error_under_a_200_keeps_its_meaning(self, scene, answer, record):
        scene.data = [answer(200, [{"code": "x", "message": "Le client n'est pas autorisé pour le point demandé"}])]
        with pytest.raises(ConsentMissing):
            await adapter(scene).fetch_record(PRM, record, Errand())


class TestSharedServices:
    SHARED = {"pointId": PRM, "soutirage": True, "mesuresTypeCode": "CDC", "etatCode": "ACTIF"}  # noqa: RUF012 — never changed

    async def test_one_post_with_the_slash_of_the_specification(self, scene, answer):
        scene.data = [answer(200, {"nbTotalServices": 1, "serviceSouscrit": [self.SHARED]})]
        (service,) = await adapter(scene).shared_services(999_999_999, Errand())
        assert service.usage_point_id == PRM
        (request,) = scene.data_requests
        assert (request.method, request.url.path) == ("POST", "/subscribed_services/v1/")
        assert b'"autorisationId":999999999' in request.content.replace(b" ", b"")

    async def test_all_pages(self, scene, answer):
        services = [self.SHARED | {"mesuresTypeCode": code} for code in ("CDC", "IDX", "ITC")]
        scene.data = [answer(200, {"nbTotalServices": 3, "serviceSouscrit": [each]}) for each in services]
        assert len(await adapter(scene).shared_services(11, Errand())) == 3
        assert [b'"page"' in request.content for request in scene.data_requests] == [False, True, True]

    @pytest.mark.parametrize("body", [{"nbTotalServices": 0}, {"nbTotalServices": 0, "serviceSouscrit": []}, {}])
    async def test_nothing_yet_is_nothing(self, scene, answer, body):
        """F§4, row `v2026-subscribed-services-empty-200`."""
        scene.data = [answer(200, body)]
        assert await adapter(scene).shared_services(11, Errand()) == ()
        assert len(scene.data_requests) == 1

    @pytest.mark.parametrize(
        ("status", "body", "kind"),
        [
            (404, {"code": "x", "message": "PRM non existant"}, UsagePointUnknown),
            (403, {"code": "x", "message": "Le client n'est pas autorisé pour le point demandé"}, ConsentMissing),
            (403, NOT_SUBSCRIBED, OperatorActionNeeded),
            (200, {"a": 1}, UpstreamBroken),
            (200, b"[", UpstreamBroken),
        ],
    )
    async def test_refusals(self, scene, answer, status, body, kind):
        scene.data = [answer(status, body)]
        with pytest.raises(kind):
            await adapter(scene).shared_services(11, Errand())


async def test_it_says_what_it_speaks(scene):
    assert await adapter(scene).in_use() == dict.fromkeys(BUCKETS_2026, Generation.V2026)
    assert set((await ADAPTERS[Speaking.V5](scene.transport(), scene.clock).in_use()).values()) == {Generation.V5}
    assert all(adapter(scene).serves(series) for series in Series)
