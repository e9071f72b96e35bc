"""The reading API as an application sees it: forms, caching, gaps, customer data, catalogue, keys and tokens."""

import csv
import io
import json

import msgspec
import pytest

from passerelle.model.catalogue import CATALOGUE
from passerelle.model.scopes import Scope
from passerelle.model.usage_point import UsagePointId
from passerelle.schema.problem import ProblemBody

PLAIN = "22516914714270"
PRODUCER = "10284856584123"
WEEK = ("2026-11-16", "2026-11-23")
CUSTOMERS = [PLAIN, "11453290002823", "32320647321714", "12345678901234", "42900589957123", "12655648759651"]


def problem(answer, status: int, code: str) -> ProblemBody:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = msgspec.json.decode(answer.content, type=ProblemBody)
    assert (body.status, body.code) == (status, code)
    assert body.request_id == answer.headers["x-request-id"]
    return body


@pytest.mark.parametrize("prm", CUSTOMERS)
async def test_customer_records_equal_the_truth(house, prm):
    for record in ("contract", "address", "identity", "contact"):
        answer = await house.get(f"/v1/usage-points/{prm}/{record}")
        assert answer.status_code == 200, answer.text
        assert answer.json() == await house.control("GET", f"truth/{prm}/{record}")


async def test_the_second_read_asks_nothing_and_its_etag_spares_the_body(house):
    first = await house.series(PLAIN, "consumption/load-curve", *WEEK)
    calls = len(await house.calls())
    second = await house.series(PLAIN, "consumption/load-curve", *WEEK)
    assert first.headers["cache-status"] == "passerelle; fwd=miss"
    assert second.headers["cache-status"] == "passerelle; hit"
    assert first.headers["etag"] == second.headers["etag"]
    headers = {"If-None-Match": f'"other", {first.headers["etag"]}'}
    unchanged = await house.series(PLAIN, "consumption/load-curve", *WEEK, headers=headers)
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    any_at_all = await house.series(PLAIN, "consumption/load-curve", *WEEK, headers={"If-None-Match": "*"})
    assert any_at_all.status_code == 304
    shifted = await house.series(PLAIN, "consumption/load-curve", "2026-11-17", "2026-11-24")
    assert shifted.headers["cache-status"] == "passerelle; fwd=partial"
    assert shifted.headers["etag"] != first.headers["etag"]
    assert len(await house.calls()) == calls + 1


async def test_the_three_forms_tell_the_same(house):
    await house.set_clock("2026-11-24T09:00:00+01:00")
    answer = (await house.series(PLAIN, "consumption/load-curve", "2026-11-20", "2026-11-26")).json()
    text = await house.series(
        PLAIN, "consumption/load-curve", "2026-11-20", "2026-11-26", headers={"Accept": "text/csv"}
    )
    rows = list(csv.DictReader(io.StringIO(text.text)))
    assert list(rows[0]) == ["start", "end", "value", "unit", "quality", "gap"]
    assert [(row["start"], row["end"], int(row["value"])) for row in rows if row["value"]] == [
        (each["start"], each["end"], each["value"]) for each in answer["readings"]
    ]
    assert [(row["start"], row["end"], row["gap"]) for row in rows if not row["value"]] == [
        (each["start"], each["end"], each["reason"]) for each in answer["gaps"]
    ]
    lines = await house.series(
        PLAIN, "consumption/load-curve", "2026-11-20", "2026-11-26", headers={"Accept": "application/x-ndjson"}
    )
    parsed = [json.loads(line) for line in lines.text.splitlines()]
    assert [each for each in parsed if "value" in each] == answer["readings"]
    assert [each["gap"] for each in parsed if "gap" in each] == answer["gaps"]
    summary = parsed[-1]["summary"]
    assert summary == {key: answer[key] for key in summary}
    assert summary["energy_wh"] == answer["energy_wh"]


