"""Mirror Authorize: an application written for Enedis' own OAuth journey runs it through the gateway."""

import asyncio
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote

import httpx2
import pytest

from passerelle.model.scopes import ALL_SCOPES, Scope

AUTHORIZE = "/enedis/dataconnect/v1/oauth2/authorize"
CURVE = "/enedis/metering_data_clc/v5/consumption_load_curve"
REVOKES_AT_ONCE = "26584978546985"


@dataclass
class Application:
    """A server written for Enedis: it sends its customers there, and takes them back at its registered address.

    Of Enedis it knows an address, a client id and a secret.
    """

    enedis: str = ""
    client_id: str = ""
    client_secret: str = ""
    url: str = ""
    came_back: list[dict[str, str]] = field(default_factory=list)

    def link(self, state: str | None = "s-1", **more: str) -> str:
        query = {"client_id": self.client_id, "response_type": "code", "duration": "P1Y", "state": state} | more
        pairs = "&".join(f"{name}={quote(value)}" for name, value in query.items() if value)
        return f"{self.enedis}/dataconnect/v1/oauth2/authorize?{pairs}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        target = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode()
        self.came_back.append(dict(parse_qsl(target.partition("?")[2], strict_parsing=True)))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nthanks")
        await writer.drain()
        writer.close()

    async def read(self, http: httpx2.AsyncClient, prm: str) -> httpx2.Response:
        form = {"grant_type": "client_credentials"}
        credentials = (self.client_id, self.client_secret)
        token = await http.post(f"{self.enedis}/oauth2/v3/token", data=form, auth=credentials)
        period = {"start": "2026-11-21", "end": "2026-11-23", "usage_point_id": prm}
        headers = {"Authorization": f"Bearer {token.json()['access_token']}"}
        path = "/metering_data_clc/v5/consumption_load_curve"
        return await http.get(f"{self.enedis}{path}", params=period, headers=headers)


@pytest.fixture
async def application(house, alice):
    """Alice's application, its address registered with a key of its own."""
    made = Application(enedis=f"{house.gateway_url}/enedis")
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/callback?from=enedis"
    accounts, now = house.opened.stores.accounts, await house.opened.stores.clock.now()
    owner = await accounts.authenticate(alice.key, now)
    made.client_id, made.client_secret = await accounts.create_key(
        owner, ALL_SCOPES, "application", now, redirect_uri=made.url
    )
    async with server:
        yield made


async def test_the_whole_journey_of_an_application_written_for_enedis(house, application, alice, browser, households):
    state = "their own état & more" + "x" * 79
    page = await browser.journey(application.link(state), "approve", households[0])
    assert page.text == "thanks"
    (back,) = application.came_back
    assert list(back) == ["from", "code", "state", "usage_point_id"]
    assert (back["state"], back["usage_point_id"]) == (state, households[0])
    answer = await application.read(house.http, back["usage_point_id"])
    assert answer.status_code == 200
    points = answer.json()["meter_reading"]["interval_reading"]
    truth = await house.truth(households[0], "consumption/load-curve", "2026-11-21", "2026-11-23")
    assert [int(point["value"]) for point in points] == [reading["value"] for reading in truth]
    (consent,) = (await alice.consents()).values()
    assert (consent["state"], consent["duration"], "return_url" in consent) == ("granted", "P1Y", False)


async def test_the_gateway_has_a_state_of_its_own(application, browser, parameters):
    sent = await browser.open(application.link("s-1x"))
    asked = parameters(sent.headers["location"])
    assert asked["client_id"] == "simulator"
    assert asked["state"] != "s-1x"
    assert "HttpOnly" in sent.headers["set-cookie"]
    assert sent.headers["deprecation"] == "@1790553600", "the first page is of v5 too"


async def test_several_usage_points_and_no_state(application, browser, households):
    """F§3: separated by `;`; `state` is optional for Enedis."""
    await browser.journey(application.link(None), "approve", *households)
    (back,) = application.came_back
    assert list(back) == ["from", "code", "usage_point_id"]
    assert back["usage_point_id"] == ";".join(households)


DENIED = {"code": "403", "error": "access_denied", "error_description": "access_denied"}


async def test_a_refusal_comes_back_in_enedis_words(application, alice, browser):
    await browser.journey(application.link("s-1"), "refuse")
    assert application.came_back == [{"from": "enedis"} | DENIED | {"state": "s-1"}]
    assert [consent["state"] for consent in (await alice.consents()).values()] == ["refused"]


async def test_the_last_digit_of_the_state_selects_a_customer(house, application, alice, browser, parameters):
    """F§11: digit 9 always refuses, digit 8 consents and revokes at once."""
    page = await browser.to_enedis(application.link("abc9"))
    await browser.home(await browser.decide(page, "approve", "22516914714270"))
    page = await browser.to_enedis(application.link("abc8"))
    assert f'value="{REVOKES_AT_ONCE}" checked' in page.text
    back = await browser.decide(page, "approve", REVOKES_AT_ONCE)
    assert parameters(back)["state"].endswith("8")
    await browser.home(back)
    assert [each.get("error") for each in application.came_back] == ["access_denied", None]
    assert [each["state"] for each in application.came_back] == ["abc9", "abc8"]
    assert await alice.points() == {REVOKES_AT_ONCE: "granted"}
    refused = await application.read(house.http, REVOKES_AT_ONCE)
    assert (refused.status_code, refused.json()["error"]) == (403, "ADAM-DC-0008")


