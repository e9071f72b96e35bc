"""The consent page of 2026 and its callback: one point, an authorisation, one failure for everything (F§4, F§11)."""

import json
import re
from urllib.parse import parse_qsl

import pytest

PAGE = "/dataconnect/v2/oauth2/authorize"
ASKED = {"client_id": "simulator", "response_type": "code", "duration": "P1Y"}
HOME, TWO_FIRST, TWO_SECOND = "22516914714270", "12345678901234", "10284856584123"
REFUSED = {"error": "invalid_request", "error_description": "demande_non_aboutie"}


async def open_page(stage, **query: str):
    return await stage.client.get(PAGE, params=ASKED | query)


async def answer_page(stage, page, decision, points=None):
    """Submit the page's form as a browser would, with the point that is chosen, or with `points`."""
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.text))
    chosen = re.findall(r'name="usage_point_id" value="(\d{14})" checked', page.text)
    (action,) = re.findall(r'<form method="post" action="([^"]+)"', page.text)
    return await stage.client.post(action, data=hidden | {"usage_point_id": points or chosen, "decision": decision})


async def share(stage, prm, **query: str):
    return await answer_page(stage, await open_page(stage, **query), "approve", [prm])


def callback(answer):
    assert answer.status_code == 302, answer.text
    address, _, query = answer.headers["location"].partition("?")
    assert address == "https://app.example/callback"
    return dict(parse_qsl(query, strict_parsing=True))


async def test_one_point_is_chosen_by_a_radio_button(stage):
    page = await open_page(stage, state="abcde3")
    assert page.status_code == 200
    assert 'type="checkbox"' not in page.text
    assert len(re.findall(r'type="radio" name="usage_point_id"', page.text)) == 12
    assert re.findall(r'value="(\d{14})" checked', page.text) == [TWO_FIRST]
    assert "Le point à partager" in page.text
    assert "24/11/2027" in page.text


@pytest.mark.official
async def test_success_names_an_authorisation_and_no_point(stage, official):
    captured = json.loads((official / "fixtures" / "flows" / "consent_callbacks.json").read_bytes())["v2_authorize"]
    back = callback(await share(stage, HOME, state="abcd12e"))
    expected = dict(parse_qsl(captured["success"].partition("?")[2]))
    assert list(back) == list(expected)
    assert back["state"] == expected["state"]
    assert back["autorisation_id"].isdigit()
    refused = await answer_page(stage, await open_page(stage, state="abcd12e"), "refuse")
    assert refused.headers["location"] == captured["failure"]


async def test_without_a_state_none_comes_back(stage):
    assert list(callback(await share(stage, HOME))) == ["autorisation_id"]
    assert callback(await answer_page(stage, await open_page(stage), "refuse")) == REFUSED


async def test_digit_nine_refuses_whatever_is_clicked(stage):
    assert callback(await share(stage, HOME, state="abcde9")) == REFUSED | {"state": "abcde9"}


async def test_digit_eight_consents_and_revokes_at_once(stage):
    page = await open_page(stage, state="abcde8")
    back = callback(await answer_page(stage, page, "approve"))
    assert list(back) == ["autorisation_id", "state"]
    assert (await stage.get("/comptage_auto/v1/26584978546985")).status_code == 403
    search = {"autorisationId": int(back["autorisation_id"]), "comptage": False}
    headers = {"Authorization": f"Bearer {await stage.token()}"}
    found = await stage.client.post("/subscribed_services/v1", json=search, headers=headers)
    assert found.json() == {"nbTotalServices": 0}


async def test_a_shared_point_cannot_be_shared_again(stage):
    """F§4: an error on Enedis' side, and no callback at all."""
    await share(stage, HOME, state="s1")
    again = await share(stage, HOME, state="s2")
    assert again.status_code == 200
    assert "location" not in again.headers
    assert again.headers["content-type"] == "text/html"
    assert "Une erreur est survenue lors du partage de vos données" in again.text


