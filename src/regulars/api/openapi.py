# SPDX-License-Identifier: Apache-2.0
"""The OpenAPI 3.1 document, made from the table of endpoints: what is served is what is described."""

import re
from functools import cache
from http import HTTPStatus
from typing import Any

import msgspec

from regulars.api.endpoint import Endpoint
from regulars.api.endpoints import ENDPOINTS
from regulars.api.permissions import PERMISSIONS
from regulars.api.problems import MEDIA_TYPE, Problem

VERSION = "1"
_REFERENCE = "#/components/schemas/{name}"
_ALWAYS = (401, 403, 429, 500, 503)
_ALLOWANCE = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
_ANSWER_HEADERS = {
    **dict.fromkeys(_ALLOWANCE, "integer"),
    "Retry-After": "integer",
    "ETag": "string",
    "Idempotent-Replayed": "string",
    "WWW-Authenticate": "string",
}
_REFUSAL_HEADERS = {401: "WWW-Authenticate", 429: "Retry-After", 503: "Retry-After"}
_PHRASES = {
    200: "Done.",
    201: "Recorded or made.",
    202: "Taken on; it happens in the background.",
    204: "Done; there is nothing to say.",
    400: "The body is not JSON, or the request has no name.",
    401: "The key is missing, unknown or revoked.",
    403: "The key lacks the scope.",
    404: "There is no such thing in this business.",
    409: "It contradicts what is recorded; `code` says how.",
    412: "It has changed since you read it.",
    413: "The body is too large.",
    415: "The body is not said to be JSON.",
    422: "The body or a parameter is wrong; `data.path` names the place.",
    428: "The header `If-Match` is missing.",
    429: "The key has used up its allowance.",
    500: "A fault on our side.",
    503: "The server is busy; repeating the request is safe.",
}
_PARAMETER = re.compile(r"<(\w+):(\w+)>")
_PATH_SCHEMAS: dict[str, dict[str, Any]] = {
    "uuid": {"type": "string", "format": "uuid"},
    "str": {"type": "string", "minLength": 1, "maxLength": 40},
    "path": {"type": "string", "minLength": 1, "maxLength": 100},
}
HEADERS: dict[str, dict[str, Any]] = {
    "Idempotency-Key": {
        "description": "The name of the request, for ever: a repeat gets the first answer. It is the `external_id` of a body without one.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 100, "pattern": "^[ -~]+$"},
    },
    "If-Match": {
        "description": "The ETag of what you read: without a match nothing is changed (412).",
        "schema": {"type": "string"},
    },
    "If-None-Match": {
        "description": "The ETag of what you have: the answer is 304 while it is current.",
        "schema": {"type": "string"},
    },
}
_ABOUT = """The programming interface of Regulars.

Money is in integer minor units of the business's currency. Times are RFC 3339 with their zone. Whatever moves points or money carries a
name (`Idempotency-Key` or `external_id`) and can be repeated without harm, for ever. Every error is `application/problem+json` with a
stable `code`; its `detail` comes in the language of `Accept-Language` (en, hi, mr, te, ml, hy)."""


@cache
def document() -> bytes:
    """Return the document as it is served and committed."""
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in ENDPOINTS:
        paths.setdefault(_path(endpoint), {})[endpoint.method.lower()] = _operation(endpoint)
    whole = {
        "openapi": "3.1.0",
        "info": {
            "title": "Regulars",
            "version": VERSION,
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/api/v1"}],
        "security": [{"key": []}],
        "tags": [{"name": tag} for tag in dict.fromkeys(endpoint.tag for endpoint in ENDPOINTS)],
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "responses": {str(status): _refusal(status) for status in _PHRASES if status >= HTTPStatus.BAD_REQUEST},
            "headers": {name: {"required": True, "schema": {"type": kind}} for name, kind in _ANSWER_HEADERS.items()},
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "An API key: `Authorization: Bearer rk_…`"}
            },
        },
    }
    return msgspec.json.format(msgspec.json.encode(whole), indent=1) + b"\n"


def _types() -> list[Any]:
    """Return every type that bodies and answers speak of, each once."""
    found = [Problem]
    for endpoint in ENDPOINTS:
        found += [kind for kind in (endpoint.body, endpoint.answer) if kind is not None]
    return list(dict.fromkeys(found))


