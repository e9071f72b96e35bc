"""The commands of docs/operation.md: a copy made beside a gateway at work brings all back, with its secret only."""

import asyncio
import re
import textwrap
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx2

from passerelle.wiring import open_gateway

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "operation.md").read_text(encoding="utf-8")
PLAIN = "22516914714270"
SERIES = "consumption/load-curve"


def commands(name: str) -> str:
    """The lines that the page shows under this mark."""
    found = re.search(rf"<!-- {name}: .*-->\n\n((?:(?: {{4}}.*)?\n)+)", PAGE)
    assert found
    return textwrap.dedent(found[1])


async def follow(shell, name: str, backup: Path, **more: str):
    """Type the commands."""
    ran = await shell.run("sh", "-eu", "-c", commands(name), extra={"BACKUP": str(backup)}, **more)
    assert ran.status == 0, ran.err
    return ran


@asynccontextmanager
async def restarted(house, folder):
    """A second gateway on this folder; its application is asked without a socket."""
    settings = replace(house.settings, data_dir=folder, database_url=f"sqlite:///{folder}/passerelle.db")
    async with open_gateway(settings) as opened:
        transport = httpx2.ASGITransport(app=opened.app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://gateway") as client:
            yield client


def beside_its_erasure_database(house, folder: Path) -> dict[str, str]:
    """Another folder for the database, and the `erasure.db` that the page says to leave as it is."""
    return {"DATA_DIR": str(folder), "ERASURE_DATABASE_URL": house.settings.erasure_url}


async def read(client, house, start, end):
    return await client.get(
        f"/v1/usage-points/{PLAIN}/{SERIES}",
        params={"start": start, "end": end},
        headers={"Authorization": f"Bearer {house.key}"},
    )


async def test_what_was_held_is_read_again_and_enedis_is_not_asked(house, shell, tmp_path):
    held = (await house.series(PLAIN, SERIES, "2026-11-02", "2026-11-09")).json()
    at_work = asyncio.create_task(house.series(PLAIN, SERIES, "2026-03-01", "2026-08-01"))
    await follow(shell, "backup", tmp_path / "backup")
    await at_work
    assert {(each.name, each.stat().st_mode & 0o777) for each in (tmp_path / "backup").iterdir()} == {
        ("passerelle.db", 0o600),
        ("secret.key", 0o600),
    }
    folder = tmp_path / "restored"
    folder.mkdir(mode=0o700)
    await house.series(PLAIN, SERIES, "2026-10-05", "2026-10-12")
    lost = house.settings.data_dir / "passerelle.db-wal"
    (folder / lost.name).write_bytes(lost.read_bytes())  # what a killed gateway leaves behind
    ran = await follow(shell, "restore", tmp_path / "backup", **beside_its_erasure_database(house, folder))
    assert re.search(r"^ok +database ", ran.out, re.MULTILINE)
    before = len(await house.calls())
    async with restarted(house, folder) as client:
        answer = await read(client, house, "2026-11-02", "2026-11-09")
        assert len(await house.calls()) == before
        since = await read(client, house, "2026-10-05", "2026-10-12")
        assert since.headers["cache-status"] == "passerelle; fwd=miss"
    assert answer.headers["cache-status"] == "passerelle; hit"
    assert answer.json()["readings"] == held["readings"]
    assert len(answer.json()["readings"]) == 7 * 48


async def test_without_its_secret_the_copy_opens_nothing(house, shell, tmp_path):
    await house.series(PLAIN, SERIES, "2026-11-02", "2026-11-09")
    await follow(shell, "backup", tmp_path / "backup")
    copied = (tmp_path / "backup" / "passerelle.db").read_bytes()
    assert PLAIN.encode() not in copied
    folder = tmp_path / "restored"
    (tmp_path / "backup" / "secret.key").write_text("0" * 64)
    settings = beside_its_erasure_database(house, folder)
    ran = await shell.run(
        "sh", "-eu", "-c", commands("restore"), extra={"BACKUP": str(tmp_path / "backup")}, **settings
    )
    assert ran.status == 1
    assert "do not belong together" in ran.out
    async with restarted(house, folder) as client:
        answer = await read(client, house, "2026-11-02", "2026-11-09")
    assert answer.status_code == 401
