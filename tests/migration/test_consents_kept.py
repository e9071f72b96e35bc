"""A database of the first version that holds a consent: after the upgrade it is read as it was."""

import asyncio
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from passerelle.consent.requests import ConsentRequest, LinkedPoint
from passerelle.consent.states import ConsentState, Link
from passerelle.kit.clock import SystemClock
from passerelle.model.usage_point import UsagePointId
from passerelle.store.consents import Consents
from passerelle.store.engine import open_engine, writing
from passerelle.store.links import PRM
from passerelle.store.shared_services import Services
from passerelle.store.shred import ShredKeys
from passerelle.store.upgrade import SchemaState, _upgrade, migrate, schema_state
from passerelle.store.vault import Secrets

POINT = UsagePointId("22516914714270")
SECRETS = Secrets(b"s" * 32)
GIVEN = datetime(2026, 11, 1, 9, tzinfo=UTC)
END = GIVEN + timedelta(days=365)

ROWS = (
    "INSERT INTO accounts (id, name, created_at) VALUES ('a', 'alice', :given)",
    """INSERT INTO consents
         (id, account_id, state, origin, duration, requested_at, request_ends_at, granted_at, expires_at)
       VALUES ('c', 'a', 'granted', 'journey', 'P1Y', :given, :until, :given, :until)""",
    "INSERT INTO points (id, account_id, prm_lookup, prm_sealed) VALUES ('p', 'a', :lookup, :sealed)",
    """INSERT INTO links (point_id, consent_id, account_id, state, granted_at, expires_at)
       VALUES ('p', 'c', 'a', 'granted', :given, :until)""",
)

FORGOTTEN = (
    """INSERT INTO consents (id, account_id, state, origin, duration, requested_at, request_ends_at, granted_at)
       VALUES ('f', 'a', 'forgotten', 'journey', 'P1Y', :earlier, :earlier, :earlier),
              ('g', 'a', 'forgotten', 'journey', 'P1Y', :earlier, :earlier, NULL)""",
    """INSERT INTO links (point_id, consent_id, account_id, state, granted_at, ended_at)
       VALUES ('p', 'f', 'a', 'forgotten', :earlier, :at)""",
    "UPDATE links SET ended_at = :earlier WHERE consent_id = 'c'",
)


async def test_a_consent_of_the_first_version_is_kept(url):
    await asyncio.to_thread(_upgrade, url, "0001")
    engine = open_engine(url)
    try:
        assert await schema_state(engine) is SchemaState.BEHIND
        await _fill(engine)
        await migrate(url)
        store = Consents(engine, SECRETS, ShredKeys(engine, SystemClock().monotonic), SystemClock())
        request = ConsentRequest(
            "c", "a", ConsentState.GRANTED, "P1Y", GIVEN, END, None, granted_at=GIVEN, expires_at=END
        )
        link = Link("p", "a", "c", ConsentState.GRANTED, GIVEN, END)
        assert await store.of_account("a") == [(request, [LinkedPoint(POINT, link)])]
        assert await store.authorisation("c") is None
        assert await Services(engine, SECRETS).of("p") is None, "nothing is known of what it shares"
    finally:
        await engine.dispose()


async def test_a_consent_that_was_forgotten_before_has_its_receipt(url):
    await asyncio.to_thread(_upgrade, url, "0007")
    engine = open_engine(url)
    at, earlier = datetime(2026, 11, 20, 9, tzinfo=UTC), datetime(2026, 11, 10, 9, tzinfo=UTC)
    try:
        await _fill(engine)
        async with writing(engine) as connection:
            for row in FORGOTTEN:
                values = {"at": at, "earlier": earlier}
                if engine.dialect.name == "sqlite":
                    values = {name: f"{each:%Y-%m-%d %H:%M:%S}.000000" for name, each in values.items()}
                statement = text(row)
                await connection.execute(statement, {name: values[name] for name in statement._bindparams})
        await migrate(url)
        store = Consents(engine, SECRETS, ShredKeys(engine, SystemClock().monotonic), SystemClock())
        assert (await store.get("c")).forgotten_at is None
        assert (await store.get("f")).forgotten_at == at
        assert (await store.get("g")).forgotten_at is None, "nothing tells when it was"
    finally:
        await engine.dispose()


async def _fill(engine):
    values = {
        "lookup": SECRETS.lookup(POINT),
        "sealed": SECRETS.seal_text(POINT, PRM, "p"),
        "given": GIVEN,
        "until": END,
    }
    if engine.dialect.name == "sqlite":  # which keeps instants as text, in UTC
        values |= {"given": "2026-11-01 09:00:00.000000", "until": "2027-11-01 09:00:00.000000"}
    async with writing(engine) as connection:
        for row in ROWS:
            statement = text(row)
            await connection.execute(statement, {name: values[name] for name in statement._bindparams})
