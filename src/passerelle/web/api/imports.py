"""GET /v1/usage-points/{prm}/imports."""

from msgspec import UNSET
from starlette.responses import Response

from passerelle.model.paris import in_paris
from passerelle.model.usage_point import parse_usage_point_id
from passerelle.schema.imports import ImportBody, ImportList
from passerelle.web.answers import json_response
from passerelle.web.call import Call

_PRIVATE = {"Cache-Control": "no-store"}


async def list_imports(call: Call) -> Response:
    """How far the first imports of the point are."""
    point = parse_usage_point_id(call.request.path_params["prm"])
    imports = [
        ImportBody(
            series=each.series.value,
            state="running" if each.ended_at is None else "done",
            start=each.span.start,
            end=each.span.end,
            days=len(each.span),
            days_held=each.whole,
            began_at=in_paris(each.began_at.replace(microsecond=0)),
            ended_at=in_paris(each.ended_at.replace(microsecond=0)) if each.ended_at else UNSET,
        )
        for each in await call.gateway.upkeep.imports(call.caller, point)
    ]
    return json_response(ImportList(usage_point_id=point, imports=imports), headers=_PRIVATE)
