"""`passerelle doctor` as a process, against a running simulator, with and without a gateway beside it."""

import json
import re
import sqlite3

from passerelle.cli import doctor
from passerelle.cli.findings import as_data

PLAIN = "22516914714270"
APIS = {
    "metering_data_dc",
    "metering_data_clc",
    "metering_data_dcmp",
    "metering_data_dp",
    "metering_data_plc",
    "customers_upc",
    "customers_upa",
    "customers_i",
    "customers_cd",
}
MODERN = {
    "mesure_synchrone_auto",
    "situation_contrat_auto",
    "synth_contrat_auto",
    "comptage_auto",
    "donnees_generales_auto",
    "alimentation_auto",
    "subscribed_services",
}
V5_ALONE = {"generation": "warn"}
LOCAL = ["settings", "data-folder", "secret", "database"]


async def examine(shell, *, offline: bool = False, **more: str):
    """The worst verdict of each check, and all checks, as the command makes them."""
    return read(as_data(await doctor.examine(shell.variables(**more), offline=offline)))


async def run(shell, *words: str, **more: str):
    """The same from a process of its own."""
    ran = await shell.passerelle("doctor", "--json", *words, **more)
    assert ran.err == ""
    told = json.loads(ran.out)
    assert ran.status == (1 if told["verdict"] == "fail" else 0)
    return read(told)


def read(told):
    order = ["ok", "warn", "fail"]
    verdicts = {}
    for each in told["checks"]:
        verdicts[each["check"]] = max(verdicts.get(each["check"], "ok"), each["verdict"], key=order.index)
    assert told["verdict"] == max(verdicts.values(), key=order.index)
    return verdicts, told["checks"]


def detail(checks, name):
    return " ".join(f"{each['detail']} {each['action']}" for each in checks if each["check"] == name)


async def test_beside_a_healthy_gateway_all_is_well_and_the_quota_is_shared(house, shell):
    await house.series(PLAIN, "consumption/daily", "2026-11-16", "2026-11-23")
    before = len(await house.calls())
    verdicts, checks = await run(shell)
    assert verdicts == dict.fromkeys([*LOCAL, "token", "clock", *APIS, "quota"], "ok") | V5_ALONE
    calls = (await house.calls())[before:]
    assert sorted(call["api"] for call in calls) == sorted([*APIS, "oauth2"])
    assert {call["usage_point_id"] for call in calls} == {"0" * 14, None}
    left = house.settings.limits.per_hour - before - len(calls)
    assert detail(checks, "quota").startswith(f"{left} of ")
    metrics = (await house.http.get(f"{house.gateway_url}/metrics")).text
    assert f'passerelle_quota_left{{bucket="v5"}} {left}.0' in metrics


async def test_before_the_first_start_it_asks_enedis_all_the_same(shell, tmp_path):
    verdicts, _ = await examine(shell, DATA_DIR=str(tmp_path / "new"))
    assert verdicts == dict.fromkeys(["settings", "token", "clock", *APIS, "quota"], "ok") | V5_ALONE | dict.fromkeys(
        ["data-folder", "secret", "database"], "warn"
    )


async def test_offline_asks_nothing_and_makes_nothing(house, shell, tmp_path):
    before = await house.calls()
    verdicts, _ = await run(shell, "--offline")
    assert verdicts == dict.fromkeys([*LOCAL, "enedis", "quota"], "ok")
    verdicts, _ = await examine(shell, offline=True, DATA_DIR=str(tmp_path / "new"))
    assert set(verdicts) == set(LOCAL)
    assert not (tmp_path / "new").exists()
    assert await house.calls() == before


async def test_an_api_that_is_not_subscribed_is_the_only_failure(house, shell):
    await house.control("PUT", "apis", {"api": "customers_i", "subscribed": False})
    verdicts, checks = await run(shell)
    assert {name: verdict for name, verdict in verdicts.items() if verdict != "ok"} == V5_ALONE | {
        "customers_i": "fail"
    }
    assert "DataHub" in detail(checks, "customers_i")


async def test_wrong_credentials_stop_at_the_token(house, shell):
    before = len(await house.calls())
    verdicts, _ = await examine(shell, ENEDIS_CLIENT_SECRET="not-the-secret")
    assert verdicts["token"] == "fail"
    assert not APIS & verdicts.keys()
    assert len(await house.calls()) == before + 1


async def test_an_enedis_that_cannot_be_reached_is_named_and_costs_no_call(shell):
    verdicts, checks = await examine(shell, ENEDIS_API_URL="http://127.0.0.1:9")
    assert verdicts["token"] == "fail"
    assert "http://127.0.0.1:9" in detail(checks, "token")
    assert "10000 of 10000" in detail(checks, "quota")


async def test_a_used_up_hour_is_a_warning(house, shell):
    await house.control("PUT", "faults", {"api": "*", "error": "wso2-900804-throttled", "count": 1})
    await house.series(PLAIN, "consumption/daily", "2026-11-16", "2026-11-23")
    verdicts, checks = await examine(shell)
    assert (verdicts["token"], verdicts["quota"]) == ("warn", "warn")
    assert "wait until" in detail(checks, "quota")


async def test_a_secret_of_another_database_is_found(house, shell):
    house.settings.secret_file.write_text("0" * 64)
    verdicts, checks = await examine(shell, offline=True)
    assert verdicts["secret"] == "fail"
    assert "one backup" in detail(checks, "secret")
    house.settings.secret_file.unlink()
    verdicts, _ = await examine(shell)
    assert verdicts["secret"] == "fail"
    assert not house.settings.secret_file.exists()