def _anything(_kind: type) -> dict[str, Any]:
    return {"description": "Any JSON value."}


@cache
def _made() -> tuple[dict[Any, dict[str, Any]], dict[str, Any]]:
    kinds = _types()
    schemas, components = msgspec.json.schema_components(kinds, schema_hook=_anything, ref_template=_REFERENCE)
    return dict(zip(kinds, schemas, strict=True)), components


def _schemas() -> dict[str, Any]:
    return dict(sorted(_made()[1].items()))


def _schema(kind: Any) -> dict[str, Any]:
    return _made()[0][kind]


def _path(endpoint: Endpoint) -> str:
    return "/" + _PARAMETER.sub(r"{\2}", endpoint.path)


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    scope = PERMISSIONS[endpoint.name]
    operation: dict[str, Any] = {
        "operationId": endpoint.name,
        "tags": [endpoint.tag],
        "summary": endpoint.about,
        "description": f"Needs the scope `{scope}`."
        if endpoint.name != "record_batch"
        else f"Needs the scope `{scope}`, and that of each kind of intake in it.",
        "responses": _responses(endpoint),
    }
    parameters = _parameters(endpoint)
    if parameters:
        operation["parameters"] = parameters
    if endpoint.body is not None:
        operation["requestBody"] = {
            "required": not _may_be_empty(endpoint.body),
            "content": {"application/json": {"schema": _schema(endpoint.body)}},
        }
    return operation


def _may_be_empty(body: Any) -> bool:
    """Tell whether a request without a body is understood: nothing in it is required."""
    try:
        msgspec.convert({}, body)
    except msgspec.ValidationError:
        return False
    return True


def _parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    found = [
        {"name": name, "in": "path", "required": True, "schema": _PATH_SCHEMAS[kind]}
        for kind, name in _PARAMETER.findall(endpoint.path)
    ]
    if endpoint.query is not None:
        schema = msgspec.json.schema(endpoint.query)
        for name, about in schema["$defs"][endpoint.query.__name__]["properties"].items():
            described = {"description": about["description"]} if "description" in about else {}
            plain = {key: value for key, value in about.items() if key != "description"}
            found.append({"name": name, "in": "query", "required": False, **described, "schema": plain})
    if endpoint.needs_match:
        found.append({"name": "If-Match", "in": "header", "required": True, **HEADERS["If-Match"]})
    taken = (*endpoint.takes, "If-None-Match") if endpoint.method == "GET" else endpoint.takes
    return found + [{"name": name, "in": "header", "required": False, **HEADERS[name]} for name in taken]


def _responses(endpoint: Endpoint) -> dict[str, Any]:
    answers = {str(status): _success(endpoint, status) for status in endpoint.statuses}
    if endpoint.method == "GET":
        answers["304"] = {"description": "What you have is current.", "headers": _headers("ETag")}
    return answers | {
        str(status): {"$ref": f"#/components/responses/{status}"} for status in sorted(_refusals(endpoint))
    }


def _refusals(endpoint: Endpoint) -> set[int]:
    found = {*_ALWAYS, *endpoint.refusals}
    if "<" in endpoint.path:
        found.add(404)
    if endpoint.body is not None:
        found |= {400, 413, 415}
    if endpoint.needs_match:
        found |= {412, 428}
    return found | {422}


def _success(endpoint: Endpoint, status: int) -> dict[str, Any]:
    names = [*_ALLOWANCE, *(["ETag"] if endpoint.method == "GET" else [])]
    is_repeat = "Idempotency-Key" in endpoint.takes and status == HTTPStatus.OK
    if is_repeat:
        names.append("Idempotent-Replayed")
    about = "A repeat: the first answer again." if is_repeat else _PHRASES[status]
    answer: dict[str, Any] = {"description": about, "headers": _headers(*names)}
    if endpoint.answer is not None:
        answer["content"] = {"application/json": {"schema": _schema(endpoint.answer)}}
    return answer


def _refusal(status: int) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": _PHRASES[status], "content": {MEDIA_TYPE: {"schema": _schema(Problem)}}}
    if status in _REFUSAL_HEADERS:
        answer["headers"] = _headers(_REFUSAL_HEADERS[status])
    return answer


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
