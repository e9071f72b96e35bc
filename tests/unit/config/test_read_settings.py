"""What each variable may be, and the one line that names the one that cannot work."""

from datetime import UTC, datetime, timedelta

import pytest

from passerelle.config import SETTINGS, Environment, read_settings, require_credentials
from passerelle.errors import StartRefused
from passerelle.model.generation import Speaking


def settings(tmp_path, **variables):
    return read_settings(
        {"PASSERELLE_DATA_DIR": str(tmp_path), **{f"PASSERELLE_{name}": value for name, value in variables.items()}}
    )


def test_nothing_set_is_the_simulator_on_loopback(tmp_path):
    found = settings(tmp_path)
    assert (found.listen.url, found.public_url) == ("http://127.0.0.1:8420", "http://127.0.0.1:8420")
    assert found.environment is Environment.SIMULATOR
    assert (found.enedis.api_url, found.enedis.client_id) == ("http://127.0.0.1:8421", "simulator")
    assert found.simulator.callback == "http://127.0.0.1:8420/oauth/callback"
    assert (found.limits.per_second, found.limits.per_hour) == (5, 10_000)
    assert found.generation is Speaking.AUTO
    assert found.database_url == f"sqlite:///{tmp_path}/passerelle.db"


def test_copies_of_what_erasing_destroys_are_kept_for_a_week_or_as_long_as_is_said(tmp_path):
    assert settings(tmp_path).erasure_retention == timedelta(days=7)
    assert settings(tmp_path, ERASURE_RETENTION="P0D").erasure_retention == timedelta(0)
    assert settings(tmp_path, ERASURE_RETENTION="P30D").web().erasure_retention == timedelta(days=30)


@pytest.mark.parametrize(
    ("environment", "api", "hour"),
    [
        ("sandbox", "https://gw.ext.prod-sandbox.api.enedis.fr", 1_000),
        ("production", "https://gw.ext.prod.api.enedis.fr", 10_000),
    ],
)
def test_the_real_hosts_change_with_the_environment_and_nothing_else(tmp_path, environment, api, hour):
    found = settings(tmp_path, ENVIRONMENT=environment)
    assert found.enedis.api_url == api
    assert found.enedis.authorize_url == "https://mon-compte-particulier.enedis.fr"
    assert (found.enedis.client_id, found.enedis.client_secret) == (None, None)
    assert found.limits.per_hour == hour
    assert found.listen == settings(tmp_path).listen


def test_a_secret_may_come_from_a_file(tmp_path):
    file = tmp_path / "secret"
    file.write_text("s3cret of the application\n")
    found = settings(tmp_path, ENVIRONMENT="production", ENEDIS_CLIENT_ID="app", ENEDIS_CLIENT_SECRET_FILE=str(file))
    assert found.enedis.client_secret == "s3cret of the application"
    assert "s3cret" not in repr(found)


def test_the_servers_secret_is_made_once_and_only_its_owner_reads_it(tmp_path):
    first = settings(tmp_path).server_secret()
    assert settings(tmp_path).server_secret() == first
    assert len(first) >= 32
    assert [file.stat().st_mode & 0o777 for file in tmp_path.iterdir()] == [0o600]


def test_the_simulated_clock_keeps_its_offset(tmp_path):
    found = settings(tmp_path, SIMULATOR_NOW="2026-11-24T09:00:00+01:00")
    assert found.simulator.now == datetime(2026, 11, 24, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LISTEN", "8420"),
        ("LISTEN", "127.0.0.1:99999"),
        ("LISTEN", ":8420"),
        ("PUBLIC_URL", "ftp://host"),
        ("PUBLIC_URL", "https://host/?a=1"),
        ("ENVIRONMENT", "test"),
        ("ENEDIS_API_URL", "enedis"),
        ("ENEDIS_AUTHORIZE_URL", "enedis"),
        ("GENERATION", "v4"),
        ("DATABASE_URL", "mysql://host/base"),
        ("SECRET_KEY", "too short"),
        ("QUOTA_PER_SECOND", "0"),
        ("QUOTA_PER_HOUR", "many"),
        ("CONSENT_DURATION", "P4Y"),
        ("REFRESH", "on"),
        ("ERASURE_RETENTION", "7"),
        ("ERASURE_RETENTION", "P1M"),
        ("ERASURE_RETENTION", "P-1D"),
        ("TRUSTED_PROXIES", "proxy.example"),
        ("LOG_LEVEL", "loud"),
        ("LOG_FORMAT", "xml"),
        ("SIMULATOR_LISTEN", "localhost"),
        ("SIMULATOR_SEED", "one"),
        ("SIMULATOR_NOW", "2026-11-24T09:00:00"),
        ("SIMULATOR_CALLBACK", "/oauth/callback"),
        ("DEMO_KEY", "short"),
        ("DEMO_KEY", "clé très longue"),
        ("DATABASE_URL", "sqlite:relative.db"),
        ("DATABASE_URL", "postgresql+psycopg://host/base"),
        ("REDIS_URL", "http://host"),
        ("REDIS_URL", "redis://"),
    ],
)
def test_a_value_that_cannot_work_is_named_in_both_languages_and_not_repeated(tmp_path, name, value):
    with pytest.raises(StartRefused) as caught:
        settings(tmp_path, **{name: value})
    problem = caught.value.problem
    for text in (problem.detail, problem.detail_fr):
        assert text.startswith(f"PASSERELLE_{name}")
        assert "\n" not in text
    assert problem.detail != problem.detail_fr
    if name in ("SECRET_KEY", "DEMO_KEY"):
        assert value not in problem.detail


