"""The exchange of an id for services (F§4), and what is kept of them: both databases, and the double in memory."""

import asyncio
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, make_url, select

from passerelle.consent.requests import SERVICES_NOT_LISTED, SHARE_OLDER, Claim, ConsentRequest, Exchange
from passerelle.consent.shared import KnownServices
from passerelle.consent.standing import request_standing
from passerelle.consent.states import ConsentState
from passerelle.kit.crypto import random_id
from passerelle.model.series import Direction, Series
from passerelle.model.shared_services import ServiceKind, SharedService
from passerelle.model.usage_point import UsagePointId
from passerelle.store.census import Census
from passerelle.store.engine import reading
from passerelle.store.shared_services import Services
from passerelle.store.tables import consents, services
from passerelle.testing.consents import MemoryConsents

ONE, OTHER = UsagePointId("22516914714270"), UsagePointId("11453290002823")
ID = 987654321
DAY, END = date(2026, 11, 24), date(2027, 11, 23)
NOW = datetime.fromisoformat("2026-11-24T09:00:00+00:00")
LIFE = timedelta(hours=24)
EXCHANGING, GRANTED, DISPUTED = ConsentState.EXCHANGING, ConsentState.GRANTED, ConsentState.DISPUTED


def service(point=ONE, kind=ServiceKind.DAILY, *directions, ends_on=END):
    return SharedService(point, kind, frozenset(directions or {Direction.CONSUMPTION}), DAY, ends_on)


@dataclass
class Bench:
    """A store of consents, and accounts in it."""

    consents: Any
    store: Any = None

    async def account(self, name: str = "alice") -> str:
        return name if self.store is None else await self.store.account(name)

    async def left(self, account: str, mark: bytes = b"") -> ConsentRequest:
        """A request whose customer is at Enedis."""
        request = ConsentRequest(random_id(), account, ConsentState.REQUESTED, "P1Y", NOW, NOW + LIFE, None)
        await self.consents.create(request, b"ticket" + mark)
        assert await self.consents.start(b"ticket" + mark, b"browser", b"nonce" + mark, NOW) == request
        return request


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def bench(request):
    if request.param == "memory":
        return Bench(MemoryConsents())
    store = request.getfixturevalue(f"on_{request.param}")
    return Bench(store.consents, store)


async def test_the_id_comes_with_the_nonce_or_not_at_all(bench):
    request = await bench.left(await bench.account())
    assert await bench.consents.exchange(b"other", b"browser", ID, NOW) is None
    assert await bench.consents.exchange(b"nonce", b"other", ID, NOW) is None
    assert await bench.consents.exchange(b"nonce", b"browser", ID, NOW + LIFE) is None
    assert await bench.consents.get(request.id) == request
    began = await bench.consents.exchange(b"nonce", b"browser", ID, NOW)
    assert (began.authorisation_id, began.began_at) == (ID, NOW)
    assert (began.request.state, began.request.reason) == (EXCHANGING, SERVICES_NOT_LISTED)
    assert began.request == await bench.consents.get(request.id)
    assert await bench.consents.authorisation(request.id) == ID


async def test_the_same_callback_goes_on_and_no_other(bench):
    request = await bench.left(await bench.account())
    began = await bench.consents.exchange(b"nonce", b"browser", ID, NOW)
    later = NOW + timedelta(hours=1)
    assert await bench.consents.exchange(b"nonce", b"browser", ID, later) == began
    assert await bench.consents.exchange(b"nonce", b"browser", ID + 1, later) is None
    assert await bench.consents.take(b"nonce", b"browser", later) is None
    assert await bench.consents.start(b"ticket", b"browser", b"again", later) is None
    assert await bench.consents.grant(request.id, [ONE], later, None, services=[service()]) == [Claim(ONE, GRANTED)]
    ended = await bench.consents.exchange(b"nonce", b"browser", ID, later)
    assert ended == Exchange(await bench.consents.get(request.id), ID, NOW)
    assert (ended.request.state, ended.request.reason) == (GRANTED, None)


