"""GET /v1/usage-points/{prm}/imports."""

from msgspec import UNSET
from starlette.responses import Response

from passerelle.model.paris import in_paris
from passerelle.model.usage_point import parse_usage_point_id
from passerelle.plan.upkeep import ImportState
from passerelle.schema.imports import ImportBody, ImportList
from passerelle.web.answers import json_response
from passerelle.web.call import Call
from passerelle.web.problems import problem_body

_PRIVATE = {"Cache-Control": "no-store"}


async def list_imports(call: Call) -> Response:
    """How far the first imports of the point are."""
    point = parse_usage_point_id(call.request.path_params["prm"])
    imports = [
        ImportBody(
            series=each.series.value,
            state=each.state.value,
            start=each.progress.start,
            end=each.progress.end,
            days=each.progress.days,
            days_held=each.progress.whole,
            began_at=in_paris(each.began_at.replace(microsecond=0)),
            ended_at=in_paris(each.ended_at.replace(microsecond=0)) if each.ended_at else UNSET,
            reason=refusal.reason if refusal else UNSET,
            problem=problem_body(refusal.problem, call.settings.docs_url, call.request_id) if refusal else UNSET,
        )
        for each in await call.gateway.upkeep.imports(call.caller, point)
        for refusal in [each.progress.refusal if each.state is ImportState.REFUSED else None]
    ]
    return json_response(ImportList(usage_point_id=point, imports=imports), headers=_PRIVATE)
