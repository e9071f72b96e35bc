"""Which generation is asked under `auto` (F§12, F§13)."""

import json

import pytest

from passerelle.enedis.catalogue import APIS_2026, ROWS, classify
from passerelle.enedis.preference import PROBE, TURN, Outcome, after_both, begin, next_step, outcome_of
from passerelle.errors import (
    NoData,
    NotServed,
    OperatorActionNeeded,
    QuotaExhausted,
    UpstreamBroken,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from passerelle.model.generation import Generation, Standing
from passerelle.problem import PasserelleError

NEW, OLD = Generation.V2026, Generation.V5
ANSWERED, FAILED, SILENT = Outcome
FALLEN = next_step(Standing(), NEW, FAILED, 1000.0).standing


def said(status: int, body: object, api: str = "mesure_synchrone_auto") -> PasserelleError:
    return classify(api, status, None, body if isinstance(body, bytes) else json.dumps(body).encode())


PAGE = b"<html>nothing here</html>"


@pytest.mark.parametrize("code", ["900907", "900908", "900909", "900910"])
@pytest.mark.parametrize("asked", Generation)
def test_what_is_not_subscribed_may_be_so_in_the_other(code: str, asked: Generation):
    assert outcome_of(asked, said(403, {"code": code, "message": "x"})) is FAILED


@pytest.mark.parametrize(
    "error",
    [
        said(500, {"code": "x", "message": "Problème technique dans l'interrogation du SI coeur"}),
        said(503, PAGE),
        said(502, b""),
        said(200, PAGE),
        said(200, b"{}"),
        UpstreamBroken("cut short", "coupée"),
        UpstreamTimeout("late", "tard", retry_after=60),
        UpstreamUnavailable("no connection", "pas de connexion", retry_after=60),
    ],
)
@pytest.mark.parametrize("asked", Generation)
def test_failures_of_the_server_or_the_line_may_be_of_one_generation(error: PasserelleError, asked: Generation):
    assert outcome_of(asked, error) is FAILED


@pytest.mark.parametrize(
    "error",
    [
        said(404, {"code": "900906", "message": "x"}),
        said(404, PAGE),
        said(429, {"code": "900804", "message": "x"}),
        said(503, {"code": "900801", "message": "Hard limit exceeded"}),
        said(401, {"fault": {"code": 900901, "message": "x"}}),
        QuotaExhausted("none left", "épuisé", retry_after=60),
        OperatorActionNeeded("no credentials", "pas d'identifiants"),
    ],
)
def test_what_says_nothing_of_2026_changes_nothing(error: PasserelleError):
    assert outcome_of(NEW, error) is SILENT


def test_v5_is_gone_when_its_paths_are():
    assert outcome_of(OLD, said(404, {"code": "900906", "message": "x"}, "metering_data_dc")) is FAILED
    assert outcome_of(OLD, said(404, PAGE, "metering_data_dc")) is FAILED
    assert outcome_of(OLD, said(404, {"error": "no_data_found"}, "metering_data_dc")) is ANSWERED
    assert outcome_of(OLD, said(404, {"error": "brand_new"}, "metering_data_dc")) is SILENT


def test_never_after_a_404_a_429_or_a_code_adam():
    """F§13: for every known row of 2026 and of both."""
    for row in ROWS:
        for api in APIS_2026:
            body = {"error": row.code, "error_description": row.message}
            adam = (row.code or "").upper().startswith("ADAM")
            if adam or row.http_status in (404, 429):
                assert outcome_of(NEW, said(row.http_status or 0, body, api)) is not FAILED, row.id
                assert adam <= (outcome_of(OLD, said(row.http_status or 0, body, "metering_data_dc")) is ANSWERED)


@pytest.mark.parametrize("error", [NoData("x", "x"), NotServed("x", "x"), said(403, {"error": "ADAM-DC-0008"})])
@pytest.mark.parametrize("asked", Generation)
def test_what_concerns_the_customer_is_an_answer(error: PasserelleError, asked: Generation):
    assert outcome_of(asked, error) is ANSWERED


def test_2026_is_asked_until_it_fails():
    assert begin(Standing(), 0.0).ask is NEW
    assert next_step(Standing(), NEW, ANSWERED, 0.0).ask is None
    assert next_step(Standing(), NEW, SILENT, 0.0).ask is None
    assert next_step(Standing(), NEW, FAILED, 0.0).ask is OLD


def test_v5_has_its_turn_then_one_call_probes_2026():
    assert begin(FALLEN, 1000.0 + TURN - 1).ask is OLD
    probing = begin(FALLEN, 1000.0 + TURN)
    assert probing.ask is NEW
    assert begin(probing.standing, 1000.0 + TURN + PROBE - 1).ask is OLD
    assert begin(probing.standing, 1000.0 + TURN + PROBE).ask is NEW
    assert begin(next_step(probing.standing, NEW, ANSWERED, 1700.0).standing, 1700.0).ask is NEW
    again = next_step(probing.standing, NEW, FAILED, 1700.0)
    assert (again.ask, begin(again.standing, 1700.0 + TURN - 1).ask) == (OLD, OLD)


def test_an_answer_of_v5_does_not_prolong_its_turn():
    standing = next_step(FALLEN, OLD, ANSWERED, 1500.0).standing
    assert begin(standing, 1000.0 + TURN).ask is NEW


def test_2026_is_tried_at_once_where_v5_fails_and_not_again_at_once():
    back = next_step(FALLEN, OLD, FAILED, 1100.0)
    assert (back.ask, begin(back.standing, 1101.0).ask) == (NEW, NEW)
    assert next_step(back.standing, NEW, FAILED, 1000.0 + TURN - 1).ask is None
    fallen_again = next_step(back.standing, NEW, FAILED, 1000.0 + TURN)
    assert fallen_again.ask is OLD
    assert next_step(fallen_again.standing, OLD, FAILED, 1100.0 + TURN - 1).ask is None
    assert next_step(fallen_again.standing, OLD, FAILED, 1100.0 + TURN).ask is NEW


def test_a_call_under_way_follows_the_change():
    assert next_step(FALLEN, NEW, FAILED, 1001.0).ask is OLD
    assert next_step(FALLEN, NEW, FAILED, 1001.0).standing == FALLEN
    back = next_step(FALLEN, OLD, FAILED, 1100.0).standing
    assert next_step(back, OLD, FAILED, 1101.0).ask is NEW


def test_after_both_failed_2026_is_asked_and_the_fall_back_is_spent():
    standing = after_both(FALLEN)
    assert begin(standing, 1001.0).ask is NEW
    assert next_step(standing, NEW, FAILED, 1001.0).ask is None
