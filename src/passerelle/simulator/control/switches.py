"""Calls, faults, the clock, consents and APIs."""

from dataclasses import asdict
from datetime import date, datetime
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from passerelle.simulator import apis, calendar, errors, faults
from passerelle.simulator.answers import json, world_of
from passerelle.simulator.consents import State
from passerelle.simulator.control.inputs import BadInput, aware, body_of, prm_of
from passerelle.simulator.faults import Fault
from passerelle.simulator.journal import Call


class FaultOrder(msgspec.Struct, forbid_unknown_fields=True):
    """PUT /_control/faults. A missing `count` is as null: until all faults are ended."""

    api: str
    count: int | None = None
    error: str | None = None
    status: int | None = None
    body: str | None = None
    content_type: str | None = None
    truncate: int | None = None
    delay_ms: int | None = None
    drop: bool | None = None


class ClockOrder(msgspec.Struct, forbid_unknown_fields=True):
    now: datetime
    frozen: bool = False


class ConsentOrder(msgspec.Struct, forbid_unknown_fields=True):
    """PUT /_control/consents/{prm}. `begin` is the first day that may be asked (ADAM-DC-0009 before it)."""

    state: State
    begin: date | None = None


class ApiOrder(msgspec.Struct, forbid_unknown_fields=True):
    api: str
    served: bool | None = None
    subscribed: bool | None = None


async def calls(request: Request) -> Response:
    journal = world_of(request).journal
    if request.method == "DELETE":
        journal.clear()
        return Response(status_code=204)
    return json([_shown(call) for call in journal.calls])


def _shown(call: Call) -> dict[str, Any]:
    at = call.at.isoformat(timespec="microseconds")
    simulated = calendar.local(call.simulated_at).isoformat(timespec="microseconds")
    return asdict(call) | {"at": at, "simulated_at": simulated}


async def put_fault(request: Request) -> Response:
    order = await body_of(request, FaultOrder)
    kinds = {
        "error": order.error is not None,
        "status": any(each is not None for each in (order.status, order.body, order.content_type)),
        "truncate": order.truncate is not None,
        "delay_ms": order.delay_ms is not None,
        "drop": bool(order.drop),
    }
    if sum(kinds.values()) != 1:
        chosen = ", ".join(name for name, given in kinds.items() if given) or "none of them"
        raise BadInput(chosen.partition(",")[0] if any(kinds.values()) else "error",
                       f"exactly one of {', '.join(kinds)} is needed, got {chosen}")  # fmt: skip
    _check_api(order.api, also=faults.ANY)
    if order.error is not None and order.error not in errors.rows():
        raise BadInput("error", "no row of errors.json has this id")
    for name, least in (("count", 1), ("truncate", 0), ("delay_ms", 0), ("status", 200)):
        number = getattr(order, name)
        if number is not None and number < least:
            raise BadInput(name, f"at least {least}")
    if order.status is not None and order.status > 599:  # noqa: PLR2004 — the last HTTP status
        raise BadInput("status", "at most 599")
    wanted = msgspec.structs.asdict(order) | {"drop": bool(order.drop)}
    world_of(request).faults.add(Fault(**wanted))
    return json({name: value for name, value in wanted.items() if value is not None})


async def delete_faults(request: Request) -> Response:
    world_of(request).faults.clear()
    return Response(status_code=204)


async def clock(request: Request) -> Response:
    clock = world_of(request).clock
    if request.method == "PUT":
        order = await body_of(request, ClockOrder)
        aware("now", order.now)
        clock.set(order.now, frozen=order.frozen)
    elif request.method == "DELETE":
        clock.follow_real_time()
    return json({"now": calendar.local(clock.now()).isoformat(timespec="microseconds"), "frozen": clock.frozen})


async def put_consent(request: Request) -> Response:
    prm, order = prm_of(request), await body_of(request, ConsentOrder)
    world = world_of(request)
    world.consents.order(prm, order.state, order.begin, world.today())
    return json({"usage_point_id": prm, "state": order.state})


async def put_api(request: Request) -> Response:
    order = await body_of(request, ApiOrder)
    _check_api(order.api)
    if order.served is None and order.subscribed is None:
        raise BadInput("served", "served or subscribed is needed")
    switches = world_of(request).apis
    switches.switch(order.api, served=order.served, subscribed=order.subscribed)
    return json({"api": order.api, "served": switches.served(order.api), "subscribed": switches.subscribed(order.api)})


def _check_api(api: str, also: str | None = None) -> None:
    if api not in apis.APIS and api != also:
        raise BadInput("api", f"one of {', '.join(sorted(apis.APIS))}")


routes = [
    Route("/_control/calls", calls, methods=["GET", "DELETE"]),
    Route("/_control/faults", put_fault, methods=["PUT"]),
    Route("/_control/faults", delete_faults, methods=["DELETE"]),
    Route("/_control/clock", clock, methods=["GET", "PUT", "DELETE"]),
    Route("/_control/consents/{prm}", put_consent, methods=["PUT"]),
    Route("/_control/apis", put_api, methods=["PUT"]),
]
