# SPDX-License-Identifier: Apache-2.0
"""The application for any WSGI server, without threads: background work then needs `regulars worker` (PostgreSQL).

Pages, and addresses of the API that name an object, go by Django's handler. A request to a fixed address of the API, as tills send
them all day, goes straight to its resource: it needs no search for the address, no session, no cookie and no language of pages, and
the door itself answers whatever fails.
"""

import os
from collections.abc import Callable, Iterable
from typing import Any

import django
from django.core.handlers.exception import convert_exception_to_response
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.db import DEFAULT_DB_ALIAS, connections
from django.http import HttpRequest, HttpResponse
from django.middleware.security import SecurityMiddleware

API_PREFIX = "/api/v1/"

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def _straight_ways() -> dict[str, Callable[[HttpRequest], Any]]:
    """Return the resources at fixed addresses of the API, with what concerns the transport around them."""
    from regulars.api.urls import RESOURCES  # noqa: PLC0415 - the door can be loaded only after Django's set-up

    return {
        f"{API_PREFIX}{address}": convert_exception_to_response(SecurityMiddleware(resource))
        for address, resource in RESOURCES.items()
        if "<" not in address
    }


def make_application() -> Application:
    """Return the application."""
    django.setup(set_prefix=False)
    everything, straight = WSGIHandler(), _straight_ways()

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        resource = straight.get(environ.get("PATH_INFO", ""))
        if resource is None:
            return everything(environ, start_response)
        connections[DEFAULT_DB_ALIAS].close_if_unusable_or_obsolete()
        response = resource(WSGIRequest(environ))
        assert isinstance(response, HttpResponse), "the door answers in one piece"
        response.headers.setdefault("Content-Length", str(len(response.content)))
        start_response(f"{response.status_code} {response.reason_phrase}", list(response.items()))
        return [response.content]

    return application


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "regulars.site.settings")
application = make_application()
