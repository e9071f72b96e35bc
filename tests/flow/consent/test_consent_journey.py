"""From the application's wish to readable data, through the customer's browser: every way in which it can end."""

import re

import pytest

REVOKES_AT_ONCE = "26584978546985"
"""The customer of digit 8 (F§11)."""


async def test_a_household_is_shared_and_can_be_read(house, alice, browser, households):
    prm, _ = households
    started = await alice.start(duration="P6M")
    assert (started["state"], started["expires_at"]) == ("requested", "2026-11-25T09:00:00+01:00")
    assert started["authorize_url"].startswith(f"{house.settings.public_url}/consent/start?ticket=")
    page = await browser.journey(started["authorize_url"], "approve", prm)
    assert page.status_code == 200
    assert "Partage enregistré" in page.text
    assert "Share recorded" in page.text
    assert "24 mai 2027" in page.text
    assert "24 May 2027" in page.text
    assert prm not in page.text
    assert prm[-4:] in page.text
    consent = (await alice.consents())[started["id"]]
    assert (consent["state"], consent["duration"], consent["expires_at"]) == (
        "granted",
        "P6M",
        "2027-05-24T00:00:00+02:00",
    )
    assert consent["usage_points"] == [{"usage_point_id": prm, "state": "granted"}]
    assert await alice.points() == {prm: "granted"}
    answer = await alice.read(prm)
    assert answer.status_code == 200
    assert answer.json()["readings"] == await house.truth(prm, "consumption/daily", "2026-11-21", "2026-11-23")


async def test_several_usage_points_come_with_one_journey(alice, browser, households):
    """F§3: separated by `;`."""
    started = await alice.start()
    page = await browser.journey(started["authorize_url"], "approve", *households)
    assert all(prm[-4:] in page.text for prm in households)
    assert await alice.points() == dict.fromkeys(households, "granted")
    assert {(await alice.read(prm)).status_code for prm in households} == {200}


async def test_a_refusal_gives_nothing_and_ends_the_link(alice, browser, households):
    started = await alice.start()
    page = await browser.journey(started["authorize_url"], "refuse")
    assert (page.status_code, "Partage refusé" in page.text) == (200, True)
    consent = (await alice.consents())[started["id"]]
    assert (consent["state"], consent["reason"], consent["usage_points"]) == ("refused", "access_denied", [])
    assert await alice.points() == {}
    assert await alice.refusal(households[0]) == (404, "usage-point-unknown")
    again = await browser.open(started["authorize_url"])
    assert (again.status_code, "ne mène plus nulle part" in again.text) == (404, True)


async def test_who_revokes_at_once_is_heard_after_the_first_day(house, alice, browser):
    """F§11, digit 8. Right after a consent a 403 proves nothing (F§3); a day later it is a revocation (F§4)."""
    started = await alice.start()
    await browser.journey(started["authorize_url"], "approve", REVOKES_AT_ONCE)
    assert await alice.points() == {REVOKES_AT_ONCE: "granted"}
    for now, known in (("2026-11-25T08:59:59+01:00", "granted"), ("2026-11-25T09:00:00+01:00", "revoked")):
        await house.set_clock(now)
        answer = await alice.read(REVOKES_AT_ONCE)
        assert [gap["reason"] for gap in answer.json()["gaps"]] == ["no-consent"]
        assert await alice.points() == {REVOKES_AT_ONCE: known}
    await house.control("DELETE", "calls")
    assert await alice.refusal(REVOKES_AT_ONCE) == (403, "consent-revoked")
    assert await house.calls() == []


async def test_a_failure_without_state_closes_nothing_and_the_link_works_on(house, alice, browser, households):
    """F§3: a real 500 of Enedis lost the state."""
    started = await alice.start()
    await house.control("PUT", "faults", {"api": "dataconnect", "count": 1, "error": "authorize-v1-server-error"})
    sent = await browser.open((await browser.open(started["authorize_url"])).headers["location"])
    assert "state=" not in sent.headers["location"]
    page = await browser.open(sent.headers["location"])
    assert page.status_code == 502
    assert "sans dire de quelle demande" in page.text
    assert "reste ouverte" in page.text
    assert await alice.state(started) == "requested"
    await browser.journey(started["authorize_url"], "approve", households[0])
    assert await alice.state(started) == "granted"


async def test_a_failure_with_state_is_told_and_the_link_starts_again(alice, browser, households, meddle):
    started = await alice.start()
    first = await browser.decide(await browser.to_enedis(started["authorize_url"]), "refuse")
    failed = meddle(first, code="500", error="server_error", error_description="x")
    page = await browser.open(failed)
    assert (page.status_code, "server_error" in page.text) == (502, True)
    assert "Le même lien permet de recommencer" in page.text
    consent = (await alice.consents())[started["id"]]
    assert (consent["state"], consent["reason"]) == ("failed", "server_error")
    back = await browser.decide(await browser.to_enedis(started["authorize_url"]), "approve", households[0])
    consent = (await alice.consents())[started["id"]]
    assert (consent["state"], "reason" in consent) == ("requested", False)
    assert (await browser.open(first)).status_code == 400  # the first state was used up
    assert (await browser.open(back)).status_code == 200
    assert await alice.state(started) == "granted"


@pytest.mark.parametrize("named", ["", "1234", "30001112223334;12"])
async def test_a_success_that_names_no_usage_point_is_a_failure(alice, browser, households, meddle, named):
    started = await alice.start()
    back = await browser.decide(await browser.to_enedis(started["authorize_url"]), "approve", households[0])
    assert (await browser.open(meddle(back, usage_point_id=named))).status_code == 502
    assert await alice.state(started) == "failed"
    assert await alice.points() == {}


