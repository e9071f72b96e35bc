"""GET /v1/usage-points/{prm}/contract, address, identity, contact."""

from collections.abc import Awaitable, Callable

from starlette.responses import Response

from passerelle.model.customer import CustomerRecord
from passerelle.model.usage_point import parse_usage_point_id
from passerelle.web.answers import json_response
from passerelle.web.call import Call
from passerelle.web.negotiation import cache_status, choose_media, wait_of, wants_fresh
from passerelle.web.render.customer import customer_body


def customer_handler(record: CustomerRecord) -> Callable[[Call], Awaitable[Response]]:
    """The handler of one record."""

    async def handle(call: Call) -> Response:
        choose_media(call.request.headers.get("accept"), ("application/json",))
        point = parse_usage_point_id(call.request.path_params["prm"])
        wait = wait_of(call.request.headers.get("prefer"))
        fresh = wants_fresh(call.request.headers.get("cache-control"))
        answer = await call.gateway.read_customer.answer(call.caller, point, record, wait, fresh=fresh)
        headers = {"Cache-Control": "no-store", "Cache-Status": cache_status(answer.cache, answer.unrenewed)}
        return json_response(customer_body(point, answer.record), headers=headers)

    return handle