async def test_of_callbacks_at_once_all_get_one_exchange(bench):
    await bench.left(await bench.account())
    found = await asyncio.gather(*(bench.consents.exchange(b"nonce", b"browser", ID + at % 2, NOW) for at in range(8)))
    assert len([each for each in found if each is not None]) == 4
    assert len({each.authorisation_id for each in found if each is not None}) == 1


async def test_a_nonce_used_by_a_callback_of_v1_exchanges_nothing(bench):
    request = await bench.left(await bench.account())
    assert await bench.consents.take(b"nonce", b"browser", NOW) == request
    assert await bench.consents.exchange(b"nonce", b"browser", ID, NOW) is None
    assert await bench.consents.authorisation(request.id) is None


async def test_what_is_open_is_listed_oldest_first_while_it_is_in_time(bench):
    account = await bench.account()
    assert await bench.consents.open_exchanges(NOW) == []
    marks = (b"1", b"2", b"3", b"4", b"5", b"6", b"7")
    requests = {mark: await bench.left(account, mark) for mark in marks}
    began = {
        mark: await bench.consents.exchange(b"nonce" + mark, b"browser", ID, NOW + timedelta(minutes=at))
        for mark, at in ((b"1", 7), (b"2", 5), (b"3", 6), (b"4", 3), (b"5", 9), (b"6", 1))
    }
    await bench.consents.close(requests[b"3"].id, ConsentState.FAILED, SHARE_OLDER)
    assert await bench.consents.open_exchanges(NOW) == [began[mark] for mark in (b"6", b"4", b"2", b"1", b"5")]
    assert await bench.consents.open_exchanges(NOW + LIFE) == []
    lapsed = await bench.consents.get(requests[b"1"].id)
    assert request_standing(lapsed, NOW + LIFE) is ConsentState.LAPSED


async def test_an_exchange_that_failed_begins_anew_without_its_id(bench):
    request = await bench.left(await bench.account())
    await bench.consents.exchange(b"nonce", b"browser", ID, NOW)
    await bench.consents.close(request.id, ConsentState.FAILED, SHARE_OLDER)
    assert (await bench.consents.get(request.id)).reason == SHARE_OLDER
    assert await bench.consents.start(b"ticket", b"browser", b"again", NOW) == request
    assert await bench.consents.authorisation(request.id) is None
    assert await bench.consents.exchange(b"nonce", b"browser", ID, NOW) is None
    assert await bench.consents.take(b"again", b"browser", NOW) == request
    assert await bench.consents.exchange(b"again", b"browser", ID, NOW) is None
    await bench.consents.close(request.id, ConsentState.FAILED, "server_error")
    await bench.consents.start(b"ticket", b"browser", b"anew", NOW)
    assert (await bench.consents.exchange(b"anew", b"browser", ID + 1, NOW)).authorisation_id == ID + 1


async def test_what_came_of_the_points_is_told_again(bench):
    alice, bob = await bench.account("alice"), await bench.account("bob")
    first, second = await bench.left(alice, b"1"), await bench.left(bob, b"2")
    await bench.consents.grant(first.id, [ONE], NOW, None)
    await bench.consents.exchange(b"nonce2", b"browser", ID, NOW)
    claims = await bench.consents.grant(second.id, [OTHER, ONE], NOW, None, services=[])
    assert claims == [Claim(OTHER, GRANTED), Claim(ONE, DISPUTED)]
    assert sorted(await bench.consents.claims(second.id), key=repr) == sorted(claims, key=repr)
    await bench.consents.forget(bob, second.id)
    assert await bench.consents.claims(second.id) == []
    assert await bench.consents.authorisation(second.id) is None


async def services_of(store, account, point=ONE):
    link = await store.links.find(account, point)
    return await Services(store.engine, store.secrets).of(link.point_id)


async def grant(store, account, *points, services=None):
    request = await store.request(account)
    await store.consents.grant(request.id, points, NOW, NOW + timedelta(days=365), services=services)
    return request.id


