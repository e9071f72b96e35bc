"""Errors as RFC 9457 problems (INTERFACE section 5), and as OAuth 2 errors at the token address."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from passerelle.problem import Actor

PROBLEM_MEDIA_TYPE = "application/problem+json"


class UpstreamBody(Struct, kw_only=True, frozen=True):
    """What Enedis itself answered, as far as it said something."""

    status: Annotated[int | None, Meta(description="HTTP status of Enedis' answer, if there was one.")] = None
    code: Annotated[str | None, Meta(description="Enedis' own error code.")] = None
    message: Annotated[str | None, Meta(description="Enedis' own message, without personal data.")] = None


class ProblemBody(Struct, kw_only=True, frozen=True):
    """An error (RFC 9457), with what it means and who can act, in English and French."""

    type: Annotated[str, Meta(description="Address of the page that explains this problem.")]
    title: Annotated[str, Meta(description="What kind of problem it is.")]
    status: Annotated[int, Meta(description="HTTP status of the answer; beside a gap, the one it would have had.")]
    detail: Annotated[str, Meta(description="What happened this time.")]
    code: Annotated[str, Meta(description="Stable code of the problem.", examples=["consent-missing"])]
    detail_fr: Annotated[str, Meta(description="What happened this time, in French.")]
    who_acts: Annotated[Actor, Meta(description="Who must act, seen by the reader of the answer.")]
    action: Annotated[str, Meta(description="What that one can do.")]
    action_fr: Annotated[str, Meta(description="What that one can do, in French.")]
    retryable: Annotated[bool, Meta(description="Whether the same request may succeed later.")]
    retry_after: Annotated[int | None, Meta(description="Seconds to wait before trying again, where known.")] = None
    upstream: Annotated[UpstreamBody | None, Meta(description="Enedis' own answer, where it is the cause.")] = None
    request_id: Annotated[str, Meta(description="Names this request in the gateway's logs.")]


class TokenErrorBody(Struct, kw_only=True, frozen=True):
    """An error of `POST /oauth/token` (RFC 6749 section 5.2)."""

    error: Annotated[str, Meta(examples=["invalid_client"])]
    error_description: str | UnsetType = UNSET