async def test_max_power_has_its_own_columns_and_no_energy(house):
    answer = (await house.series(PLAIN, "consumption/max-power", "2026-11-20", "2026-11-26")).json()
    assert "energy_wh" not in answer
    assert set(answer["readings"][0]) == {"day", "at", "value", "quality"}
    text = await house.series(
        PLAIN, "consumption/max-power", "2026-11-20", "2026-11-26", headers={"Accept": "text/csv"}
    )
    rows = list(csv.DictReader(io.StringIO(text.text)))
    assert list(rows[0]) == ["day", "at", "value", "unit", "quality", "gap"]
    assert [row["day"] for row in rows] == [f"2026-11-{day}" for day in range(20, 26)]
    assert [row["gap"] for row in rows][-2:] == ["not-published", "not-published"]


async def test_energy_is_the_integral_of_the_curve_and_the_daily_value(house):
    for day in ("2026-03-29", "2025-10-26", "2026-11-20"):
        end = f"{day[:8]}{int(day[8:]) + 1:02}"
        curve = (await house.series(PLAIN, "consumption/load-curve", day, end)).json()
        daily = (await house.series(PLAIN, "consumption/daily", day, end)).json()
        assert curve["energy_wh"] == daily["energy_wh"] == daily["readings"][0]["value"]


async def test_gaps_name_their_reason(house):
    history = (await house.series(PLAIN, "consumption/load-curve", "2024-11-01", "2024-11-12")).json()
    assert [(gap["start"][:10], gap["end"][:10], gap["reason"]) for gap in history["gaps"]] == [
        ("2024-11-01", "2024-11-10", "beyond-history")
    ]
    holes = (await house.series("42900589957123", "consumption/load-curve", *WEEK)).json()
    assert [(gap["start"][:10], gap["end"][:10], gap["reason"]) for gap in holes["gaps"]] == [
        ("2026-11-17", "2026-11-19", "missing")  # Tuesday and Wednesday (F§11)
    ]
    wrong = (await house.series("24880057139941", "consumption/daily", *WEEK)).json()
    assert [(gap["reason"], gap["problem"]["code"]) for gap in wrong["gaps"]] == [
        ("wrong-direction", "wrong-direction")
    ]
    ledger = (await house.get("/v1/usage-points/42900589957123/gaps")).json()
    assert ledger["gaps"] == [
        {
            "series": "consumption/load-curve",
            "start": "2026-11-17",
            "end": "2026-11-19",
            "reason": "missing",
            "next_ask_at": "2026-11-25T08:00:00+01:00",
        }
    ]
    points = {each["usage_point_id"]: each for each in (await house.get("/v1/usage-points")).json()["usage_points"]}
    assert "consumption/daily" not in points["24880057139941"]["series"]
    assert "production/daily" in points["24880057139941"]["series"]
    assert points["26584978546985"]["consent"]["state"] == "revoked"


async def test_the_catalogue_has_every_row_and_needs_no_key(house):
    answer = await house.http.get(f"{house.gateway_url}/v1/catalogue")
    rows = answer.json()["endpoints"]
    references = {
        generation: [row["reference"] for row in rows if row["generation"] == generation]
        for generation in ("v5", "2026")
    }
    assert [row["reference"] for row in rows] == references["v5"] + references["2026"]
    assert references["v5"] == [
        "Authorize",
        "Token",
        "Metering Consommation Daily",
        "Metering Consommation Detail",
        "Metering Power",
        "Metering Production Daily",
        "Metering Production Detail",
        "Contract",
        "Address",
        "Customer",
        "Contact",
    ]
    assert references["2026"] == [
        "Authorize v2",
        "subscribed_services",
        "consommation_quotidienne",
        "courbe_de_charge_consommation",
        "puissance_conso_max_quotidienne",
        "production_quotidienne",
        "courbe_de_charge_production",
        "index_consommation",
        "index_production",
        "situation_contrat_auto",
        "synth_contrat_auto",
        "comptage_auto",
        "donnees_generales_auto",
        "alimentation_auto",
    ]
    assert len(rows) == len(CATALOGUE)
    by_name = {row["reference"]: row for row in rows}
    assert by_name["Authorize"]["sandbox"] is by_name["Authorize v2"]["sandbox"] is None
    assert by_name["comptage_auto"]["production"] == "https://gw.ext.prod.api.enedis.fr/comptage_auto/v1/{prm}"
    assert by_name["Token"]["scope"] is None
    assert by_name["Metering Production Daily"]["production"] == (
        "https://gw.ext.prod.api.enedis.fr/metering_data_dp/v5/daily_production"
    )
    assert by_name["Contact"]["sandbox"] == "https://gw.ext.prod-sandbox.api.enedis.fr/customers_cd/v5/contact_data"
    assert all(row["description"] and row["specification"] for row in rows)


