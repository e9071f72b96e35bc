"""The gateway's ASGI application: routes, and the shell that every request goes through."""

from collections.abc import Callable, Mapping, Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.routing import Route as StarletteRoute

from passerelle.errors import InternalError, MethodNotAllowed, NotFound
from passerelle.gateway.rooms import Gateway
from passerelle.kit.logs import get_logger
from passerelle.model.series import Series
from passerelle.problem import PasserelleError
from passerelle.web.auth import authenticate
from passerelle.web.call import Call
from passerelle.web.crowd import Crowd
from passerelle.web.envelope import Envelope, Watch, request_id_of
from passerelle.web.problems import problem_response
from passerelle.web.query import read_query_string
from passerelle.web.routes import ROUTES, Route
from passerelle.web.settings import WebSettings
from passerelle.web.shortcut import POINTS, Endpoint, Shortcut

log = get_logger(__name__)


def create_app(
    gateway: Gateway, settings: WebSettings, more: Sequence[BaseRoute] = (), *, watch: Watch | None = None
) -> Starlette:
    """The application. `more`: routes that are not part of the documented API (pages, mirror, metrics).

    `watch` is told of each answer.
    """
    crowd = Crowd()
    by_path: dict[str, dict[str, Endpoint]] = {}
    for route in ROUTES:
        by_path.setdefault(route.path, {})[route.method] = _endpoint(route, gateway, settings, crowd)
    routes = [StarletteRoute(path, _by_method(methods), methods=list(methods)) for path, methods in by_path.items()]
    app = Starlette(
        routes=[*routes, *more],
        exception_handlers={
            HTTPException: _http_exception(settings),
            PasserelleError: _own_error(settings),
            Exception: _accident(settings),
        },
    )
    app.router.redirect_slashes = False
    app.add_middleware(Envelope, watch=watch)
    app.middleware_stack = Shortcut(
        app.build_middleware_stack(),
        _reads(routes, by_path),
        refuse=_own_error(settings),
        accident=_accident(settings),
        watch=watch,
    )
    return app


def _reads(
    routes: Sequence[StarletteRoute], by_path: Mapping[str, Mapping[str, Endpoint]]
) -> dict[str, tuple[StarletteRoute, Endpoint]]:
    """The routes of the series with their endpoints, by the name of the series."""
    by_address = {route.path: route for route in routes}
    paths = {series.value: f"{POINTS}{{prm}}/{series.value}" for series in Series}
    return {name: (by_address[path], by_path[path]["GET"]) for name, path in paths.items()}


def _by_method(endpoints: Mapping[str, Endpoint]) -> Endpoint:
    """One endpoint a path, so that a wrong method is told all the right ones."""

    async def endpoint(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" and "HEAD" not in endpoints else request.method
        return await endpoints[method](request)

    return endpoint


def _endpoint(route: Route, gateway: Gateway, settings: WebSettings, crowd: Crowd) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        request_id = request_id_of(request)
        caller = await authenticate(request, gateway) if route.scope is not None else None
        query = read_query_string(route.query, request.scope["query_string"]) if route.query is not None else None
        call = Call(request, gateway, settings, request_id, query, caller)
        if caller is None:
            return await route.handler(call)
        with crowd.place(caller.account_id):
            return await route.handler(call)

    return endpoint


def _own_error(settings: WebSettings) -> Callable[[Request, Exception], Response]:
    def handle(request: Request, error: Exception) -> Response:
        assert isinstance(error, PasserelleError)  # noqa: S101 — Starlette dispatches by class
        return problem_response(error, settings.docs_url, request_id_of(request))

    return handle


def _http_exception(settings: WebSettings) -> Callable[[Request, Exception], Response]:
    def handle(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        own: PasserelleError
        match status:
            case 405:
                own = MethodNotAllowed(
                    "This address does not accept this method.", "Cette adresse n'accepte pas cette méthode."
                )
            case _:
                own = NotFound("There is nothing at this address.", "Il n'y a rien à cette adresse.")
        answer = problem_response(own, settings.docs_url, request_id_of(request))
        if isinstance(error, HTTPException) and error.headers:
            answer.headers.update(error.headers)
        return answer

    return handle


def _accident(settings: WebSettings) -> Callable[[Request, Exception], Response]:
    def handle(request: Request, error: Exception) -> Response:
        log.error("accident", request_id=request_id_of(request), error=type(error).__name__, exc_info=error)
        own = InternalError("The gateway failed on this request.", "La passerelle a échoué sur cette requête.")
        return problem_response(own, settings.docs_url, request_id_of(request))

    return handle
