"""The addresses of the mirror, and the guard that keeps every answer in Enedis' shape."""

from collections.abc import Awaitable, Callable
from functools import partial

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import Receive, Send
from starlette.types import Scope as AsgiScope

from passerelle.errors import PasserelleError
from passerelle.gateway.rooms import Gateway
from passerelle.kit.logs import get_logger
from passerelle.model.customer import CustomerRecord
from passerelle.model.scopes import Scope
from passerelle.model.series import Series
from passerelle.web.crowd import Crowd
from passerelle.web.envelope import request_id_of
from passerelle.web.mirror import authorize, errors, tokens
from passerelle.web.mirror.call import MirrorCall, admit
from passerelle.web.mirror.customers import read_record
from passerelle.web.mirror.errors import Refusal, Refused
from passerelle.web.mirror.measures import read_measure
from passerelle.web.mirror.translation import refusal_of
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

_NEVER_KEPT = {"Cache-Control": "no-store"}

Act = Callable[[Request], Awaitable[Struct | Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


def mirror_routes(gateway: Gateway, settings: WebSettings) -> list[BaseRoute]:
    """Every address under `/enedis`, those that do not exist included."""
    crowd = Crowd()
    acts: list[tuple[str, str, Act]] = [
        ("GET", authorize.PATH, lambda request: authorize.authorize(request, gateway, settings)),
        ("POST", "/oauth2/v3/token", lambda request: tokens.issue(request, gateway)),
        ("POST", "/oauth2/v3/revoke", lambda request: tokens.revoke(request, gateway)),
        *(
            ("GET", path, _data(series.scope, partial(read_measure, series=series), gateway, crowd))
            for path, series in MEASURES.items()
        ),
        *(
            ("GET", path, _data(record.scope, partial(read_record, record=record), gateway, crowd))
            for path, record in CUSTOMERS.items()
        ),
    ]
    return [
        *(Route(f"{PREFIX}{path}", _guarded(act, gateway), methods=[method]) for method, path, act in acts),
        Route(PREFIX, _UnknownPath()),
        Mount(PREFIX, _UnknownPath()),
    ]


def _data(scope: Scope, read: Callable[[MirrorCall], Awaitable[Struct]], gateway: Gateway, crowd: Crowd) -> Act:
    async def act(request: Request) -> Struct:
        call = await admit(request, gateway, scope)
        with crowd.place(call.caller.account_id):
            return await read(call)

    return act


def _guarded(act: Act, gateway: Gateway) -> Endpoint:
    """The act, whatever happens, answered as Enedis answers: its clients cannot read any other error."""

    async def in_enedis_words(request: Request) -> Response:
        try:
            found = await act(request)
        except Refused as refused:
            return _refuse(refused.refusal)
        except PasserelleError as error:
            return _refuse(await refusal_of(error.problem, gateway.clock))
        if isinstance(found, Response):
            return found
        return Response(msgspec.json.encode(found), headers=_NEVER_KEPT, media_type=errors.JSON)

    async def endpoint(request: Request) -> Response:
        try:
            return await in_enedis_words(request)
        except Exception as error:
            log.exception("accident", request_id=request_id_of(request), error=type(error).__name__)
            return _refuse(errors.TECHNICAL_ERROR)

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

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        await _refuse(errors.UNKNOWN_PATH)(scope, receive, send)