async def test_nobody_came_back(house, alice, browser, households):
    started = await alice.start()
    back = await browser.decide(await browser.to_enedis(started["authorize_url"]), "approve", households[0])
    await house.set_clock("2026-11-25T08:59:59+01:00")
    assert await alice.state(started) == "requested"
    await house.set_clock("2026-11-25T09:00:00+01:00")
    assert await alice.state(started) == "lapsed"
    page = await browser.open(back)
    assert (page.status_code, "Retour non reconnu" in page.text) == (400, True)
    assert (await browser.open(started["authorize_url"])).status_code == 404
    assert await alice.state(started) == "lapsed"
    assert await alice.points() == {}


async def test_a_request_withdrawn_meanwhile_links_nothing(alice, browser, households):
    started = await alice.start(return_url="https://app.example/back")
    back = await browser.decide(await browser.to_enedis(started["authorize_url"]), "approve", households[0])
    assert await alice.forget(started["id"]) == 204
    page = await browser.open(back)
    assert "app.example" not in page.text
    assert "Rien n'a changé" in page.text.replace("&#39;", "'")
    assert await alice.points() == {}


@pytest.mark.parametrize("duration", ["P3Y1D", "P37M", "P0D", "-P1Y", "PT5H", "un an", ""])
async def test_a_bad_duration_is_refused_before_anybody_is_asked(alice, duration):
    answer = await alice.order(duration=duration)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-request")
    assert await alice.consents() == {}


async def test_three_years_are_the_longest(alice, browser, households):
    started = await alice.start(duration="P3Y")
    await browser.journey(started["authorize_url"], "approve", households[0])
    assert (await alice.consents())[started["id"]]["expires_at"] == "2029-11-24T00:00:00+01:00"


@pytest.mark.parametrize(("decision", "state"), [("approve", "granted"), ("refuse", "refused")])
async def test_the_way_back_to_the_application_says_which_and_how(alice, browser, households, decision, state):
    started = await alice.start(return_url="https://app.example/back?user=7#top")
    prms = households[:1] if decision == "approve" else ()
    page = await browser.journey(started["authorize_url"], decision, *prms)
    links = re.findall(r'<a class="go" rel="noreferrer" href="([^"]+)"', page.text)
    expected = f"https://app.example/back?user=7&amp;consent={started['id']}&amp;state={state}#top"
    assert links == [expected, expected]


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,x",
        "//app.example",
        "/back",
        "https://user:pass@app.example/",
        "https://app.example\\@evil.example/",
        "https://app.example/ x",
        'https://app.example/"x',
        "https://",
        "https://app.example:x/",
        f"https://app.example/{'x' * 2000}",
    ],
)
async def test_a_return_address_that_is_none_is_refused(alice, address):
    answer = await alice.order(return_url=address)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-request")
    assert address not in answer.text


async def test_a_consent_ends_by_itself(house, alice, browser, households):
    started = await alice.start(duration="P1D")
    await browser.journey(started["authorize_url"], "approve", households[0])
    await house.set_clock("2026-11-24T23:59:59+01:00")
    assert (await alice.read(households[0])).status_code == 200
    await house.set_clock("2026-11-25T00:00:00+01:00")
    await house.control("DELETE", "calls")
    assert await alice.refusal(households[0]) == (403, "consent-expired")
    assert await house.calls() == []
    assert await alice.state(started) == "expired"
    assert await alice.points() == {households[0]: "expired"}


async def test_forgetting_the_older_of_two_consents_keeps_what_the_newer_one_covers(house, alice, browser, households):
    prm = households[0]
    older, newer = await alice.start(), await alice.start()
    for each in (older, newer):
        await browser.journey(each["authorize_url"], "approve", prm)
    await alice.read(prm)
    assert await alice.forget(older["id"]) == 204
    await house.control("DELETE", "calls")
    await alice.read(prm)
    assert await house.calls() == []

    async def receipts():
        told = (await house.get("/v1/consents", key=alice.key)).json()["consents"]
        return {each["id"]: (each.get("kept_for"), "erased_at" in each, "copies_expire_on" in each) for each in told}

    assert (await receipts())[older["id"]] == ([newer["id"]], False, False)
    assert await alice.forget(newer["id"]) == 204
    assert await receipts() == {each["id"]: (None, True, True) for each in (older, newer)}


async def test_forgetting_ends_the_calls_and_erases(house, alice, bob, browser, households):
    prm = households[0]
    started = await alice.start()
    await browser.journey(started["authorize_url"], "approve", prm)
    await alice.read(prm)
    assert await bob.forget(started["id"]) == 404
    assert await alice.forget(started["id"]) == 204
    await house.control("DELETE", "calls")
    assert await alice.refusal(prm) == (403, "consent-revoked")
    assert await house.calls() == []
    assert await alice.points() == {}
    assert await alice.state(started) == "forgotten"
    [forgotten] = (await house.get("/v1/consents", key=alice.key)).json()["consents"]
    assert forgotten["erased_at"].startswith("2026-11-24T09:0")
    assert forgotten["copies_expire_on"] == "2026-12-01"
    assert (await browser.open(started["authorize_url"])).status_code == 404
    again = await alice.start()
    await browser.journey(again["authorize_url"], "approve", prm)
    answer = await alice.read(prm)
    assert (answer.status_code, answer.headers["cache-status"]) == (200, "passerelle; fwd=miss")
