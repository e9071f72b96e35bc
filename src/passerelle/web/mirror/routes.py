"""The addresses of the mirror, and the guard that keeps every answer in Enedis' shape."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import Receive, Send
from starlette.types import Scope as AsgiScope

from passerelle.gateway.rooms import Gateway
from passerelle.kit.logs import get_logger
from passerelle.model.customer import CustomerRecord
from passerelle.model.generation import Generation
from passerelle.model.scopes import Scope
from passerelle.model.series import Series
from passerelle.problem import PasserelleError
from passerelle.web.crowd import Crowd
from passerelle.web.envelope import request_id_of
from passerelle.web.mirror import authorize, errors, tokens
from passerelle.web.mirror.call import MirrorCall, admit
from passerelle.web.mirror.customers import read_record
from passerelle.web.mirror.dialect import Dialect
from passerelle.web.mirror.errors import Refusal, Refused
from passerelle.web.mirror.measures import read_measure
from passerelle.web.mirror.translation import SHARED, V5
from passerelle.web.mirror.v2026 import measures as measures_2026
from passerelle.web.mirror.v2026 import records as records_2026
from passerelle.web.mirror.v2026 import subscribed as subscribed_2026
from passerelle.web.mirror.v2026 import translation as translation_2026
from passerelle.web.settings import WebSettings

log = get_logger(__name__)

PREFIX = "/enedis"
MEASURES = {
    "/metering_data_dc/v5/daily_consumption": Series.CONSUMPTION_DAILY,
    "/metering_data_clc/v5/consumption_load_curve": Series.CONSUMPTION_LOAD_CURVE,
    "/metering_data_dcmp/v5/daily_consumption_max_power": Series.CONSUMPTION_MAX_POWER,
    "/metering_data_dp/v5/daily_production": Series.PRODUCTION_DAILY,
    "/metering_data_plc/v5/production_load_curve": Series.PRODUCTION_LOAD_CURVE,
}
"""F§5: the production paths are the true ones, not those of the specification files."""
CUSTOMERS = {
    "/customers_upc/v5/usage_points/contracts": CustomerRecord.CONTRACT,
    "/customers_upa/v5/usage_points/addresses": CustomerRecord.ADDRESS,
    "/customers_i/v5/identity": CustomerRecord.IDENTITY,
    "/customers_cd/v5/contact_data": CustomerRecord.CONTACT,
}
"""F§8."""
MEASURES_2026 = {
    "/mesure_synchrone_auto/v2/consommation_quotidienne": Series.CONSUMPTION_DAILY,
    "/mesure_synchrone_auto/v2/courbe_de_charge_consommation": Series.CONSUMPTION_LOAD_CURVE,
    "/mesure_synchrone_auto/v2/puissance_conso_max_quotidienne": Series.CONSUMPTION_MAX_POWER,
    "/mesure_synchrone_auto/v2/production_quotidienne": Series.PRODUCTION_DAILY,
    "/mesure_synchrone_auto/v2/courbe_de_charge_production": Series.PRODUCTION_LOAD_CURVE,
    "/mesure_synchrone_auto/v2/index_consommation": Series.CONSUMPTION_INDEX,
    "/mesure_synchrone_auto/v2/index_production": Series.PRODUCTION_INDEX,
}
"""F§9."""
CUSTOMERS_2026 = {f"/{api}/v1/{{prm}}": api for api in records_2026.RECORDS}
"""F§10."""
POINTLESS_2026 = {f"/{api}/v1{slash}": api for api in records_2026.RECORDS for slash in ("", "/")}
"""The same without their usage point, which Enedis answers too (F§13)."""
SERVICES_2026 = ("/subscribed_services/v1", "/subscribed_services/v1/")
"""Both work in the field (F§10)."""

_NEVER_KEPT = {"Cache-Control": "no-store"}

Body = Struct | list[Any]
Act = Callable[[Request], Awaitable[Body | Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


def mirror_routes(gateway: Gateway, settings: WebSettings) -> list[BaseRoute]:
    """Every address under `/enedis`, those that do not exist included."""
    crowd = Crowd()
    shared: list[tuple[str, str, Act, Dialect]] = [
        *(
            (
                "GET",
                path,
                partial(authorize.authorize, gateway=gateway, settings=settings, generation=generation),
                V5 if generation is Generation.V5 else SHARED,
            )
            for path, generation in authorize.PATHS.items()
        ),
        ("POST", "/oauth2/v3/token", lambda request: tokens.issue(request, gateway), SHARED),
        ("POST", "/oauth2/v3/revoke", lambda request: tokens.revoke(request, gateway), SHARED),
    ]
    data = [*_of_v5(), *_of_2026(settings)]
    pointless = [
        _Data(path, records_2026.RECORDS[api].scope, records_2026.without_point, translation_2026.records(api))
        for path, api in POINTLESS_2026.items()
    ]
    return [
        *(
            Route(f"{PREFIX}{path}", _guarded(act, gateway, dialect), methods=[method])
            for method, path, act, dialect in shared
        ),
        *(
            Route(
                f"{PREFIX}{each.path}",
                _guarded(_admitted(each, gateway, crowd), gateway, each.dialect),
                methods=[each.method],
            )
            for each in data
        ),
        *(Route(f"{PREFIX}{each.path}", _UnknownPath(each.dialect.headers)) for each in data),
        *(
            Route(f"{PREFIX}{each.path}", _Pointless(_guarded(_admitted(each, gateway, crowd), gateway, each.dialect)))
            for each in pointless
        ),
        Route(PREFIX, _UnknownPath()),
        Mount(PREFIX, _UnknownPath()),
    ]


@dataclass(frozen=True, slots=True)
class _Data:
    """One data API: its address, the scope that opens it, what it reads, and in whose words it refuses."""

    path: str
    scope: Scope
    read: Callable[[MirrorCall], Awaitable[Body]]
    dialect: Dialect
    method: str = "GET"


def _of_v5() -> list[_Data]:
    return [
        *(_Data(path, series.scope, partial(read_measure, series=series), V5) for path, series in MEASURES.items()),
        *(_Data(path, record.scope, partial(read_record, record=record), V5) for path, record in CUSTOMERS.items()),
    ]


def _of_2026(settings: WebSettings) -> list[_Data]:
    services = partial(subscribed_2026.read_services, secret=settings.secret)
    return [
        *(
            _Data(path, series.scope, partial(measures_2026.read_measure, series=series), translation_2026.MEASURES)
            for path, series in MEASURES_2026.items()
        ),
        *(
            _Data(
                path,
                records_2026.RECORDS[api].scope,
                partial(records_2026.read_record, api=api),
                translation_2026.records(api),
            )
            for path, api in CUSTOMERS_2026.items()
        ),
        *(
            _Data(path, Scope.USAGE_POINTS_READ, services, translation_2026.SERVICES, method="POST")
            for path in SERVICES_2026
        ),
    ]


def _admitted(api: _Data, gateway: Gateway, crowd: Crowd) -> Act:
    async def act(request: Request) -> Body:
        call = await admit(request, gateway, api.scope)
        with crowd.place(call.caller.account_id):
            return await api.read(call)

    return act


def _guarded(act: Act, gateway: Gateway, dialect: Dialect) -> Endpoint:
    """The act, whatever happens, answered as Enedis answers: its clients cannot read any other error."""

    async def in_enedis_words(request: Request) -> Response:
        try:
            found = await act(request)
        except Refused as refused:
            return _refuse(refused.refusal)
        except PasserelleError as error:
            return _refuse(await dialect.refusal_of(error.problem, gateway.clock))
        if isinstance(found, Response):
            return found
        return Response(msgspec.json.encode(found), headers=_NEVER_KEPT, media_type=errors.JSON)

    async def endpoint(request: Request) -> Response:
        try:
            answer = await in_enedis_words(request)
        except Exception as error:
            log.exception("accident", request_id=request_id_of(request), error=type(error).__name__)
            answer = _refuse(dialect.technical_error)
        answer.headers.update(dialect.headers)
        return answer

    return endpoint


def _refuse(refusal: Refusal) -> Response:
    headers = dict(_NEVER_KEPT)
    if refusal.retry_after is not None:
        headers["Retry-After"] = str(refusal.retry_after)
    if refusal.challenge is not None:
        headers["WWW-Authenticate"] = refusal.challenge
    return Response(refusal.body, refusal.status, headers, refusal.media_type)


class _UnknownPath:
    """No such path, or not with this method: Enedis' gateway says the same of both. An ASGI application: any method."""

    def __init__(self, headers: Mapping[str, str] | None = None) -> None:
        self._headers = headers or {}

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        answer = _refuse(errors.UNKNOWN_PATH)
        answer.headers.update(self._headers)
        await answer(scope, receive, send)


class _Pointless:
    """An address that only refuses: it is no route that can be used, and is documented as none. An ASGI application."""

    def __init__(self, refuse: Endpoint) -> None:
        self._refuse = refuse

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        answer = await self._refuse(request) if request.method == "GET" else _refuse(errors.UNKNOWN_PATH)
        await answer(scope, receive, send)
