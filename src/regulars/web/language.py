# SPDX-License-Identifier: Apache-2.0
"""The language of a request: the person's own, else what their browser was last told or prefers."""

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers

from regulars.tenancy.models import User

KNOWN = frozenset(code for code, _ in settings.LANGUAGES)


def language_of(request: HttpRequest) -> str:
    """Return a language of the product: the logged-in person's, the cookie's, the browser's, or English."""
    if (
        settings.SESSION_COOKIE_NAME in request.COOKIES
        and SESSION_KEY in request.session
        and isinstance(request.user, User)
    ):
        return request.user.language
    cookie = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    return cookie if cookie in KNOWN else translation.get_language_from_request(request)


def staff_language(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Speak the person's language while a request is answered; the door of a page sets the zone of its business."""

    def answer(request: HttpRequest) -> HttpResponse:
        language = language_of(request)
        try:
            with translation.override(language):
                response = get_response(request)
        finally:
            timezone.deactivate()
        response.headers.setdefault("Content-Language", language)
        patch_vary_headers(response, ("Accept-Language", "Cookie"))
        return response

    return answer
