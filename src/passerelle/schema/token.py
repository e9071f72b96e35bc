"""The answer of `POST /oauth/token` (RFC 6749 section 4.4)."""

from typing import Annotated

from msgspec import Meta, Struct


class TokenBody(Struct, kw_only=True, frozen=True):
    """A short-lived token, to be sent as `Authorization: Bearer`."""

    access_token: str
    token_type: Annotated[str, Meta(description="Always `Bearer`.")] = "Bearer"  # noqa: S105 — a type, not a token
    expires_in: Annotated[int, Meta(description="Seconds.")]
    scope: Annotated[str, Meta(description="The scopes of the token, separated by spaces.")]
