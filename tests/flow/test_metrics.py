"""GET /metrics says what happened, by routes, APIs and states, and names nobody."""

from collections import Counter

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.flow.homes import SQLITE, Home

PLAIN = "22516914714270"
ROUTE = "/v1/usage-points/{prm}/consumption/daily"
WEEK = ("2026-11-16", "2026-11-23")


@pytest.fixture
def home() -> Home:
    """What was counted belongs to a process: one gateway."""
    return Home(SQLITE)


async def samples(house) -> dict[tuple[str, ...], float]:
    """Every sample: its name and the values of its labels, in the order of their names."""
    answer = await house.http.get(f"{house.gateway_url}/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def test_calls_waits_and_what_is_left_agree_with_what_enedis_saw(house):
    await house.series(PLAIN, "consumption/daily", *WEEK)
    await house.control("PUT", "faults", {"api": "metering_data_clc", "count": 1, "status": 503, "body": ""})
    await house.control("PUT", "faults", {"api": "metering_data_clc", "count": 1, "drop": True})
    await house.series(PLAIN, "consumption/load-curve", *WEEK)
    found = await samples(house)
    told = {name[1:]: value for name, value in found.items() if name[0] == "passerelle_enedis_calls_total"}
    assert told == {
        ("oauth2", "200"): 1,
        ("metering_data_dc", "200"): 1,
        ("metering_data_clc", "503"): 1,
        ("metering_data_clc", "lost"): 1,
        ("metering_data_clc", "200"): 1,
    }
    seen = await house.calls()
    assert Counter(call["api"] for call in seen) == Counter(
        {api: sum(value for (name, _), value in told.items() if name == api) for api, _ in told}
    )
    assert found["passerelle_quota_wait_seconds_count", "interactive"] == len(seen)
    assert found["passerelle_quota_left", "v5"] == house.settings.limits.per_hour - len(seen)
    assert found["passerelle_quota_held", "v5"] == 0


async def test_a_hold_shows(house):
    await house.control("PUT", "faults", {"api": "metering_data_dc", "error": "wso2-900804-throttled", "count": 1})
    await house.series(PLAIN, "consumption/daily", *WEEK)
    found = await samples(house)
    assert found["passerelle_enedis_calls_total", "metering_data_dc", "429"] == 1
    assert found["passerelle_quota_held", "v5"] == 1


async def test_reads_are_counted_by_what_the_store_had(house):
    for start, end in (WEEK, WEEK, ("2026-11-17", "2026-11-24")):
        await house.series(PLAIN, "consumption/daily", start, end)
    found = await samples(house)
    assert {use: found["passerelle_series_reads_total", use] for use in ("miss", "hit", "partial")} == {
        "miss": 1,
        "hit": 1,
        "partial": 1,
    }


async def test_requests_are_counted_by_route_and_consents_by_state(house):
    await house.series(PLAIN, "consumption/daily", *WEEK)
    await house.series(PLAIN, "consumption/daily", "2026-11-23", "2026-11-16")
    await house.get(f"/v1/{PLAIN}/no-such-thing")
    await house.get("/docs/assets/swagger-ui.css")
    await house.get("/enedis/oauth2/nothing")
    found = await samples(house)
    assert found["passerelle_http_requests_total", "GET", ROUTE, "200"] == 1
    assert found["passerelle_http_requests_total", "GET", ROUTE, "400"] == 1
    assert found["passerelle_http_requests_total", "GET", "none", "404"] >= 1
    assert found["passerelle_usage_point_links", "granted"] == 11
    assert found["passerelle_usage_point_links", "revoked"] == 1
    assert found["passerelle_consents", "granted"] >= 1
    assert found["passerelle_consents", "lapsed"] == 0


async def test_no_label_names_a_meter_an_account_or_a_key(house):
    for folder in (ROUTE.partition("{prm}")[0], "/v1/", "/enedis/", "/docs/assets/", "/"):
        await house.get(f"{folder}{PLAIN}", params={"start": WEEK[0], "end": WEEK[1]})
    text = (await house.http.get(f"{house.gateway_url}/metrics")).text
    assert 'route="/enedis"' in text
    accounts = await house.opened.stores.accounts.list()
    for secret in (PLAIN, house.key, *(each.id for each in accounts), *(each.name for each in accounts)):
        assert f'"{secret}"' not in text
        assert PLAIN not in text


async def test_the_generation_in_use_is_told_by_api_as_in_the_health(install):
    apis = {"situation_contrat_auto", "synth_contrat_auto", "comptage_auto", "donnees_generales_auto"}
    apis |= {"mesure_synchrone_auto", "alimentation_auto", "subscribed_services"}
    async with install(GENERATION="auto") as house:
        assert await generations(house) == dict.fromkeys(apis, "2026")
        await house.control("PUT", "apis", {"api": "mesure_synchrone_auto", "subscribed": False})
        await house.series(PLAIN, "consumption/daily", *WEEK)
        assert await generations(house) == dict.fromkeys(apis, "2026") | {"mesure_synchrone_auto": "v5"}
        found = await samples(house)
        for bucket in ("v5", "mesure_synchrone_auto"):
            assert found["passerelle_quota_left", bucket] < found["passerelle_quota_allowance", bucket]
        assert found["passerelle_quota_left", "comptage_auto"] == found["passerelle_quota_allowance", "comptage_auto"]
    for only in ("v5", "2026"):
        async with install(GENERATION=only) as house:
            assert set((await generations(house)).values()) == {only}


async def generations(house):
    """By API, as the metrics have it and as the health does."""
    told = {name[1]: name[2] for name in await samples(house) if name[0] == "passerelle_enedis_generation"}
    health = await house.http.get(f"{house.gateway_url}/health/ready")
    assert health.json()["generation"] == told
    return told
