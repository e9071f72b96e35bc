"""PUT /_control/services/{prm}: from when on the services of a shared point are to be seen (F§4: not at once)."""

from datetime import UTC, datetime

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from passerelle.simulator import calendar
from passerelle.simulator.answers import json, world_of
from passerelle.simulator.control.inputs import aware, body_of, prm_of


class ServicesOrder(msgspec.Struct, forbid_unknown_fields=True):
    """`visible_at`, an instant with its offset by the simulated clock; null: as soon as the point is shared."""

    visible_at: datetime | None


async def put_services(request: Request) -> Response:
    prm, order = prm_of(request), await body_of(request, ServicesOrder)
    at = aware("visible_at", order.visible_at)
    world_of(request).consents.show_services(prm, at and at.astimezone(UTC))
    return json({"usage_point_id": prm, "visible_at": at and calendar.local(at).isoformat()})


routes = [Route("/_control/services/{prm}", put_services, methods=["PUT"])]
