"""An application written for 2026 takes its customer through the gateway, whichever consent page is behind (F§4)."""

import asyncio
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote

import pytest

from passerelle.model.scopes import ALL_SCOPES

NOT_COMPLETED = {"error": "invalid_request", "error_description": "demande_non_aboutie"}


@pytest.fixture(params=["v5", "2026"])
async def house(request, install):
    async with install(GENERATION=request.param) as running:
        yield running


@dataclass
class Application:
    """A server written for 2026: of Enedis it knows an address, a client id and a secret."""

    http: Any
    enedis: str
    client_id: str = ""
    client_secret: str = ""
    came_back: list[dict[str, str]] = field(default_factory=list)

    def link(self, state: str | None = "s-1", **more: str | None) -> str:
        query = {"client_id": self.client_id, "response_type": "code", "duration": "P1Y", "state": state} | more
        pairs = "&".join(f"{name}={quote(value)}" for name, value in query.items() if value)
        return f"{self.enedis}/dataconnect/v2/oauth2/authorize?{pairs}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        target = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode()
        self.came_back.append(dict(parse_qsl(target.partition("?")[2], strict_parsing=True)))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nthanks")
        await writer.drain()
        writer.close()

    async def _bearer(self):
        form = {"grant_type": "client_credentials"}
        credentials = (self.client_id, self.client_secret)
        token = await self.http.post(f"{self.enedis}/oauth2/v3/token", data=form, auth=credentials)
        return {"Authorization": f"Bearer {token.json()['access_token']}"}

    async def services(self, number: int):
        ask = {"autorisationId": number, "comptage": False, "autorisation": True, "serviceType": "ACCES"}
        address = f"{self.enedis}/subscribed_services/v1/"
        return await self.http.post(address, json=ask, headers=await self._bearer())

    async def daily(self, prm: str):
        period = {"pointId": prm, "dateDebut": "2026-11-21", "dateFin": "2026-11-23"}
        address = f"{self.enedis}/mesure_synchrone_auto/v2/consommation_quotidienne"
        return await self.http.get(address, params=period, headers=await self._bearer())


@pytest.fixture
async def new_application(house):
    """An application of an account, its address registered with a key of its own."""
    servers = []

    async def new(tenant) -> Application:
        made = Application(house.http, f"{house.gateway_url}/enedis")
        servers.append(await asyncio.start_server(made.serve, "127.0.0.1", 0))
        url = f"http://127.0.0.1:{servers[-1].sockets[0].getsockname()[1]}/callback"
        accounts, now = house.opened.stores.accounts, await house.opened.stores.clock.now()
        owner = await accounts.authenticate(tenant.key, now)
        made.client_id, made.client_secret = await accounts.create_key(
            owner, ALL_SCOPES, "application", now, redirect_uri=url
        )
        return made

    yield new
    for server in servers:
        server.close()


async def test_the_whole_journey_of_an_application_of_2026(house, new_application, alice, bob, browser, households):
    application = await new_application(alice)
    assert "deprecation" not in (await browser.open(application.link("begun"))).headers
    page = await browser.journey(application.link("their état & more"), "approve", households[0])
    assert page.text == "thanks"
    (back,) = application.came_back
    assert list(back) == ["autorisation_id", "state"]
    assert back["state"] == "their état & more"
    number = int(back["autorisation_id"])
    body = (await application.services(number)).json()
    assert {each["pointId"] for each in body["serviceSouscrit"]} == {households[0]}
    codes = {each["mesuresTypeCode"] for each in body["serviceSouscrit"]}
    assert {"CDC", "ENERGIE", "PMAX", "ITC"} <= codes
    assert {each["dateDebut"] for each in body["serviceSouscrit"]} == {"2026-11-24"}
    answer = await application.daily(households[0])
    truth = await house.truth(households[0], "consumption/daily", "2026-11-21", "2026-11-23")
    points = answer.json()["grandeur"][0]["points"]
    assert [int(point["v"]) for point in points] == [reading["value"] for reading in truth]
    # The number is of this account alone, and of no other consent.
    stranger = await new_application(bob)
    for number_asked, who in ((number, stranger), (number + 1, application)):
        refused = await who.services(number_asked)
        assert (refused.status_code, refused.json()["message"]) == (404, "PRM non existant")


async def test_a_consent_that_is_forgotten_takes_its_services_along(new_application, alice, browser, households):
    application = await new_application(alice)
    await browser.journey(application.link(), "approve", households[0])
    number = int(application.came_back[0]["autorisation_id"])
    assert (await application.services(number)).json()["nbTotalServices"] > 0
    (consent,) = await alice.consents()
    assert await alice.forget(consent) == 204
    assert (await application.services(number)).json().get("nbTotalServices", 0) == 0
    assert (await application.daily(households[0])).status_code == 403


async def test_a_refusal_is_a_request_that_was_not_completed(new_application, alice, browser):
    application = await new_application(alice)
    await browser.journey(application.link("s-1"), "refuse")
    assert application.came_back == [NOT_COMPLETED | {"state": "s-1"}]
    assert [consent["state"] for consent in (await alice.consents()).values()] == ["refused"]


async def test_a_point_of_another_account_counts_for_nothing(
    house, new_application, alice, bob, browser, new_browser, households
):
    started = await bob.start()
    await new_browser().journey(started["authorize_url"], "approve", households[0])
    # At Enedis, so that it can be shared again there (F§4); the gateway has not heard of it.
    await house.control("PUT", f"consents/{households[0]}", {"state": "expired"})
    application = await new_application(alice)
    await browser.journey(application.link(), "approve", households[0])
    assert application.came_back == [NOT_COMPLETED | {"state": "s-1"}]


@pytest.mark.parametrize(
    ("change", "description"),
    [
        ({"duration": None}, "missing_parameter"),
        ({"duration": "one year"}, "invalid_duration_format"),
        ({"duration": "P4Y"}, "maximum_duration_exceeded"),
    ],
)
async def test_a_bad_parameter_comes_back_without_a_code(new_application, alice, browser, change, description):
    application = await new_application(alice)
    await browser.home(application.link(**change))
    assert application.came_back == [{"error": "invalid_request", "error_description": description, "state": "s-1"}]


async def test_an_application_of_v5_of_the_same_key_keeps_its_own_form(new_application, alice, browser, households):
    application = await new_application(alice)
    await browser.journey(application.link().replace("dataconnect/v2", "dataconnect/v1"), "approve", households[0])
    (back,) = application.came_back
    assert list(back) == ["code", "state", "usage_point_id"]
    assert back["usage_point_id"] == households[0]