async def test_settings_that_cannot_work_are_the_one_finding(shell):
    verdicts, checks = await examine(shell, LISTEN="nowhere")
    assert verdicts == {"settings": "fail"}
    assert "PASSERELLE_LISTEN" in detail(checks, "settings")


async def test_a_file_that_is_no_database_is_a_finding(shell, tmp_path):
    (tmp_path / "other.db").write_text("not a database " * 1000)
    verdicts, _ = await examine(shell, offline=True, DATABASE_URL=f"sqlite:///{tmp_path}/other.db")
    assert verdicts["database"] == "fail"


async def test_people_read_a_table_in_their_language(shell):
    ran = await shell.passerelle("doctor", LANG="fr")
    assert ran.status == 0
    assert ran.out.count("Souscrite.") == 9
    assert re.search(r"^ok +quota ", ran.out, re.MULTILINE)


async def test_nothing_secret_is_shown(house, shell):
    await house.series(PLAIN, "consumption/daily", "2026-11-16", "2026-11-23")
    ran = await shell.passerelle("doctor", SECRET_KEY="k" * 40, ENEDIS_CLIENT_SECRET="a-very-secret-secret")
    assert ran.status == 1
    for secret in (PLAIN, "k" * 40, "a-very-secret-secret", house.key):
        assert secret not in ran.out + ran.err


async def test_a_newer_database_is_refused_and_left_alone(house, shell):
    path = house.settings.data_dir / "passerelle.db"
    with sqlite3.connect(path) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    verdicts, checks = await examine(shell)
    assert verdicts["database"] == "fail"
    assert "9999" in detail(checks, "database")
    for command in (["serve"], ["migrate"]):
        ran = await shell.passerelle(*command, LISTEN="127.0.0.1:0")
        assert (ran.status, ran.out) == (1, "")
        assert "newer version" in ran.err
    database = sqlite3.connect(path)
    assert database.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]
    database.close()


async def test_migrate_makes_what_is_missing_and_may_be_run_again(shell, tmp_path):
    for _ in range(2):
        ran = await shell.passerelle("migrate", DATA_DIR=str(tmp_path / "new"))
        assert (ran.status, ran.out) == (0, "The database is up to date.\n")
    verdicts, _ = await examine(shell, offline=True, DATA_DIR=str(tmp_path / "new"))
    assert verdicts["database"] == "ok"


async def examine_as(shell, generation):
    verdicts, checks = await examine(shell, GENERATION=generation)
    found = {name: verdict for name, verdict in verdicts.items() if name in (*APIS, *MODERN, "generation")}
    return found, checks


async def test_of_2026_the_seven_apis_are_asked_each_under_its_own_quota(house, shell):
    before = len(await house.calls())
    verdicts, checks = await run(shell, GENERATION="2026")
    quotas = [f"quota {api}" for api in MODERN]
    assert verdicts == dict.fromkeys([*LOCAL, "token", "clock", *MODERN, "generation", *quotas, "quota"], "ok")
    calls = (await house.calls())[before:]
    assert sorted(call["api"] for call in calls) == sorted([*MODERN, "oauth2"])
    assert {call["usage_point_id"] for call in calls} == {"0" * 14, None}
    assert 500 not in {call["status"] for call in calls}
    allowance = house.settings.limits.per_hour  # the shell sets it for both
    for name in quotas:
        assert detail(checks, name).startswith(f"{allowance - 1} of {allowance}")


async def test_of_both_every_api_is_asked_once_and_2026_is_in_use(house, shell):
    before = len(await house.calls())
    found, checks = await examine_as(shell, "auto")
    assert found == dict.fromkeys([*MODERN, *APIS, "generation"], "ok")
    assert "2026 is used for everything" in detail(checks, "generation")
    calls = (await house.calls())[before:]
    assert sorted(call["api"] for call in calls) == sorted([*MODERN, *APIS, "oauth2"])


async def test_without_subscriptions_v5_is_in_use_and_datahub_is_named(house, shell):
    for api in MODERN:
        await house.control("PUT", "apis", {"api": api, "subscribed": False})
    found, checks = await examine_as(shell, "auto")
    assert found == dict.fromkeys(MODERN, "warn") | dict.fromkeys(APIS, "ok") | V5_ALONE | {
        "subscribed_services": "fail"
    }
    assert "v5 is used for everything" in detail(checks, "generation")
    for api in MODERN:
        assert "DataHub" in detail(checks, api)
    found, _ = await examine_as(shell, "2026")
    assert [name for name, verdict in found.items() if verdict == "warn"] == [
        "synth_contrat_auto",
        "comptage_auto",
        "alimentation_auto",
    ]


async def test_a_v5_that_stopped_is_not_missed_unless_2026_lacks_something(house, shell):
    for api in APIS:
        await house.control("PUT", "apis", {"api": api, "served": False})
    found, checks = await examine_as(shell, "auto")
    assert set(found.values()) == {"ok"}
    assert "not needed" in detail(checks, "metering_data_dc")
    await house.control("PUT", "apis", {"api": "mesure_synchrone_auto", "subscribed": False})
    found, checks = await examine_as(shell, "auto")
    assert found["mesure_synchrone_auto"] == "fail"
    assert (found["metering_data_dc"], found["generation"]) == ("warn", "warn")
    assert "2026 is used but for mesure_synchrone_auto" in detail(checks, "generation")
