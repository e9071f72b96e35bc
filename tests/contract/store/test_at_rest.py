"""What a thief of the files, or of a dump, reads: no usage point, value, person or secret, and nothing erased."""

import asyncio
import re
import struct
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import make_url, select

from passerelle.model.customer import Address, Contact, Identity, NaturalPerson
from passerelle.model.paris import day_bounds
from passerelle.model.reading import Reading
from passerelle.model.scopes import ALL_SCOPES
from passerelle.model.series import Series
from passerelle.model.usage_point import UsagePointId
from passerelle.store.engine import reading
from passerelle.store.tables import chunks, points, records, wraps

PRM = UsagePointId("22516914714270")
CURVE = Series.CONSUMPTION_LOAD_CURVE
DAY = date(2026, 11, 20)
WATTS = [40_961 + 37 * at for at in range(48)]
WH = 3_405_691_582
PERSONAL = ("Zéphyrine", "Quatremère", "rue des Vinaigriers", "0698765432", "zephyrine@example.org")
IDENTITY = Identity(natural_person=NaturalPerson(firstname=PERSONAL[0], lastname=PERSONAL[1]))
ADDRESS = Address(street=PERSONAL[2])
CONTACT = Contact(phone=PERSONAL[3], email=PERSONAL[4])


def files_of(store) -> bytes:
    """Everything that SQLite has written, its log and index included."""
    paths = [make_url(engine.url).database for engine in (store.engine, store.erasure)]
    return b"".join(Path(f"{path}{tail}").read_bytes() for path in paths for tail in ("", "-wal", "-shm"))


async def dump_of(store) -> bytes:
    """What `pg_dump` writes of the database: its text, and the bytes that the text spells in hexadecimal."""
    address = make_url(store.engine.url).set(drivername="postgresql")
    process = await asyncio.create_subprocess_exec(
        "pg_dump", address.render_as_string(hide_password=False), stdout=asyncio.subprocess.PIPE
    )
    text, _ = await process.communicate()
    assert process.returncode == 0
    return text + b"".join(bytes.fromhex(found.decode()) for found in re.findall(rb"\\x((?:[0-9a-f]{2})+)", text))


def spellings() -> dict[str, bytes]:
    """The ways in which three values in a row could stand in a file."""
    run = WATTS[20:23]
    return {
        "u16 little": struct.pack("<3H", *run),
        "u16 big": struct.pack(">3H", *run),
        "u32 little": struct.pack("<3I", *run),
        "u32 big": struct.pack(">3I", *run),
        "decimal": b",".join(str(value).encode() for value in run),
        "energy little": struct.pack("<I", WH),
        "energy big": struct.pack(">I", WH),
        "energy decimal": str(WH).encode(),
    }


async def planted(store):
    """An account with a planted day; its caller, the key's text and the point."""
    account = await store.account("plain name")
    _, text = await store.accounts.create_first_key(
        account, ALL_SCOPES, "plain label", store.clock.at, frozenset({PRM})
    )
    caller = await store.accounts.authenticate(text, store.clock.at)
    token, _ = await store.accounts.issue_token(caller, "token", None, timedelta(hours=1), store.clock.at)
    await store.grant(account, PRM)
    link = await store.links.find(account, PRM)
    start, _ = day_bounds(DAY)
    half_hour = timedelta(minutes=30)
    curve = tuple(
        Reading(start + half_hour * at, start + half_hour * (at + 1), watts) for at, watts in enumerate(WATTS)
    )
    await store.days.keep(caller, account, link.point_id, CURVE, {DAY: curve})
    await store.days.keep(None, account, link.point_id, CURVE, {DAY: curve})
    energy = (Reading(*day_bounds(DAY), WH),)
    await store.days.keep(caller, account, link.point_id, Series.CONSUMPTION_DAILY, {DAY: energy})
    await store.records.keep(caller, account, link.point_id, IDENTITY)
    await store.records.keep(None, account, link.point_id, CONTACT)
    await store.records.keep(caller, account, link.point_id, ADDRESS)
    return caller, text, token, link


async def test_neither_files_nor_dump_hold_points_values_persons_or_secrets(store):
    _, text, token, _ = await planted(store)
    written = files_of(store) if store.engine.dialect.name == "sqlite" else await dump_of(store)
    assert b"plain label" in written, "the search looks at the right bytes"
    for name, spelling in spellings().items():
        assert spelling not in written, name
    alone = rb"(?<![0-9a-f])%d(?![0-9a-f])" % WATTS[20]  # five digits stand by chance inside a dump's hexadecimal
    assert re.search(alone, written) is None, "one decimal"
    assert PRM.encode() not in written
    assert int(PRM).to_bytes(6, "big") not in written
    assert int(PRM).to_bytes(6, "little") not in written
    for credential in (text, token):
        assert credential.split(".")[1].encode() not in written
    for word in PERSONAL:
        assert word.encode() not in written


async def test_what_is_forgotten_leaves_the_files(on_sqlite):
    caller, _, _, link = await planted(on_sqlite)
    async with reading(on_sqlite.engine) as connection:
        sealed_day = (await connection.execute(select(chunks.c.sealed))).scalar()
        sealed_record = (await connection.execute(select(records.c.sealed))).scalar()
        sealed_prm = (await connection.execute(select(points.c.prm_sealed))).scalar()
    assert sealed_day in files_of(on_sqlite)
    assert sealed_record in files_of(on_sqlite)
    assert sealed_prm in files_of(on_sqlite)
    await on_sqlite.consents.forget(caller.account_id, link.consent_id)
    assert sealed_day not in files_of(on_sqlite)
    assert sealed_record not in files_of(on_sqlite)
    assert sealed_prm not in files_of(on_sqlite)


async def test_a_revoked_key_leaves_nothing_to_open(on_sqlite):
    caller, text, _, _ = await planted(on_sqlite)
    wrapped = await wrapped_key(on_sqlite, text)
    assert wrapped in files_of(on_sqlite)
    await on_sqlite.accounts.revoke_key(caller.account_id, caller.credential_id, on_sqlite.clock.at)
    assert wrapped not in files_of(on_sqlite)


async def wrapped_key(store, text):
    query = select(wraps.c.wrapped).where(wraps.c.credential_id == text.split(".")[0])
    async with reading(store.engine) as connection:
        return (await connection.execute(query)).scalar()