async def test_a_failure_comes_back_in_enedis_words(application, alice, browser, meddle):
    back = await browser.decide(await browser.to_enedis(application.link()), "refuse")
    await browser.home(meddle(back, code="500", error="server_error", error_description="lincs-internal-server-error"))
    back = await browser.decide(await browser.to_enedis(application.link("s-2")), "refuse")
    await browser.home(meddle(back, error=None, error_description=None))  # a success that names no usage point
    broken = {"from": "enedis", "code": "500", "error": "server_error"}
    broken["error_description"] = "lincs-internal-server-error"
    assert application.came_back == [broken | {"state": "s-1"}, broken | {"state": "s-2"}]
    assert {consent["state"] for consent in (await alice.consents()).values()} == {"failed"}


async def test_a_failure_without_state_cannot_be_handed_on(house, application, alice, browser):
    await house.control("PUT", "faults", {"api": "dataconnect", "count": 1, "error": "authorize-v1-server-error"})
    sent = await browser.open((await browser.open(application.link())).headers["location"])
    page = await browser.open(sent.headers["location"])
    assert (page.status_code, application.came_back) == (502, [])
    assert {consent["state"] for consent in (await alice.consents()).values()} == {"requested"}


async def test_only_what_is_linked_is_named(application, bob, browser, new_browser, households):
    """A usage point that another account holds is disputed: to this application the consent counts for nothing."""
    started = await bob.start()
    await new_browser().journey(started["authorize_url"], "approve", households[0])
    await browser.journey(application.link("s-1"), "approve", *households)
    await browser.journey(application.link("s-2"), "approve", households[0])
    first, second = application.came_back
    assert first["usage_point_id"] == households[1]
    assert second == {"from": "enedis"} | DENIED | {"state": "s-2"}


async def test_another_browser_and_a_replay_bring_nothing(application, alice, browser, new_browser, households):
    back = await browser.decide(await browser.to_enedis(application.link()), "approve", households[0])
    assert (await new_browser().open(back)).status_code == 400
    assert (await browser.open(back)).status_code == 302
    assert (await browser.open(back)).status_code == 400
    assert await alice.points() == {households[0]: "granted"}


async def test_a_key_revoked_meanwhile_is_told_nothing(house, application, alice, browser, households):
    back = await browser.decide(await browser.to_enedis(application.link()), "approve", households[0])
    accounts, now = house.opened.stores.accounts, await house.opened.stores.clock.now()
    await accounts.revoke_key(alice.account_id, application.client_id, now)
    page = await browser.open(back)
    assert (page.status_code, "Partage enregistré" in page.text) == (200, True)
    assert (await browser.open(application.link())).status_code == 404


@pytest.mark.parametrize(
    ("change", "error", "description"),
    [
        ({"response_type": ""}, "Invalid_request", "Response type parameter is required"),
        ({"response_type": "token"}, "invalid_request", "missing_parameter"),
        ({"duration": ""}, "invalid_request", "missing_parameter"),
        ({"duration": "one year"}, "invalid_request", "invalid_duration_format"),
        ({"duration": "PT5H"}, "invalid_request", "invalid_duration_format"),
        ({"duration": "P37M"}, "invalid_request", "maximum_duration_exceeded"),
        ({"duration": "-P1Y"}, "invalid_request", "maximum_duration_exceeded"),
        ({"duration": "P9999Y"}, "invalid_request", "maximum_duration_exceeded"),
    ],
)
async def test_bad_parameters_come_back_as_from_enedis(
    house, application, alice, browser, parameters, change, error, description
):
    """The rows authorize-v1-* of the catalogue, also what the simulator answers itself."""
    sent = await browser.open(application.link("s-1", **change))
    assert (sent.status_code, "set-cookie" in sent.headers) == (302, False)
    assert sent.headers["location"].startswith(f"{application.url}&")
    told = parameters(sent.headers["location"])
    assert told == {"from": "enedis", "code": "400", "error": error, "error_description": description, "state": "s-1"}
    direct = application.link("s-1", **change, client_id="simulator").replace(application.enedis, house.simulator_url)
    theirs = parameters((await browser.open(direct)).headers["location"])
    assert told == {"from": "enedis"} | theirs
    assert await alice.consents() == {}


@pytest.mark.parametrize(
    "query",
    [
        "client_id=nobody",
        "client_id=",
        "client_id=%00",
        "response_type=code",
        "client_id={}&redirect_uri=https://evil.example",
        "client_id={}&client_id={}",
        f"client_id={{}}&state={'x' * 101}",
    ],
)
async def test_without_an_application_there_is_nowhere_to_go_back_to(house, application, browser, query):
    address = f"{house.gateway_url}{AUTHORIZE}?{query.replace('{}', application.client_id)}"
    answer = await browser.open(address)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "La page que vous recherchez n’existe pas" in answer.text


async def test_a_key_without_an_address_is_told_how_to_register_one(house, browser):
    address = f"{house.gateway_url}{AUTHORIZE}?client_id=demo&response_type=code&duration=P1Y&state=x"
    answer = await browser.open(address)
    assert answer.status_code == 400
    assert "passerelle key create --redirect-uri URL" in answer.text


async def test_a_key_that_may_not_start_consents_registers_no_address(house, alice):
    accounts, now = house.opened.stores.accounts, await house.opened.stores.clock.now()
    owner: Any = await accounts.authenticate(alice.key, now)
    daily, error = frozenset({Scope.CONSUMPTION_DAILY}), pytest.raises(Exception, match="consents")
    with error:
        await accounts.create_key(owner, daily, "narrow", now, redirect_uri="https://app.example/")
