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
    assert verdicts == dict.fromkeys([*LOCAL, "token", "clock", *APIS, "quota"], "ok")
    calls = (await house.calls())[before:]
    assert sorted(call["api"] for call in calls) == sorted([*APIS, "oauth2"])
    assert {call["usage_point_id"] for call in calls} == {"0" * 14, None}
    left = house.settings.limits.per_hour - before - len(calls)
    assert detail(checks, "quota").startswith(f"{left} of ")
    metrics = (await house.http.get(f"{house.gateway_url}/metrics")).text
    assert f'passerelle_quota_left{{bucket="v5"}} {left}.0' in metrics


async def test_before_the_first_start_it_asks_enedis_all_the_same(shell, tmp_path):
    verdicts, _ = await examine(shell, DATA_DIR=str(tmp_path / "new"))
    assert verdicts == dict.fromkeys(["settings", "token", "clock", *APIS, "quota"], "ok") | dict.fromkeys(
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
    assert [name for name, verdict in verdicts.items() if verdict != "ok"] == ["customers_i"]
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
    path = house.settings.database_file
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
