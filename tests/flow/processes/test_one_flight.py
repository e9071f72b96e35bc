"""What is asked of several processes at once is asked of Enedis once: real gateways on one database."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date, timedelta
from typing import Any

import pytest
from tests.flow.homes import ALL, at_home

pytestmark = pytest.mark.asyncio(loop_scope="module")

POINT = "22516914714270"
CURVE, CURVE_API = "consumption/load-curve", "metering_data_clc"
DAY = timedelta(days=1)
GATEWAYS = 4


@asynccontextmanager
async def installed(estate: Any, kind: str, **settings: str) -> AsyncIterator[Any]:
    """Four gateways at a home of this kind, one point of which nothing is held, an empty journal."""
    async with at_home(kind) as home:
        made = estate(gateways=GATEWAYS, QUOTA_PER_SECOND="500", REFRESH="off", **home.settings, **settings)
        await made.simulator.start()
        await made.furnish([POINT])
        await asyncio.gather(*(gateway.start() for gateway in made.gateways))
        await made.control("DELETE", "calls")
        try:
            yield made
        finally:
            await made.end()


async def ask(made: Any, gateway: int, start: date, end: date) -> Any:
    """The readings, all of them."""
    path = f"/v1/usage-points/{POINT}/{CURVE}"
    params = {"start": str(start), "end": str(end)}
    answer = await made.get(path, gateway=gateway, params=params, headers={"Prefer": "wait=60"})
    assert answer.status_code == 200, answer.text
    assert not answer.json()["gaps"]
    return answer.json()["readings"]


async def asked(made: Any, api: str) -> list[tuple[str, str]]:
    """The first day and the end of each call."""
    return [(call["query"]["start"], call["query"]["end"]) for call in await made.calls() if call["api"] == api]


def ranges_of_a_month() -> Sequence[tuple[date, date]]:
    """A hundred, no two alike, which together need every day of October."""
    first = date(2026, 10, 1)
    pairs = [(first + start * DAY, first + end * DAY) for start in range(31) for end in range(start + 1, 32)]
    return [*pairs[:30:3], *pairs[31:-1:5][:89], (first, first + 31 * DAY)]


def dealt(ranges: Sequence[Any], *, like_cards: bool) -> list[tuple[int, Any]]:
    """The gateway of each range: any of them, or those of neighbours together. All of them are busy from the start."""
    if like_cards:
        return [(at % GATEWAYS, each) for at, each in enumerate(ranges)]
    share = len(ranges) // GATEWAYS
    return [(gateway, ranges[gateway * share + at]) for at in range(share) for gateway in range(GATEWAYS)]


@pytest.mark.parametrize("like_cards", [True, False])
@pytest.mark.parametrize("kind", ALL)
async def test_a_hundred_ranges_of_one_month_over_four_processes_are_five_calls(
    estate: Any, kind: str, *, like_cards: bool
):
    ranges = ranges_of_a_month()
    assert len(set(ranges)) == 100
    async with installed(estate, kind) as made:
        await asyncio.gather(*(ask(made, gateway, *each) for gateway, each in dealt(ranges, like_cards=like_cards)))
        calls = await asked(made, CURVE_API)
    assert len(calls) == 5, calls


@pytest.mark.parametrize("kind", ALL)
async def test_twenty_identical_cold_requests_over_four_processes_are_one_call(estate: Any, kind: str):
    async with installed(estate, kind) as made:
        week = date(2026, 11, 16), date(2026, 11, 23)
        first, *others = await asyncio.gather(*(ask(made, at % GATEWAYS, *week) for at in range(20)))
        assert all(answer == first for answer in others)
        assert await asked(made, CURVE_API) == [tuple(map(str, week))]


MODERN, OLD = "mesure_synchrone_auto", "metering_data_clc"


@pytest.mark.parametrize("kind", ALL)
async def test_v5_is_fallen_back_to_once_for_all_processes(estate: Any, kind: str):
    """F§13: at most once per API in ten minutes, whichever process asks, and after a restart."""
    async with installed(estate, kind, GENERATION="auto") as made:
        await made.control("PUT", "apis", {"api": MODERN, "subscribed": False})
        for at in range(2 * GATEWAYS):
            await ask(made, at % GATEWAYS, date(2026, 10, 1) + at * DAY, date(2026, 10, 2) + at * DAY)
        await made.gateways[1].end()
        await made.gateways[1].start()
        await ask(made, 1, date(2026, 9, 1), date(2026, 9, 2))
        apis = Counter(call["api"] for call in await made.calls())
        assert (apis[MODERN], apis[OLD]) == (1, 2 * GATEWAYS + 1)
        ready = [await made.get("/health/ready", gateway=gateway) for gateway in range(GATEWAYS)]
        assert [answer.json()["generation"][MODERN] for answer in ready] == ["v5"] * GATEWAYS


@pytest.mark.parametrize("kind", ALL)
async def test_an_index_that_is_not_subscribed_is_asked_once_for_all_processes(estate: Any, kind: str):
    async with installed(estate, kind, GENERATION="auto") as made:
        await made.control("PUT", "apis", {"api": MODERN, "subscribed": False})
        for at in range(2 * GATEWAYS):
            day = date(2026, 10, 1) + at * DAY
            params = {"start": str(day), "end": str(day + DAY)}
            path = f"/v1/usage-points/{POINT}/index/consumption"
            answer = await made.get(path, gateway=at % GATEWAYS, params=params)
            assert (answer.status_code, answer.json()["code"]) == (502, "operator-action-needed")
        assert len([call for call in await made.calls() if call["api"] == MODERN]) == 1


async def contracts(made: Any, asks: int) -> list[Any]:
    """So many at once, through all gateways."""
    path = f"/v1/usage-points/{POINT}/contract"
    return await asyncio.gather(*(made.get(path, gateway=at % GATEWAYS) for at in range(asks)))


CONTRACT_API = "customers_upc"


@pytest.mark.parametrize("kind", ALL)
async def test_a_customer_record_is_asked_once_for_all_processes(estate: Any, kind: str):
    async with installed(estate, kind) as made:
        answers = await contracts(made, 2 * GATEWAYS) + await contracts(made, GATEWAYS)
        assert [answer.status_code for answer in answers] == [200] * 3 * GATEWAYS
        assert all(answer.json() == answers[0].json() for answer in answers)
        assert len([call for call in await made.calls() if call["api"] == CONTRACT_API]) == 1


@pytest.mark.parametrize("kind", ALL)
async def test_a_refused_record_is_asked_once_for_all_processes(estate: Any, kind: str):
    """F§12: also after a restart."""
    async with installed(estate, kind) as made:
        await made.control("PUT", "faults", {"api": CONTRACT_API, "error": "v5-no-data-found-404", "count": None})
        answers = await contracts(made, 2 * GATEWAYS)
        await made.gateways[0].end()
        await made.gateways[0].start()
        answers += await contracts(made, GATEWAYS)
        assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(404, "no-data")}
        assert len([call for call in await made.calls() if call["api"] == CONTRACT_API]) == 1
