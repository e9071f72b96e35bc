"""What a thief of the files, a dump or PostgreSQL's log reads: no usage point, value, person or secret.

And nothing that was erased.
"""

import asyncio
import re
import struct
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import make_url, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from passerelle.consent.requests import ApplicationJourney, ConsentRequest
from passerelle.consent.states import ConsentState
from passerelle.enedis.catalogue import classify
from passerelle.kit.crypto import random_id
from passerelle.model.customer import Address, Contact, CustomerRecord, Identity, NaturalPerson
from passerelle.model.days import DaySpan
from passerelle.model.paris import day_bounds
from passerelle.model.reading import Reading
from passerelle.model.scopes import ALL_SCOPES
from passerelle.model.series import Direction, Series
from passerelle.model.shared_services import ServiceKind, SharedService
from passerelle.model.usage_point import UsagePointId
from passerelle.plan.entries import Answered, entry_of_refusal
from passerelle.plan.ledger import NOTHING_KNOWN
from passerelle.store.engine import reading
from passerelle.store.ledger import Ledger
from passerelle.store.record_refusals import RecordRefusals
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


async def log_place(engine: AsyncEngine) -> int:
    """Up to where PostgreSQL has written its log."""
    async with reading(engine) as connection:
        place: str = (await connection.execute(text("SELECT pg_current_wal_flush_lsn()::text"))).scalar_one()
    high, low = place.split("/")
    return int(high, 16) << 32 | int(low, 16)


async def log_of(engine: AsyncEngine, since: int) -> bytes:
    """What PostgreSQL has written into its log since then, as the server's own files hold it."""
    until, size = await log_place(engine), LOG_PAGE
    pages = b""
    async with reading(engine) as connection:
        segment: int = (await connection.execute(text(_SEGMENT))).scalar_one()
        for start in range(since // segment * segment, until, segment):
            at, end = max(start, since // size * size), min(start + segment, -(-until // size) * size)
            place = {"place": f"{at + 1 >> 32:X}/{at + 1 & 0xFFFFFFFF:X}", "at": at - start, "length": end - at}
            pages += (await connection.execute(text(_READ_LOG), place)).scalar_one()
    return b"".join(_without_headers(pages))


LOG_PAGE = 8192
_LONG_HEADER = 0x0002
_SEGMENT = "SELECT setting::bigint FROM pg_settings WHERE name = 'wal_segment_size'"
_READ_LOG = "SELECT pg_read_binary_file('pg_wal/' || pg_walfile_name(CAST(:place AS text)::pg_lsn), :at, :length)"


def _without_headers(pages: bytes) -> Iterator[bytes]:
    """The records of these pages: a header stands between two parts of one that goes on, and hides what it cuts."""
    for at in range(0, len(pages), LOG_PAGE):
        (info,) = struct.unpack_from("<H", pages, at + 2)
        yield pages[at + (40 if info & _LONG_HEADER else 24) : at + LOG_PAGE]


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
    await planted_beside(store, account, link.point_id, text)
    return caller, text, token, link


async def planted_beside(store, account: str, point_id: str, key: str) -> None:
    """All of it too in what is kept beside the data: refusals, services and consents."""
    at = store.clock.at
    told = f"{PRM} {PERSONAL[3]} {PERSONAL[4]} {key}"
    body = f'{{"error": "ADAM-ERR0075", "error_description": "{told}", "holder": "{" ".join(PERSONAL)}"}}'
    unknown = f'{{"error": "ADAM-ERR9999", "error_description": "{told}", "holder": "{" ".join(PERSONAL)}"}}'
    span = DaySpan(DAY, DAY + timedelta(days=1))
    for said in (body, unknown):
        error = classify("metering_data_clc", 400, "application/json", said.encode())
        entry = entry_of_refusal(Answered(span, at), error, NOTHING_KNOWN)
        await Ledger(store.engine).write(point_id, CURVE, entry)
        assert entry.refusal is not None
        await RecordRefusals(store.engine).refuse(point_id, CustomerRecord.IDENTITY, entry.refusal)
    url = f"https://app.example/back?{'&'.join((*PERSONAL, PRM, key))}"
    journey = ApplicationJourney("key", " ".join((*PERSONAL, PRM, key)))
    ends = at + timedelta(hours=24)
    request = ConsentRequest(random_id(), account, ConsentState.REQUESTED, "P1Y", at, ends, url, journey)
    await store.consents.create(request, b"ticket")
    shared = [SharedService(PRM, kind, frozenset(Direction), DAY, None) for kind in ServiceKind]
    await store.consents.grant(request.id, [PRM], at, ends, services=shared)


async def test_neither_files_nor_dump_nor_log_hold_points_values_persons_or_secrets(store):
    on_file = store.engine.dialect.name == "sqlite"
    since = 0 if on_file else await log_place(store.engine)
    _, text, token, _ = await planted(store)
    if on_file:
        search(files_of(store), text, token)
        return
    search(await log_of(store.engine, since), text, token)
    search(await dump_of(store), text, token)


def search(written: bytes, text: str, token: str) -> None:
    assert b"plain label" in written, "the search looks at the right bytes"
    assert b"ADAM-ERR9999" in written, "refusals too"
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
    caller, _, _, _ = await planted(on_sqlite)
    async with reading(on_sqlite.engine) as connection:
        sealed_day = (await connection.execute(select(chunks.c.sealed))).scalar()
        sealed_record = (await connection.execute(select(records.c.sealed))).scalar()
        sealed_prm = (await connection.execute(select(points.c.prm_sealed))).scalar()
    assert sealed_day in files_of(on_sqlite)
    assert sealed_record in files_of(on_sqlite)
    assert sealed_prm in files_of(on_sqlite)
    for request, _ in await on_sqlite.consents.of_account(caller.account_id):
        await on_sqlite.consents.forget(caller.account_id, request.id)
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