async def test_refusals_happen_before_enedis_is_asked(house):
    await house.control("DELETE", "calls")
    bare = await house.http.get(f"{house.gateway_url}/v1/usage-points")
    assert bare.headers["www-authenticate"].startswith("Bearer")
    problem(bare, 401, "key-missing")
    for wrong in ("wrong.key", "wrong key", "k" * 3000):
        problem(await house.get("/v1/usage-points", key=wrong), 401, "key-invalid")
    problem(await house.series(PLAIN, "consumption/daily", "2026-11-23", "2026-11-16"), 400, "invalid-request")
    problem(await house.series(PLAIN, "consumption/daily", "2026-11-16", "16/11/2026"), 400, "invalid-request")
    problem(await house.series("123", "consumption/daily", *WEEK), 400, "invalid-request")
    problem(await house.series("99999999999999", "consumption/daily", *WEEK), 404, "usage-point-unknown")
    problem(await house.series("26584978546985", "consumption/daily", *WEEK), 403, "consent-revoked")
    problem(await house.get(f"/v1/usage-points/{PLAIN}/nothing"), 404, "not-found")
    answer = await house.http.post(f"{house.gateway_url}/v1/usage-points")
    problem(answer, 405, "method-not-allowed")
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}
    image = await house.series(PLAIN, "consumption/daily", *WEEK, headers={"Accept": "image/png"})
    problem(image, 406, "not-acceptable")
    assert await house.calls() == []


async def test_what_a_production_point_cannot_deliver_is_not_offered(house):
    before = await offered(house, PRODUCER)
    assert before["customer"] == ["contract", "address", "identity", "contact"]
    await house.series(PRODUCER, "consumption/daily", *WEEK)
    after = await offered(house, PRODUCER)
    assert "consumption/daily" not in after["series"]
    assert "production/daily" in after["series"]
    assert after["customer"] == []


async def offered(house, prm: str):
    points = (await house.get("/v1/usage-points")).json()["usage_points"]
    return next(point for point in points if point["usage_point_id"] == prm)


async def test_a_range_of_two_centuries_is_its_history_between_two_gaps(house):
    answer = await house.series(PLAIN, "consumption/max-power", "1912-01-01", "2200-12-31")
    assert answer.status_code == 200, answer.text
    early, late = answer.json()["gaps"]
    assert (early["start"], early["reason"]) == ("1912-01-01T00:00:00Z", "beyond-history")
    assert (late["end"], late["reason"]) == ("2200-12-31T00:00:00+01:00", "not-published")


async def test_a_prm_is_accepted_with_spaces(house):
    spaced = await house.get("/v1/usage-points/22 516 914 714 270/contract")
    assert spaced.json()["usage_point_id"] == PLAIN


