"""The consent page and the callback in all its forms (F§3, F§11)."""

import re
from urllib.parse import parse_qsl

import pytest

PAGE = "/dataconnect/v1/oauth2/authorize"
DAILY = "/metering_data_dc/v5/daily_consumption"
ASKED = {"client_id": "simulator", "response_type": "code", "duration": "P1Y"}
CUSTOMERS = {
    "0": ["22516914714270"],
    "1": ["11453290002823"],
    "2": ["32320647321714"],
    "3": ["12345678901234", "10284856584123"],
    "4": ["42900589957123"],
    "5": ["24880057139941"],
    "6": ["12655648759651"],
    "7": ["64975835695673", "63695879465986", "22315546958763"],
    "8": ["26584978546985"],
}


async def open_page(stage, **query: str):
    return await stage.client.get(PAGE, params=ASKED | query)


async def answer_page(stage, page, decision, points=None):
    """Submit the page's form as a browser would, with the boxes that are ticked, or with `points`."""
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.text))
    ticked = re.findall(r'name="usage_point_id" value="(\d{14})" checked', page.text)
    (action,) = re.findall(r'<form method="post" action="([^"]+)"', page.text)
    return await stage.client.post(action, data=hidden | {"usage_point_id": points or ticked, "decision": decision})


def callback(answer):
    assert answer.status_code == 302
    address, _, query = answer.headers["location"].partition("?")
    assert address == "https://app.example/callback"
    return dict(parse_qsl(query, strict_parsing=True))


async def allowed(stage, prm):
    answer = await stage.get(DAILY, usage_point_id=prm, start="2026-11-19", end="2026-11-20")
    return answer.json().get("error") != "ADAM-DC-0008"


async def test_the_page_names_every_point_and_the_duration(stage):
    await stage.control("PUT", "consents/40000000000001", {"state": "revoked"})
    page = await open_page(stage, state="abcdef")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    listed = re.findall(r'name="usage_point_id" value="(\d{14})"', page.text)
    assert listed == [prm for points in CUSTOMERS.values() for prm in points] + ["40000000000001"]
    assert '" checked' not in page.text
    assert "24/11/2027" in page.text
    assert '<html lang="fr">' in page.text
    assert 'name="viewport"' in page.text


@pytest.mark.parametrize("digit", CUSTOMERS)
async def test_the_last_digit_of_the_state_ticks_its_customer(stage, digit):
    page = await open_page(stage, state=f"abcde{digit}")
    assert re.findall(r'value="(\d{14})" checked', page.text) == CUSTOMERS[digit]


async def test_approving_several_points_grants_them_for_the_duration(stage):
    for prm in CUSTOMERS["7"]:
        await stage.control("PUT", f"consents/{prm}", {"state": "revoked"})
    page = await open_page(stage, state="abcde7", duration="P1M")
    answer = await answer_page(stage, page, "approve")
    assert "usage_point_id=64975835695673%3B63695879465986%3B22315546958763" in answer.headers["location"]
    query = callback(answer)
    assert list(query) == ["code", "state", "usage_point_id"]
    assert (query["state"], query["usage_point_id"]) == ("abcde7", ";".join(CUSTOMERS["7"]))
    assert len(query["code"]) == 24
    assert await allowed(stage, "63695879465986")
    await stage.control("PUT", "clock", {"now": "2026-12-24T09:59:00+01:00"})
    assert await allowed(stage, "63695879465986")
    await stage.control("PUT", "clock", {"now": "2026-12-24T10:01:00+01:00"})
    assert not await allowed(stage, "63695879465986")


async def test_a_point_that_was_only_named_by_the_control_api_can_be_shared(stage):
    await stage.control("PUT", "consents/40000000000001", {"state": "expired"})
    assert not await allowed(stage, "40000000000001")
    page = await open_page(stage, state="x")
    callback(await answer_page(stage, page, "approve", ["40000000000001"]))
    assert await allowed(stage, "40000000000001")


