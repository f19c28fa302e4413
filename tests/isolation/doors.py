# SPDX-License-Identifier: Apache-2.0
"""Every endpoint of the URL configuration, who asks there, and what they get; afterwards everything is as it was."""

import copy
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.contrib.messages import get_messages
from django.db import connection, transaction
from django.test import Client
from django.test.client import ClientHandler
from django.urls import URLResolver, get_resolver

from isolation.cast import BODIES, FORMS, Named
from regulars.api.endpoints import ENDPOINTS
from regulars.catalog.store import seen_products
from regulars.site.wsgi import _straight_ways
from regulars.tenancy.models import Business, User

API = "api/v1/"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
ANYTHING_ELSE = r"^(?P<path>[\s\S]*)\Z"
PARAMETER = re.compile(r"<\w+:(\w+)>")
API_IDS = {
    "customers": "customer", "holds": "hold", "redemptions": "entitlement", "rewards": "offer", "webhooks": "endpoint", "facts": "fact",
}  # fmt: skip
OTHER_NAMES = {
    "customers/<uuid:customer>/enrol/": {"customer": "guest"},
    "imports/<uuid:run>/errors.csv": {"run": "finished_run"},
    "imports/<uuid:run>/unmatched.csv": {"run": "finished_run"},
}
OPERATIONS = {(one.method, f"{API}{one.path}"): one.name for one in ENDPOINTS}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method of one address, with the name under which the cast keeps what is sent."""

    method: str
    path: str
    name: str

    @property
    def is_api(self) -> bool:
        """Tell whether it belongs to the API."""
        return self.path.startswith(API)

    def address(self, named: Named) -> str:
        """Return the address with its parameters filled in."""
        if self.path == API + ANYTHING_ELSE:
            return f"/{API}nothing/here"
        known = named | {ours: named[theirs] for ours, theirs in OTHER_NAMES.get(self.path, {}).items()}
        if self.is_api:
            known["id"] = named.get(API_IDS.get(self.path.split("/")[2], ""))
        return "/" + PARAMETER.sub(lambda found: str(known[found[1]]), self.path)

    def body(self, named: Named) -> Any:
        """Return the form or the JSON that is sent; None for nothing."""
        if self.method == "GET":
            return None
        return (BODIES if self.is_api else FORMS).get(self.name, lambda _: {})(named)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: a word for the table, all that can be read (also on the next page), and whether the shop was changed."""

    word: str
    status: int
    content: bytes
    policy: str
    has_changed: bool


class ServedApi(ClientHandler):
    """Hands requests to fixed addresses straight to their resources, as they are served."""

    def __init__(self) -> None:
        super().__init__()
        self._straight = _straight_ways()

    def get_response(self, request: Any) -> Any:
        resource = self._straight.get(request.path)
        return resource(request) if resource else super().get_response(request)


def a_program() -> Client:
    """Return a client of the API."""
    program = Client()
    program.handler = ServedApi()
    return program


@dataclass(slots=True)
class Visitor:
    """Somebody with a browser, or a program with a key."""

    token: str = ""
    browser: Client = field(default_factory=Client)

    def ask(self, endpoint: Endpoint, named: Named, watched: "Watched") -> Answer:
        """Send a request and undo what it did: in the database, and in the browser."""
        seen_products.__init__(age_max_s=1.5, entries_max=100_000)
        cookies = copy.deepcopy(self.browser.cookies)
        with transaction.atomic():
            with connection.execute_wrapper(watched.note):
                response = self._send(endpoint, named)
            content = response.getvalue() if hasattr(response, "getvalue") else b"".join(response)
            has_changed = watched.has_changed()
            transaction.set_rollback(True)
        self.browser.cookies = cookies
        said = [(one.level_tag, str(one)) for one in get_messages(response.wsgi_request)]
        whole = f"{response.headers.get('Location', '')} {said}\n".encode() + content
        policy = response.headers.get("Content-Security-Policy", "")
        return Answer(_word(response, content, said), response.status_code, whole, policy, has_changed)

    def _send(self, endpoint: Endpoint, named: Named) -> Any:
        address, body = endpoint.address(named), endpoint.body(named)
        if not endpoint.is_api:
            send = getattr(self.browser, endpoint.method.lower())
            return send(address, body) if body is not None else send(address)
        content = b"" if body is None else json.dumps(body, default=str).encode()
        headers = {"idempotency-key": "matrix", "if-match": "*"} | (
            {"authorization": f"Bearer {self.token}"} if self.token else {}
        )
        return a_program().generic(endpoint.method, address, content, content_type="application/json", headers=headers)


class Watched:
    """A shop, and everything that was stored of it when the watch began."""

    def __init__(self, business: Business) -> None:
        self.business = business
        self._before = self._state()
        self._has_written = False

    def note(self, execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        """Notice statements that write: after reading alone nothing needs to be compared."""
        self._has_written |= not sql.startswith(("SELECT", "SAVEPOINT", "RELEASE"))
        return execute(sql, *rest)

    def has_changed(self) -> bool:
        """Tell whether anything is stored that was not, or the other way round."""
        has_written, self._has_written = self._has_written, False
        return has_written and self._state() != self._before

    def _state(self) -> list[Any]:
        found = []
        for model in apps.get_models():
            names = {one.attname for one in model._meta.concrete_fields}
            if model is User:
                rows = User.objects.filter(staff__business=self.business)
            elif model is Business:
                rows = Business.objects.filter(pk=self.business.pk)
            elif "business_id" in names:
                rows = model._default_manager.filter(business_id=self.business.pk)
            else:
                assert not model.__module__.startswith("regulars"), f"whose rows are those of {model.__name__}?"
                continue
            found.append(list(rows.order_by("pk").values_list()))
        return found


def _word(response: Any, content: bytes, said: list[tuple[str, str]]) -> str:
    """Return the cell of the table; a page that goes on to another and says there what went wrong has not done it."""
    status = response.status_code
    if status < 400 and content.startswith(b'{"results":'):
        status = json.loads(content)["results"][0]["status"]
    if response.headers.get("Location", "").startswith("/login/?"):
        return "to log-in"
    if "error" in dict(said):
        return "not done"
    words = {401: "bad key", 403: "refused", 404: "not found"}
    return words.get(status, "ok" if status < 400 else f"{status}?")


def all_endpoints(owner: Visitor, named: Named, watched: Watched) -> Iterator[Endpoint]:
    """Walk the URL configuration: every address with every method that is not turned away as such."""
    for path, name in _addresses(get_resolver().url_patterns, ""):
        for method in METHODS:
            endpoint = Endpoint(method, path, OPERATIONS.get((method, path), name))
            if owner.ask(endpoint, named, watched).status != 405:
                yield endpoint


def _addresses(patterns: list[Any], prefix: str) -> Iterator[tuple[str, str]]:
    for one in patterns:
        if isinstance(one, URLResolver):
            yield from _addresses(one.url_patterns, prefix + str(one.pattern))
        else:
            yield prefix + str(one.pattern), one.name or ""
