"""The seven measures of 2026: what is asked, what is answered, and how it is refused (F§9, F§13)."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial

import pytest

from passerelle.errors import (
    BeforeActivation,
    ConsentMissing,
    NoData,
    NotCollected,
    NotServed,
    OperatorActionNeeded,
    QuotaExhausted,
    UpstreamBroken,
    UpstreamRejected,
    UpstreamUnavailable,
    UpstreamUnknown,
)
from passerelle.gateway.rooms import MIRROR_TOKEN
from passerelle.model.paris import day_bounds, midnight
from passerelle.model.reading import IndexReading, Peak, Quality, Reading, Register
from passerelle.model.scopes import ALL_SCOPES
from passerelle.problem import Upstream
from passerelle.web.mirror import errors as shared
from passerelle.web.mirror.routes import MEASURES_2026
from passerelle.web.mirror.v2026 import errors

PRM = "22516914714270"
DAYS = ("2026-11-20", "2026-11-22")
ASK = {"pointId": PRM, "dateDebut": DAYS[0], "dateFin": DAYS[1]}
POWER = {"mesuresPas": "P1D", "grandeurPhysique": "PMA"}
DAILY, CURVE, PEAKS = "consommation_quotidienne", "courbe_de_charge_consommation", "puissance_conso_max_quotidienne"


def same(answer, refusal) -> bool:
    return (answer.status_code, answer.content) == (refusal.status, refusal.body)


async def test_a_day_is_answered_in_the_shape_of_2026(house, energy_of):
    house.enedis.readings = [energy_of("2026-11-20", 33495), energy_of("2026-11-21", 38022)]
    answer = await house.measure(DAILY, *DAYS)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.content.decode() == (
        '{"idPrm":"22516914714270","etapeMetier":"BRUT","periode":{"dateDebut":"2026-11-20","dateFin":"2026-11-22"},'
        '"typeValeur":"GLOBALE","modeCalcul":"DIFF.INDEX","pas":"P1D","grandeur":[{"grandeurMetier":"CONS",'
        '"grandeurPhysique":"EA","unite":"Wh","points":[{"v":"33495","d":"2026-11-20"},{"v":"38022","d":"2026-11-21"}],'
        '"calendrier":[]}],"contexte":[]}'
    )
    assert "deprecation" not in answer.headers


@pytest.mark.parametrize(("minutes", "step"), [(10, "PT10M"), (30, "PT30M"), (60, "PT60M")])
async def test_a_curve_is_stamped_at_the_end_with_its_step(house, curve_of, minutes, step):
    house.enedis.readings = curve_of("2026-11-21", minutes)
    body = (await house.measure("courbe_de_charge_production", "2026-11-21", "2026-11-22")).json()
    (quantity,) = body["grandeur"]
    assert (quantity["grandeurMetier"], quantity["grandeurPhysique"], quantity["unite"]) == ("PROD", "PA", "W")
    assert quantity["points"][-1] == {
        "v": str(99 + len(quantity["points"])),
        "d": "2026-11-22 00:00:00",
        "p": step,
        "n": "B",
    }
    assert "pas" not in body
    assert body["modeCalcul"] == "MESURE"


@pytest.mark.parametrize(("day", "points"), [("2026-03-29", 46), ("2026-10-25", 50)])
async def test_the_changes_of_hour_keep_all_their_half_hours(house, curve_of, day, points):
    house.enedis.readings = curve_of(day)
    after = date.fromordinal(date.fromisoformat(day).toordinal() + 1).isoformat()
    body = (await house.measure(CURVE, day, after)).json()
    assert len(body["grandeur"][0]["points"]) == points


@pytest.mark.parametrize("quantity", ["PMA", "TOUT"])
async def test_power_has_one_entry_the_one_that_is_known(house, quantity):
    house.enedis.readings = [Peak(date(2026, 11, 20), datetime(2026, 11, 20, 12, 3, 35, tzinfo=UTC), 4680)]
    answer = await house.measure(PEAKS, *DAYS, mesuresPas="P1D", grandeurPhysique=quantity)
    (entry,) = answer.json()["grandeur"]
    assert (entry["grandeurPhysique"], entry["unite"]) == ("PMA", "VA")
    assert entry["points"] == [{"v": "4680", "d": "2026-11-20 13:03:35"}]


async def test_maxima_of_months_are_not_made_up_and_not_asked_for(house):
    house.enedis.readings = [Peak(date(2026, 11, 20), datetime(2026, 11, 20, 12, tzinfo=UTC), 4680)]
    answer = await house.measure(PEAKS, *DAYS, mesuresPas="P1M", grandeurPhysique="PMA")
    assert same(answer, errors.NO_MEASURE)
    assert house.enedis.asked == 0
    house.links.link = None
    answer = await house.measure(PEAKS, *DAYS, mesuresPas="P1M", grandeurPhysique="PMA")
    assert same(answer, errors.NOT_HOLDER)


@pytest.mark.parametrize(
    ("qualities", "step"),
    [
        ((Quality.RAW, Quality.RAW), "BRUT"),
        ((Quality.RAW, Quality.CORRECTED), "BRUT"),
        ((Quality.CORRECTED, Quality.CORRECTED), "BEST"),
    ],
)
async def test_best_is_said_of_values_that_are_all_corrected_in_both_generations(house, energy_of, qualities, step):
    house.enedis.readings = [
        energy_of(day, 1, quality=quality) for day, quality in zip(("2026-11-20", "2026-11-21"), qualities, strict=True)
    ]
    assert (await house.measure(DAILY, *DAYS)).json()["etapeMetier"] == step
    assert (await house.daily(*DAYS)).json()["meter_reading"]["quality"] == step


async def test_a_derived_value_is_never_given(house, energy_of):
    house.enedis.readings = [energy_of("2026-11-21", 2)]
    await house.derive(energy_of("2026-11-20", 1, quality=Quality.DERIVED))
    body = (await house.measure(DAILY, *DAYS)).json()
    assert [point["v"] for point in body["grandeur"][0]["points"]] == ["2"]


def index(day: str, *, total: int | None = 5, quality: Quality = Quality.RAW, **registers: int) -> IndexReading:
    when = date.fromisoformat(day)
    shown = tuple(Register(name, value, {"HC": "Heures Creuses"}.get(name)) for name, value in registers.items())
    return IndexReading(when, midnight(when), shown, total, quality)


async def test_registers_stand_under_their_class_all_instants_of_each(house):
    house.enedis.readings = [index("2026-11-20", HC=1, HP=4), index("2026-11-21", HC=2, HP=6, total=8)]
    body = (await house.measure("index_consommation", *DAYS)).json()
    assert (body["grandeur"], list(body)) == ([], ["idPrm", "periode", "grandeur", "contexte"])
    (context,) = body["contexte"]
    assert context["etapeMetier"] == "BRUT"
    (quantity,) = context["grandeur"]
    assert quantity["grandeurMetier"] == "CONS"
    assert quantity["calendrier"] == [
        {
            "classeTemporelle": [
                {
                    "idClasseTemporelle": "HC",
                    "libelleClasseTemporelle": "Heures Creuses",
                    "valeur": [{"d": "2026-11-20 00:00:00", "v": 1}, {"d": "2026-11-21 00:00:00", "v": 2}],
                },
                {
                    "idClasseTemporelle": "HP",
                    "valeur": [{"d": "2026-11-20 00:00:00", "v": 4}, {"d": "2026-11-21 00:00:00", "v": 6}],
                },
            ]
        }
    ]
    assert [value["v"] for value in quantity["cadranTotalisateur"]["valeur"]] == [5, 8]


async def test_registers_of_two_qualities_are_two_contexts_and_no_total_is_invented(house):
    house.enedis.readings = [
        index("2026-11-20", BASE=1, total=None),
        index("2026-11-21", BASE=2, quality=Quality.CORRECTED),
    ]
    body = (await house.measure("index_production", *DAYS)).json()
    assert [context["etapeMetier"] for context in body["contexte"]] == ["BRUT", "BEST"]
    first, second = (context["grandeur"][0] for context in body["contexte"])
    assert "cadranTotalisateur" not in first
    assert second["grandeurMetier"] == "PROD"


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"pointId": None}, errors.OUTSIDE_SPECIFICATION),
        ({"pointId": "2251691471427"}, errors.OUTSIDE_SPECIFICATION),
        ({"pointId": "225 169 147 142 70"}, errors.OUTSIDE_SPECIFICATION),
        ({"pointId": None, "usage_point_id": PRM}, errors.OUTSIDE_SPECIFICATION),
        ({"dateDebut": None}, errors.OUTSIDE_SPECIFICATION),
        ({"dateDebut": "20/11/2026"}, errors.OUTSIDE_SPECIFICATION),
        ({"dateDebut": "2026-02-30"}, errors.OUTSIDE_SPECIFICATION),
        ({"dateFin": ""}, errors.OUTSIDE_SPECIFICATION),
        ({"dateFin": "2026-11-19"}, errors.SAME_DATES),
        ({"dateFin": "2026-11-20"}, errors.SAME_DATES),
        ({"page": "1"}, errors.OUTSIDE_SPECIFICATION),
        ({"dateFin": ["2026-11-22", "2026-11-22"]}, errors.OUTSIDE_SPECIFICATION),
    ],
)
@pytest.mark.parametrize("path", MEASURES_2026)
async def test_what_the_specification_does_not_know_is_500_and_an_end_not_after_the_start_400(
    house, path, change, refusal
):
    own = POWER if path.endswith(PEAKS) else {}
    asked = {name: value for name, value in (ASK | own | change).items() if value is not None}
    assert same(await house.get(path, **asked), refusal)
    assert house.enedis.asked == 0


@pytest.mark.parametrize(
    "own",
    [
        {},
        {"mesuresPas": "P1D"},
        {"grandeurPhysique": "PMA"},
        POWER | {"mesuresPas": "PT30M"},
        POWER | {"grandeurPhysique": "EA"},
    ],
)
async def test_power_needs_both_of_its_own_parameters(house, own):
    assert same(await house.measure(PEAKS, *DAYS, **own), errors.OUTSIDE_SPECIFICATION)
    assert same(await house.measure(DAILY, *DAYS, **POWER), errors.OUTSIDE_SPECIFICATION)


async def test_the_limits_of_enedis_hold(house):
    assert same(await house.measure(CURVE, "2026-11-13", "2026-11-21"), shared.PERIOD_TOO_LONG)
    assert same(await house.measure(CURVE, "2024-10-01", "2024-10-03"), shared.BEYOND_HISTORY)
    assert same(await house.measure(DAILY, "2019-01-01", "2019-02-01"), shared.BEYOND_HISTORY)
    assert house.enedis.asked == 0


async def test_the_future_holds_nothing_and_spoils_nothing(house, energy_of):
    house.enedis.readings = [energy_of("2026-11-23", 7)]
    body = (await house.measure(DAILY, "2026-11-23", "9999-12-31")).json()
    assert body["periode"] == {"dateDebut": "2026-11-23", "dateFin": "9999-12-31"}
    assert [point["d"] for point in body["grandeur"][0]["points"]] == ["2026-11-23"]
    assert same(await house.measure(DAILY, "9999-12-30", "9999-12-31"), errors.NO_MEASURE)
    assert house.enedis.asked == 1


@pytest.mark.parametrize(("path", "scope"), [(path, series.scope) for path, series in MEASURES_2026.items()])
async def test_each_resource_needs_its_own_scope(house, path, scope):
    for scopes, refused in ((ALL_SCOPES - {scope}, True), (frozenset({scope}), False)):
        _, caller = house.keys.of["mirror.token"]
        house.keys.of["mirror.token"] = (MIRROR_TOKEN, replace(caller, scopes=scopes))
        assert same(await house.get(path), shared.NOT_SUBSCRIBED) is refused


async def test_an_unknown_token_is_refused_as_in_v5(house):
    answer = await house.get(f"/mesure_synchrone_auto/v2/{DAILY}", {"Authorization": "Bearer nobody.knows"}, **ASK)
    assert same(answer, shared.INVALID_CREDENTIALS)


async def test_a_point_that_the_account_does_not_hold(house):
    house.links.link = None
    assert same(await house.measure(DAILY, *DAYS), errors.NOT_HOLDER)


def said(status: int, body: object) -> Upstream:
    return Upstream(status=status, content_type="application/json", body=json.dumps(body).encode())


V5_404 = said(404, {"error": "no_data_found", "error_description": "no measure found for this usage point"})
OWN_404 = said(404, {"code": "SGT404", "message": "Pas de mesure trouvée pour ce point"})
OWN_LIST = said(500, [{"code": "SGT500", "message": "Problème"}])
ADAM = said(400, {"error": "ADAM-ERR0999", "error_description": "inconnu"})
ADAM_CONSENT = said(403, {"error": "ADAM-DC-0008", "error_description": "No consent"})


@pytest.mark.parametrize(
    ("error", "refusal"),
    [
        (NoData("", "", upstream=V5_404), errors.NO_MEASURE),
        (NotServed("", ""), errors.NO_MEASURE),
        (BeforeActivation("", ""), errors.BEFORE_ACTIVATION),
        (NotCollected("", ""), shared.NOT_COLLECTED),
        (ConsentMissing("", ""), errors.NOT_HOLDER),
        (ConsentMissing("", "", upstream=ADAM_CONSENT), errors.NOT_HOLDER),
        (UpstreamUnavailable("", "", retry_after=7), errors.UNAVAILABLE),
        (
            OperatorActionNeeded("", "", upstream=said(403, {"code": "900908", "message": "Resource forbidden "})),
            errors.UNAVAILABLE,
        ),
    ],
)
async def test_what_v5_or_the_gateway_refuses_is_said_in_the_words_of_2026(house, error, refusal):
    house.enedis.refusal = error
    assert same(await house.measure(DAILY, *DAYS), refusal)


@pytest.mark.parametrize(
    ("error", "upstream"),
    [
        (NoData("", "", upstream=OWN_404), OWN_404),
        (UpstreamUnavailable("", "", upstream=OWN_LIST), OWN_LIST),
        (UpstreamRejected("", "", upstream=ADAM), ADAM),
    ],
)
async def test_what_enedis_says_in_the_form_of_2026_is_passed_on(house, error, upstream):
    house.enedis.refusal = error
    answer = await house.measure(DAILY, *DAYS)
    assert (answer.status_code, answer.content) == (upstream.status, upstream.body)


@pytest.mark.parametrize(
    ("error", "body"),
    [
        (UpstreamRejected, b'{"error":"invalid_scope","error_description":"Of the token API."}'),
        (UpstreamRejected, b'{"error":"ADAM-ERR0999","error_description":"inconnu"}'),
        (UpstreamUnknown, b'{"code":"SGT400","message":"Odd"}'),
        (UpstreamUnknown, b'{"code":"ADAM-ERR0999","message":"Odd"}'),
        (UpstreamUnknown, b'[{"code":"SGT400","message":"Odd"}]'),
        (UpstreamUnknown, b'{"fault":{"code":"900","message":"Odd"}}'),
        (UpstreamBroken, b"<html>"),
    ],
)
async def test_a_refusal_that_is_remembered_is_told_in_the_same_words(house, error, body):
    for ask in (partial(house.measure, DAILY, *DAYS), partial(house.get, f"/situation_contrat_auto/v1/{PRM}")):
        first, again = await house.refused(ask, error, 400, body)
        assert (again.status_code, again.headers["content-type"]) == (first.status_code, first.headers["content-type"])
        assert again.content == first.content


async def test_a_used_up_quota_says_when_to_come_back(house):
    house.enedis.refusal = QuotaExhausted("", "", retry_after=1800)
    answer = await house.measure(DAILY, *DAYS)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1800")
    assert (answer.json()["code"], answer.json()["nextAccessTime"]) == ("900804", "2026-Nov-24 10:00:00+0000 UTC")


async def test_a_fault_of_ours_is_theirs(house):
    house.enedis.readings = [Reading(*day_bounds(date(2026, 11, 20)), None)]
    house.enedis.record = None
    answer = await house.get(f"/situation_contrat_auto/v1/{PRM}")
    assert same(answer, errors.OUTSIDE_SPECIFICATION)


@pytest.mark.parametrize("path", ["/metering_data_dc/v5/daily_consumption", "/customers_i/v5/identity"])
async def test_v5_tells_that_it_is_deprecated_good_or_bad(house, path):
    """RFC 9745: a date as seconds; 28/09/2026 is when Enedis began to serve 2026."""
    for query in ({}, {"usage_point_id": PRM}):
        answer = await house.get(path, **query)
        assert answer.headers["deprecation"] == "@1790553600"
    token = await house.client.post("/enedis/oauth2/v3/token", data={"grant_type": "client_credentials"})
    assert "deprecation" not in token.headers
