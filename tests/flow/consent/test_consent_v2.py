"""The journey through the consent page of 2026: an id comes back, and Enedis says later what it stands for (F§4)."""

import asyncio
import re

import pytest

from passerelle.model.scopes import ALL_SCOPES

REFRESH = re.compile(r'<meta http-equiv="refresh" content="(\d+)">')


@pytest.fixture
async def house(install):
    async with install(GENERATION="2026", page_seconds=1.0) as running:
        yield running


async def shared_by(browser, started, prm):
    """The customer shares; the address to which Enedis sends the browser."""
    page = await browser.to_enedis(started["authorize_url"])
    assert "/dataconnect/v2/" in str(page.url)
    return await browser.decide(page, "approve", prm)


async def listed(house, alice, prm):
    answer = await house.get("/v1/usage-points", key=alice.key)
    (point,) = [each for each in answer.json()["usage_points"] if each["usage_point_id"] == prm]
    return point


async def asked(house):
    return [call["status"] for call in await house.calls("subscribed_services")]


async def test_a_household_is_shared_and_can_be_read(house, alice, browser, parameters, households):
    prm, _ = households
    started = await alice.start(duration="P6M")
    back = await shared_by(browser, started, prm)
    assert set(parameters(back)) == {"autorisation_id", "state"}
    page = await browser.open(back)
    assert (page.status_code, "Partage enregistré" in page.text, "Share recorded" in page.text) == (200, True, True)
    assert prm not in page.text
    consent = (await alice.consents())[started["id"]]
    assert (consent["state"], "reason" in consent) == ("granted", False)
    assert consent["usage_points"] == [{"usage_point_id": prm, "state": "granted"}]
    # Enedis' own end, its last day included.
    assert consent["expires_at"] == "2027-05-25T00:00:00+02:00"
    answer = await alice.read(prm)
    assert answer.json()["readings"] == await house.truth(prm, "consumption/daily", "2026-11-21", "2026-11-23")


async def test_the_point_lists_what_was_shared(house, alice, browser, households):
    """One direction of a consumption point; all records with the contract service (F§10)."""
    prm, _ = households
    await browser.open(await shared_by(browser, await alice.start(), prm))
    point = await listed(house, alice, prm)
    assert "index/consumption" in point["series"]
    assert "consumption/load-curve" in point["series"]
    assert {each.split("/")[0] for each in point["series"]} <= {"consumption", "index"}
    assert "index/production" not in point["series"]
    assert point["customer"] == ["contract", "address", "identity", "contact"]


async def test_services_that_come_late_lose_nothing(house, alice, browser, households):
    prm, _ = households
    await house.control("PUT", f"services/{prm}", {"visible_at": "2026-11-24T12:00:00+01:00"})
    started = await alice.start(return_url="https://app.example/back")
    back = await shared_by(browser, started, prm)
    page = await browser.open(back)
    assert (page.status_code, "Partage en cours" in page.text, "being recorded" in page.text) == (202, True, True)
    assert REFRESH.search(page.text)
    assert "app.example" not in page.text
    assert len(await asked(house)) > 1
    consent = (await alice.consents())[started["id"]]
    assert (consent["state"], consent["reason"]) == ("exchanging", "services-not-listed")
    assert await alice.refusal(prm) == (404, "usage-point-unknown")
    assert (await browser.open(started["authorize_url"])).status_code == 404
    await house.set_clock("2026-11-24T12:00:00+01:00")
    page = await browser.open(back)
    assert (page.status_code, "Partage enregistré" in page.text, REFRESH.search(page.text)) == (200, True, None)
    assert f"consent={started['id']}&amp;state=granted" in page.text
    assert "Partage enregistré" in (await browser.open(back)).text, "loaded again, it tells the same"
    assert (await alice.read(prm)).status_code == 200


