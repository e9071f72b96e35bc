"""With an empty or foreign erasure database no process starts, until the operator says that the old one is lost."""

import json


async def refused(shell, words: str, **settings: str) -> None:
    for command in (["serve"], ["worker"]):
        ran = await shell.passerelle(*command, LISTEN="127.0.0.1:0", **settings)
        assert (ran.status, ran.out) == (1, "")
        assert words in ran.err
    ran = await shell.passerelle("doctor", "--offline", "--json", **settings)
    assert ran.status == 1
    assert words in json.dumps(json.loads(ran.out))


async def test_a_lost_erasure_database_is_noticed_and_given_up_in_so_many_words(house, shell, tmp_path):
    there = house.settings.data_dir / "erasure.db"
    empty = {"ERASURE_DATABASE_URL": f"sqlite:///{tmp_path}/empty.db"}
    await refused(shell, "migrate --erasure-lost", **empty)
    assert there.exists()
    ran = await shell.passerelle("migrate", "--erasure-lost", **empty)
    assert (ran.status, ran.out) == (0, "The database is up to date.\n")
    ran = await shell.passerelle("doctor", "--offline", **empty)
    assert ran.status == 0, ran.out
    ran = await shell.passerelle("doctor", "--offline")
    assert ran.status == 0, "the old one has the same id: nothing is lost by putting it back"


async def test_an_erasure_database_of_another_installation_is_refused(shell, tmp_path):
    other = {"DATA_DIR": str(tmp_path / "other")}
    assert (await shell.passerelle("migrate", **other)).status == 0
    assert (await shell.passerelle("account", "create", "another", **other)).status == 0
    theirs = {"ERASURE_DATABASE_URL": f"sqlite:///{tmp_path}/other/erasure.db"}
    await refused(shell, "another installation", **theirs)
    ran = await shell.passerelle("migrate", "--erasure-lost", **theirs)
    assert ran.status == 1
    assert "another installation" in ran.err
