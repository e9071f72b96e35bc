"""What a thief of Redis reads: how many calls left and when, and nothing of whom they were for."""

import asyncio
import json
import struct

import pytest
from tests.flow.conftest import KEY, installed
from tests.flow.homes import REDIS, at_home

from passerelle.quota.redis import open_redis

PRM = "22516914714270"
SERIES = "consumption/load-curve"
WEEK = ("2026-11-16", "2026-11-23")
RECORDS = ("identity", "address", "contact", "contract")

pytestmark = [pytest.mark.postgres, pytest.mark.redis]


async def everything_in(url: str) -> bytes:
    """Each key, what it holds as Redis itself would write it, and that in plain, which it compresses."""
    async with open_redis(url) as client:
        keys = [key async for key in client.scan_iter()]
        kinds = {await client.type(key) for key in keys}
        assert kinds == {b"string"}, "one way of reading for each"
        held = [await each(key) for key in keys for each in (client.dump, client.get)]
    return b"\n".join((*keys, *held))


def words_of(record: object) -> set[str]:
    """Every text of a customer record that says something of its holder."""
    match record:
        case dict():
            return {word for each in record.values() for word in words_of(each)}
        case list():
            return {word for each in record for word in words_of(each)}
        case str() if len(record) >= 5:
            return {record}
    return set()


def spellings(values: list[int]) -> dict[str, bytes]:
    """Three values in a row, as they could stand in a file."""
    run = values[20:23]
    forms = {f"{size} {order}": struct.pack(f"{order}3{size}", *run) for size in "HI" for order in "<>"}
    return forms | {"decimal": b",".join(str(value).encode() for value in run)}


async def test_redis_holds_no_point_value_person_or_key(tmp_path):
    async with at_home(REDIS) as home, installed(tmp_path, home=home) as house:
        reads = [house.series(PRM, SERIES, *WEEK) for _ in range(4)]
        readings = (await asyncio.gather(*reads))[0].json()["readings"]
        records = [(await house.get(f"/v1/usage-points/{PRM}/{each}")).json() for each in RECORDS]
        await house.series(PRM, SERIES, *WEEK, headers={"Cache-Control": "no-cache"})
        written = await everything_in(home.settings["REDIS_URL"])
        async with open_redis(home.settings["REDIS_URL"]) as client:
            await client.set("planted", PRM * 9)
        assert PRM.encode() in await everything_in(home.settings["REDIS_URL"]), "it would be found"
    assert b"quota" in written, "the search looks at the right bytes"
    assert readings
    for name, spelling in spellings([each["value"] for each in readings]).items():
        assert spelling not in written, name
    words = set().union(*(words_of(record) for record in records)) - {PRM}
    assert any("@" in word for word in words), json.dumps(records)
    for word in (*sorted(words), PRM, KEY, KEY.partition(".")[2] or KEY):
        assert word.encode() not in written, word
    assert int(PRM).to_bytes(6, "big") not in written
    assert int(PRM).to_bytes(6, "little") not in written
