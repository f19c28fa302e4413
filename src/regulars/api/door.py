# SPDX-License-Identifier: Apache-2.0
"""The door itself: let a request in, check its parts, call its endpoint, answer. The same steps for every endpoint.

The order is fixed: method, key, allowance, scope, size, media type, JSON, shape. Whatever fails is answered as a problem.
"""

import hashlib
import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse

from regulars.api.endpoint import Answer, Call, Endpoint, Nothing
from regulars.api.permissions import PERMISSIONS
from regulars.api.problems import (
    MEDIA_TYPE,
    BadCharacter,
    BadJson,
    BadMediaType,
    BodyTooLarge,
    Busy,
    InternalError,
    InvalidBody,
    InvalidParameter,
    MatchMissing,
    MethodNotAllowed,
    Problem,
    Refused,
    UnknownPath,
    language_of,
    problem_of,
    problem_of_refusal,
)
from regulars.kernel.clock import utc_now
from regulars.kernel.complaints import read_complaint
from regulars.kernel.errors import RegularsError, Saying, gettext_noop
from regulars.tenancy.access import BadToken, KeyHolder, authenticate_token
from regulars.tenancy.limits import RateLimiter, TooManyRequests
from regulars.tenancy.models import Business
from regulars.ui import format as write

logger = logging.getLogger(__name__)
limiter = RateLimiter(settings.ENVIRONMENT.rate_per_minute, monotonic=time.monotonic)
encode = msgspec.json.Encoder().encode

PARAMETERS_MAX = 50
RETRY_AFTER_S = 1
_BUSINESS_S = 2.0
_WHOLE = "Expected `int"
_NOTHING = Nothing()
_businesses: dict[UUID, tuple[Business, float]] = {}


class Resource:
    """One address: answers those methods that have an endpoint. HEAD is GET without the body; OPTIONS says what is allowed."""

    csrf_exempt = True  # keys travel in a header that no page of another site can set

    def __init__(self, endpoints: Sequence[Endpoint]) -> None:
        self._endpoints = {endpoint.method: endpoint for endpoint in endpoints}
        self._decoders = {one.method: msgspec.json.Decoder(one.body) for one in endpoints if one.body is not None}
        self._allow = ", ".join([*self._endpoints, *(["HEAD"] if "GET" in self._endpoints else []), "OPTIONS"])

    def __call__(self, request: HttpRequest, **path: Any) -> HttpResponse:
        """Answer a request; nothing is raised."""
        write.activate_country("")
        headers = {"X-Content-Type-Options": "nosniff"}
        try:
            response = self._answer(request, path, headers)
        except RegularsError as error:
            response = problem_response(request, error)
        except Refused as refused:
            response = _respond_problem(problem_of_refusal(refused.refusal, _language(request)), request)
        except (TimeoutError, OperationalError):
            logger.warning("a request could not be answered in time", exc_info=True)
            response = problem_response(request, Busy())
        except Exception:
            logger.exception("a request failed")
            response = problem_response(request, InternalError())
        for name, value in headers.items():
            response[name] = value
        return response

    def _answer(self, request: HttpRequest, path: Mapping[str, Any], headers: dict[str, str]) -> HttpResponse:
        method = "GET" if request.method == "HEAD" else request.method or ""
        endpoint = self._endpoints.get(method)
        if endpoint is None:
            headers["Allow"] = self._allow
            if method == "OPTIONS":
                return HttpResponse(status=204)
            raise MethodNotAllowed(method=method[:20], allowed=self._allow)
        holder = _authenticate(request)
        allowance = limiter.take(holder.key_id)
        headers.update(allowance.headers)
        if not allowance.is_allowed:
            raise TooManyRequests(limit=allowance.limit, retry_after=allowance.reset_s)
        holder.check(PERMISSIONS[endpoint.name])
        _check_path(path)
        if endpoint.needs_match and not request.META.get("HTTP_IF_MATCH"):
            raise MatchMissing
        query = _query(request, endpoint)
        body = self._body(request, endpoint) if endpoint.body is not None else None
        business = business_of(holder)
        write.activate_country(business.country)
        call: Call[Any, Any] = Call(request, holder, business, utc_now(), path, body, query)
        return _respond(request, endpoint.run(call))

    def _body(self, request: HttpRequest, endpoint: Endpoint) -> Any:
        raw = _read(request, endpoint.body_max)
        try:
            body = self._decoded(raw or b"{}", endpoint)
        except msgspec.ValidationError as error:
            place, problem = read_complaint(error)
            raise InvalidBody(path=place, problem=problem) from None
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise BadJson(problem=read_complaint(error)[1] if raw else Saying(gettext_noop("it is empty"))) from None
        if b"\\u0000" in raw:
            raise BadCharacter
        return body

    def _decoded(self, raw: bytes, endpoint: Endpoint) -> Any:
        """Return the body; a whole number may be written as 430.0, since JSON does not tell it from 430."""
        try:
            return self._decoders[endpoint.method].decode(raw)
        except msgspec.ValidationError as error:
            if _WHOLE not in str(error):
                raise
        return msgspec.convert(_with_whole_numbers(msgspec.json.decode(raw)), endpoint.body)


