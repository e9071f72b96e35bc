"""The operator's shell on a database of its own."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from passerelle.cli.main import build
from passerelle.model.paris import in_paris


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An installation whose clock is the machine's; nothing here asks Enedis."""
    return {
        "PASSERELLE_DATA_DIR": str(tmp_path),
        "PASSERELLE_ENVIRONMENT": "sandbox",
        "PASSERELLE_ENEDIS_CLIENT_ID": "application",
        "PASSERELLE_ENEDIS_CLIENT_SECRET": "secret",
        "PASSERELLE_KEY": "",
        "PASSERELLE_LANG": "en",
        "COLUMNS": "80",
    }


def operate(environment: dict[str, str], *words: str) -> Result:
    done = CliRunner().invoke(build(), words, env=environment)
    assert done.exit_code == 0, done.output
    return done


def test_listings_are_whole_where_no_terminal_tells_a_width(environment: dict[str, str]):
    operate(environment, "account", "create", "a shop with a name")
    address = "https://application.example.org/a/long/way/back"
    made = operate(
        environment,
        *("key", "create", "--account", "a shop with a name", "--label", "the billing of the shop"),
        *("--redirect-uri", address),
    )
    (key_id,) = (line.split()[-1] for line in made.stdout.splitlines() if line.startswith("key id:"))
    keys = operate(environment, "key", "list", "--account", "a shop with a name").stdout.splitlines()
    (line,) = (each for each in keys if key_id in each)
    assert "the billing of the shop" in line
    assert address in line
    accounts = operate(environment, "account", "list").stdout
    assert "a shop with a name" in accounts
    assert "…" not in accounts


def test_a_first_key_with_a_limit_comes_with_the_owners_credential(environment: dict[str, str]):
    operate(environment, "account", "create", "shop")
    made = operate(environment, "key", "create", "--account", "shop", "--scope", "consumption:daily").stdout
    owner = next(line.split()[-1] for line in made.splitlines() if line.startswith("owner:"))
    assert "key:" in made
    with_it = operate(environment, "key", "create", "--account", "shop", "--key", owner).stdout
    full = next(line.split()[-1] for line in with_it.splitlines() if line.startswith("key:"))
    assert "owner" not in operate(environment, "key", "create", "--account", "shop", "--key", full).stdout
    listed = operate(environment, "key", "list", "--account", "shop").stdout
    assert listed.count(" owner ") == 1


def test_a_first_key_without_a_limit_is_the_owners(environment: dict[str, str]):
    operate(environment, "account", "create", "shop")
    assert "owner" not in operate(environment, "key", "create", "--account", "shop").stdout


def test_who_erases_an_account_is_told_when_the_last_copy_ends(environment: dict[str, str]):
    operate(environment, "account", "create", "shop")
    before = datetime.now(UTC)
    told = operate(environment | {"PASSERELLE_ERASURE_RETENTION": "P3D"}, "account", "delete", "shop", "--yes").stdout
    ends = {f"{in_paris(at + timedelta(days=3)):%Y-%m-%d}" for at in (before, datetime.now(UTC))}
    assert told.split()[-1] in ends
    assert "shop" not in operate(environment, "account", "list").stdout
