# SPDX-License-Identifier: Apache-2.0
"""What an endpoint is: one row of the table that the door serves and the OpenAPI document describes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.http import HttpRequest
from msgspec import Struct

from regulars.api.problems import language_of
from regulars.tenancy.access import KeyHolder
from regulars.tenancy.models import Business

BODY_MAX = 2 * 1024 * 1024

_Body = TypeVar("_Body")
_Query = TypeVar("_Query")
_Item = TypeVar("_Item")


class Nothing(Struct, frozen=True, forbid_unknown_fields=True):
    """No fields: a body or a query that says nothing."""


class Page(Struct, Generic[_Item], frozen=True):
    """A part of a list. `next` is the `cursor` of the next part, null at the end."""

    items: list[_Item]
    next: str | None = None


@dataclass(slots=True)
class Call(Generic[_Body, _Query]):
    """A request that may pass: who sends it, whose data it is about, and its parts as they were checked."""

    request: HttpRequest
    holder: KeyHolder
    business: Business
    now: datetime
    path: Mapping[str, Any]
    body: _Body
    query: _Query

    @property
    def language(self) -> str:
        """Return the language of sentences in the answer."""
        return language_of(self.request.META.get("HTTP_ACCEPT_LANGUAGE", ""))


@dataclass(slots=True)
class Answer:
    """What an endpoint answers: `body` is encoded as JSON, None is no content."""

    body: object
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One method of one address.

    `statuses` are those of success. `refusals` are the statuses of errors beyond those that every endpoint with such a path, query or
    body can answer. `takes` are request headers that it reads, by their names in `openapi.HEADERS`; with `needs_match` nothing is done
    without If-Match (428).
    """

    name: str
    method: str
    path: str
    about: str
    run: Callable[[Call[Any, Any]], Answer]
    answer: Any
    tag: str
    body: Any = None
    query: type[Struct] | None = None
    statuses: tuple[int, ...] = (200,)
    refusals: tuple[int, ...] = ()
    takes: tuple[str, ...] = ()
    needs_match: bool = False
    body_max: int = BODY_MAX
