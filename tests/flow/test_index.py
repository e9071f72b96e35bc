"""Registers of the meter: 2026 only, from Enedis to the caller and the command line."""

import pytest

PLAIN, BOTH_WAYS = "22516914714270", "12655648759651"
DAYS = ("2026-11-20", "2026-11-24")


async def test_v5_has_none_and_is_not_asked(house):
    await house.control("DELETE", "calls")
    for direction in ("consumption", "production"):
        answer = await house.series(PLAIN, f"index/{direction}", *DAYS)
        assert (answer.status_code, answer.json()["code"]) == (404, "not-served")
        assert answer.json()["who_acts"] == "operator"
    assert await house.calls() == []


@pytest.mark.parametrize(("prm", "series"), [(PLAIN, "index/consumption"), (BOTH_WAYS, "index/production")])
async def test_registers_are_those_of_the_meter_and_are_kept(install, prm, series):
    async with install(GENERATION="2026") as house:
        answer = await house.series(prm, series, *DAYS)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert body["readings"] == await house.truth(prm, series, *DAYS)
        assert (body["unit"], body["gaps"], "energy_wh" in body) == ("Wh", [], False)
        assert [reading["day"] for reading in body["readings"]] == [
            "2026-11-20",
            "2026-11-21",
            "2026-11-22",
            "2026-11-23",
        ]
        totals = [reading["total"] for reading in body["readings"] if "total" in reading]
        assert totals == sorted(totals)
        again = await house.series(prm, series, *DAYS)
        assert again.json()["readings"] == body["readings"]
        assert again.headers["cache-status"] == "passerelle; hit"
        assert len(await house.calls("mesure_synchrone_auto")) == 1


async def test_the_forms_hold_the_same_registers(install):
    async with install(GENERATION="2026") as house:
        body = (await house.series(PLAIN, "index/consumption", *DAYS)).json()
        text = (await house.series(PLAIN, "index/consumption", *DAYS, headers={"Accept": "text/csv"})).text
        head, *rows = (line.split(",") for line in text.splitlines())
        assert head == ["day", "at", "class", "value", "unit", "quality", "gap"]
        expected = [
            [reading["day"], reading["at"], name, str(value), "Wh", reading["quality"], ""]
            for reading in body["readings"]
            for name, value in [
                *((each["class"], each["value"]) for each in reading["registers"]),
                *([("total", reading["total"])] if "total" in reading else []),
            ]
        ]
        assert rows == expected
        lines = (await house.series(PLAIN, "index/consumption", *DAYS, headers={"Accept": "application/x-ndjson"})).text
        assert len(lines.splitlines()) == len(body["readings"]) + 1


async def test_a_key_without_the_scope_is_refused_first(install):
    async with install(GENERATION="2026") as house:
        form = {"grant_type": "client_credentials", "client_id": "demo", "client_secret": house.key}
        form["scope"] = "consumption:daily"
        token = (await house.http.post(f"{house.gateway_url}/oauth/token", data=form)).json()["access_token"]
        await house.control("DELETE", "calls")
        answer = await house.series(PLAIN, "index/consumption", *DAYS, key=token)
        assert (answer.status_code, answer.json()["code"]) == (403, "scope-missing")
        assert await house.calls() == []
