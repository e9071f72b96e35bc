"""An application written for Enedis, pointed at the gateway, against the simulator's own answers."""

import re

import pytest

DATA = {
    "/metering_data_dc/v5/daily_consumption": True,
    "/metering_data_clc/v5/consumption_load_curve": True,
    "/metering_data_dcmp/v5/daily_consumption_max_power": True,
    "/metering_data_dp/v5/daily_production": True,
    "/metering_data_plc/v5/production_load_curve": True,
    "/customers_upc/v5/usage_points/contracts": False,
    "/customers_upa/v5/usage_points/addresses": False,
    "/customers_i/v5/identity": False,
    "/customers_cd/v5/contact_data": False,
}
"""The nine data paths, and whether they take a period."""
DAILY = "/metering_data_dc/v5/daily_consumption"
CURVE = "/metering_data_clc/v5/consumption_load_curve"
IDENTITY = "/customers_i/v5/identity"
PLAIN = "22516914714270"
CUSTOMERS = (
    PLAIN,
    "11453290002823",
    "32320647321714",
    "12345678901234",
    "10284856584123",
    "42900589957123",
    "24880057139941",
    "12655648759651",
    "64975835695673",
    "63695879465986",
    "22315546958763",
    "26584978546985",
)
"""F§11, the one that revokes at once included."""
PERIODS = {
    "spring": ("2026-03-27", "2026-04-01"),
    "autumn": ("2025-10-22", "2025-10-29"),
    "now": ("2026-11-20", "2026-11-24"),
}


class Application:
    """A client of Enedis: an address, an id and a secret are all it knows."""

    def __init__(self, http, url, client_id, secret) -> None:
        self.http, self.url, self.credentials = http, url, (client_id, secret)
        self.token = None

    async def sign_in(self, *, basic=True):
        form = {"grant_type": "client_credentials"}
        if not basic:
            form |= dict(zip(("client_id", "client_secret"), self.credentials, strict=True))
        auth = self.credentials if basic else None
        answer = await self.http.post(f"{self.url}/oauth2/v3/token", data=form, auth=auth)
        assert answer.status_code == 200, answer.text
        self.token = answer.json()["access_token"]
        return answer.json()

    async def revoke(self):
        form = {"token": self.token, "token_type_hint": "access_token"}
        return await self.http.post(f"{self.url}/oauth2/v3/revoke", data=form, auth=self.credentials)

    async def get(self, path, prm, period=None, headers=None):
        query = {"usage_point_id": prm} | (dict(zip(("start", "end"), period, strict=True)) if period else {})
        bearer = {"Authorization": f"Bearer {self.token}"}
        return await self.http.get(f"{self.url}{path}", params=query, headers=bearer | (headers or {}))


@pytest.fixture
async def application(house):
    """Signed in at the gateway with the demo account's key."""
    found = Application(house.http, f"{house.gateway_url}/enedis", "demo", house.key)
    await found.sign_in()
    return found


@pytest.fixture
async def direct(house):
    """The same application, signed in at the simulator."""
    found = Application(house.http, house.simulator_url, "simulator", "simulator-secret")
    await found.sign_in()
    return found


def told(answer):
    return answer.status_code, answer.headers["content-type"], answer.json()


@pytest.mark.parametrize("prm", CUSTOMERS)
async def test_every_answer_equals_the_simulators_own(application, direct, prm):
    """Readings, records and refusals alike, on an ordinary day and on both changes of hour."""
    for path, takes_period in DATA.items():
        for period in PERIODS.values() if takes_period else (None,):
            mirrored = await application.get(path, prm, period)
            assert told(mirrored) == told(await direct.get(path, prm, period)), (path, period)
            assert told(await application.get(path, prm, period)) == told(mirrored)  # now from the store


async def test_the_changes_of_hour_have_46_and_50_half_hours(application):
    for period, points in ((("2026-03-29", "2026-03-30"), 46), (("2025-10-26", "2025-10-27"), 50)):
        body = (await application.get(CURVE, PLAIN, period)).json()
        assert len(body["meter_reading"]["interval_reading"]) == points


