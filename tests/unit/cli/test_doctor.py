"""What each observation is told as. The command as a whole: tests/flow/test_doctor.py."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from passerelle.cli import installation_checks
from passerelle.cli.enedis_checks import ClockWatch, of_api, of_clock, of_quota, of_quotas, of_token
from passerelle.cli.findings import Verdict, as_data, as_table, ok, warn, worst
from passerelle.cli.generation_checks import of_2026, of_both, of_v5
from passerelle.cli.language import Language
from passerelle.config import read_settings, unknown_variables
from passerelle.enedis.catalogue import classify
from passerelle.enedis.seen import Seen, read_date
from passerelle.errors import QuotaExhausted, UpstreamUnavailable
from passerelle.quota.permits import Snapshot
from passerelle.store.upgrade import SchemaState

NOW = datetime(2026, 11, 24, 8, 0, 0, tzinfo=UTC)
PRODUCTION = {
    "ENVIRONMENT": "production",
    "PUBLIC_URL": "https://gateway.example.org",
    "TRUSTED_PROXIES": "127.0.0.1",
    "ENEDIS_CLIENT_ID": "an-id",
    "ENEDIS_CLIENT_SECRET": "a-very-secret-secret",
}


def settings(folder, **variables):
    return read_settings({"PASSERELLE_DATA_DIR": str(folder), **{f"PASSERELLE_{k}": v for k, v in variables.items()}})


def odd(folder, **variables):
    """What is not in order about these settings."""
    return [each for each in installation_checks.of_settings(settings(folder, **variables), []) if each.to_do]


class TestSettings:
    def test_a_plain_production_and_a_plain_simulator_have_nothing_odd(self, tmp_path):
        assert odd(tmp_path) == []
        assert odd(tmp_path, **PRODUCTION) == []

    @pytest.mark.parametrize(
        ("change", "verdict", "names"),
        [
            ({"ENEDIS_API_URL": "http://127.0.0.1:8421"}, Verdict.WARN, "PASSERELLE_ENEDIS_API_URL"),
            (
                {"DATABASE_URL": "postgresql://db.example/base", "SECRET_KEY": "s" * 32},
                Verdict.WARN,
                "PASSERELLE_ERASURE_DATABASE_URL",
            ),
            ({"ENEDIS_CLIENT_SECRET": ""}, Verdict.FAIL, "PASSERELLE_ENEDIS_CLIENT_SECRET"),
            ({"QUOTA_PER_SECOND": "6"}, Verdict.WARN, "PASSERELLE_QUOTA_PER_SECOND"),
            ({"QUOTA_PER_HOUR": "1001"}, Verdict.WARN, "PASSERELLE_QUOTA_PER_HOUR"),
            ({"QUOTA_PER_HOUR": "10001", "GENERATION": "v5"}, Verdict.WARN, "PASSERELLE_QUOTA_PER_HOUR"),
            ({"PUBLIC_URL": "http://gateway.example.org"}, Verdict.WARN, "PASSERELLE_PUBLIC_URL"),
            ({"TRUSTED_PROXIES": ""}, Verdict.WARN, "PASSERELLE_TRUSTED_PROXIES"),
        ],
    )
    def test_what_is_odd_is_one_finding_that_names_the_variable(self, tmp_path, change, verdict, names):
        (finding,) = odd(tmp_path, **PRODUCTION | change)
        assert finding.verdict is verdict
        assert all(names in said + to_do for said, to_do in zip(finding.said, finding.to_do, strict=True))

    def test_v5_alone_is_allowed_ten_times_as_many_calls_an_hour_as_an_api_of_2026(self, tmp_path):
        assert odd(tmp_path, **PRODUCTION, QUOTA_PER_HOUR="10000", GENERATION="v5") == []
        for generation in ("2026", "auto"):
            assert odd(tmp_path, **PRODUCTION, QUOTA_PER_HOUR="1000", GENERATION=generation) == []
            (finding,) = odd(tmp_path, **PRODUCTION, QUOTA_PER_HOUR="10000", GENERATION=generation)
            assert "5/s, 1000/h" in finding.said[0]

    def test_a_variable_that_nobody_reads_is_named_and_its_value_is_not(self, tmp_path):
        environment = {"PASSERELLE_ENEDIS_CLIENT_SECERT": "hush", "PASSERELLE_KEY": "k", "HOME": "x"}
        environment["PASSERELLE_SECRET_KEY_FILE"] = "f"
        assert unknown_variables(environment) == ["PASSERELLE_ENEDIS_CLIENT_SECERT"]
        _, finding = installation_checks.of_settings(settings(tmp_path), unknown_variables(environment))
        assert finding.verdict is Verdict.WARN
        assert "hush" not in str(finding)

    def test_secrets_are_not_shown(self, tmp_path):
        shown = str(installation_checks.of_settings(settings(tmp_path, **PRODUCTION), []))
        assert "a-very-secret-secret" not in shown


class TestFolder:
    def test_a_private_folder_is_fine_and_an_open_one_is_told_how_to_close(self, tmp_path):
        tmp_path.chmod(0o700)
        (finding,) = installation_checks.of_folder(settings(tmp_path))
        assert finding.verdict is Verdict.OK
        tmp_path.chmod(0o755)
        (finding,) = installation_checks.of_folder(settings(tmp_path))
        assert finding.verdict is Verdict.WARN
        assert finding.to_do[0] == f"chmod 700 {tmp_path}"

    def test_one_that_is_not_there_yet_is_made_by_the_first_start_not_by_the_doctor(self, tmp_path):
        (finding,) = installation_checks.of_folder(settings(tmp_path / "new"))
        assert finding.verdict is Verdict.WARN
        assert list(tmp_path.iterdir()) == []

    def test_one_that_cannot_be_written_fails(self, tmp_path):
        (tmp_path / "file").touch()
        (finding,) = installation_checks.of_folder(settings(tmp_path / "file"))
        assert finding.verdict is Verdict.FAIL


class TestSecret:
    def test_a_database_without_its_secret_fails(self, tmp_path):
        given = settings(tmp_path)
        (finding,) = installation_checks.of_secret(given)
        assert finding.verdict is Verdict.WARN
        (tmp_path / "passerelle.db").touch()
        (finding,) = installation_checks.of_secret(given)
        assert finding.verdict is Verdict.FAIL

    def test_one_that_others_can_read_is_told(self, tmp_path):
        given = settings(tmp_path)
        given.server_secret()
        assert [each.verdict for each in installation_checks.of_secret(given)] == [Verdict.OK]
        given.secret_file.chmod(0o640)
        (finding,) = installation_checks.of_secret(given)
        assert finding.to_do[0] == f"chmod 600 {given.secret_file}"

    @pytest.mark.parametrize(("opens", "verdicts"), [(True, []), (None, []), (False, [Verdict.FAIL])])
    def test_only_one_that_does_not_open_is_worth_a_word(self, opens, verdicts):
        assert [each.verdict for each in installation_checks.of_opened_secret(opens)] == verdicts


@pytest.mark.parametrize(
    ("state", "verdict"),
    [
        (None, Verdict.WARN),
        (SchemaState.EMPTY, Verdict.WARN),
        (SchemaState.CURRENT, Verdict.OK),
        (SchemaState.BEHIND, Verdict.FAIL),
        (SchemaState.NEWER, Verdict.FAIL),
    ],
)
def test_the_tables(state, verdict):
    assert installation_checks.of_database(state, "0001").verdict is verdict


class TestClock:
    @pytest.mark.parametrize(
        ("dates", "offset"),
        [
            # A date names a second that has begun, and is up to a second old: up to two behind says nothing.
            ([0.0], 0),
            ([-0.9], 0),
            ([-2.0], 0),
            ([-1.0, -9.0], 0),  # the second answer was slow
            ([-5.0], -3),
            ([4.0, -3.0], 4),
        ],
    )
    def test_the_offset_is_what_no_delay_explains(self, dates, offset):
        watch = ClockWatch(now=lambda: NOW)
        for date in dates:
            watch(Seen("oauth2", "200", NOW + timedelta(seconds=date)))
        assert watch.offset == timedelta(seconds=offset)

    def test_a_lost_answer_says_nothing(self):
        watch = ClockWatch(now=lambda: NOW)
        watch(Seen("oauth2", "timeout"))
        assert (watch.offset, watch.answers) == (None, 0)

    @pytest.mark.parametrize(
        ("seconds", "verdict", "words"),
        [
            (1, Verdict.OK, "agrees"),
            (-1, Verdict.OK, "agrees"),
            (5, Verdict.WARN, "5 s behind"),
            (-59, Verdict.WARN, "59 s ahead of"),
            (60, Verdict.FAIL, "60 s behind"),
            (-3600, Verdict.FAIL, "3600 s ahead of"),
        ],
    )
    def test_the_verdict(self, seconds, verdict, words):
        finding = of_clock(timedelta(seconds=seconds))
        assert finding.verdict is verdict
        assert words in finding.said[0]

    @pytest.mark.parametrize(
        ("header", "date"),
        [
            ("Tue, 24 Nov 2026 08:00:00 GMT", NOW),
            ("Tue, 24 Nov 2026 09:00:00 +0100", NOW),
            ("yesterday", None),
            ("Tue, 99 Nov 2026 08:00:00 GMT", None),
            ("", None),
            (None, None),
        ],
    )
    def test_the_header_is_read_or_ignored(self, header, date):
        assert read_date(header) == date


class TestApis:
    """F§13: a 403 900908 is the operator's, everything else that refuses nobody's point proves the subscription."""

    @pytest.mark.parametrize(
        ("status", "body", "verdict"),
        [
            (403, {"error": "ADAM-DC-0008"}, Verdict.OK),
            (404, {"error": "no_data_found"}, Verdict.OK),
            (404, {"error": "STM-ERR-0000019"}, Verdict.OK),
            (400, {"error": "ADAM-ERR0123"}, Verdict.OK),
            (403, {"fault": {"code": 900908, "message": "Resource forbidden"}}, Verdict.FAIL),
            (403, {"code": "900907", "message": "Blocked"}, Verdict.FAIL),
            (401, {"code": "900901", "message": "Invalid Credentials"}, Verdict.FAIL),
            (503, {"code": "303001", "message": "Suspended"}, Verdict.WARN),
            (418, {"error": "brand_new"}, Verdict.WARN),
        ],
    )
    def test_what_an_answer_says_of_the_subscription(self, status, body, verdict):
        error = classify("metering_data_dc", status, "application/json", json.dumps(body).encode())
        finding = of_api("metering_data_dc", error)
        assert (finding.check, finding.verdict) == ("metering_data_dc", verdict)

    def test_the_missing_subscription_is_named_as_such(self):
        body = b'{"code": "900908", "message": "Resource forbidden"}'
        assert "DataHub" in of_api("customers_i", classify("customers_i", 403, None, body)).to_do[0]


class TestToken:
    def test_a_host_that_cannot_be_reached_is_named(self):
        finding = of_token(UpstreamUnavailable("gone", "parti", retry_after=60), "https://gw.example")
        assert finding.verdict is Verdict.FAIL
        assert "https://gw.example" in finding.to_do[0]

    def test_wrong_credentials_fail_and_a_used_up_quota_does_not(self):
        wrong = classify("oauth2", 400, None, b'{"error": "invalid_client"}')
        assert of_token(wrong, "h").verdict is Verdict.FAIL
        assert of_token(QuotaExhausted("none", "aucun", retry_after=9), "h").verdict is Verdict.WARN
        assert of_token(None, "h").verdict is Verdict.OK


@pytest.mark.parametrize(
    ("used", "held", "verdict", "left"),
    [(0, None, Verdict.OK, "100 of 100"), (90, None, Verdict.OK, "10 of 100"), (91, None, Verdict.WARN, "9 of 100"),
     (120, None, Verdict.WARN, "0 of 100"), (3, NOW, Verdict.WARN, "until 09:00:00")],
)  # fmt: skip
def test_the_quota(used, held, verdict, left):
    finding = of_quota(Snapshot(used, 100, held, 1.05))
    assert finding.verdict is verdict
    assert left in finding.said[0]


def test_a_quota_that_cannot_be_read_is_told():
    assert of_quota(QuotaExhausted("away", "parti", retry_after=5)).verdict is Verdict.WARN


def test_the_worst_finding_is_the_verdict():
    fine, odd_ = ok("a", "fine", "bien"), warn("b", ("odd", "bizarre"), ("look", "regarder"))
    assert worst([fine]) is Verdict.OK
    assert worst([fine, odd_]) is Verdict.WARN
    assert as_data([fine, odd_]) == {
        "verdict": "warn",
        "checks": [
            {"check": "a", "verdict": "ok", "detail": "fine", "detail_fr": "bien", "action": None, "action_fr": None},
            {
                "check": "b",
                "verdict": "warn",
                "detail": "odd",
                "detail_fr": "bizarre",
                "action": "look",
                "action_fr": "regarder",
            },
        ],
    }


@pytest.mark.parametrize(
    ("language", "words"), [(Language.ENGLISH, ("odd", "→ look")), (Language.FRENCH, ("bizarre", "→ regarder"))]
)
def test_the_table_speaks_one_language(language, words):
    console = Console(width=80)
    with console.capture() as captured:
        console.print(as_table([warn("b", ("odd", "bizarre"), ("look", "regarder"))], language))
    assert all(word in captured.get() for word in words)


def refusal(status, code):
    return classify("any", status, "application/json", json.dumps({"code": code, "message": "No"}).encode())


NOT_SUBSCRIBED, UNKNOWN_PATH = refusal(403, "900908"), refusal(404, "900906")
ADDING = ("synth_contrat_auto", "comptage_auto", "alimentation_auto")
MODERN = dict.fromkeys(("mesure_synchrone_auto", "situation_contrat_auto", *ADDING, "donnees_generales_auto",
                        "subscribed_services"))  # fmt: skip
OLD = dict.fromkeys(("metering_data_dc", "metering_data_clc", "metering_data_dcmp", "metering_data_dp",
                     "metering_data_plc", "customers_upc", "customers_upa", "customers_i", "customers_cd"))  # fmt: skip


def verdicts(findings):
    """What is not in order."""
    return {each.check: each.verdict.value for each in findings if each.verdict is not Verdict.OK}


class TestGenerations:
    """Which generation is in use, and what a missing subscription stops (F§10, F§13)."""

    def test_v5_alone_works_and_is_announced_to_stop(self):
        assert verdicts(of_v5(OLD)) == {"generation": "warn"}
        assert verdicts(of_v5(OLD | {"customers_i": NOT_SUBSCRIBED})) == {"customers_i": "fail", "generation": "warn"}

    def test_of_2026_alone_only_what_adds_to_a_contract_may_be_missing(self):
        assert verdicts(of_2026(MODERN)) == {}
        missing = dict.fromkeys(MODERN, NOT_SUBSCRIBED)
        assert verdicts(of_2026(missing)) == {api: "warn" if api in ADDING else "fail" for api in MODERN}

    def test_an_unsubscribed_exchange_of_consents_says_what_it_stops(self):
        *_, services, _ = of_2026(MODERN | {"subscribed_services": NOT_SUBSCRIBED})
        assert "no new consent" in services.to_do[0]
        assert "aucun nouveau consentement" in services.to_do[1]

    def test_with_both_a_missing_2026_is_covered_by_what_v5_gives_of_the_same(self):
        measures, contracts = {"mesure_synchrone_auto": NOT_SUBSCRIBED}, {"situation_contrat_auto": NOT_SUBSCRIBED}
        place = {"donnees_generales_auto": NOT_SUBSCRIBED}
        for missing, cover in (
            (measures, [each for each in OLD if each.startswith("metering")]),
            (contracts, ["customers_upc", "customers_i", "customers_cd"]),
            (place, ["customers_upa"]),
        ):
            (api,) = missing
            assert verdicts(of_both(MODERN | missing, OLD)) == {api: "warn", "generation": "warn"}
            gone = OLD | dict.fromkeys(cover, UNKNOWN_PATH)
            assert verdicts(of_both(MODERN | missing, gone))[api] == "fail"

    def test_nothing_of_v5_covers_the_exchange_of_consents(self):
        found = of_both(MODERN | {"subscribed_services": NOT_SUBSCRIBED}, OLD)
        assert verdicts(found) == {"subscribed_services": "fail", "generation": "warn"}

    def test_a_v5_that_stopped_is_no_trouble_once_2026_is_whole(self):
        found = of_both(MODERN, dict.fromkeys(OLD, UNKNOWN_PATH))
        assert verdicts(found) == {}
        assert "not needed" in found[-2].said[0]
        assert found[-1].said[0] == "2026 is used for everything."

    @pytest.mark.parametrize(
        ("modern", "old", "words"),
        [
            (MODERN, OLD, "2026 is used for everything."),
            (dict.fromkeys(MODERN, NOT_SUBSCRIBED), OLD, "v5 is used for everything"),
            (MODERN | {"comptage_auto": NOT_SUBSCRIBED}, OLD, "2026 is used but for comptage_auto."),
        ],
    )
    def test_one_line_says_which_is_in_use(self, modern, old, words):
        assert words in of_both(modern, old)[-1].said[0]

    def test_an_api_that_is_away_is_a_warning(self):
        away = classify("mesure_synchrone_auto", 503, None, b"")
        assert verdicts(of_2026(MODERN | {"mesure_synchrone_auto": away})) == {"mesure_synchrone_auto": "warn"}


def test_buckets_are_told_by_name_and_those_that_nobody_used_share_a_line():
    unused, used = Snapshot(0, 100, None, 1.05), Snapshot(7, 100, None, 1.05)
    told = of_quotas({"v5": unused, "comptage_auto": used, "alimentation_auto": unused})
    assert [(each.check, each.said[0][:2]) for each in told] == [("quota comptage_auto", "93")]
    assert [each.check for each in of_quotas({"v5": unused, "comptage_auto": unused})] == ["quota"]
    away = QuotaExhausted("away", "parti", retry_after=5)
    assert [each.verdict for each in of_quotas({"v5": away, "comptage_auto": used})] == [Verdict.WARN, Verdict.OK]
    assert of_quotas({}) == []
