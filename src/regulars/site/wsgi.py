# SPDX-License-Identifier: Apache-2.0
"""The application for any WSGI server, without threads: background work then needs `regulars worker` (PostgreSQL).

Pages pass the whole chain of middleware. The API has no sessions, cookies or languages of pages, so its requests pass only what
concerns the transport; the door itself sets the rest of their headers.
"""

import os
from collections.abc import Callable, Iterable
from typing import Any

import django
from django.core.handlers.exception import convert_exception_to_response
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.security import SecurityMiddleware

API_PREFIX = "/api/v1/"


class ApiHandler(WSGIHandler):
    """Django's handler with the middleware that machines need: half the time of a request."""

    def load_middleware(self, *_: bool) -> None:
        self._view_middleware: list[Any] = []
        self._template_response_middleware: list[Any] = []
        self._exception_middleware: list[Any] = []
        respond = self._get_response  # type: ignore[attr-defined]  # private of Django, unknown to its stubs
        transport = SecurityMiddleware(convert_exception_to_response(respond))

        def measured(request: HttpRequest) -> HttpResponseBase:
            answer = transport(request)
            if isinstance(answer, HttpResponse):
                answer.headers.setdefault("Content-Length", str(len(answer.content)))
            return answer  # type: ignore[return-value]  # nothing here is asynchronous

        self._middleware_chain = convert_exception_to_response(measured)


def make_application() -> Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]:
    """Return the application: the API by its short way, everything else by Django's."""
    django.setup(set_prefix=False)
    pages, machines = WSGIHandler(), ApiHandler()

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        handler = machines if environ.get("PATH_INFO", "").startswith(API_PREFIX) else pages
        return handler(environ, start_response)

    return application


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "regulars.site.settings")
application = make_application()
