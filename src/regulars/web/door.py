# SPDX-License-Identifier: Apache-2.0
"""The door of every page: who is asking, for which business, and what they may do; refusals in words."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import get_language, gettext

from regulars.flow.intake import Refusal
from regulars.kernel.clock import utc_now
from regulars.kernel.errors import RegularsError, tell_again
from regulars.tenancy.access import NoBusiness, NotAllowed, StaffAccess, access_business
from regulars.tenancy.models import Business, User
from regulars.ui import format as write

BUSINESS_KEY = "business"
GET, POST, BOTH = ("GET", "HEAD"), ("POST",), ("GET", "HEAD", "POST")

Page = Callable[..., HttpResponseBase]


class StaffRequest(HttpRequest):
    """A request of somebody at work in a business; `now` is the one reading of the clock."""

    access: StaffAccess
    business: Business
    now: datetime


def staff_page(permission: str, *, methods: tuple[str, ...] = GET) -> Callable[[Page], Page]:
    """Let only staff with a permission come to a page; it gets a StaffRequest. What belongs to others is not found."""

    def decorate(view: Page) -> Page:
        @wraps(view)
        def page(request: HttpRequest, **kwargs: object) -> HttpResponseBase:
            if not isinstance(request.user, User):
                return _to_login(request)
            if request.method not in methods:
                return HttpResponseNotAllowed(methods)
            try:
                return view(_at_work(request, request.user, permission), **kwargs)
            except (NotAllowed, NoBusiness) as error:
                raise PermissionDenied(text_of(error)) from error
            except RegularsError as error:
                return _refused(request, error)

        page.permission = permission  # type: ignore[attr-defined]  # read by the test that compares the table
        return page

    return decorate


def _at_work(request: HttpRequest, user: User, permission: str) -> StaffRequest:
    access = _access_of(request, user)
    access.check(permission)
    timezone.activate(ZoneInfo(access.business.timezone))
    write.activate_country(access.business.country)
    staff = cast("StaffRequest", request)
    staff.access, staff.business, staff.now = access, access.business, utc_now()
    return staff


def _access_of(request: HttpRequest, user: User) -> StaffAccess:
    chosen = request.session.get(BUSINESS_KEY)
    try:
        return access_business(user, UUID(chosen) if chosen else None)
    except NoBusiness:
        if not chosen:
            raise
        del request.session[BUSINESS_KEY]
        return access_business(user)


def _to_login(request: HttpRequest) -> HttpResponse:
    here = request.get_full_path() if request.method in GET else "/"
    if "HX-Request" in request.headers:
        return HttpResponse(status=204, headers={"HX-Redirect": redirect_to_login(here).url})
    return redirect_to_login(here)


def _refused(request: HttpRequest, error: RegularsError) -> HttpResponse:
    """Answer a refusal that the page did not handle: nothing is there, or the page before says why nothing was done."""
    if error.status == 404 or request.method in GET:
        raise Http404(text_of(error)) from error
    messages.error(request, text_of(error))
    return HttpResponseRedirect(page_before(request))


def page_before(request: HttpRequest) -> str:
    """Return the path of our own page that sent a form, or the first page."""
    origin = f"{request.scheme}://{request.get_host()}"
    referer = request.headers.get("Referer", "")
    return referer.removeprefix(origin) if referer.startswith(f"{origin}/") else "/"


def _count(value: int) -> str:
    return write.count(value, get_language() or "en")


def text_of(error: RegularsError) -> str:
    """Return why something was refused, in the language in use."""
    return error.told(gettext, _count)


def refusal_text(refusal: Refusal) -> str:
    """Return why an intake was refused, in the language in use."""
    return tell_again(refusal.code, refusal.text, refusal.data, gettext, number=_count)