async def test_an_exchange_goes_on_hours_later_or_lapses(house, alice, browser, new_browser, households):
    late, never = households
    for prm, at in ((late, "2026-11-24T12:00:00+01:00"), (never, "2027-01-01T00:00:00+01:00")):
        await house.control("PUT", f"services/{prm}", {"visible_at": at})
    requests = {prm: await alice.start() for prm in households}
    browsers = {late: browser, never: new_browser()}
    backs = {prm: await shared_by(browsers[prm], requests[prm], prm) for prm in households}
    pages = await asyncio.gather(*(browsers[prm].open(backs[prm]) for prm in households))
    assert [page.status_code for page in pages] == [202, 202]
    await house.set_clock("2026-11-24T13:00:00+01:00")
    page = await browsers[late].open(backs[late])
    assert page.status_code == 200
    await house.set_clock("2026-11-25T09:00:00+01:00")
    consent = (await alice.consents())[requests[never]["id"]]
    assert (consent["state"], consent["reason"]) == ("lapsed", "services-not-listed")
    page = await browsers[never].open(backs[never])
    assert (page.status_code, "Retour non reconnu" in page.text) == (400, True)


async def test_a_failure_of_enedis_keeps_the_exchange_open(house, alice, browser, households):
    prm, _ = households
    await house.control("PUT", "faults", {"api": "subscribed_services", "status": 403, "body": "{}"})
    started = await alice.start()
    back = await shared_by(browser, started, prm)
    assert (await browser.open(back)).status_code == 202
    assert await alice.state(started) == "exchanging"
    await house.control("DELETE", "faults")
    assert (await browser.open(back)).status_code == 200
    assert await alice.state(started) == "granted"


async def test_a_refusal_gives_nothing(alice, browser):
    started = await alice.start()
    page = await browser.journey(started["authorize_url"], "refuse")
    assert (page.status_code, "Partage refusé" in page.text) == (200, True)
    consent = (await alice.consents())[started["id"]]
    assert (consent["state"], consent["reason"]) == ("refused", "demande_non_aboutie")
    assert await alice.points() == {}


async def test_a_point_already_shared_never_comes_back(house, alice, browser, households):
    """Enedis' page keeps the customer; the request lapses, and its link says what can be done."""
    prm, _ = households
    shared = await browser.open(await shared_by(browser, await alice.start(), prm))
    assert ("partagez à nouveau après sa fin" in shared.text, "share again after its end" in shared.text) == (
        True,
        True,
    )
    again = await alice.start()
    page = await browser.to_enedis(again["authorize_url"])
    with pytest.raises(AssertionError):
        await browser.decide(page, "approve", prm)
    assert await alice.state(again) == "requested"
    assert "lets that share end" in (await alice.consents())[again["id"]]["action"]
    await house.set_clock("2026-11-25T09:00:00+01:00")
    assert await alice.state(again) == "lapsed"
    assert "le supprime dans son espace Enedis" in (await alice.consents())[again["id"]]["action_fr"]
    dead = await browser.open(again["authorize_url"])
    assert (dead.status_code, "partager une seconde fois" in dead.text) == (404, True)
    assert "a second time while its share is live" in dead.text


async def test_a_forged_id_does_not_give_what_was_shared_before(
    house, alice, bob, browser, new_browser, meddle, parameters, households
):
    """F§4: the id is neither secret nor beyond guessing."""
    prm, other = households
    mine = parameters(await shared_by(browser, await alice.start(), prm))["autorisation_id"]
    await house.set_clock("2026-11-25T10:00:00+01:00")
    thief = new_browser()
    started = await bob.start()
    back = await shared_by(thief, started, other)
    forged = meddle(back, autorisation_id=mine)
    assert (await thief.open(forged)).status_code == 202
    await house.set_clock("2026-11-25T11:00:00+01:00")
    page = await thief.open(forged)
    assert (page.status_code, "plus ancien que la demande" in page.text) == (409, True)
    assert "older than the request" in page.text
    consent = (await bob.consents())[started["id"]]
    assert (consent["state"], consent["reason"]) == ("failed", "share-older-than-request")
    assert await bob.points() == {}