def _with_whole_numbers(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _with_whole_numbers(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_with_whole_numbers(one) for one in value]
    return value


def _read(request: HttpRequest, limit: int) -> bytes:
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > limit:
        raise BodyTooLarge(limit=limit)
    media_type = request.META.get("CONTENT_TYPE", "")
    if (
        length != "0"
        and media_type != "application/json"
        and media_type.partition(";")[0].strip().lower() != "application/json"
    ):
        raise BadMediaType(value=media_type[:80])
    return request.body


def _authenticate(request: HttpRequest) -> KeyHolder:
    scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() != "bearer":
        raise BadToken
    return authenticate_token(token.strip(), monotonic=time.monotonic)


def business_of(holder: KeyHolder) -> Business:
    """Return the business of a key, read at most every two seconds by each process."""
    known = _businesses.get(holder.business_id)
    if known and time.monotonic() < known[1]:
        return known[0]
    business = Business.objects.get(pk=holder.business_id)
    _businesses[business.pk] = business, time.monotonic() + _BUSINESS_S
    return business


def _check_path(path: Mapping[str, Any]) -> None:
    for name, value in path.items():
        if isinstance(value, str) and ("\0" in value or len(value) > 100):
            raise UnknownPath(path=f"{name}={value[:20]!r}")


def _query(request: HttpRequest, endpoint: Endpoint) -> Any:
    text = request.META.get("QUERY_STRING", "")
    if not text:
        return endpoint.query() if endpoint.query else _NOTHING
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=PARAMETERS_MAX, errors="strict")
    except ValueError:
        problem = Saying(gettext_noop("there are at most %(limit)s, written in UTF-8"), limit=PARAMETERS_MAX)
        raise InvalidParameter(name=f"?{text[:40]}", problem=problem) from None
    given = dict(pairs)
    if len(given) < len(pairs):
        repeated = next(name for place, (name, _) in enumerate(pairs) if name in dict(pairs[:place]))
        raise InvalidParameter(name=repeated[:40], problem=Saying(gettext_noop("each can be given once")))
    if any("\0" in value for value in given.values()):
        raise BadCharacter
    try:
        return msgspec.convert(given, endpoint.query or Nothing, strict=False)
    except msgspec.ValidationError as error:
        place, problem = read_complaint(error)
        raise InvalidParameter(name=place.lstrip("$.")[:40], problem=problem) from None


def _respond(request: HttpRequest, answer: Answer) -> HttpResponse:
    if answer.body is None:
        return HttpResponse(status=answer.status, headers=answer.headers)
    content = encode(answer.body)
    if request.method in {"GET", "HEAD"}:
        answer.headers["ETag"] = etag = etag_of(content)
        answer.headers["Vary"] = "Accept-Language, Authorization"
        answer.headers["Cache-Control"] = "private, no-cache"
        if _is_among(etag, request.META.get("HTTP_IF_NONE_MATCH", "")):
            return HttpResponse(status=304, headers=answer.headers)
    if request.method == "HEAD":
        answer.headers["Content-Length"] = str(len(content))
        content = b""
    return HttpResponse(content, content_type="application/json", status=answer.status, headers=answer.headers)


def document_response(request: HttpRequest, content: bytes) -> HttpResponse:
    """Answer with a document that needs no key."""
    if request.method not in {"GET", "HEAD"}:
        allowed = "GET, HEAD, OPTIONS"
        response = (
            HttpResponse(status=204)
            if request.method == "OPTIONS"
            else problem_response(request, MethodNotAllowed(method=request.method, allowed=allowed))
        )
        response["Allow"] = allowed
        return response
    etag = etag_of(content)
    if _is_among(etag, request.META.get("HTTP_IF_NONE_MATCH", "")):
        return HttpResponse(status=304, headers={"ETag": etag})
    return HttpResponse(content, content_type="application/json", headers={"ETag": etag})


def etag_of(content: bytes) -> str:
    """Return the weak entity tag of a representation: the digest of its bytes."""
    return f'W/"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'


def _is_among(etag: str, header: str) -> bool:
    tags = [tag.strip().removeprefix("W/") for tag in header.split(",")]
    return "*" in tags or etag.removeprefix("W/") in tags


def is_current(request: HttpRequest, representation: object) -> bool:
    """Tell whether the header If-Match names what is there now, or is not sent. Tags are compared whether weak or not."""
    header = request.META.get("HTTP_IF_MATCH", "")
    return not header or _is_among(etag_of(encode(representation)), header)


def problem_response(request: HttpRequest, error: RegularsError) -> HttpResponse:
    """Return an error as the answer to a request, in its language."""
    response = _respond_problem(problem_of(error, _language(request)), request)
    if isinstance(error, BadToken):
        response["WWW-Authenticate"] = "Bearer"
    if isinstance(error, TooManyRequests):
        response["Retry-After"] = str(error.data["retry_after"])
    if isinstance(error, Busy):
        response["Retry-After"] = str(RETRY_AFTER_S)
    return response


def _respond_problem(problem: Problem, request: HttpRequest) -> HttpResponse:
    headers = {"Content-Language": _language(request), "Vary": "Accept-Language"}
    return HttpResponse(encode(problem), content_type=MEDIA_TYPE, status=problem.status, headers=headers)


def _language(request: HttpRequest) -> str:
    return language_of(request.META.get("HTTP_ACCEPT_LANGUAGE", ""))


def nothing_here(request: HttpRequest, path: str) -> HttpResponse:
    """Answer an address that is not there."""
    return problem_response(request, UnknownPath(path=f"/api/v1/{path[:80]}"))


nothing_here.csrf_exempt = True  # type: ignore[attr-defined]  # Django's mark on a view
