"""What an error is: one form that says who must act and when to come back. Which ones there are: `errors`.

The first line of a class's docstring is its English title. An instance adds what happened this time, in English and
French, and when to come back. Codes, statuses and who acts: INTERFACE section 5; rows of Enedis: `enedis/errors.json`.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import ClassVar


class Actor(StrEnum):
    """Who must act, seen by the reader of our answer."""

    CALLER = "caller"
    CUSTOMER = "customer"
    OPERATOR = "operator"
    ENEDIS = "enedis"


@dataclass(frozen=True, slots=True)
class Upstream:
    """What Enedis itself said: HTTP status, its own code and message, without any personal data.

    `body` is the answer as received, for the mirror alone: it may name a person, and is never shown, logged or kept.
    `shape`: how it wrote code and message, as `errors.json` names the forms of bodies.
    """

    status: int | None = None
    code: str | None = None
    message: str | None = None
    content_type: str | None = None
    body: bytes = field(default=b"", repr=False)
    shape: str | None = None

    def without_body(self) -> "Upstream":
        return replace(self, body=b"")


@dataclass(frozen=True, slots=True)
class Problem:
    """An error as data, ready to be written as RFC 9457 or put beside a gap. `retry_after` in seconds."""

    code: str
    status: int
    title: str
    detail: str
    detail_fr: str
    who_acts: Actor
    action: str
    action_fr: str
    retryable: bool
    retry_after: int | None = None
    upstream: Upstream | None = None


class PasserelleError(Exception):
    """Something went wrong"""

    code: ClassVar[str]
    status: ClassVar[int]
    title_fr: ClassVar[str]
    actor: ClassVar[Actor]
    advice: ClassVar[str]
    advice_fr: ClassVar[str]
    may_retry: ClassVar[bool] = False

    def __init__(
        self,
        detail: str,
        detail_fr: str,
        *,
        retry_after: int | None = None,
        upstream: Upstream | None = None,
        who_acts: Actor | None = None,
        action: tuple[str, str] | None = None,
        retryable: bool | None = None,
    ) -> None:
        super().__init__(detail)
        own_action = action or (self.advice, self.advice_fr)
        self.problem = Problem(
            code=self.code,
            status=self.status,
            title=self.title(),
            detail=detail,
            detail_fr=detail_fr,
            who_acts=who_acts or self.actor,
            action=own_action[0],
            action_fr=own_action[1],
            retryable=self.may_retry if retryable is None else retryable,
            retry_after=retry_after,
            upstream=upstream,
        )

    @classmethod
    def title(cls) -> str:
        """The first line of the docstring."""
        return (cls.__doc__ or "").strip().splitlines()[0]
