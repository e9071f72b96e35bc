"""Reads of a series go straight to their endpoint; whatever is asked otherwise goes the ordinary way."""

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from passerelle.errors import UsagePointUnknown
from passerelle.web.shortcut import Shortcut

PRM = "22516914714270"
DAILY = f"/v1/usage-points/{PRM}/consumption/daily"


async def _read(request: Request) -> Response:
    match request.url.query:
        case "refused":
            raise UsagePointUnknown("Nobody's.", "À personne.")
        case "broken":
            raise RuntimeError("an accident")
    return PlainTextResponse(f"read {request.path_params['prm']}")


ROUTE = Route("/v1/usage-points/{prm}/consumption/daily", _read)


async def _ordinary(scope, receive, send) -> None:
    await PlainTextResponse("ordinary")(scope, receive, send)


async def _answer(path: str, method: str = "GET", query: str = "", root: str = "") -> tuple[dict, list]:
    sent: list = []

    async def send(message) -> None:
        sent.append(message)

    async def receive():
        raise AssertionError("nothing is read of a GET")

    scope = {"type": "http", "method": method, "path": path, "root_path": root, "headers": []}
    scope |= {"query_string": query.encode(), "scheme": "http", "server": ("testserver", 80)}
    shortcut = Shortcut(
        _ordinary,
        {"consumption/daily": (ROUTE, _read)},
        refuse=lambda _, error: PlainTextResponse(type(error).__name__, 404),
        accident=lambda _, error: PlainTextResponse(type(error).__name__, 500),
    )
    try:
        await shortcut(scope, receive, send)
    except RuntimeError:
        scope["raised"] = True
    return scope, sent


async def test_a_read_is_answered_and_named_by_its_route():
    scope, sent = await _answer(DAILY)
    assert sent[1]["body"] == f"read {PRM}".encode()
    assert scope["route"] is ROUTE
    assert scope["path_params"] == {"prm": PRM}


@pytest.mark.parametrize(
    ("path", "method", "root"),
    [
        (DAILY, "HEAD", ""),
        (DAILY, "POST", ""),
        (DAILY, "GET", "/behind"),
        (DAILY + "/", "GET", ""),
        ("/v1/usage-points//consumption/daily", "GET", ""),
        (f"/v1/usage-points/{PRM}/more/consumption/daily", "GET", ""),
        (f"/v1/usage-points/{PRM}", "GET", ""),
        (f"/v2/usage-points/{PRM}/consumption/daily", "GET", ""),
    ],
)
async def test_what_is_no_such_read_goes_on(path: str, method: str, root: str):
    scope, sent = await _answer(path, method, root=root)
    assert sent[1]["body"] == b"ordinary"
    assert "route" not in scope


async def test_our_errors_are_answers_and_an_accident_is_one_that_the_server_hears_of():
    scope, sent = await _answer(DAILY, query="refused")
    assert (sent[0]["status"], sent[1]["body"]) == (404, b"UsagePointUnknown")
    assert "raised" not in scope
    scope, sent = await _answer(DAILY, query="broken")
    assert (sent[0]["status"], sent[1]["body"]) == (500, b"RuntimeError")
    assert scope["raised"]