async def test_a_grant_ordered_or_given_on_the_old_page_is_a_share_too(stage):
    await stage.control("PUT", f"consents/{HOME}", {"state": "granted"})
    assert (await share(stage, HOME, state="s")).status_code == 200
    form = ASKED | {"usage_point_id": TWO_SECOND, "decision": "approve", "state": "s"}
    assert (await stage.client.post("/dataconnect/simulator/decision", data=form)).status_code == 302
    assert (await share(stage, TWO_SECOND, state="s")).status_code == 200
    assert (await share(stage, TWO_FIRST, state="s")).status_code == 302


async def test_the_authorisation_is_the_same_when_shared_again(stage):
    first = callback(await share(stage, HOME, state="s"))["autorisation_id"]
    await stage.control("PUT", f"consents/{HOME}", {"state": "revoked"})
    assert callback(await share(stage, HOME, state="s"))["autorisation_id"] == first
    await stage.control("PUT", "clock", {"now": "2027-11-24T10:05:00+01:00"})
    assert callback(await share(stage, HOME, state="s"))["autorisation_id"] == first


async def test_it_belongs_to_the_holder_and_to_the_application(stage, enter):
    one, two = [callback(await share(stage, prm, state="s")) for prm in (TWO_FIRST, TWO_SECOND)]
    assert one == two
    assert callback(await share(stage, HOME, state="s")) != one
    other = enter(client_id="other")
    assert callback(await share(other, TWO_FIRST, client_id="other", state="s")) != one


async def test_a_consent_of_this_page_holds_in_both_generations(stage):
    prm = "40000000000001"

    async def statuses() -> list[int]:
        v5 = await stage.get("/customers_upc/v5/usage_points/contracts", usage_point_id=prm)
        return [v5.status_code, (await stage.get(f"/comptage_auto/v1/{prm}")).status_code]

    await stage.control("PUT", f"consents/{prm}", {"state": "revoked"})
    assert await statuses() == [403, 403]
    callback(await share(stage, prm, state="s"))
    assert await statuses() == [200, 200]
    await stage.control("PUT", "clock", {"now": "2027-11-24T10:05:00+01:00"})
    assert await statuses() == [403, 400]


@pytest.mark.parametrize("points", [[], [TWO_FIRST, HOME], ["99999999999999"]])
async def test_anything_but_one_known_point_shows_the_page_again(stage, points):
    answer = await answer_page(stage, await open_page(stage, state="abc"), "approve", points)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert re.findall(r'<form method="post" action="([^"]+)"', answer.text) == ["/dataconnect/simulator/v2/decision"]


@pytest.mark.parametrize(
    "query",
    [
        *({"response_type": ""}, {"response_type": "token"}, {"client_id": ""}),
        *({"duration": ""}, {"duration": "PT24H"}, {"duration": "P3Y1D"}, {"duration": "-P1Y"}),
    ],
)
async def test_a_wrong_parameter_is_a_request_that_did_not_complete(stage, query):
    assert callback(await open_page(stage, state="abc", **query)) == REFUSED | {"state": "abc"}
    form = ASKED | query | {"state": "abc", "usage_point_id": HOME, "decision": "approve"}
    answer = await stage.client.post("/dataconnect/simulator/v2/decision", data=form)
    assert callback(answer) == REFUSED | {"state": "abc"}


@pytest.mark.parametrize(
    "query", [{"redirect_uri": "https://elsewhere.example"}, {"state": "x" * 101}, {"client_id": "someone-else"}]
)
async def test_what_enedis_does_not_accept_is_a_page_and_no_redirect(stage, query):
    answer = await open_page(stage, **query)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html")


async def test_a_page_that_is_not_served(stage):
    await stage.control("PUT", "apis", {"api": "dataconnect", "served": False})
    assert (await open_page(stage, state="abc")).status_code == 404


async def test_without_a_registered_callback_the_page_says_so(enter):
    answer = await share(enter(callback=None), HOME, state="abc0")
    assert answer.status_code == 500
    assert "adresse de retour" in answer.text
