"""What a folder of captured answers says of itself, and which capture answers which request."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from passerelle.errors import StartRefused
from passerelle.simulator.captures import read_captures
from passerelle.simulator.replay import replaying
from passerelle.simulator.settings import SimulatorSettings

PRM, OTHER = "22516914714270", "11453290002823"
DAILY = "/metering_data_dc/v5/daily_consumption"
CONTRACT = "/customers_upc/v5/usage_points/contracts"


def measure(prm=PRM, start="2026-03-01", end="2026-03-08", day="2026-03-02"):
    points = [{"value": "5", "date": day}]
    return {"meter_reading": {"usage_point_id": prm, "start": start, "end": end, "interval_reading": points}}


@pytest.fixture
def folder(tmp_path):
    """Write a folder: `file` to (endpoint, body, what else the index says)."""

    def write(**files: Any) -> Path:
        index = []
        for name, (endpoint, body, *more) in files.items():
            content = body if isinstance(body, str) else json.dumps(body)
            (tmp_path / f"{name}.json").write_text(content)
            entry = {"file": f"{name}.json", "endpoint": endpoint, "http_status": 200, "source": "a test"}
            index.append(entry | (more[0] if more else {}))
        (tmp_path / "INDEX.json").write_text(json.dumps(index))
        return tmp_path

    return write


def asked(prm=PRM, start="2026-03-01", end="2026-03-08"):
    return {"usage_point_id": prm, "start": start, "end": end}


def found(captures, path, query):
    capture = captures.find(path, query)
    return capture and json.loads(capture.body)


@pytest.mark.parametrize(
    ("start", "end", "served"),
    [
        ("2026-03-01", "2026-03-08", True),
        ("2026-03-03", "2026-03-04", True),
        ("2025-06-01", "2026-06-01", True),
        ("2026-02-25", "2026-03-02", True),
        ("2026-02-22", "2026-03-01", False),
        ("2026-03-08", "2026-03-15", False),
        ("2026-03-08", "", False),
        ("soon", "2026-03-08", False),
    ],
)
def test_a_period_fits_one_that_shares_a_day_with_it_ends_excluded(folder, start, end, served):
    captures = read_captures(folder(a=(f"GET {DAILY}", measure())))
    assert (captures.find(DAILY, asked(start=start, end=end)) is not None) is served


def test_a_measure_is_its_own_points_and_a_body_that_names_nobody_everybodys(folder):
    captures = read_captures(folder(a=(f"GET {DAILY}", measure()), b=("GET /customers_i/v5/identity", {"identity": 1})))
    assert captures.find(DAILY, asked(OTHER)) is None
    assert captures.find(DAILY, {}) is None
    assert found(captures, "/customers_i/v5/identity", {"usage_point_id": OTHER}) == {"identity": 1}


def test_the_first_entry_that_fits_is_served(folder):
    captures = read_captures(
        folder(
            a=(f"GET {DAILY}", measure(OTHER)),
            b=(f"GET {DAILY}", measure(day="2026-03-03")),
            c=(f"GET {DAILY}", measure(day="2026-03-04")),
            d=("GET /metering_data_*/v5/*", {"error": "no_data_found"}, {"http_status": 404}),
        )
    )
    assert found(captures, DAILY, asked()) == measure(day="2026-03-03")
    assert captures.find(DAILY, asked(start="2020-01-01", end="2020-01-02")).status == 404
    assert captures.find("/metering_data_dp/v5/daily_production", asked()).status == 404
    assert captures.find(CONTRACT, asked()) is None
    assert captures.find(f"{DAILY}/more"[1:], asked()) is None


def test_names_in_the_path_and_the_query_of_an_endpoint(folder):
    captures = read_captures(
        folder(
            a=("GET /comptage_auto/v1/{prm}", {"idPrm": PRM}),
            b=("GET /mesure_synchrone_auto/v2/puissance?mesuresPas=P1D", {"idPrm": PRM, "periode": {}}),
        )
    )
    assert captures.find(f"/comptage_auto/v1/{PRM}", {}) is not None
    assert captures.find(f"/comptage_auto/v1/{OTHER}", {}) is None
    assert captures.find(f"/comptage_auto/v1/{PRM}/x", {}) is None
    path = "/mesure_synchrone_auto/v2/puissance"
    assert captures.find(path, {"pointId": PRM, "mesuresPas": "P1D", "dateDebut": "2026-01-01"}) is not None
    assert captures.find(path, {"pointId": PRM, "mesuresPas": "P1M"}) is None


def test_only_gets_of_a_path_are_served_but_all_files_name_points_and_stamps(folder):
    captures = read_captures(
        folder(
            a=(f"GET {DAILY}", measure()),
            b=("POST /subscribed_services/v1", {"pointId": OTHER, "dateFin": "2029-01-01"}),
            c=("any", {"code": "900804", "nextAccessTime": "2026-Jul-17 05:00:00+0000 UTC"}),
            d=("consent callbacks", {"several": "https://app.example/?usage_point_id=12345678901234%3B42900589957123"}),
            e=("GET /situation_contrat_auto/v1/{prm}", [{"usage_point_id": "<masked>", "siret": "73282932000074"}]),
            f=("GET /mesure_synchrone_auto/v2/courbe", {"points": [{"v": "1", "d": "2026-03-28 23:30:00"}]}),
            g=(f"GET {CONTRACT}", {"contracts": {"last_activation_date": "2027-01-01+01:00"}}),
        )
    )
    assert captures.points == (PRM, OTHER, "12345678901234", "42900589957123")
    assert captures.find("/anything", {}) is None
    # The night of the 28th loses an hour: 09:00 on the 29th is 07:00 UTC.
    assert captures.starts_at == datetime(2026, 3, 29, 7, tzinfo=UTC)
    assert replaying(SimulatorSettings(), captures).now == captures.starts_at


def test_a_body_cut_short_still_says_whose_it_is(folder):
    captures = read_captures(folder(a=(f"GET {DAILY}", json.dumps(measure())[:-9])))
    assert captures.points == (PRM,)
    assert captures.find(DAILY, asked()).body == json.dumps(measure())[:-9].encode()
    assert captures.find(DAILY, asked(OTHER)) is None


def test_a_folder_without_a_stamp_runs_on_real_time(folder):
    captures = read_captures(folder(a=(f"GET {CONTRACT}", {"date": "2026-13-45"})))
    assert replaying(SimulatorSettings(), captures).now is None


def test_content_types_are_those_of_the_index_then_of_the_name(tmp_path):
    (tmp_path / "a.html").write_text("<html>")
    (tmp_path / "b.json").write_text("{}")
    entries = [
        {"file": "a.html", "endpoint": "GET /a", "http_status": 503},
        {"file": "b.json", "endpoint": "GET /b", "http_status": 200},
        {"file": "b.json", "endpoint": "GET /c", "http_status": 200, "content_type": "application/octet-stream"},
    ]
    (tmp_path / "INDEX.json").write_text(json.dumps(entries))
    captures = read_captures(tmp_path)
    types = [captures.find(path, {}).content_type for path in ("/a", "/b", "/c")]
    assert types == ["text/html", "application/json", "application/octet-stream"]


@pytest.mark.parametrize("index", [None, "{", "{}", '[{"file": "absent.json", "endpoint": "any", "http_status": 1}]'])
def test_what_cannot_be_read_is_one_line_that_says_where(tmp_path, index):
    if index is not None:
        (tmp_path / "INDEX.json").write_text(index)
    with pytest.raises(StartRefused, match=r"^--replay: .*\.json") as refused:
        read_captures(tmp_path)
    assert "\n" not in str(refused.value)