def test_a_database_of_many_machines_needs_a_secret_that_all_know(tmp_path):
    address = "postgresql://user:pass-word@db.example/base"
    with pytest.raises(StartRefused, match="PASSERELLE_SECRET_KEY: must be set with PostgreSQL") as caught:
        settings(tmp_path, DATABASE_URL=address)
    assert "pass-word" not in caught.value.problem.detail
    alone = settings(tmp_path, DATABASE_URL=address, SECRET_KEY="s" * 32)
    assert alone.erasure_url == address
    found = settings(tmp_path, DATABASE_URL=address, SECRET_KEY="s" * 32, ERASURE_DATABASE_URL=address)
    assert found.erasure_url == address
    assert settings(tmp_path).erasure_url == f"sqlite:///{tmp_path}/erasure.db"
    assert (found.database_url, found.has_database) == (address, True)
    assert found.server_secret() == b"s" * 32
    assert not list(tmp_path.iterdir())


def test_passwords_in_addresses_are_not_shown(tmp_path):
    addresses = {
        "DATABASE_URL": "postgresql://u:pass-word@db/b",
        "ERASURE_DATABASE_URL": "postgresql://u:pass-word@db/e",
        "REDIS_URL": "rediss://:pass-word@redis.example:6379/2",
    }
    found = settings(tmp_path, SECRET_KEY="s" * 32, **addresses)
    assert found.redis_url == addresses["REDIS_URL"]
    assert "pass-word" not in repr(found)
    assert settings(tmp_path).redis_url is None


def test_a_database_file_that_is_still_to_come_is_no_database(tmp_path):
    assert not settings(tmp_path).has_database
    (tmp_path / "passerelle.db").touch()
    assert settings(tmp_path).has_database


def test_an_address_that_others_reach_needs_a_public_url(tmp_path):
    with pytest.raises(StartRefused, match="PUBLIC_URL"):
        settings(tmp_path, LISTEN="0.0.0.0:8420")
    found = settings(tmp_path, LISTEN="0.0.0.0:8420", PUBLIC_URL="https://linky.example/")
    assert found.public_url == "https://linky.example"


@pytest.mark.parametrize("lacking", ["ENEDIS_CLIENT_ID", "ENEDIS_CLIENT_SECRET"])
def test_the_real_enedis_needs_credentials(tmp_path, lacking):
    given = {"ENVIRONMENT": "production", "ENEDIS_CLIENT_ID": "app", "ENEDIS_CLIENT_SECRET": "secret"}
    require_credentials(settings(tmp_path, **given))
    require_credentials(settings(tmp_path))
    del given[lacking]
    with pytest.raises(StartRefused, match=f"PASSERELLE_{lacking}"):
        require_credentials(settings(tmp_path, **given))


def test_both_a_value_and_its_file_are_refused(tmp_path):
    with pytest.raises(StartRefused, match="not both"):
        settings(tmp_path, DEMO_KEY="12345678", DEMO_KEY_FILE="/dev/null")


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(StartRefused, match="PASSERELLE_SECRET_KEY_FILE"):
        settings(tmp_path, SECRET_KEY_FILE=str(tmp_path / "nothing"))


READ_BY_THE_COMMAND_LINE = {"LANG"}


@pytest.mark.parametrize("name", sorted(SETTINGS.keys() - READ_BY_THE_COMMAND_LINE))
def test_every_listed_variable_is_read(tmp_path, name):
    """A variable that is listed but never read would take a file that does not exist in silence."""
    with pytest.raises(StartRefused, match=f"PASSERELLE_{name}_FILE"):
        read_settings({"PASSERELLE_DATA_DIR": str(tmp_path), f"PASSERELLE_{name}_FILE": "/nowhere/at/all"})
