"""POST, GET and DELETE /v1/consents."""

from datetime import datetime, timedelta
from urllib.parse import urlencode

from msgspec import UNSET
from starlette.responses import Response

from passerelle.consent.addresses import checked_return_url
from passerelle.consent.advice import advice
from passerelle.consent.requests import ConsentRequest, LinkedPoint
from passerelle.consent.standing import request_standing
from passerelle.consent.states import ConsentState, standing
from passerelle.model.paris import in_paris
from passerelle.schema.consents import ConsentBody, ConsentList, ConsentOrder, ConsentPoint, ConsentStarted
from passerelle.web.answers import json_response
from passerelle.web.call import Call
from passerelle.web.query import read_body

_PRIVATE = {"Cache-Control": "no-store"}


async def start_consent(call: Call) -> Response:
    """201 with the address to give to the customer."""
    order = read_body(ConsentOrder, await call.request.body())
    if order.return_url is not None:
        checked_return_url(order.return_url)
    started = await call.gateway.consents.start(call.caller, order.duration, order.return_url)
    address = f"{call.settings.public_url}/consent/start?{urlencode({'ticket': started.ticket})}"
    body = ConsentStarted(
        id=started.request.id,
        state=started.request.state.value,
        authorize_url=address,
        expires_at=in_paris(started.request.request_ends_at),
    )
    return json_response(body, status=201, headers=_PRIVATE)


async def list_consents(call: Call) -> Response:
    """The consents of the account, newest first."""
    found = await call.gateway.consents.of_account(call.caller)
    now = await call.gateway.clock.now()
    kept = call.settings.erasure_retention
    bodies = [_body(request, points, request_standing(request, now), now, kept) for request, points in found]
    return json_response(ConsentList(consents=bodies), headers=_PRIVATE)


async def forget_consent(call: Call) -> Response:
    """204: calls stopped, data erased that no other consent of the account covers."""
    await call.gateway.consents.forget(call.caller, call.request.path_params["id"])
    return Response(status_code=204, headers=_PRIVATE)


def _body(
    request: ConsentRequest, points: list[LinkedPoint], state: ConsentState, now: datetime, kept: timedelta
) -> ConsentBody:
    """`kept`: how long copies of what erasing destroyed are kept."""
    erased_at = request.erased_at
    stand = [standing(each.link, now) for each in points]
    next_step = advice(state, stand, request.reason)
    return ConsentBody(
        id=request.id,
        state=state.value,
        duration=request.duration,
        requested_at=in_paris(request.requested_at),
        expires_at=in_paris(request.expires_at) if request.expires_at else UNSET,
        usage_points=[
            ConsentPoint(usage_point_id=each.usage_point_id, state=own.value)
            for each, own in zip(points, stand, strict=True)
        ],
        reason=request.reason or UNSET,
        action=next_step.english,
        action_fr=next_step.french,
        return_url=request.return_url or UNSET,
        erased_at=in_paris(erased_at) if erased_at else UNSET,
        copies_expire_on=in_paris(erased_at + kept).date() if erased_at else UNSET,
        kept_for=list(request.kept_for) or UNSET,
    )
