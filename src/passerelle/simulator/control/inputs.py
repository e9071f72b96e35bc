"""Reading what a test sends; a bad input is a 400 that names the field."""

import re
from datetime import date, datetime
from typing import TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from passerelle.simulator.answers import json, world_of
from passerelle.simulator.households.nouns import Household

V5, V2026 = "v5", "2026"
PRM = re.compile(r"[0-9]{14}")
Body = TypeVar("Body", bound=msgspec.Struct)


class BadInput(Exception):
    """The field `field` of what was sent cannot be used."""

    def __init__(self, field: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.field = field
        self.message = message
        self.status = status


async def bad_input(_: Request, error: Exception) -> Response:
    """The exception handler for `BadInput`."""
    if not isinstance(error, BadInput):
        raise error
    return json({"field": error.field, "error": error.message}, error.status)


async def body_of(request: Request, kind: type[Body]) -> Body:
    """The JSON body as `kind`."""
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except msgspec.ValidationError as error:
        text = str(error)
        named = re.search(r"\$\.(\w+)", text) or re.search(r"field `(\w+)`", text)
        raise BadInput(named[1] if named else "body", text) from None
    except msgspec.DecodeError as error:
        raise BadInput("body", f"not JSON: {error}") from None


def prm_of(request: Request) -> str:
    prm: str = request.path_params["prm"]
    if not PRM.fullmatch(prm):
        raise BadInput("prm", "a PRM is exactly 14 digits")
    return prm


def household_of(request: Request) -> Household:
    """The household of the PRM in the path: of F§11, or named before by PUT /_control/consents."""
    household = world_of(request).household(prm_of(request))
    if household is None:
        raise BadInput("prm", "no household has this PRM: name it by PUT /_control/consents first", 404)
    return household


def aware(field: str, instant: datetime | None) -> datetime | None:
    if instant is not None and instant.tzinfo is None:
        raise BadInput(field, "an instant needs its offset")
    return instant


def generation_of(request: Request) -> str | None:
    """The generation whose view of the truth is wanted; None: all that is true."""
    generation = request.query_params.get("generation")
    if generation not in (None, V5, V2026):
        raise BadInput("generation", f"one of {V5}, {V2026}")
    return generation


def day_param(request: Request, name: str) -> date:
    try:
        return date.fromisoformat(request.query_params.get(name, ""))
    except ValueError:
        raise BadInput(name, "a day YYYY-MM-DD is needed") from None
