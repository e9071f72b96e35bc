"""The OpenAPI 3.1 document, drawn from the table of routes and the error tree."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import msgspec

from passerelle._version import __version__
from passerelle.problem import PasserelleError
from passerelle.schema.problem import PROBLEM_MEDIA_TYPE, ProblemBody, TokenErrorBody
from passerelle.web.routes import ROUTES, Route

_REF = "#/components/schemas/{name}"


@lru_cache(maxsize=1)
def openapi_document() -> bytes:
    """The document as JSON, the same for every process of one version."""
    return msgspec.json.encode(_document())


def _document() -> dict[str, Any]:
    shapes = _shapes()
    found, components = msgspec.json.schema_components(shapes, ref_template=_REF)
    schema_of = dict(zip(shapes, found, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "passerelle",
            "version": __version__,
            "summary": "A gateway between applications and Enedis Data Connect.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "An API key, or a token made of one."}
            },
        },
    }


def _shapes() -> list[type]:
    shapes: dict[type, None] = {ProblemBody: None, TokenErrorBody: None}
    for route in ROUTES:
        for shape in (route.answer.shape, route.body, route.query):
            if shape is not None:
                shapes[shape] = None
    return list(shapes)


def _operation(route: Route, schema_of: dict[type, dict[str, Any]]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "parameters": [*_path_parameters(route), *_query_parameters(route), *_header_parameters(route)],
        "responses": {str(route.answer.status): _success(route, schema_of), **_errors(route, schema_of)},
    }
    if route.scope is not None:
        operation["security"] = [{"key": []}]
        operation["description"] = f"Scope: `{route.scope.value}`."
    if route.body is not None:
        operation["requestBody"] = {"content": {"application/json": {"schema": schema_of[route.body]}}}
    if route.form:
        operation["requestBody"] = {
            "required": True,
            "content": {
                "application/x-www-form-urlencoded": {
                    "schema": {
                        "type": "object",
                        "required": ["grant_type"],
                        "properties": {
                            name: {"type": "string", "description": text} for name, text in route.form.items()
                        },
                    }
                }
            },
        }
    return operation


def _path_parameters(route: Route) -> Iterable[dict[str, Any]]:
    for name in re.findall(r"\{(\w+)\}", route.path):
        prm = name == "prm"
        yield {
            "name": name,
            "in": "path",
            "required": True,
            "description": "Usage point id (PRM): 14 digits, spaces allowed." if prm else "Id of the consent.",
            "schema": {"type": "string", "pattern": r"^[0-9]{14}$"} if prm else {"type": "string"},
        }


def _query_parameters(route: Route) -> Iterable[dict[str, Any]]:
    if route.query is None:
        return
    for field in msgspec.structs.fields(route.query):
        (schema,), _ = msgspec.json.schema_components([field.type])
        yield {"name": field.encode_name, "in": "query", "required": field.required, "schema": schema}


def _header_parameters(route: Route) -> Iterable[dict[str, Any]]:
    if not route.cached:
        return
    yield {
        "name": "Prefer",
        "in": "header",
        "description": "`wait=N`: seconds to wait for what is not there yet; 30 by default, at most 300.",
        "schema": {"type": "string"},
    }
    yield {
        "name": "If-None-Match",
        "in": "header",
        "description": "The `ETag` of an answer already held: 304 if it still stands.",
        "schema": {"type": "string"},
    }


def _success(route: Route, schema_of: dict[type, dict[str, Any]]) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": route.summary + "."}
    if route.answer.shape is not None:
        content: dict[str, Any] = {"application/json": {"schema": schema_of[route.answer.shape]}}
        content.update({media: {"schema": {"type": "string"}} for media in route.answer.media})
        answer["content"] = content
    return answer


def _errors(route: Route, schema_of: dict[type, dict[str, Any]]) -> dict[str, Any]:
    by_status: dict[int, list[type[PasserelleError]]] = {}
    for error in route.errors:
        by_status.setdefault(error.status, []).append(error)
    answers: dict[str, Any] = {
        str(status): {
            "description": "; ".join(f"`{each.code}`: {each.title()}" for each in errors) + ".",
            "content": {PROBLEM_MEDIA_TYPE: {"schema": schema_of[ProblemBody]}},
        }
        for status, errors in sorted(by_status.items())
    }
    if route.cached:
        answers["304"] = {"description": "What the caller holds still stands."}
    if route.name == "issue_token":
        for status in ("400", "401"):
            answers[status] = {
                "description": "An OAuth 2 error.",
                "content": {"application/json": {"schema": schema_of[TokenErrorBody]}},
            }
    if route.name == "health_ready":
        answers["503"] = {
            "description": "Something is not ready.",
            "content": {"application/json": {"schema": schema_of[route.answer.shape]}},
        }
    return answers
