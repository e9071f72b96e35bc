"""Read query strings and bodies strictly, and never repeat what they held: a query may carry a PRM."""

from collections import Counter
from functools import cache, lru_cache
from typing import TypeVar

import msgspec
from starlette.datastructures import QueryParams

from passerelle.errors import InvalidRequest

S = TypeVar("S", bound=msgspec.Struct)

_LONGEST_KEPT = 200
"""Characters of a query that is remembered: what was read from it is a few dates."""


def read_query_string(shape: type[S], raw: bytes) -> S:
    """As `read_query`, of the text itself. Many ask for the same days in the same words: they are read once."""
    return _kept(shape, raw) if len(raw) <= _LONGEST_KEPT else read_query(shape, QueryParams(raw))


@lru_cache(maxsize=1_024)
def _kept(shape: type[S], raw: bytes) -> S:
    return read_query(shape, QueryParams(raw))


def read_query(shape: type[S], params: QueryParams) -> S:
    """The query as `shape`. Raises InvalidRequest for an unknown, doubled, missing or malformed parameter."""
    fields = _fields(shape)
    given = Counter(name for name, _ in params.multi_items())
    known = ", ".join(f"`{name}`" for name in fields) or "none"
    if any(name not in fields for name in given):
        raise InvalidRequest(
            f"There is a parameter that this address does not know; it knows: {known}.",
            f"Il y a un paramètre que cette adresse ne connaît pas ; elle connaît : {known}.",
        )
    values: dict[str, object] = {}
    for name, field in fields.items():
        if given[name] > 1:
            raise InvalidRequest(f"`{name}` is given twice.", f"« {name} » est donné deux fois.")
        if name not in given:
            if field.required:
                raise InvalidRequest(f"`{name}` is missing.", f"« {name} » manque.")
            continue
        try:
            values[name] = msgspec.convert(params[name], field.type, strict=False)
        except (msgspec.ValidationError, ValueError, OverflowError) as error:
            what, quoi = _expected(field.type)
            raise InvalidRequest(f"`{name}` must be {what}.", f"« {name} » doit être {quoi}.") from error
    return msgspec.convert(values, shape)


def read_body(shape: type[S], body: bytes) -> S:
    """The JSON body as `shape`. Raises InvalidRequest, naming the place but not the value."""
    try:
        return msgspec.json.decode(body or b"{}", type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        fields = ", ".join(f"`{field.encode_name}`" for field in msgspec.structs.fields(shape))
        raise InvalidRequest(
            f"The body must be a JSON object of these fields: {fields}.",
            f"Le corps doit être un objet JSON de ces champs : {fields}.",
        ) from error


@cache
def _fields(shape: type[msgspec.Struct]) -> dict[str, msgspec.structs.FieldInfo]:
    return {field.encode_name: field for field in msgspec.structs.fields(shape)}


def _expected(kind: object) -> tuple[str, str]:
    name = getattr(kind, "__name__", "")
    return {
        "date": ("a date such as 2026-03-28", "une date comme 2026-03-28"),
        "int": ("a whole number", "un nombre entier"),
        "bool": ("`true` or `false`", "« true » ou « false »"),
    }.get(name, ("a valid value", "une valeur valable"))
