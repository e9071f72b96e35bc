"""What a callback names is a claim: another account's usage point is disputed until somebody decides."""

import asyncio
import sys

import pytest


@pytest.fixture
async def held(alice, browser, households):
    """Alice holds the first household; her consent's id and the PRM."""
    started = await alice.start()
    await browser.journey(started["authorize_url"], "approve", households[0])
    return started["id"], households[0]


@pytest.fixture
async def forged(held, bob, new_browser, households, meddle):
    """Bob shares his own household and names Alice's in its place: his consent, and the page that he saw."""
    _, prm = held
    thief, started = new_browser(), await bob.start(return_url="https://bob.example/")
    back = await thief.decide(await thief.to_enedis(started["authorize_url"]), "approve", households[1])
    return started, await thief.open(meddle(back, usage_point_id=prm))


async def test_a_forged_usage_point_is_disputed_and_unreadable(house, held, alice, bob, forged):
    _, prm = held
    started, page = forged
    assert page.status_code == 200
    assert "Partage en attente" in page.text
    assert "state=disputed" in page.text
    assert await bob.state(started) == "disputed"
    assert await bob.points() == {prm: "disputed"}
    await house.control("DELETE", "calls")
    assert await bob.refusal(prm) == (404, "usage-point-unknown")
    assert await house.calls() == []
    assert await alice.points() == {prm: "granted"}
    assert (await alice.read(prm)).status_code == 200


async def test_the_page_tells_the_shared_from_the_disputed(held, bob, new_browser, households):
    customer, started = new_browser(), await bob.start()
    page = await customer.journey(started["authorize_url"], "approve", *households)
    assert "Partage enregistré en partie" in page.text
    assert await bob.state(started) == "granted"
    assert await bob.points() == {households[0]: "disputed", households[1]: "granted"}
    assert (await bob.read(households[1])).status_code == 200
    assert await bob.refusal(households[0]) == (404, "usage-point-unknown")


async def test_released_by_its_holder_it_goes_to_who_waits(held, alice, bob, forged):
    consent, prm = held
    assert await alice.forget(consent) == 204
    assert await bob.state(forged[0]) == "granted"
    assert await bob.points() == {prm: "granted"}
    assert (await bob.read(prm)).status_code == 200
    assert await alice.refusal(prm) == (403, "consent-revoked")


async def test_given_up_by_who_waits_it_stays_with_its_holder(held, alice, bob, forged):
    _, prm = held
    assert await bob.forget(forged[0]["id"]) == 204
    assert (await alice.read(prm)).status_code == 200
    assert await bob.points() == {}


async def operator(house, *arguments):
    """The operator's shell on this installation; its exit status and what it said."""
    settings = {
        "PASSERELLE_DATA_DIR": str(house.settings.data_dir),
        "PASSERELLE_DATABASE_URL": house.settings.database_url,
        "PASSERELLE_ERASURE_DATABASE_URL": house.settings.erasure_url,
        "PASSERELLE_SIMULATOR_LISTEN": house.simulator_url.removeprefix("http://"),
        "PATH": "",
    }
    if house.settings.given_secret is not None:
        settings["PASSERELLE_SECRET_KEY"] = house.settings.given_secret
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "passerelle",
        *arguments,
        env=settings,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode, said.decode()


async def test_the_operator_decides(house, held, alice, bob, forged):
    _, prm = held
    status, said = await operator(house, "consent", "adopt", "--account", "bob", prm)
    assert (status, "linked 0 of 1" in said) == (1, True)
    status, said = await operator(house, "consent", "adopt", "--account", "bob", prm, "--take-over")
    assert (status, "linked 1 of 1" in said) == (0, True), said
    assert (await bob.read(prm)).status_code == 200
    assert await bob.state(forged[0]) == "granted"
    assert await alice.refusal(prm) == (403, "consent-revoked")
