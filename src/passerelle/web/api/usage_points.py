"""GET /v1/usage-points and GET /v1/usage-points/{prm}/gaps."""

from msgspec import UNSET
from starlette.responses import Response

from passerelle.model.paris import in_paris
from passerelle.model.usage_point import parse_usage_point_id
from passerelle.schema.usage_points import (
    GapLedger,
    LedgerGap,
    LedgerHole,
    PointConsent,
    UsagePointBody,
    UsagePointList,
)
from passerelle.web.answers import json_response
from passerelle.web.call import Call

_PRIVATE = {"Cache-Control": "no-store"}


async def list_usage_points(call: Call) -> Response:
    """The points of the account, their consents, and what they can deliver."""
    views = await call.gateway.list_points(call.caller)
    bodies = [
        UsagePointBody(
            usage_point_id=view.usage_point_id,
            consent=PointConsent(
                id=view.link.consent_id,
                state=view.state.value,
                expires_at=in_paris(view.link.expires_at) if view.link.expires_at else UNSET,
            ),
            series=[each.value for each in view.series],
            customer=[each.value for each in view.records],
        )
        for view in views
    ]
    return json_response(UsagePointList(usage_points=bodies), headers=_PRIVATE)


async def list_gaps(call: Call) -> Response:
    """The days of the point that were asked for and are not whole."""
    point = parse_usage_point_id(call.request.path_params["prm"])
    open_days = await call.gateway.list_points.open_days(call.caller, point)
    gaps = [
        LedgerGap(
            series=series.value,
            start=each.span.start,
            end=each.span.end,
            reason=each.reason,
            next_ask_at=in_paris(each.next_ask_at.replace(microsecond=0)),
            missing=[LedgerHole(start=in_paris(start), end=in_paris(end)) for start, end in each.missing] or UNSET,
        )
        for series, each in open_days
    ]
    return json_response(GapLedger(usage_point_id=point, gaps=gaps), headers=_PRIVATE)
