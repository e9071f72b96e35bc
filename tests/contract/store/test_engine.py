"""The database itself: lost updates, readers beside a writer, the file's mode, errors without their parameters."""

import asyncio
import stat

import pytest
from sqlalchemy import event, text

from passerelle.errors import InternalError, StartRefused, StorageUnavailable
from passerelle.store.engine import alone, close_engine, open_engine, reading, writing

WRITERS, TIMES = 8, 25


async def add_one(engine):
    async with writing(engine) as connection:
        await alone(connection, b"tally")
        seen = (await connection.execute(text("SELECT n FROM tally"))).scalar()
        await connection.execute(text("UPDATE tally SET n = :n"), {"n": seen + 1})


async def test_no_update_is_lost(store):
    """The driver's own default lost up to a fifth of them without a word."""
    async with writing(store.engine) as connection:
        await connection.execute(text("DROP TABLE IF EXISTS tally"))
        await connection.execute(text("CREATE TABLE tally (n INTEGER)"))
        await connection.execute(text("INSERT INTO tally VALUES (0)"))

    async def write() -> None:
        for _ in range(TIMES):
            await add_one(store.engine)

    await asyncio.gather(*(write() for _ in range(WRITERS)))
    async with reading(store.engine) as connection:
        assert (await connection.execute(text("SELECT n FROM tally"))).scalar() == WRITERS * TIMES


async def test_a_reader_neither_waits_for_a_writer_nor_sees_its_half(store):
    account = await store.account()
    async with writing(store.engine) as connection:
        await connection.execute(text("UPDATE accounts SET name = 'changed'"))
        assert [found.name for found in await store.accounts.list()] == ["alice"]
    assert [(found.id, found.name) for found in await store.accounts.list()] == [(account, "changed")]


async def test_a_failed_transaction_changes_nothing_and_its_error_repeats_nothing(store):
    await store.account()

    async def fail() -> None:
        async with writing(store.engine) as connection:
            await connection.execute(text("UPDATE accounts SET name = 'changed'"))
            await connection.execute(text("INSERT INTO nowhere VALUES (:secret)"), {"secret": "s3cret-value"})

    with pytest.raises(InternalError) as caught:
        await fail()
    assert [found.name for found in await store.accounts.list()] == ["alice"]
    assert "s3cret-value" not in f"{caught.value} {caught.value.__cause__}"


async def test_a_statement_that_is_wrong_is_no_database_that_is_away(store):
    with pytest.raises(InternalError) as caught:
        async with writing(store.engine) as connection:
            await connection.execute(text("INSERT INTO accounts (id) VALUES ('half a row')"))
    assert not isinstance(caught.value, StorageUnavailable)


async def test_a_server_that_is_not_there_is_away():
    engine = open_engine("postgresql://nobody@127.0.0.1:1/nothing")
    with pytest.raises(StorageUnavailable):
        async with reading(engine):
            raise AssertionError("nothing listens there")


async def test_a_damaged_file_is_not_away_for_a_while(tmp_path):
    path = tmp_path / "damaged.db"
    path.write_bytes(b"no database at all" * 1000)
    engine = open_engine(f"sqlite:///{path}")
    with pytest.raises(InternalError) as caught:
        async with reading(engine):
            raise AssertionError("it cannot be read")
    assert not isinstance(caught.value, StorageUnavailable)
    await engine.dispose()


async def test_a_locked_file_is_away_for_a_while(tmp_path):
    path = tmp_path / "locked.db"
    one, two = open_engine(f"sqlite:///{path}"), open_engine(f"sqlite:///{path}")
    event.listen(two.sync_engine, "connect", lambda connection, _: connection.execute("PRAGMA busy_timeout = 1"))
    async with writing(one):
        with pytest.raises(StorageUnavailable):
            async with writing(two):
                raise AssertionError("another process writes")
    await one.dispose()
    await two.dispose()


async def test_a_new_sqlite_file_and_its_log_are_their_owners_alone(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path}/store.db")
    async with writing(engine) as connection:
        await connection.execute(text("CREATE TABLE tally (n INTEGER)"))
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    await engine.dispose()
    assert modes == {"store.db": 0o600, "store.db-wal": 0o600, "store.db-shm": 0o600}


async def test_a_connection_that_is_out_while_the_engine_closes_is_closed_when_it_comes_back(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path}/store.db")
    async with reading(engine) as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        await close_engine(engine)
    with pytest.raises(ValueError, match="onnection"):
        await driver.execute("SELECT 1")


async def test_a_closed_engine_opens_nothing(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path}/store.db")
    await close_engine(engine)
    with pytest.raises(StorageUnavailable):
        async with reading(engine):
            raise AssertionError("it is closed")


@pytest.mark.parametrize("url", ["mysql://root:pass-word@host/db", "no address", "sqlite://", "sqlite:///:memory:"])
def test_an_address_that_cannot_work_is_refused_without_repeating_it(url):
    with pytest.raises(StartRefused) as caught:
        open_engine(url)
    assert "DATABASE_URL" in str(caught.value)
    assert "pass-word" not in str(caught.value)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(StartRefused, match="absent"):
        open_engine(f"sqlite:///{tmp_path}/absent/store.db")


async def test_a_statement_that_makes_no_sense_is_no_database_that_is_away(store):
    with pytest.raises(InternalError) as caught:
        async with reading(store.engine) as connection:
            await connection.execute(text("SELECT FROM WHERE"))
    assert not isinstance(caught.value, StorageUnavailable)


async def test_a_statement_that_lacks_a_value_is_no_database_that_is_away(store):
    """SQLAlchemy says so itself, and asks no database."""
    with pytest.raises(InternalError) as caught:
        async with reading(store.engine) as connection:
            await connection.execute(text("SELECT :n"))
    assert not isinstance(caught.value, StorageUnavailable)
