# SPDX-License-Identifier: Apache-2.0
"""The answers to what cannot be answered, as pages of their own."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from regulars.tenancy.models import User
from regulars.web.headers import HEADERS


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django names the parameters
    """Answer a request that cannot be understood; it may have come by the API's short way, which adds no headers."""
    return HttpResponse(render_to_string("400.html", request=request), status=400, headers=HEADERS)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer somebody who may not do this, with the reason."""
    return render(request, "403.html", {"exception_text": str(exception)}, status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer an address at which there is nothing; only staff read which thing was meant."""
    reason = exception.args[0] if exception.args and isinstance(request.user, User) else ""
    return render(request, "404.html", {"exception_text": reason if isinstance(reason, str) else ""}, status=404)


def server_error(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - what broke may have been in the request
    """Answer when something broke that should not; the page needs nothing of the request, which may be at fault."""
    return HttpResponse(render_to_string("500.html"), status=500)
