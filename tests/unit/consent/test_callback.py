import json
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from passerelle.consent.callback import Authorised, Failed, Refused, Shared, parse_callback

ONE, OTHER = "22516914714270", "11453290002823"


@pytest.mark.parametrize(
    ("named", "points"),
    [
        (ONE, (ONE,)),
        (f"{ONE};{OTHER}", (ONE, OTHER)),
        (f"{OTHER},{ONE}", (OTHER, ONE)),
        (f" {ONE} ; {OTHER};", (ONE, OTHER)),
        (f"{ONE};{ONE}", (ONE,)),
        ("22 516 914 714 270", (ONE,)),
    ],
)
def test_the_usage_points_that_were_shared(named: str, points: tuple[str, ...]):
    assert parse_callback({"code": "abc", "state": "s", "usage_point_id": named}) == Shared(points)


@pytest.mark.parametrize("named", ["1234", f"{ONE};12", f"{ONE}0", "x" * 14])
def test_a_malformed_usage_point_fails_the_whole(named: str):
    assert parse_callback({"code": "abc", "usage_point_id": named}) == Failed("usage-point-malformed")


@pytest.mark.parametrize("query", [{}, {"code": "abc"}, {"usage_point_id": " ; "}, {"code": "200", "error": " "}])
def test_nothing_named_is_no_success(query: dict[str, str]):
    assert parse_callback(query) == Failed("usage-point-missing")


def test_the_error_is_looked_at_first():
    """Whatever `code` and `usage_point_id` claim (F§3)."""
    query = {"code": "abc", "usage_point_id": ONE, "error": "server_error"}
    assert parse_callback(query) == Failed("server_error")
    assert parse_callback(query | {"error": "access_denied"}) == Refused("access_denied")


@pytest.mark.parametrize(("code", "status"), [("500", "500"), ("5000", None), ("abc", None), ("", None), ("٥٠٠", None)])
def test_the_status_that_enedis_puts_into_code_is_kept(code: str, status: str | None):
    assert parse_callback({"code": code, "error": "server_error"}) == Failed("server_error", None, status)


def test_forged_texts_are_cut_and_masked():
    failed = parse_callback({"error": "x " * 500, "error_description": f"{ONE} a@b.fr"})
    assert isinstance(failed, Failed)
    assert len(failed.error) <= 200
    assert failed.description
    assert ONE not in failed.description
    assert "a@b.fr" not in failed.description


@pytest.mark.parametrize("named", ["987654321", " 987654321 "])
def test_the_id_of_a_share(named: str):
    """F§4: neither `code` nor usage point comes along, and what comes along counts for nothing."""
    query = {"autorisation_id": named, "state": "s"}
    assert parse_callback(query) == parse_callback(query | {"usage_point_id": ONE}) == Authorised(987654321)


@pytest.mark.parametrize(("named", "kept"), [("1", True), (str(2**63 - 1), True), (str(2**63), False), ("0", False)])
def test_an_id_is_a_positive_int64(named: str, kept: bool):  # noqa: FBT001 — a column of a table
    """F§10."""
    assert isinstance(parse_callback({"autorisation_id": named}), Authorised if kept else Failed)


@pytest.mark.parametrize("named", ["-1", "+1", "01", "1e3", "1.0", "0x1", "x", "١٢", "1 2", "9" * 30])
def test_what_is_no_id_fails(named: str):
    assert parse_callback({"autorisation_id": named}) == Failed("autorisation-malformed")


def test_the_refusal_of_2026():
    """F§4; the pair counts, not half of it."""
    pair = {"error": "invalid_request", "error_description": "demande_non_aboutie"}
    assert parse_callback(pair) == Refused("demande_non_aboutie")
    assert parse_callback(pair | {"error": "INVALID_REQUEST"}) == Refused("demande_non_aboutie")
    assert parse_callback(pair | {"autorisation_id": "5"}) == Refused("demande_non_aboutie")
    assert parse_callback(pair | {"error_description": "other"}) == Failed("invalid_request", "other")
    assert parse_callback(pair | {"error": "other"}) == Failed("other", "demande_non_aboutie")


@pytest.mark.official
def test_captured_callbacks(official: Path):
    pages = json.loads((official / "fixtures/flows/consent_callbacks.json").read_text())
    v1, v2 = (
        {name: parse_callback(dict(parse_qsl(urlsplit(url).query))) for name, url in pages[page].items()}
        for page in ("v1_authorize", "v2_authorize")
    )
    assert v2 == {"success": Authorised(987654321), "failure": Refused("demande_non_aboutie")}
    assert v1 == {
        "success_one_prm": Shared(("09775542606818",)),
        "success_several_prms": Shared((ONE, OTHER)),
        "refused": Refused("access_denied"),
        "server_error": Failed("server_error", "lincs-internal-server-error", "500"),
    }
