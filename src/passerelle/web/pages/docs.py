"""The documentation in the browser: the API with a form to try it, and a page for each problem. Works offline."""

from collections.abc import Callable
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from passerelle.errors import PROBLEMS, NotFound
from passerelle.problem import Actor
from passerelle.web.pages.templating import page

_START = b"""SwaggerUIBundle({url: "/openapi.json", dom_id: "#swagger-ui", deepLinking: true,
  presets: [SwaggerUIBundle.presets.apis], layout: "BaseLayout", defaultModelsExpandDepth: 0});
"""
ACTORS = {
    Actor.CALLER: ("l'appelant de l'API", "the caller of the API"),
    Actor.CUSTOMER: ("le client d'Enedis", "the customer of Enedis"),
    Actor.OPERATOR: ("l'exploitant de la passerelle", "the operator of the gateway"),
    Actor.ENEDIS: ("Enedis", "Enedis"),
}
"""How a page names who must act, in French and in English."""

_DAY = {"Cache-Control": "public, max-age=86400"}


def docs_routes(document: Callable[[], bytes]) -> list[BaseRoute]:
    """/, /docs and what is under it, and /openapi.json, which `document` draws."""

    async def openapi(_: Request) -> Response:
        return Response(document(), media_type="application/json")

    vendor = files("swagger_ui_bundle") / "vendor"
    folder = next(each for each in vendor.iterdir() if each.name.startswith("swagger-ui-"))
    return [
        Route("/", _home),
        Route("/openapi.json", openapi),
        Route("/docs", _docs),
        Route("/docs/start.js", _start),
        Route("/docs/problems", _problems),
        Route("/docs/problems/{code}", _problem),
        Mount("/docs/assets", StaticFiles(directory=str(folder))),
    ]


async def _home(_: Request) -> Response:
    return page("home.html")


async def _docs(_: Request) -> Response:
    return page("docs.html")


async def _start(_: Request) -> Response:
    return Response(_START, headers=_DAY, media_type="text/javascript")


async def _problems(_: Request) -> Response:
    return page("problems.html", problems=list(PROBLEMS.values()))


async def _problem(request: Request) -> Response:
    problem = PROBLEMS.get(request.path_params["code"])
    if problem is None:
        raise NotFound("There is no such problem.", "Ce problème n'existe pas.")
    actor_fr, actor_en = ACTORS[problem.actor]
    return page("problem.html", problem=problem, actor_fr=actor_fr, actor_en=actor_en)
