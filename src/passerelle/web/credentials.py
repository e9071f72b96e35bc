"""Client credentials of OAuth 2 (RFC 6749 section 2.3.1): HTTP Basic or the form, one of them."""

from base64 import b64decode
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.requests import Request

FORM = "application/x-www-form-urlencoded"


class FormTrouble(Exception):
    """The form or its credentials cannot be read; the text says why, without values."""


@dataclass(frozen=True, slots=True)
class ClientForm:
    """The fields of the form, and the credentials wherever they were. None: no credentials at all."""

    fields: dict[str, str]
    client_id: str | None
    client_secret: str | None


async def read_form(request: Request) -> ClientForm:
    """The form and the client's credentials. Raises FormTrouble for doubled fields and for two mechanisms."""
    raw = await request.body()
    try:
        pairs = parse_qsl(raw.decode(), keep_blank_values=True, max_num_fields=20)
    except ValueError as error:
        raise FormTrouble("the form cannot be read") from error
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise FormTrouble("the form repeats a parameter")
    basic = _basic(request.headers.get("authorization"))
    if basic is not None and ("client_id" in fields or "client_secret" in fields):
        raise FormTrouble("the request uses more than one mechanism for authenticating the client")
    client_id, secret = basic or (fields.get("client_id"), fields.get("client_secret"))
    return ClientForm(fields, client_id, secret)


def _basic(header: str | None) -> tuple[str, str] | None:
    scheme, _, value = (header or "").strip().partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, colon, secret = b64decode(value.strip(), validate=True).decode().partition(":")
    except ValueError as error:
        raise FormTrouble("the Basic credentials cannot be read") from error
    if not colon:
        raise FormTrouble("the Basic credentials cannot be read")
    return client_id, secret


def is_form(request: Request) -> bool:
    """Whether the body is declared as a form."""
    return request.headers.get("content-type", "").split(";")[0].strip().lower() == FORM
