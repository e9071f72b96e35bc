"""Errors as answers: RFC 9457, one form for all (INTERFACE section 5)."""

import msgspec
from starlette.responses import Response

from passerelle.errors import KeyInvalid, KeyMissing
from passerelle.problem import PasserelleError, Problem
from passerelle.schema.problem import PROBLEM_MEDIA_TYPE, ProblemBody, UpstreamBody


def problem_body(problem: Problem, docs_url: str, request_id: str) -> ProblemBody:
    """The problem as the body of an answer, or as what stands beside a gap."""
    upstream = problem.upstream
    return ProblemBody(
        type=f"{docs_url}/problems/{problem.code}",
        title=problem.title,
        status=problem.status,
        detail=problem.detail,
        code=problem.code,
        detail_fr=problem.detail_fr,
        who_acts=problem.who_acts,
        action=problem.action,
        action_fr=problem.action_fr,
        retryable=problem.retryable,
        retry_after=problem.retry_after,
        upstream=UpstreamBody(status=upstream.status, code=upstream.code, message=upstream.message)
        if upstream
        else None,
        request_id=request_id,
    )


def problem_response(error: PasserelleError, docs_url: str, request_id: str) -> Response:
    """The answer for an error; `Retry-After` where it is known when to come back."""
    problem = error.problem
    headers = {"Cache-Control": "no-store"}
    if problem.retry_after is not None:
        headers["Retry-After"] = str(problem.retry_after)
    if isinstance(error, KeyMissing | KeyInvalid):
        headers["WWW-Authenticate"] = 'Bearer realm="passerelle"'
    body = msgspec.json.encode(problem_body(problem, docs_url, request_id))
    return Response(body, problem.status, headers, PROBLEM_MEDIA_TYPE)
