"""`auto`: 2026 where it answers, v5 where that helps, and a change at Enedis that nobody notices."""

import asyncio
from collections import Counter

import pytest

PLAIN = "22516914714270"
MODERN, OLD = "mesure_synchrone_auto", "metering_data_clc"
V5_APIS = ("metering_data_dc", "metering_data_clc", "metering_data_dcmp", "metering_data_dp", "metering_data_plc")


async def generations(house):
    return (await house.http.get(f"{house.gateway_url}/health/ready")).json()["generation"]


async def switch(house, api, **how):
    await house.control("PUT", "apis", {"api": api, **how})


@pytest.fixture
async def auto(install):
    async with install(GENERATION="auto") as house:
        yield house


async def test_2026_is_asked_and_v5_is_not(auto):
    answer = await auto.series(PLAIN, "consumption/load-curve", "2026-11-10", "2026-11-17")
    assert answer.json()["readings"] == await auto.truth(PLAIN, "consumption/load-curve", "2026-11-10", "2026-11-17")
    apis = Counter(call["api"] for call in await auto.calls())
    assert apis == {"oauth2": 1, MODERN: 1}
    assert (await generations(auto))[MODERN] == "2026"


async def test_without_a_subscription_v5_is_used_and_2026_is_not_asked_for_ten_minutes(auto):
    await switch(auto, MODERN, subscribed=False)
    for day in range(10, 16):
        answer = await auto.series(PLAIN, "consumption/daily", f"2026-10-{day}", f"2026-10-{day + 1}")
        assert answer.json()["readings"], answer.text
    apis = Counter(call["api"] for call in await auto.calls())
    assert apis[MODERN] == 1
    assert apis["metering_data_dc"] == 6
    assert (await generations(auto))[MODERN] == "v5"


@pytest.mark.parametrize(
    "error",
    [
        "v2026-measure-no-data-404",
        "v2026-measure-not-holder-403",
        "wso2-900906-unknown-path",
        "wso2-900804-throttled",
        "adam-err0123-400-2026-fr",
    ],
)
async def test_an_answer_is_an_answer(auto, error):
    await auto.control("PUT", "faults", {"api": MODERN, "error": error, "count": None})
    await auto.series(PLAIN, "consumption/load-curve", "2026-11-10", "2026-11-17", headers={"Prefer": "wait=1"})
    assert not [call for call in await auto.calls() if call["api"] in V5_APIS]


async def test_customer_data_come_from_v5_where_2026_lacks_them_and_from_2026_once_v5_is_gone(auto):
    contracts = ("situation_contrat_auto", "customers_upc")

    async def contract(prm):
        answer = await auto.get(f"/v1/usage-points/{prm}/contract")
        assert answer.status_code == 200, answer.text
        return answer.json()

    await switch(auto, contracts[0], subscribed=False)
    for prm in (PLAIN, "11453290002823", "12345678901234"):
        body = await contract(prm)
        assert "contract_status" in body
        assert "phases" not in body
    calls = Counter(call["api"] for call in await auto.calls())
    assert [calls[api] for api in contracts] == [1, 3]
    assert {api: told for api, told in (await generations(auto)).items() if told == "v5"}.keys() == {
        "situation_contrat_auto",
        "synth_contrat_auto",
        "comptage_auto",
        "alimentation_auto",
    }
    await switch(auto, contracts[0], subscribed=True)
    await switch(auto, contracts[1], served=False)
    body = await contract("42900589957123")
    assert "contract_status" not in body
    assert "phases" in body
    assert set((await generations(auto)).values()) == {"2026"}


async def test_an_index_is_asked_of_2026_alone(auto):
    answer = await auto.series(PLAIN, "index/consumption", "2026-11-10", "2026-11-12")
    assert len(answer.json()["readings"]) == 2
    await auto.control("PUT", "faults", {"api": MODERN, "status": 503, "body": "", "count": None})
    answer = await auto.series(PLAIN, "index/consumption", "2026-11-12", "2026-11-14")
    assert answer.status_code == 503
    assert {call["api"] for call in await auto.calls()} == {"oauth2", MODERN}


async def test_when_neither_answers_the_error_of_2026_stands_and_neither_is_asked_again_and_again(auto):
    await auto.control("PUT", "faults", {"api": MODERN, "error": "html-503", "count": None})
    await auto.control("PUT", "faults", {"api": "metering_data_dc", "error": "technical-error-500", "count": None})
    for day in range(10, 13):
        answer = await auto.series(PLAIN, "consumption/daily", f"2026-10-{day}", f"2026-10-{day + 1}")
        assert answer.status_code in (502, 503)
    calls = Counter(call["api"] for call in await auto.calls())
    assert calls["metering_data_dc"] == 3, "asked once, with two retries"


async def test_v5_stops_in_the_middle_of_an_import_and_nobody_notices(install):
    async with install(GENERATION="auto") as house:
        await switch(house, MODERN, subscribed=False)
        span = ("2026-01-05", "2026-11-23")
        waiting = asyncio.create_task(house.series(PLAIN, "consumption/load-curve", *span))
        while len(await house.calls(OLD)) < 5:
            pass
        await switch(house, MODERN, subscribed=True)
        for api in V5_APIS:
            await switch(house, api, served=False)
        answer = await waiting
        body = answer.json()
        assert answer.status_code == 200
        assert body["readings"] == await house.truth(PLAIN, "consumption/load-curve", *span)
        given = Counter()
        for call in await house.calls():
            if call["status"] == 200 and call["api"] in (OLD, MODERN):
                query = call["query"]
                given[query.get("start") or query["dateDebut"]] += 1
        assert sum(given.values()) == 46  # 322 days
        assert set(given.values()) == {1}
        assert (await generations(house))[MODERN] == "2026"


async def test_changing_the_setting_loses_nothing_and_asks_for_nothing_again(install):
    span = ("2026-10-20", "2026-11-17")
    before = None
    for generation in ("v5", "2026", "auto", "v5"):
        async with install(GENERATION=generation) as house:
            answer = await house.series(PLAIN, "consumption/load-curve", *span)
            assert before in (None, answer.json()["readings"])
            if before is not None:
                assert answer.headers["cache-status"] == "passerelle; hit"
                assert not [call for call in await house.calls() if call["api"] != "oauth2"]
            before = answer.json()["readings"]