async def test_a_point_of_another_account_is_disputed(alice, bob, browser, new_browser, meddle, parameters, households):
    prm, other = households
    first = await shared_by(browser, await alice.start(), prm)
    assert (await browser.open(first)).status_code == 200
    thief, started = new_browser(), await bob.start()
    back = await shared_by(thief, started, other)
    page = await thief.open(meddle(back, autorisation_id=parameters(first)["autorisation_id"]))
    assert (page.status_code, "Partage en attente" in page.text) == (200, True)
    assert await bob.state(started) == "disputed"
    assert (await bob.refusal(prm), await alice.points()) == ((404, "usage-point-unknown"), {prm: "granted"})


async def test_another_browser_or_id_changes_nothing(alice, browser, new_browser, meddle, households):
    started = await alice.start()
    back = await shared_by(browser, started, households[0])
    assert (await new_browser().open(back)).status_code == 400
    assert await alice.state(started) == "requested"
    assert (await browser.open(back)).status_code == 200
    assert (await browser.open(meddle(back, autorisation_id="5"))).status_code == 400
    assert (await browser.open(meddle(back, error="access_denied"))).status_code == 400
    assert await alice.state(started) == "granted"


@pytest.mark.parametrize("named", ["0", "-1", "x", str(2**63)])
async def test_an_id_that_is_none_is_a_failure(alice, browser, meddle, households, named):
    started = await alice.start()
    back = await shared_by(browser, started, households[0])
    assert (await browser.open(meddle(back, autorisation_id=named))).status_code == 502
    assert await alice.state(started) == "failed"


async def test_a_consent_of_v1_counts_on_2026(house, alice, browser, households):
    """F§4: what was given before the switch keeps working; nothing is known of its services."""
    started = await alice.start()
    sent = (await browser.open(started["authorize_url"])).headers["location"]
    page = await browser.open(sent.replace("/dataconnect/v2/", "/dataconnect/v1/"))
    page = await browser.home(await browser.decide(page, "approve", *households))
    assert (page.status_code, await alice.state(started)) == (200, "granted")
    assert await alice.points() == dict.fromkeys(households, "granted")
    point = await listed(house, alice, households[0])
    assert "production/daily" in point["series"]
    assert (await alice.read(households[0])).status_code == 200


APPLICATION = "https://app.example/callback"


async def link_of_an_application(house, alice):
    """Where an application written for Enedis' v5 sends its customers."""
    accounts, now = house.opened.stores.accounts, await house.opened.stores.clock.now()
    owner = await accounts.authenticate(alice.key, now)
    client_id, _ = await accounts.create_key(owner, ALL_SCOPES, "application", now, redirect_uri=APPLICATION)
    query = f"client_id={client_id}&response_type=code&duration=P1Y&state=theirs"
    return f"{house.gateway_url}/enedis/dataconnect/v1/oauth2/authorize?{query}"


async def test_an_application_of_the_mirror_has_its_customer_back_once_it_is_known_what_is_shared(
    house, alice, browser, parameters, households
):
    """It was written for v5, and hears of the usage point, after a page of the gateway that waited for it."""
    prm, _ = households
    await house.control("PUT", f"services/{prm}", {"visible_at": "2026-11-24T12:00:00+01:00"})
    page = await browser.to_enedis(await link_of_an_application(house, alice))
    back = await browser.decide(page, "approve", prm)
    waiting = await browser.open(back)
    assert (waiting.status_code, "Partage en cours" in waiting.text) == (202, True)
    await house.set_clock("2026-11-24T12:00:00+01:00")
    sent = await browser.open(back)
    assert sent.status_code == 302
    assert sent.headers["location"].startswith(f"{APPLICATION}?")
    told = parameters(sent.headers["location"])
    assert set(told) == {"code", "state", "usage_point_id"}
    assert (told["state"], told["usage_point_id"]) == ("theirs", prm)


async def test_a_refusal_reaches_an_application_of_the_mirror_in_its_own_words(house, alice, browser, parameters):
    page = await browser.to_enedis(await link_of_an_application(house, alice))
    sent = await browser.open(await browser.decide(page, "refuse"))
    denied = {"code": "403", "error": "access_denied", "error_description": "access_denied", "state": "theirs"}
    assert parameters(sent.headers["location"]) == denied
