"""What travels through the browser: single-use, signed, bound to the browser, short, and believed in nothing."""

import pytest


@pytest.fixture
async def waiting(alice, browser, households):
    """A request whose customer said yes at Enedis, before the browser comes back: the request, and where it goes."""
    started = await alice.start()
    page = await browser.to_enedis(started["authorize_url"])
    return started, await browser.decide(page, "approve", households[0])


async def nothing_came_of(tenant, started):
    assert await tenant.state(started) == "requested"
    assert await tenant.points() == {}


async def test_the_state_is_short_and_new_each_time(browser, alice, parameters):
    started = await alice.start()
    asked = [parameters((await browser.open(started["authorize_url"])).headers["location"]) for _ in range(3)]
    assert len({query["state"] for query in asked}) == 3
    for query in asked:
        assert len(query["state"]) <= 100
        assert query == {"client_id": "simulator", "response_type": "code", "duration": "P1Y", "state": query["state"]}


async def test_the_cookie_can_be_read_by_no_script_and_goes_along_from_enedis(browser, alice):
    cookie = (await browser.open((await alice.start())["authorize_url"])).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie  # the test's address is http


async def test_over_tls_the_cookie_never_travels_in_clear(install):
    async with install(PUBLIC_URL="https://gateway.example") as house:
        inside, headers = house.settings.listen.url, {"Authorization": f"Bearer {house.key}"}
        started = await house.http.post(f"{inside}/v1/consents", json={}, headers=headers)
        address = started.json()["authorize_url"]
        assert address.startswith("https://gateway.example/consent/start?")
        answer = await house.http.get(address.replace("https://gateway.example", inside))
        assert "Secure" in answer.headers["set-cookie"]


async def test_another_browser_changes_nothing(waiting, alice, browser, new_browser):
    started, back = waiting
    stranger = new_browser()
    assert (await stranger.open(back)).status_code == 400
    other = await alice.start()
    await stranger.to_enedis(other["authorize_url"])  # with a cookie of its own now
    assert (await stranger.open(back)).status_code == 400
    await nothing_came_of(alice, started)
    assert (await browser.open(back)).status_code == 200
    assert await alice.state(started) == "granted"


async def test_a_stolen_callback_does_not_become_the_thiefs(waiting, alice, bob, new_browser, meddle, parameters):
    """Bob's browser comes back with bob's state, but what it names counts for bob alone, as a claim."""
    started, back = waiting
    thief = new_browser()
    own = await bob.start()
    own_page = await thief.open((await thief.open(own["authorize_url"])).headers["location"])
    mixed = meddle(back, state=parameters(str(own_page.url))["state"])
    await thief.open(mixed)
    assert await alice.state(started) == "requested"


async def test_a_used_state_is_used_up(waiting, alice, browser, households, meddle):
    started, back = waiting
    assert (await browser.open(back)).status_code == 200
    replayed = await browser.open(meddle(back, usage_point_id=households[1]))
    assert (replayed.status_code, "il a déjà servi" in replayed.text) == (400, True)
    refused = await browser.open(meddle(back, error="access_denied", usage_point_id=None))
    assert refused.status_code == 400
    assert await alice.points() == {households[0]: "granted"}
    assert await alice.state(started) == "granted"
    assert (await browser.open(started["authorize_url"])).status_code == 404


async def test_a_forged_state_changes_nothing(waiting, alice, browser, meddle, parameters):
    started, back = waiting
    state = parameters(back)["state"]
    forged = [
        None,
        "",
        "x",
        "é" * 44,
        "A" * 44,
        f"{'B' if state[0] == 'A' else 'A'}{state[1:]}",
        state[::-1],
        f"{state}x",
        f"{state}12",
    ]
    for other in forged:
        assert (await browser.open(meddle(back, state=other))).status_code == 400, other
    assert (await browser.open(f"{back}&state=x")).status_code == 400  # given twice
    await nothing_came_of(alice, started)


async def test_a_failure_told_by_a_stranger_closes_nothing(waiting, alice, browser, house):
    started, _ = waiting
    for query in ("error=access_denied", "error=server_error", "error=access_denied&state=x"):
        await browser.open(f"{house.gateway_url}/oauth/callback?{query}")
    await nothing_came_of(alice, started)


async def test_a_forged_cookie_is_replaced(alice, browser, house):
    browser.http.cookies.set("passerelle_consent", "mine", domain="127.0.0.1")
    started = await alice.start()
    answer = await browser.open(started["authorize_url"])
    assert "passerelle_consent=mine" not in answer.headers["set-cookie"]


async def test_the_last_browser_to_open_the_link_counts(alice, browser, new_browser, households):
    started = await alice.start()
    back = await browser.decide(await browser.to_enedis(started["authorize_url"]), "approve", households[0])
    await new_browser().to_enedis(started["authorize_url"])
    assert (await browser.open(back)).status_code == 400
    await nothing_came_of(alice, started)


@pytest.mark.parametrize("ticket", ["", "x", "A" * 44, "é"])
async def test_a_link_that_was_never_given_leads_nowhere(house, browser, ticket):
    answer = await browser.http.get(f"{house.gateway_url}/consent/start", params={"ticket": ticket})
    assert (answer.status_code, "set-cookie" in answer.headers) == (404, False)


async def test_hostile_texts_stay_text(waiting, browser, meddle):
    _, back = waiting
    page = await browser.open(meddle(back, error="<script>alert(1)</script>", error_description="<b>"))
    assert page.status_code == 502
    assert "<script>" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"