async def test_services_are_kept_for_each_point_with_the_grant(store):
    account = await store.account()
    curve = service(ONE, ServiceKind.CURVE, Direction.PRODUCTION, Direction.CONSUMPTION, ends_on=None)
    other = service(OTHER, ServiceKind.CONTRACT)
    await grant(store, account, ONE, OTHER, services=[service(), other, curve])
    assert await services_of(store, account) == KnownServices(ONE, (service(), curve), NOW)
    assert await services_of(store, account, OTHER) == KnownServices(OTHER, (other,), NOW)
    book = Services(store.engine, store.secrets)
    point = (await store.links.find(account, ONE)).point_id
    assert set(await book.of_points([point, "0" * 32])) == {point}
    assert await book.of("0" * 32) is None


async def test_a_consent_that_tells_no_services_leaves_nothing_known(store):
    account = await store.account()
    book = Services(store.engine, store.secrets)
    await grant(store, account, ONE, services=[service()])
    point = (await store.links.find(account, ONE)).point_id
    assert await book.gives(point, Series.CONSUMPTION_DAILY, NOW) is True
    assert await book.gives(point, Series.CONSUMPTION_LOAD_CURVE, NOW) is False
    assert await book.gives(point, Series.CONSUMPTION_DAILY, NOW + timedelta(days=365)) is False
    await grant(store, account, ONE)
    assert await book.gives(point, Series.CONSUMPTION_DAILY, NOW) is None


async def test_services_are_replaced_as_a_whole(store):
    account = await store.account()
    await grant(store, account, ONE, services=[service()])
    book, later = Services(store.engine, store.secrets), NOW + timedelta(days=1)
    point = (await store.links.find(account, ONE)).point_id
    power = service(ONE, ServiceKind.POWER)
    await book.replace(point, [power], later)
    assert await book.of(point) == KnownServices(ONE, (power,), later)
    await book.replace(point, [], later)
    assert await book.of(point) == KnownServices(ONE, (), later)


async def rows_of(store) -> int:
    async with reading(store.engine) as connection:
        found = await connection.execute(select(func.count()).select_from(services))
    return found.scalar_one()


async def test_services_go_with_the_point(store):
    account = await store.account()
    book = Services(store.engine, store.secrets)
    first = await grant(store, account, ONE, services=[service()])
    point = (await store.links.find(account, ONE)).point_id
    second = await grant(store, account, ONE, services=[service()])
    await store.consents.forget(account, first)
    assert await book.of(point) is not None
    await store.consents.forget(account, second)
    assert await rows_of(store) == 0
    await book.replace(point, [service()], NOW)
    assert await rows_of(store) == 0
    await grant(store, account, ONE)
    assert await book.of(point) is None


async def test_what_is_exchanged_is_counted_and_lapses(store):
    await Bench(store.consents, store).left(await store.account())
    await store.consents.exchange(b"nonce", b"browser", ID, NOW)
    census = Census(store.engine, store.secrets)
    assert await census.consents(NOW) == {EXCHANGING: 1}
    assert await census.consents(NOW + LIFE) == {ConsentState.LAPSED: 1}


def files_of(store) -> bytes:
    """What SQLite has written, its log included."""
    path = make_url(store.engine.url).database
    return b"".join(Path(f"{path}{tail}").read_bytes() for tail in ("", "-wal"))


async def test_the_id_is_sealed_for_its_own_row(on_sqlite):
    store = on_sqlite
    await Bench(store.consents, store).left(await store.account())
    await store.consents.exchange(b"nonce", b"browser", ID, NOW)
    written = files_of(store)
    assert SERVICES_NOT_LISTED.encode() in written, "the search looks at the right bytes"
    assert str(ID).encode() not in written
    assert ID.to_bytes(4, "big") not in written
    async with reading(store.engine) as connection:
        assert (await connection.execute(select(consents.c.authorisation_sealed))).scalar() is not None
