import json
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from passerelle.consent.callback import Failed, Refused, Shared, parse_callback

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


@pytest.mark.official
def test_captured_callbacks(official: Path):
    flows = json.loads((official / "fixtures/flows/consent_callbacks.json").read_text())["v1_authorize"]
    outcomes = {name: parse_callback(dict(parse_qsl(urlsplit(url).query))) for name, url in flows.items()}
    assert outcomes == {
        "success_one_prm": Shared(("09775542606818",)),
        "success_several_prms": Shared((ONE, OTHER)),
        "refused": Refused("access_denied"),
        "server_error": Failed("server_error", "lincs-internal-server-error", "500"),
    }