@pytest.mark.parametrize("basic", [True, False])
async def test_the_token_looks_like_enedis_and_ends_when_revoked(application, direct, basic):
    mine, theirs = await application.sign_in(basic=basic), await direct.sign_in(basic=basic)
    assert list(mine) == list(theirs)
    assert mine | {"access_token": ""} == theirs | {"access_token": ""}
    assert (await application.get(IDENTITY, PLAIN)).status_code == 200
    for each in (application, direct):
        answer = await each.revoke()
        assert (answer.status_code, answer.content) == (200, b"")
        assert (await each.get(IDENTITY, PLAIN)).status_code == 401
        assert (await each.revoke()).status_code == 200


async def test_the_token_opens_the_mirror_alone_and_the_key_is_no_token(application, house):
    answer = await house.get("/v1/usage-points", key=application.token)
    assert (answer.status_code, answer.json()["code"]) == (401, "key-invalid")
    application.token = house.key
    assert (await application.get(IDENTITY, PLAIN)).json()["fault"]["code"] == 900901


REFUSED = (
    (CURVE, PLAIN, ("2026-11-16", "2026-11-24")),
    (CURVE, PLAIN, ("2024-10-01", "2024-10-03")),
    (DAILY, PLAIN, ("2019-01-01", "2019-02-01")),
    (DAILY, PLAIN, ("2026-11-23", "2026-11-25")),
    (DAILY, PLAIN, ("2026-11-23", "2026-11-23")),
    (DAILY, PLAIN, ("2026-11-23", "demain")),
    (DAILY, PLAIN, None),
    (DAILY, "1234", ("2026-11-22", "2026-11-23")),
    (DAILY, "26584978546985", ("2026-11-16", "2026-11-24")),
    (DAILY, "99999999999999", ("2026-11-22", "2026-11-23")),
    (IDENTITY, "12 345 678 901 234", None),
    (IDENTITY, PLAIN, ("2026-11-22", "2026-11-23")),
    ("/metering_data_dc/v4/daily_consumption", PLAIN, None),
)


async def test_refusals_equal_the_simulators_own_and_cost_no_call(application, direct, house):
    for path, prm, period in REFUSED:
        await house.control("DELETE", "calls")
        mirrored = await application.get(path, prm, period)
        assert mirrored.status_code >= 400
        assert await house.calls() == []
        assert told(mirrored) == told(await direct.get(path, prm, period)), (path, prm, period)


async def test_a_day_appears_at_eight(application, direct, house):
    period = ("2026-11-23", "2026-11-24")
    for now, status in (("2026-11-24T07:59:00+01:00", 404), ("2026-11-24T08:00:00+01:00", 200)):
        await house.set_clock(now)
        mirrored = await application.get(CURVE, PLAIN, period)
        assert mirrored.status_code == status
        assert told(mirrored) == told(await direct.get(CURVE, PLAIN, period))


async def test_who_does_not_wait_is_told_to_come_back(application, house):
    await house.control("PUT", "faults", {"api": "metering_data_dc", "count": 1, "delay_ms": 300})
    period = ("2026-11-20", "2026-11-22")
    answer = await application.get(DAILY, PLAIN, period, {"Prefer": "wait=0"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert (await application.get(DAILY, PLAIN, period)).status_code == 200
    assert len(await house.calls("metering_data_dc")) == 1  # the second request joined the first one's call


async def test_a_used_up_quota_is_said_in_enedis_words(install):
    async with install(QUOTA_PER_HOUR="2") as house:
        application = Application(house.http, f"{house.gateway_url}/enedis", "demo", house.key)
        await application.sign_in()
        answers = [await application.get(IDENTITY, prm) for prm in CUSTOMERS[:4]]
        refused = answers[-1]
        assert refused.status_code == 429
        body = refused.json()
        assert re.fullmatch(r"2026-Nov-24 09:00:\d\d\+0000 UTC", body["nextAccessTime"])  # 10:00 in Paris
        assert body == {
            "code": "900804",
            "message": "Message throttled out",
            "description": f"You have exceeded your quota .You can access API after {body['nextAccessTime']}",
            "nextAccessTime": body["nextAccessTime"],
        }
