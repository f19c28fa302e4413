# SPDX-License-Identifier: Apache-2.0
"""The addresses below /api/v1/, made from the table of endpoints."""

import re

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, re_path

from regulars.api.door import Resource, document_response, nothing_here
from regulars.api.endpoints import ENDPOINTS
from regulars.api.openapi import document

_PARAMETER = re.compile(r"<\w+:(\w+)>")
_NAME = r"\1"


def openapi(request: HttpRequest) -> HttpResponse:
    """Answer with the OpenAPI document; it needs no key."""
    return document_response(request, document())


openapi.csrf_exempt = True  # type: ignore[attr-defined]  # Django's mark on a view: a wrong method is answered as such


RESOURCES = {
    address: Resource([one for one in ENDPOINTS if one.path == address])
    for address in dict.fromkeys(endpoint.path for endpoint in ENDPOINTS)
}


def _patterns() -> list[URLPattern]:
    return [
        path(address, resource, name=f"api-{_PARAMETER.sub(_NAME, address)}") for address, resource in RESOURCES.items()
    ]


urlpatterns = [
    *_patterns(),
    path("openapi.json", openapi, name="api-openapi"),
    re_path(r"^(?P<path>[\s\S]*)\Z", nothing_here),
]