async def test_without_a_state_none_comes_back(stage):
    page = await open_page(stage)
    assert list(callback(await answer_page(stage, page, "approve", CUSTOMERS["0"]))) == ["code", "usage_point_id"]


async def test_refusing(stage):
    query = callback(await answer_page(stage, await open_page(stage, state="abcdeX"), "refuse"))
    assert query == {
        "code": "403",
        "error": "access_denied",
        "error_description": "access_denied",
        "state": "abcdeX",
    }


async def test_digit_nine_refuses_whatever_is_clicked(stage):
    page = await open_page(stage, state="abcde9")
    assert callback(await answer_page(stage, page, "approve", CUSTOMERS["0"]))["error"] == "access_denied"


async def test_digit_eight_consents_and_revokes_at_once(stage):
    query = callback(await answer_page(stage, await open_page(stage, state="abcde8"), "approve"))
    assert query["usage_point_id"] == "26584978546985"
    assert not await allowed(stage, "26584978546985")


async def test_approving_nothing_or_an_unknown_point_shows_the_page_again(stage):
    page = await open_page(stage, state="abc")
    for points in ([], ["99999999999999"]):
        answer = await answer_page(stage, page, "approve", points)
        assert answer.status_code == 400
        assert 'role="alert"' in answer.text


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ({"response_type": ""}, ("Invalid_request", "Response type parameter is required")),
        ({"response_type": "token"}, ("invalid_request", "missing_parameter")),
        ({"client_id": ""}, ("invalid_request", "missing_parameter")),
        ({"duration": ""}, ("invalid_request", "missing_parameter")),
        ({"duration": "PT24H"}, ("invalid_request", "invalid_duration_format")),
        ({"duration": "1Y"}, ("invalid_request", "invalid_duration_format")),
        ({"duration": "P"}, ("invalid_request", "invalid_duration_format")),
        ({"duration": "P3Y1D"}, ("invalid_request", "maximum_duration_exceeded")),
        ({"duration": "-P1Y"}, ("invalid_request", "maximum_duration_exceeded")),
    ],
)
async def test_errors_of_parameters_go_back_to_the_application(stage, query, error):
    back = callback(await open_page(stage, state="abc", **query))
    assert back == {"code": "400", "error": error[0], "error_description": error[1], "state": "abc"}


@pytest.mark.parametrize("duration", ["P3Y", "P1095D", "P36M", "P1Y4M", "P156W", "P0D"])
async def test_durations_within_three_years(stage, duration):
    assert (await open_page(stage, duration=duration)).status_code == 200


@pytest.mark.parametrize(
    "query",
    [{"redirect_uri": "https://elsewhere.example"}, {"state": "x" * 101}, {"client_id": "someone-else"}],
)
async def test_what_enedis_does_not_accept_is_a_page_and_no_redirect(stage, query):
    answer = await open_page(stage, **query)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html")


async def test_the_server_error_comes_without_a_state(stage):
    """F§3, as observed: `code` holds a status and the state is lost; on the page and on its button alike."""
    page = await open_page(stage, state="abcde0")
    await stage.control("PUT", "faults", {"api": "dataconnect", "count": 2, "error": "authorize-v1-server-error"})
    expected = {"code": "500", "error": "server_error", "error_description": "lincs-internal-server-error"}
    assert callback(await open_page(stage, state="abcde0")) == expected
    assert callback(await answer_page(stage, page, "approve")) == expected


async def test_a_hostile_state_stays_text(stage):
    state = '"><script>alert(1)</script>'
    page = await open_page(stage, state=state)
    assert "<script>" not in page.text


async def test_without_a_registered_callback_the_page_says_so(enter):
    stage = enter(callback=None)
    answer = await answer_page(stage, await open_page(stage, state="abc0"), "approve")
    assert answer.status_code == 500
    assert "adresse de retour" in answer.text