async def test_a_narrow_key_and_its_token_read_only_what_they_may(house):
    accounts = house.opened.stores.accounts
    now = await house.opened.stores.clock.now()
    owner = await accounts.authenticate(house.key, now)
    _, narrow = await accounts.create_key(owner, frozenset({Scope.CONSUMPTION_DAILY}), "narrow", now)
    assert (await house.series(PLAIN, "consumption/daily", *WEEK, key=narrow)).status_code == 200
    lacking = problem(await house.series(PLAIN, "consumption/load-curve", *WEEK, key=narrow), 403, "scope-missing")
    assert "consumption:load-curve" in lacking.detail
    form = {"grant_type": "client_credentials", "client_id": narrow.partition(".")[0], "client_secret": narrow}
    token = (await house.http.post(f"{house.gateway_url}/oauth/token", data=form)).json()
    assert (token["token_type"], token["scope"]) == ("Bearer", "consumption:daily")
    assert (await house.series(PLAIN, "consumption/daily", *WEEK, key=token["access_token"])).status_code == 200
    problem(await house.series(PLAIN, "consumption/max-power", *WEEK, key=token["access_token"]), 403, "scope-missing")
    wider = await house.http.post(f"{house.gateway_url}/oauth/token", data={**form, "scope": "contract"})
    assert (wider.status_code, wider.json()["error"]) == (400, "invalid_scope")
    wrong = await house.http.post(f"{house.gateway_url}/oauth/token", data={**form, "client_secret": "x.y"})
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    await accounts.revoke_key(owner.account_id, narrow.partition(".")[0], now)
    problem(await house.series(PLAIN, "consumption/daily", *WEEK, key=token["access_token"]), 401, "key-invalid")
    problem(await house.series(PLAIN, "consumption/daily", *WEEK, key=narrow), 401, "key-invalid")


async def test_a_key_limited_to_a_point_sees_and_ends_no_consent_of_another(house):
    accounts = house.opened.stores.accounts
    now = await house.opened.stores.clock.now()
    owner = await accounts.authenticate(house.key, now)
    revoked = "26584978546985"
    points = frozenset({UsagePointId(PLAIN)})
    _, narrow = await accounts.create_key(owner, frozenset({Scope.CONSENTS}), "one point", now, points)
    (seen,) = (await house.get("/v1/consents", key=narrow)).json()["consents"]
    assert [point["usage_point_id"] for point in seen["usage_points"]] == [PLAIN]
    everything = (await house.get("/v1/consents")).json()["consents"]
    assert {point["usage_point_id"] for each in everything for point in each["usage_points"]} > {PLAIN, revoked}
    bearer = {"Authorization": f"Bearer {narrow}"}
    for each in everything:
        answer = await house.http.delete(f"{house.gateway_url}/v1/consents/{each['id']}", headers=bearer)
        problem(answer, 404, "not-found")
    assert (await house.get("/v1/consents")).json()["consents"] == everything


async def test_a_day_appears_at_eight_and_no_earlier(house):
    await house.set_clock("2026-11-24T07:59:00+01:00")
    early = (await house.series(PLAIN, "consumption/daily", "2026-11-22", "2026-11-24")).json()
    assert [gap["reason"] for gap in early["gaps"]] == ["not-published"]
    assert len(early["readings"]) == 1
    await house.set_clock("2026-11-24T08:00:00+01:00")
    late = (await house.series(PLAIN, "consumption/daily", "2026-11-22", "2026-11-24")).json()
    assert not late["gaps"]
    assert late["readings"] == await house.truth(PLAIN, "consumption/daily", "2026-11-22", "2026-11-24")


async def test_a_meter_activated_inside_the_history_is_clipped_to_its_activation(house):
    await house.set_clock("2021-03-01T09:00:00+01:00")
    answer = (await house.series("11453290002823", "consumption/load-curve", "2019-08-01", "2019-09-10")).json()
    assert answer["gaps"][0]["reason"] == "before-activation"
    assert answer["gaps"][0]["end"] == "2019-08-27T00:00:00+02:00"
    assert answer["readings"] == await house.truth(
        "11453290002823", "consumption/load-curve", "2019-08-27", "2019-09-10"
    )
    calls = len(await house.calls())
    await house.series("11453290002823", "consumption/load-curve", "2019-08-01", "2019-09-10")
    assert len(await house.calls()) == calls


async def test_health(house):
    alive = await house.http.get(f"{house.gateway_url}/health/live")
    assert (alive.status_code, alive.json()) == (200, {"status": "ok", "trouble": []})
    ready = await house.http.get(f"{house.gateway_url}/health/ready")
    assert (ready.status_code, ready.json()["status"], ready.json()["trouble"]) == (200, "ok", [])
    assert ready.json()["generation"]["metering_data_dc"] == "v5"
