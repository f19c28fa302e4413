# SPDX-License-Identifier: Apache-2.0
"""Log in and out, the language, and the business in which a person works."""

from time import monotonic
from uuid import NAMESPACE_URL, uuid5

from django import forms
from django.conf import settings
from django.contrib import auth
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from regulars.tenancy import actions
from regulars.tenancy.access import NoBusiness, access_business
from regulars.tenancy.limits import RateLimiter, TooManyRequests
from regulars.tenancy.models import Role, Staff, User
from regulars.web.door import BOTH, BUSINESS_KEY, StaffRequest, staff_page, text_of
from regulars.web.language import KNOWN

YEAR_S = 31_536_000
WRONG = _("This e-mail and password do not belong together. Check both, or ask an owner for a new password.")
TOO_MANY = _("Too many attempts. Wait %(seconds)s seconds, then try again.")
by_account = RateLimiter(6, monotonic=monotonic)
by_address = RateLimiter(60, monotonic=monotonic)


class LoginForm(forms.Form):
    """Who somebody says they are."""

    email = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


def _safe_next(request: HttpRequest) -> str:
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_ours else settings.LOGIN_REDIRECT_URL


def _check_attempts(request: HttpRequest, email: str) -> None:
    """Count an attempt for an account, known or not, and for the address it comes from. Raises TooManyRequests."""
    by_address.check(uuid5(NAMESPACE_URL, f"address:{request.META.get('REMOTE_ADDR', '')}"))
    by_account.check(uuid5(NAMESPACE_URL, f"account:{email}"))


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def log_in(request: HttpRequest) -> HttpResponse:
    """Ask for e-mail and password; the answer to a wrong one is the same whether or not there is such an account."""
    if isinstance(request.user, User):
        return HttpResponseRedirect(_safe_next(request))
    form = LoginForm(request.POST if request.method == "POST" else None)
    status = 200
    if form.is_bound and form.is_valid():
        email = form.cleaned_data["email"].strip().lower()
        try:
            _check_attempts(request, email)
            user = auth.authenticate(request, email=email, password=form.cleaned_data["password"])
            if isinstance(user, User):
                auth.login(request, user)
                return HttpResponseRedirect(_safe_next(request))
            form.add_error(None, WRONG)
            status = 422
        except TooManyRequests as error:
            form.add_error(None, TOO_MANY % {"seconds": error.data["retry_after"]})
            status = 429
    return render(request, "web/login.html", {"form": form, "next": _safe_next(request)}, status=status)


@require_POST
def log_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    auth.logout(request)
    return HttpResponseRedirect(settings.LOGIN_URL)


@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """Keep the language: with the person who is logged in, else in a cookie."""
    language = request.POST.get("language", "")
    response = HttpResponseRedirect(_safe_next(request))
    if language in KNOWN:
        if isinstance(request.user, User):
            actions.change_language(request.user, language=language)
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME, language, max_age=YEAR_S, samesite="Lax", secure=request.is_secure()
        )
    return response


class PasswordForm(forms.Form):
    """A new password, said by somebody who knows the old one."""

    old = forms.CharField(
        label=_("Password now"),
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    new = forms.CharField(
        label=_("New password"),
        strip=False,
        max_length=200,
        help_text=_("At least 10 characters."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


@sensitive_post_parameters("old", "new")
@staff_page("customers.view", methods=BOTH)
def you(request: StaffRequest) -> HttpResponse:
    """Show the person's own page: who they are here, where else they work, their password."""
    form = PasswordForm(request.POST if request.method == "POST" else None)
    is_changed = form.is_bound and form.is_valid() and _change_password(request, form)
    works_in = (
        Staff.objects.select_related("business")
        .filter(user_id=request.access.user.pk, is_active=True)
        .order_by("business_id")
    )
    context = {
        "form": PasswordForm() if is_changed else form,
        "is_changed": is_changed,
        "role": Role(request.access.role).label,
        "businesses": [staff.business for staff in works_in],
    }
    return render(request, "web/you.html", context, status=422 if form.errors else 200)


def _change_password(request: StaffRequest, form: PasswordForm) -> bool:
    user = request.access.user
    if not user.check_password(form.cleaned_data["old"]):
        form.add_error("old", _("This is not your password now."))
        return False
    try:
        actions.change_password(user, password=form.cleaned_data["new"])
    except actions.WeakPassword as error:
        form.add_error("new", text_of(error))
        return False
    auth.update_session_auth_hash(request, user)
    return True


@require_POST
def choose_business(request: HttpRequest) -> HttpResponse:
    """Work in another business from now on; only in one where the person is among the staff."""
    if not isinstance(request.user, User):
        return redirect_to_login(settings.LOGIN_REDIRECT_URL)
    try:
        access = access_business(request.user, forms.UUIDField().clean(request.POST.get("business", "")))
    except (forms.ValidationError, NoBusiness) as error:
        raise PermissionDenied from error
    request.session[BUSINESS_KEY] = str(access.business.pk)
    return HttpResponseRedirect(settings.LOGIN_REDIRECT_URL)
